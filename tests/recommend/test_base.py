"""What models share: the values they see, the forms of the matrix, lists in blocks, memory and threads."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

from core.interactions import Interactions
from core.progress import Cancelled, Step
from core.recommend import base as base_module
from core.recommend import make, spec
from core.recommend.base import Valued, memory, threads, valued, view

X = csr_matrix(np.array([[1.0, 0, 3], [0, 0, 0], [0, 7, 0.5]], dtype=np.float32))


def test_valued_by_hand() -> None:
    assert valued(X, "once").toarray().tolist() == [[1, 0, 1], [0, 0, 0], [0, 1, 1]]
    assert valued(X, "sum").toarray().tolist() == X.toarray().tolist()
    np.testing.assert_allclose(
        valued(X, "log").toarray(), [[1, 0, 2], [0, 0, 0], [0, 3, np.log(1.5) / np.log(2)]], rtol=1e-6
    )
    for values in ("once", "log", "sum"):
        assert valued(X, values).dtype == np.float32
    assert X.toarray()[0, 2] == 3


def test_the_forms_of_a_matrix_hold_the_same() -> None:
    v = Valued(X, "log")
    for form in (v.exact, v.columns):
        assert form.dtype == np.float64
        assert (form.toarray() == v.rows.toarray().astype(np.float64)).all()
    np.testing.assert_allclose(v.user_norms, [5**0.5, 1, (9 + np.log2(1.5) ** 2) ** 0.5], rtol=1e-6)
    np.testing.assert_allclose(v.item_norms, [1, 3, (4 + np.log2(1.5) ** 2) ** 0.5], rtol=1e-6)
    columns, amounts = v.history(0)
    assert (columns.tolist(), amounts.tolist()) == ([0, 2], [1, 2])
    assert [part.tolist() for part in v.history(1)] == [[], []]
    takers, weights = v.takers(1)
    assert (takers.tolist(), weights.tolist()) == ([2], [3])


def test_a_view_leaves_nothing_parts_out() -> None:
    made = view("items", np.array([4, 9, 2]), np.array([1.0, 0.0, -2.0]), "how")
    assert made.rows.tolist() == [4, 2]
    assert made.values.tolist() == [1, -2]
    assert made.exact
    assert made.fidelity == 1


def test_threads_are_those_allowed() -> None:
    with threadpool_limits(1):
        assert threads() == 1


def test_memory_is_that_of_the_machine() -> None:
    assert 2**28 < memory() < 2**45


def test_lists_in_blocks_are_the_lists_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    x = Interactions.of(np.random.default_rng(0).random((50, 20)) < 0.3)
    model = make(spec("item-knn")).fit(x)
    whole = model.recommend(np.arange(50), 4)
    monkeypatch.setattr(base_module, "_BLOCK", 60)  # three users at a time
    parts = model.recommend(np.arange(50), 4)
    assert whole.items.tolist() == parts.items.tolist()
    np.testing.assert_array_equal(whole.scores, parts.scores)


class Impatient(Step):
    """Cancels once something has been reported, and keeps what was."""

    def __init__(self) -> None:
        self.shares: list[float] = []

    def cancelled(self) -> bool:
        return bool(self.shares)

    def _tell(self, share: float, note: str) -> None:
        self.shares.append(share)


def test_long_lists_can_be_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base_module, "_BLOCK", 60)
    model = make(spec("popular")).fit(Interactions.of(np.ones((50, 20))))
    with pytest.raises(Cancelled):
        model.recommend(np.arange(50), 4, step=Impatient())


@pytest.mark.parametrize("name", ["user-knn", "item-knn", "ease"])
def test_fitting_can_be_stopped(name: str) -> None:
    with pytest.raises(Cancelled):
        make(spec(name)).fit(Interactions.of(np.eye(6) + 1), step=Impatient())
