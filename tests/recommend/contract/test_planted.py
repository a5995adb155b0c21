"""The suite catches wrong models: each of these breaks one promise, and the check of that promise fails."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Self

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from core.interactions import Array, Interactions
from core.progress import Step, no_step
from core.recommend import Explanation, RecTable, spec
from core.recommend.base import Model
from core.recommend.neighbours import ItemKnn
from core.recommend.popular import Popular
from tests.recommend.contract import suite
from tests.recommend.contract.matrices import Maker
from tests.recommend.contract.suite import CHECKS, Check

SPEC = spec("item-knn")


class Noisy(ItemKnn):
    """Draws without looking at the seed."""

    def fit(self, x: Interactions, *, seed: int = 0, step: Step = no_step) -> Self:
        super().fit(x)
        self._kept.data = self._kept.data * np.random.default_rng().uniform(0.9, 1.1, self._kept.nnz).astype(np.float32)
        return self


class Greedy(ItemKnn):
    """Lists what the user has already taken."""

    def recommend(
        self,
        users: Array,
        k: int,
        *,
        exclude_seen: bool = True,
        among: Array | None = None,
        step: Step = no_step,
    ) -> RecTable:
        return super().recommend(users, k, exclude_seen=False, among=among)


class Talkative(ItemKnn):
    """Gives users without history a score of 0, as if it could say."""

    def score(self, users: Array, items: Array | None = None) -> Array:
        return np.nan_to_num(super().score(users, items))


class Boastful(ItemKnn):
    """Leaves the last part out and calls the view exact."""

    def explain(self, user: int, item: int) -> Explanation:
        told = super().explain(user, item)
        view = replace(told.items, rows=told.items.rows[:-1], values=told.items.values[:-1])
        return replace(told, items=view)


class Forgetful(ItemKnn):
    """Loses part of what was saved."""

    def load(self, x: Interactions, arrays: Mapping[str, Array]) -> Self:
        super().load(x, arrays)
        self._kept.data = np.round(self._kept.data, 2)
        return self


class Crowded(ItemKnn):
    """A user's scores depend on who else is asked about."""

    def _score(self, users: Array, items: Array | None) -> Array:
        scores = super()._score(users, items)
        return scores / len(users)


class Shuffled(ItemKnn):
    """Ignores which items were asked for."""

    def _score(self, users: Array, items: Array | None) -> Array:
        scores = super()._score(users, None)
        return scores if items is None else scores[:, : len(items)]


class Backwards(ItemKnn):
    """Recommends what goes least with the history."""

    def _score(self, users: Array, items: Array | None) -> Array:
        return -super()._score(users, items)

    _best = Model._best  # sparse lists do not go by _score


class Wrapping(ItemKnn):
    """Takes row -1 for the last one, as NumPy does."""

    def score(self, users: Array, items: Array | None = None) -> Array:
        return super().score(np.asarray(users) % self.x.shape[0], items)


class Unscaled(ItemKnn):
    """Explains a score that is not the one it gives."""

    def explain(self, user: int, item: int) -> Explanation:
        told = super().explain(user, item)
        items = replace(told.items, values=told.items.values * 2)
        users = replace(told.users, values=told.users.values * 2)
        return replace(told, score=told.score * 2, items=items, users=users)


class Untidy(ItemKnn):
    """Writes into the matrix it was given."""

    def fit(self, x: Interactions, *, seed: int = 0, step: Step = no_step) -> Self:
        x.matrix.data += 1
        return super().fit(x)


class Unordered(ItemKnn):
    """Lists the best last."""

    def recommend(
        self,
        users: Array,
        k: int,
        *,
        exclude_seen: bool = True,
        among: Array | None = None,
        step: Step = no_step,
    ) -> RecTable:
        made = super().recommend(users, k, exclude_seen=exclude_seen, among=among)
        return RecTable(made.users, made.items[:, ::-1], made.scores[:, ::-1])


