"""What every model must do. Each check takes a maker of fresh models and fails by AssertionError (or what it raised).

`test_contract` runs them all on every name of the registry; `test_planted` runs them on wrong models, which must fail.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

from core.errors import Refusal
from core.recommend import Recommender, info, spec_from_json
from core.recommend.types import ParamValue
from tests.recommend.contract.asserts import assert_close, assert_same_answers, check_explained, check_table, parts_of
from tests.recommend.contract.matrices import SILENT_USER, Maker, checkerboard, corner, given, shop, tiny, with_history

Check = Callable[[Maker, Path], None]
QUICK: dict[str, ParamValue] = {"epochs": 3, "factors": 4}
"""Of the parameters that stay in the middle while another goes to its ends: what makes a fit quick."""


@cache
def in_the_shop(make: Maker) -> Recommender:
    """The maker's model fitted on `shop()`, once for all checks that only ask it: each finds what others left of it."""
    return make().fit(shop())


def unknown_rows(make: Maker, _: Path) -> None:
    """Raw ids nobody has are refused by the map; rows outside the matrix are an IndexError everywhere."""
    model = in_the_shop(make)
    with pytest.raises(Refusal) as refused:
        model.x.users.row("nobody")
    assert refused.value.code == "unknown_user"
    for user in (-1, 40):
        for ask in (
            lambda u: model.score(np.array([u])),
            lambda u: model.recommend(np.array([u]), 3),
            lambda u: model.explain(u, 0),
        ):
            _raises_index_error(ask, user)
    for item in (-1, 30):
        for ask in (
            lambda i: model.score(np.array([0]), np.array([i])),
            lambda i: model.recommend(np.array([0]), 3, among=np.array([i])),
            lambda i: model.explain(0, i),
        ):
            _raises_index_error(ask, item)


def silent_user(make: Maker, _: Path) -> None:
    """A user without events: NaN and no list, or a score like everyone where the model says that it scores everyone."""
    model = in_the_shop(make)
    scores = model.score(np.array([SILENT_USER, 0]))
    listed = model.recommend(np.array([SILENT_USER]), 5)
    told = model.explain(SILENT_USER, 2)
    assert np.isfinite(scores[1]).all()
    if model.scores_everyone:
        assert np.isfinite(scores[0]).all()
        assert (listed.items >= 0).all()
        assert np.isclose(told.score, scores[0, 2])
        return
    assert np.isnan(scores[0]).all()
    assert (listed.items == -1).all()
    assert np.isnan(listed.scores).all()
    assert np.isnan(told.score)
    for view in (told.items, told.users):
        assert not len(view.rows)
        assert not len(view.values)
        assert not view.exact


def empty_query(make: Maker, _: Path) -> None:
    """Nobody, or nothing, gives an empty answer of the right shape."""
    model = in_the_shop(make)
    none = np.empty(0, dtype=np.int64)
    assert model.score(none).shape == (0, 30)
    assert model.score(np.arange(4), none).shape == (4, 0)
    assert model.score(none, none).shape == (0, 0)
    assert model.recommend(none, 3).items.shape == (0, 3)
    listed = model.recommend(np.arange(4), 3, among=none)
    assert (listed.items == -1).all()
    assert np.isnan(listed.scores).all()
    with pytest.raises(ValueError, match="k must"):
        model.recommend(np.arange(4), 0)


def save_and_load(make: Maker, folder: Path) -> None:
    """A model that comes back from its files (read-only memory maps) says the same, to the byte."""
    x = shop()
    model = make().fit(x)
    model.save(folder)
    files = sorted(folder.iterdir())
    assert files
    assert all(file.suffix == ".npy" for file in files)
    arrays = {file.stem: np.load(file, mmap_mode="r", allow_pickle=False) for file in files}
    again = make().load(x, arrays)
    assert_same_answers(model, again)


def repeats(make: Maker, _: Path) -> None:
    """The same matrix, parameters and seed give the same model, bit for bit, on two threads too; x stays as it was."""
    x, other = shop(), shop()
    with threadpool_limits(2):
        one, two = make().fit(x, seed=5), make().fit(other, seed=5)
    assert one.x is x
    assert_same_answers(one, two)
    for had, has in zip(parts_of(shop()), parts_of(x), strict=True):
        assert had.tobytes() == has.tobytes()


