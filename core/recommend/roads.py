"""Every user and every item gets an answer, and the answer says by which road it came.

- "model": the user's history as the model was fitted on it.
- "folded": the user has done other things than the fit knows of, or the fit is older than the data: the history as it
  is today is put into the model, without fitting again.
- "kind": nothing is known of what the user did, but there are attributes that others have too: what users of the same
  kind take.
- "popular": nothing is known of the user that the other roads could use: what most users take.
- "content": for an item that the fit knows nothing of: users who took what is described alike.
- "active": for such an item where nothing is said of it either that anybody's past is like: users who do most.

The models of the last four are fitted here on the data as they are, when first asked; that takes a second or so.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import cast

import numpy as np
import pyarrow as pa

from core.errors import Refusal
from core.interactions import Array, Interactions, MatrixSpec, taken_by, takers_of
from core.progress import Step, no_step
from core.recommend.demographic import Demographic
from core.recommend.folded import Folded, in_columns, load_folded, rows_of, today
from core.recommend.lists import best_of
from core.recommend.registry import info, make, spec, wide
from core.recommend.roads_names import best_rows, listed, number_of, numbered
from core.recommend.roads_types import Answered, Audience, Given, Listed, Road
from core.recommend.stored import get_model, load_model
from core.recommend.topk import topk
from core.recommend.types import Recommender, Spec
from core.store import Store

FEW = 2
"""An answer by a history of at most so many items says how few they are."""

_BLOCK = 2_000_000  # scores held at a time


class Roads:
    """One model with the roads around it, for one state of the data: make it once, ask it for many users and items.

    Args:
        model: as fitted or loaded, or the id of a stored one, stale or not.
        matrix: how behaviour counts, where `model` is not an id: that of its fit, so that what is newer can be found.

    Raises what `load_model`, `load_folded` and core.interactions.build raise.
    """

    def __init__(
        self, store: Store, model: Recommender | str, *, matrix: MatrixSpec | None = None, step: Step = no_step
    ) -> None:
        self.store = store
        self.model, self.matrix = _asked(store, model, matrix, step)

    def answer(self, user: str, k: int = 10) -> Answered:
        """The user's list, best first, without what they had to do with up to now (core.interactions.taken_by), and the
        road it came by.

        Fewer than k items only where that many are left. Raises Refusal `unknown_user`, `bad_k`.
        """
        _check(k)
        user_no = number_of(self.store, "user", user)
        row = int(self.model.x.users.rows([user_no])[0])
        taken = taken_by(self.store, self.matrix, user_no)
        now = self._now if self._older else None
        if now is None:
            found = self._by_model(row, k, taken) if self._length(self.model.x, row) else None
        else:
            found = self._by_today(row, int(now.users.rows([user_no])[0]), now, k, taken)
        road, words, by, items, length, spoke = found or self._stranger(user_no, k, taken)
        return Answered(user, listed(self.store, items), road, words, by, length, spoke)

    def newcomer_items(self, user: str, k: int = 10) -> tuple[Listed, ...]:
        """Items that nobody has had to do with yet, in the order in which their descriptions suit the user's past.

        Empty where there are no such items, or nothing is said of them that the user's past is like. Raises Refusal
        `unknown_user`, `bad_k`.
        """
        _check(k)
        user_no = number_of(self.store, "user", user)
        model = self._content
        if model is None:
            return ()
        row = int(model.x.users.rows([user_no])[0])
        untaken = np.flatnonzero(np.bincount(model.x.matrix.indices, minlength=model.x.shape[1]) == 0)
        if row < 0 or not len(untaken) or not self._length(model.x, row):
            return ()
        found = model.recommend(np.array([row]), k, among=untaken)
        alike = found.scores[0] > 0  # 0: no word in common with anything in the user's past
        return listed(self.store, numbered(model.x, found.items[0][alike], found.scores[0][alike]))

    def audience(self, item: str, k: int = 100) -> Audience:
        """The users whom an item suits best, of those who had nothing to do with it yet (core.interactions.takers_of),
        and the road.

        Raises Refusal `unknown_item`, `bad_k`.
        """
        _check(k)
        item_no = number_of(self.store, "item", item)
        column = int(self.model.x.items.rows([item_no])[0])
        takers = takers_of(self.store, self.matrix, item_no)
        known = column >= 0 and (self._is_folded or bool((self.model.x.matrix.indices == column).any()))
        found = self._best_users(self.model, column, k, takers) if known else None
        if found is not None:
            road: Road = "folded" if self._is_folded else "model"
            return Audience(item, found, road, f"By {_name(self.model)}.", self.model.spec)
        content = self._content
        if content is not None:
            found = self._best_users(content, int(content.x.items.rows([item_no])[0]), k, takers, above=0.0)
        if content is not None and found is not None:
            words = "The model does not know this item: these are users who took items that are described alike."
            return Audience(item, found, "content", words, content.spec)
        words = (
            "The model does not know this item, and nothing is said of it that anything taken is like: these are the "
        )
        words += "users who do most."
        x = self._popular.x
        lengths = np.diff(x.matrix.indptr).astype(np.float32)
        lengths[_rows(x, takers)] = -np.inf
        return Audience(item, best_rows(x, lengths, k), "active", words, None)

    # --- the roads of a user

    def _by_model(self, row: int, k: int, taken: Array) -> Given | None:
        found = self.model.recommend(np.array([row]), k + len(taken))
        items, scores = _without(self.model.x, found.items[0], found.scores[0], taken, k)
        length = self._length(self.model.x, row)
        if not (items >= 0).any():
            return None
        if self._is_folded:
            said = f"By {_name(self.model)} as it was fitted on {self._fitted}. The data have changed since: this "
            said += f"user's {_count(length)} of today {'was' if length == 1 else 'were'} put into it."
            return "folded", said + _few(length), self.model.spec, numbered(self.model.x, items, scores), length, ()
        said = f"By {_name(self.model)}, from {_count(length)} this user had to do with." + _few(length)
        spoke = self._spoke(row, items)
        return "model", said, self.model.spec, numbered(self.model.x, items, scores), length, spoke

    def _by_today(self, row: int, now_row: int, now: Interactions, k: int, taken: Array) -> Given | None:
        """Where the data reach further than the fit: the model's own answer if this user did nothing else since."""
        length = self._length(now, now_row)
        if row >= 0 and self._same(row, now_row, now):
            return self._by_model(row, k, taken) if self._length(self.model.x, row) else None
        if self.model.folds == "no":
            found = self._by_model(row, k, taken) if self._length(self.model.x, row) else None
            late = " What the user did after the model was fitted plays no part: the model cannot take it in."
            return found and (found[0], found[1] + late, *found[2:])
        if not length:
            return None
        histories, seen = rows_of(now, np.array([now_row]))
        scores = self.model.fold(histories, own=np.array([row]), seen=seen)
        best = best_of(scores, histories, k + len(taken))
        items, values = _without(self.model.x, best[0][0], best[1][0], taken, k)
        if not (items >= 0).any():
            return None
        said = f"By {_name(self.model)}: this user has done other things since it was fitted, and the {_count(length)} "
        said += "of today that the model knows were put into it, without fitting again." + _few(length)
        return "folded", said, self.model.spec, numbered(self.model.x, items, values), length, ()

    def _stranger(self, user_no: int, k: int, taken: Array) -> Given:
        """By attributes where there are any, else what most users take."""
        kind = self._demographic
        row = -1 if kind is None else int(kind.x.users.rows([user_no])[0])
        columns = [] if kind is None or row < 0 else list(dict.fromkeys(name for name, *_ in kind.because(row)))
        if kind is not None and columns:
            scores = np.asarray(kind.score(np.array([row])), dtype=np.float32)
            said = "The model has nothing on what this user did: these are items that users of the same kind take "
            return "kind", f"{said}({', '.join(columns)}).", kind.spec, *_best(kind.x, scores, taken, k), 0, ()
        popular = self._popular
        scores = np.asarray(popular.score(np.zeros(1, dtype=np.int64)), dtype=np.float32)
        (items,) = _best(popular.x, scores, taken, k)
        said = "Nothing is known of this user that a model could use: these are the items that most users take."
        if not items:
            said = "This user has had every item that could be suggested: nothing is left."
        elif len(taken):
            said = "The model has nothing to suggest from what this user did: these are the items that most users take."
        return "popular", said, popular.spec, items, 0, ()

    # --- what is known

    @property
    def _is_folded(self) -> bool:
        return isinstance(self.model, Folded)

    @cached_property
    def _older(self) -> bool:
        """Whether the data may hold more than the model was fitted on, and it was not made of today's."""
        if self._is_folded:
            return False
        return self.model.x.version != self.store.version or self.matrix.until is not None

    @cached_property
    def _now(self) -> Interactions:
        """Today's histories in the model's columns."""
        assert self.model.x.items.ids is not None
        return in_columns(today(self.store, self.matrix, self.model.spec), self.model.x.items.ids.to_pylist())

    @cached_property
    def _popular(self) -> Recommender:
        found = spec("popular")
        return make(found).fit(self.model.x if self._current else today(self.store, self.matrix, found))

    @cached_property
    def _demographic(self) -> Demographic | None:
        """None where nothing is known of users beside what they do."""
        return cast(Demographic | None, self._newcomers("demographic", lambda x: x.user_side))

    @cached_property
    def _content(self) -> Recommender | None:
        """None where nothing is known of items beside who takes them."""
        return self._newcomers("content", lambda x: x.item_side)

    def _newcomers(self, name: str, side: Callable[[Interactions], pa.Table | None]) -> Recommender | None:
        x = today(self.store, self.matrix, spec(name))
        table = side(x)
        if table is None or not table.num_columns or all(c.null_count == table.num_rows for c in table.columns):
            return None
        return make(spec(name)).fit(x)

    @property
    def _current(self) -> bool:
        """Whether the model's own matrix is that of today, without the users and items that have nothing."""
        return not self._is_folded and not self._older and not wide(self.model.spec)

    @property
    def _fitted(self) -> str:
        assert isinstance(self.model, Folded)
        at = self.model.stored.created_at
        return f"{at.day} {at:%b %Y}"

    def _same(self, row: int, now_row: int, now: Interactions) -> bool:
        """Whether the user's history of today is that of the fit, in the items that the model knows."""
        was, has = self.model.x.matrix[[row]], now.matrix[[now_row]] if now_row >= 0 else None
        if has is None or not np.array_equal(was.indices, has.indices):
            return False
        fades = self.matrix.half_life is not None  # then all weights of today are less, by as much
        return fades or bool(np.allclose(was.data, has.data, rtol=1e-6))

    def _length(self, x: Interactions, row: int) -> int:
        return int(x.matrix.indptr[row + 1] - x.matrix.indptr[row]) if row >= 0 else 0

    def _spoke(self, row: int, items: Array) -> tuple[tuple[Spec, float], ...]:
        """The mean share of each part of a blend over the listed items."""
        if info(self.model.spec.model).family != "blend":
            return ()
        told = [self.model.explain(row, int(item)).spoke for item in items[items >= 0]]
        said = [shares for shares in told if shares]
        if not said:
            return ()
        return tuple((part, float(np.mean([shares[n][1] for shares in said]))) for n, (part, _) in enumerate(said[0]))

    def _best_users(
        self, model: Recommender, column: int, k: int, takers: Array, above: float = -np.inf
    ) -> tuple[tuple[str, float], ...] | None:
        """(raw id, score), best first; None where nobody with a history has a score, or one above that."""
        x = model.x
        lengths = np.diff(x.matrix.indptr)
        scores = np.full(x.shape[0], -np.inf, dtype=np.float32)
        rows = np.flatnonzero(lengths)
        for block in np.array_split(rows, max(1, len(rows) * x.shape[1] // _BLOCK)):
            scores[block] = model.score(block, np.array([column]))[:, 0]
        owner = np.repeat(np.arange(len(lengths)), lengths)
        scores[owner[x.matrix.indices == column]] = -np.inf
        scores[_rows(x, takers)] = -np.inf
        scores[~(scores > above)] = -np.inf
        return best_rows(x, scores, k) if np.isfinite(scores).any() else None


def answer(
    store: Store, model: Recommender | str, user: str, k: int = 10, *, matrix: MatrixSpec | None = None
) -> Answered:
    """What this user would want next, by whichever road there is: see `Roads`, which serves several users at once."""
    return Roads(store, model, matrix=matrix).answer(user, k)


def _asked(
    store: Store, model: Recommender | str, matrix: MatrixSpec | None, step: Step
) -> tuple[Recommender, MatrixSpec]:
    if not isinstance(model, str):
        return model, matrix or MatrixSpec()
    stored = get_model(store, model)
    if stored.stale:
        return cast(Recommender, load_folded(store, model, step=step)), stored.fit.matrix
    return load_model(store, model, step=step), stored.fit.matrix


def _best(x: Interactions, scores: Array, seen: Array, k: int) -> tuple[tuple[tuple[int, float], ...]]:
    """(item_no, score) of the k best in the one row of scores, without the numbers `seen`."""
    columns = x.items.rows(seen)
    scores = np.ascontiguousarray(scores)
    scores[0, columns[columns >= 0]] = -np.inf
    items, values = topk(scores, k)
    return (numbered(x, items[0], values[0]),)


def _without(x: Interactions, items: Array, scores: Array, taken: Array, k: int) -> tuple[Array, Array]:
    """The first k of a list (columns, -1 = none) that are not among the item_no `taken`."""
    kept = np.flatnonzero((items < 0) | ~np.isin(items, x.items.rows(taken)))[:k]
    return items[kept], scores[kept]


def _rows(x: Interactions, users: Array) -> Array:
    rows = x.users.rows(users)
    return rows[rows >= 0]


def _name(model: Recommender) -> str:
    return f"“{info(model.spec.model).plain}”"


def _count(n: int) -> str:
    return "1 item" if n == 1 else f"{n:,} items"


def _few(n: int) -> str:
    return f" It rests on only {_count(n)}." if n <= FEW else ""


def _check(k: int) -> None:
    if k < 1:
        raise Refusal("bad_k", f"{k} cannot be listed.", "Ask for 1 or more.")