class Clumsy(ItemKnn):
    """Cannot do without a second item."""

    def fit(self, x: Interactions, *, seed: int = 0, step: Step = no_step) -> Self:
        if x.shape[1] < 2:
            raise ZeroDivisionError
        return super().fit(x)


class Nameless(ItemKnn):
    """Forgets to return itself."""

    def fit(self, x: Interactions, *, seed: int = 0, step: Step = no_step) -> Self:
        super().fit(x)
        return None  # type: ignore[return-value]


class Crashing(ItemKnn):
    """Cannot stand an empty query."""

    def score(self, users: Array, items: Array | None = None) -> Array:
        assert len(users) > 0
        return super().score(users, items)


class Narrow(ItemKnn):
    """Fails at the least number of neighbours it says it takes."""

    def _similarities(self, k: int, step: Step):  # type: ignore[no-untyped-def]
        assert k > 5
        return super()._similarities(k, step)


class Short(ItemKnn):
    """Stops its lists at 20 items."""

    def recommend(
        self,
        users: Array,
        k: int,
        *,
        exclude_seen: bool = True,
        among: Array | None = None,
        step: Step = no_step,
    ) -> RecTable:
        made = super().recommend(users, k, exclude_seen=exclude_seen, among=among)
        made.items[:, 20:], made.scores[:, 20:] = -1, np.nan
        return made


class Threaded(ItemKnn):
    """Says something else on two threads."""

    def _score(self, users: Array, items: Array | None) -> Array:
        from core.recommend.base import threads

        return super()._score(users, items) * threads()


class Selfish(ItemKnn):
    """Scores a history given from outside as if its first item were not there, and calls that the same."""

    def _fold(self, histories: csr_matrix, items: Array | None, own: Array, seen: Array | None) -> Array:
        less = histories.copy()
        less.data[less.indptr[:-1][np.diff(less.indptr) > 0]] = 0
        less.eliminate_zeros()
        return super()._fold(less, items, own, None)


class Borrowing(ItemKnn):
    """Answers for strangers as if they were the first user."""

    def _fold(self, histories: csr_matrix, items: Array | None, own: Array, seen: Array | None) -> Array:
        return self._score(np.maximum(own, 0), items)


PLANTED: tuple[tuple[type[ItemKnn], Check], ...] = (
    (Wrapping, suite.unknown_rows),
    (Talkative, suite.silent_user),
    (Crashing, suite.empty_query),
    (Forgetful, suite.save_and_load),
    (Noisy, suite.repeats),
    (Untidy, suite.repeats),
    (Threaded, suite.one_thread_or_two),
    (Crowded, suite.batch_equals_single),
    (Shuffled, suite.items_are_columns),
    (Greedy, suite.among_and_seen),
    (Short, suite.more_than_there_are),
    (Unordered, suite.order_and_ties),
    (Clumsy, suite.tiny_matrices),
    (Narrow, suite.ends_of_ranges),
    (Boastful, suite.explained),
    (Selfish, suite.folding),
    (Borrowing, suite.folding),
    (Unscaled, suite.explained),
    (Nameless, suite.value_of_itself),
    (Backwards, suite.right_answer_by_eye),
)


@pytest.mark.parametrize("wrong, check", PLANTED, ids=lambda given: given.__name__)
def test_the_suite_sees_a_wrong_model(wrong: type[ItemKnn], check: Check, tmp_path: Path) -> None:
    with pytest.raises((AssertionError, pytest.fail.Exception, ZeroDivisionError)):
        check(_making(wrong), tmp_path)


def test_every_check_is_shown_to_fail() -> None:
    assert {check for _, check in PLANTED} == set(CHECKS)


def test_popularity_is_not_taken_for_a_personal_model(tmp_path: Path) -> None:
    class Personal(Popular):
        scores_everyone = False

    with pytest.raises(AssertionError):
        suite.right_answer_by_eye(lambda: Personal(spec("popular")), tmp_path)


def _making(wrong: type[ItemKnn]) -> Maker:
    return lambda: wrong(SPEC)