def one_thread_or_two(make: Maker, _: Path) -> None:
    """Threads change nothing but, at most, the last digits."""
    with threadpool_limits(1):
        one = make().fit(shop()).score(np.arange(40))
    with threadpool_limits(2):
        two = make().fit(shop()).score(np.arange(40))
    assert_close(one, two, 1e-3)


def batch_equals_single(make: Maker, _: Path) -> None:
    """A user's scores and list do not depend on who else is asked about, nor in how many blocks."""
    model = in_the_shop(make)
    users = np.tile(np.arange(40), 30)[::-1]  # more than a block
    together = model.score(users)
    apart = np.concatenate([model.score(np.array([u])) for u in range(40)])
    assert_close(together, apart[users], 1e-5)
    size = float(np.nanmax(np.abs(together)))
    listed = model.recommend(users, 4)
    assert listed.users.tolist() == users.tolist()
    for row in range(0, len(users), 23):  # every user, at one place or two
        single = model.recommend(users[row : row + 1], 4)
        taken = listed.items[row] >= 0
        assert_close(listed.scores[row], single.scores[0], 1e-5, size)
        assert_close(listed.scores[row][taken], apart[users[row]][listed.items[row][taken]], 1e-5, size)


def items_are_columns(make: Maker, _: Path) -> None:
    """`items` gives the columns of the whole, in the order asked for, repeats included."""
    model = in_the_shop(make)
    users, items = np.array([0, 9, 9, SILENT_USER, 3]), np.array([29, 4, 4, 0, 17])
    assert_close(model.score(users, items), model.score(users)[:, items], 1e-5)


def among_and_seen(make: Maker, _: Path) -> None:
    """Lists hold nothing seen (unless asked to) and nothing but `among`, and the best of that."""
    x, model = shop(), in_the_shop(make)
    seen = x.matrix.toarray() > 0
    scores = np.asarray(model.score(np.arange(40)), dtype=np.float64)
    allowed = np.array([28, 3, 11, 3, 20, 6])
    for exclude in (True, False):
        for among in (None, allowed):
            open_ = ~seen if exclude else np.ones_like(seen)
            if among is not None:
                open_ = open_ & np.isin(np.arange(30), among)[None, :]
            listed = model.recommend(np.arange(40), 6, exclude_seen=exclude, among=among)
            for user in range(40):
                free = np.where(open_[user] & np.isfinite(scores[user]), scores[user], -np.inf)
                taken = listed.items[user][listed.items[user] >= 0]
                assert len(taken) == min(6, int(np.isfinite(free).sum()))
                assert len(set(taken.tolist())) == len(taken)
                assert open_[user][taken].all()
                best = np.sort(free)[::-1][: len(taken)]
                assert_close(scores[user][taken], best, 1e-5, float(np.nanmax(np.abs(scores))))


def more_than_there_are(make: Maker, _: Path) -> None:
    """A k above the number of items: every item not seen, then -1 and NaN."""
    x, model = shop(), in_the_shop(make)
    users = with_history(x)
    listed = model.recommend(users, 35)
    for row, user in enumerate(users):
        free = 30 - x.matrix[[user]].nnz
        assert (listed.items[row, :free] >= 0).all()
        assert (listed.items[row, free:] == -1).all()
        assert np.isnan(listed.scores[row, free:]).all()


def order_and_ties(make: Maker, _: Path) -> None:
    """Best first; of equal scores the smaller column; the types that the table promises."""
    for x in (shop(), tiny()["all rows alike"], tiny()["everyone took everything"], tiny()["nobody shares"]):
        model = make().fit(x)
        listed = model.recommend(np.arange(x.shape[0]), x.shape[1], exclude_seen=False)
        check_table(listed, x)
        for items, scores in zip(listed.items, listed.scores, strict=True):
            items, scores = items[items >= 0], scores[items >= 0]
            assert (np.diff(scores) <= 0).all()
            assert (np.diff(items)[np.diff(scores) == 0] > 0).all()


def tiny_matrices(make: Maker, _: Path) -> None:
    """The edges: one user, one item, all alike, nobody alike. No crash, finite scores, sums that add up."""
    for name, x in tiny().items():
        model = make().fit(x)
        users = with_history(x)
        scores = model.score(users)
        assert scores.shape == (len(users), x.shape[1]), name
        assert np.isfinite(scores).all(), name
        check_table(model.recommend(np.arange(x.shape[0]), 3), x)
        for user in users:
            for item in range(x.shape[1]):
                check_explained(model, int(user), item)


def ends_of_ranges(make: Maker, _: Path) -> None:
    """Every parameter at both ends of its range (every choice) gives a model with finite scores and sound reasons."""
    x = corner()
    for param in info(make().spec.model).params:
        if param.kind == "text":
            continue
        ends = param.choices if param.kind == "choice" else (param.low, param.high)
        for value in (False, True) if param.kind == "bool" else ends:
            assert value is not None
            whole = int(value) if param.kind == "int" else value
            model = given(make(), **(QUICK | {param.name: whole})).fit(x)
            assert model.spec[param.name] == value
            assert np.isfinite(model.score(with_history(x))).all(), (param.name, value)
            for user in with_history(x)[:4]:
                check_explained(model, int(user), int(user) + 1)


def explained(make: Maker, _: Path) -> None:
    """Each view's parts name rows that exist, once; an exact view adds up; the score explained is the score given."""
    x, model = shop(), in_the_shop(make)
    for user in with_history(x)[::6]:
        for item in range(30):
            check_explained(model, int(user), item)


def folding(make: Maker, _: Path) -> None:
    """A history given from outside is scored as the user's own was: the same where the model says so, else nearly."""
    model = in_the_shop(make)
    x = model.x
    users = with_history(x)
    histories = x.matrix[users]
    lengths = np.diff(x.matrix.indptr)[users]
    seen = x.first_seen  # users without history have no pairs: those of `users` are all there are
    if model.folds == "no":
        with pytest.raises(Refusal):
            model.fold(histories, own=users)
        return
    own = model.score(users)
    folded = model.fold(histories, own=users, seen=seen)
    assert folded.shape == own.shape
    if model.folds == "exactly":
        assert_close(folded, own, 1e-3)
    else:
        alike = [np.corrcoef(a, b)[0, 1] for a, b, n in zip(folded, own, lengths, strict=True) if n > 3]
        assert np.mean(alike) > 0.5
    some = np.array([4, 0, 29])
    assert_close(model.fold(histories, some, own=users, seen=seen), folded[:, some], 1e-5)
    nobody = csr_matrix(np.zeros((1, x.shape[1]), dtype=np.float32))
    assert np.isfinite(model.fold(nobody)).all() == model.scores_everyone
    before = [part.copy() for part in parts_of(x)]
    strangers = model.fold(histories)  # with the same histories
    assert np.isfinite(strangers).all()
    if not model.scores_everyone:
        assert not np.allclose(
            strangers, strangers[:1], rtol=1e-3, atol=0
        )  # what is said of them rests on their histories
    for had, has in zip(before, parts_of(x), strict=True):
        assert had.tobytes() == has.tobytes()


def value_of_itself(make: Maker, _: Path) -> None:
    """A model knows what it is: its spec survives JSON, its fit returns itself, and it keeps the contract's shape."""
    model = make()
    assert spec_from_json(json.loads(json.dumps(model.spec.as_json()))) == model.spec
    assert model.fit(shop()) is model
    assert isinstance(model, Recommender)


def right_answer_by_eye(make: Maker, _: Path) -> None:
    """On the checkerboard a personal model says the one missing square of one's own colour.

    With few factors: it must generalise, not copy. A model that scores everyone alike cannot know it; a blend with such
    a part may.
    """
    x = checkerboard()
    model = given(make(), factors=4).fit(x)
    top = model.recommend(np.arange(20), 1).items[:, 0]
    if model.scores_everyone and info(model.spec.model).family != "blend":
        assert top.tolist() != list(range(20))
    else:
        assert top.tolist() == list(range(20))


CHECKS: tuple[Check, ...] = (
    unknown_rows,
    silent_user,
    empty_query,
    save_and_load,
    repeats,
    one_thread_or_two,
    batch_equals_single,
    items_are_columns,
    among_and_seen,
    more_than_there_are,
    order_and_ties,
    tiny_matrices,
    ends_of_ranges,
    explained,
    folding,
    value_of_itself,
    right_answer_by_eye,
)


def _raises_index_error(ask: Callable[[int], object], row: int) -> None:
    with pytest.raises(IndexError):
        ask(row)
