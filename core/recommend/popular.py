"""Most popular: what most users take. The yardstick of every comparison."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal, Self

import numpy as np
from scipy.sparse import csr_matrix

from core.errors import Refusal
from core.interactions import Array, Interactions
from core.progress import Step, no_step
from core.recommend.base import Model, Valued, view
from core.recommend.types import Explanation, check_rows
from core.recommend.values import values_of

_HOW = {
    "users": "Each user who took the item counts once.",
    "weight": "Each user who took the item counts as much as they took of it.",
}
_FADES = " What was first taken longer ago counts less."
_AMONG = " Users of the same group count in full, the others as far as caution lets the whole speak along."
_DAY = 86_400_000_000  # microseconds


class Popular(Model):
    """score(u, i) = users who took i, or the sum of their weights; the same for every user.

    half_life: each pair counts 0.5 ** (its age at `x.until` / half_life); without times nothing fades, and pairs
    without a time count 0. by: for a user of group g (c_gi + caution x p_i) / (n_g + caution), c_gi what its users say,
    n_g how many of them did anything, p_i = c_i / all who did; users without a value get p_i. Either is "per user".
    """

    scores_everyone: ClassVar[bool] = True
    folds: ClassVar[Literal["exactly", "nearly", "no"]] = "exactly"

    def fit(self, x: Interactions, *, seed: int = 0, step: Step = no_step) -> Self:
        """Count. Raises Refusal `unknown_column` for a `by` that the users do not have."""
        self._take(x)
        counted = self._v.rows
        self._counts = np.bincount(counted.indices, weights=counted.data, minlength=x.shape[1]).astype(np.float64)
        if self.spec["by"]:
            member = np.flatnonzero(self._group >= 0)
            n = int(self._group.max(initial=-1)) + 1
            which = csr_matrix((np.ones(len(member)), (self._group[member], member)), shape=(n, x.shape[0]))
            self._said = csr_matrix(which @ self._v.exact)
            self._said.sort_indices()
        step.report(1.0, "counted")
        return self

    def load(self, x: Interactions, arrays: Mapping[str, Array]) -> Self:
        """Take back the counts; who is in which group is read from the users' side again."""
        self._take(x)
        self._counts = np.asarray(arrays["counts"])
        if self.spec["by"]:
            parts = tuple(np.asarray(arrays[name]) for name in ("data", "indices", "indptr"))
            self._said = csr_matrix(parts, shape=(len(parts[2]) - 1, x.shape[1]))
        return self

    def arrays(self) -> dict[str, Array]:
        """counts: float64 (n_items,); with groups: data, indices, indptr, CSR float64 (n_groups, n_items) of theirs."""
        if not self.spec["by"]:
            return {"counts": self._counts}
        said = self._said
        return {"counts": self._counts, "data": said.data, "indices": said.indices, "indptr": said.indptr}

    def because(self, user: int) -> list[tuple[str, str, int]]:
        """(column, value, active users who have it) of the group that speaks for a user; empty: the whole."""
        (row,) = check_rows([user], self.x.shape[0])
        group = int(self._group[row]) if self.spec["by"] else -1
        return [(*self._names[group], int(self._sizes[group]))] if group >= 0 and self._sizes[group] else []

    def of_kind(self, user: int, rows: Array) -> Array:
        """Bool (len(rows),): which of these users are of the user's group."""
        return np.asarray(self._group[rows] == self._group[user])

    def _take(self, x: Interactions) -> None:
        self.x, weighed = x, self.spec["count"] == "weight"
        half_life = float(self.spec["half_life"])
        if half_life and x.first_seen is not None and len(x.first_seen):
            faded = _faded(x, half_life) * (x.matrix.data if weighed else 1.0)
            m = csr_matrix((faded.astype(np.float32), x.matrix.indices, x.matrix.indptr), shape=x.shape)
            self._v, self._how = Valued(m, "sum"), _HOW[self.spec["count"]] + _FADES
        else:
            self._v, self._how = Valued(x.matrix, "sum" if weighed else "once"), _HOW[self.spec["count"]]
        if self.spec["by"]:
            self._how += _AMONG
            self._group, self._names = _groups(x, str(self.spec["by"]))
            active = np.diff(x.matrix.indptr) > 0
            self._active = int(active.sum())
            self._sizes = np.bincount(
                self._group[active & (self._group >= 0)], minlength=self._group.max(initial=0) + 1
            )

    def _score(self, users: Array, items: Array | None) -> Array:
        if self.spec["by"]:
            return self._among(self._group[users], items)
        counts = self._counts if items is None else self._counts[items]
        return np.tile(counts, (len(users), 1))

    def _fold(self, histories: csr_matrix, items: Array | None, own: Array, seen: Array | None) -> Array:
        if self.spec["by"]:
            return self._among(np.where(own >= 0, self._group[own], -1), items)
        return self._score(own, items)

    def _among(self, groups: Array, items: Array | None) -> Array:
        """float64 (len(groups), n): of a group, or of the whole for -1."""
        whole = self._counts / max(self._active, 1)
        own, along = self._shares(groups)
        place = np.where(groups >= 0, groups, 0)
        said, whole = (self._said, whole) if items is None else (self._said[:, items], whole[items])
        if not said.shape[0]:
            return np.tile(whole, (len(groups), 1))
        return np.asarray(said[place].toarray() * own[:, None] + whole * along[:, None])

    def _shares(self, groups: Array) -> tuple[Array, Array]:
        """What each taker of the group counts, and what the whole's share does."""
        caution = float(self.spec["caution"])
        sizes = np.where(groups >= 0, self._sizes[np.where(groups >= 0, groups, 0)], 0)
        speaks = sizes > 0
        room = np.where(speaks, sizes + caution, 1.0)
        return speaks / room, np.where(speaks, caution / room, 1.0)

    def explain(self, user: int, item: int) -> Explanation:
        """By users: each who took the item counts 1 (or its weight, faded, shared out), exact.

        The user's own items play no part.
        """
        user, item = (int(check_rows([row], n)[0]) for row, n in zip((user, item), self.x.shape, strict=True))
        takers, weights = self._v.takers(item)
        score = float(self._counts[item])
        if self.spec["by"]:
            group = self._group[[user]]
            own, along = self._shares(group)
            alike = (self._group[takers] == group[0]) & (group[0] >= 0)
            weights = weights * (own[0] * alike + along[0] / max(self._active, 1))
            score = float(self._among(group, np.array([item]))[0, 0])
        none = np.empty(0)
        return Explanation(
            user,
            item,
            score,
            0.0,
            view("items", none, none, "Popularity does not look at what this user did.", exact=False, fidelity=0.0),
            view("users", takers, weights, self._how),
        )


def _faded(x: Interactions, half_life: float) -> Array:
    """float64 (nnz,): what each pair still counts; 0 for pairs without a time (the least int64)."""
    seen = np.asarray(x.first_seen)
    timed = seen > np.iinfo(np.int64).min
    end = int(seen.max()) if x.until is None else int(np.datetime64(x.until, "us").astype(np.int64))
    days = np.where(timed, end - np.where(timed, seen, end), 0) / _DAY
    return np.where(timed, 0.5 ** (np.maximum(days, 0) / half_life), 0.0)


def _groups(x: Interactions, by: str) -> tuple[Array, tuple[tuple[str, str], ...]]:
    """int64 (n_users,), the number of each user's group, -1 for none, and the groups' (column, value).

    Raises Refusal `unknown_column`.
    """
    known = [] if x.user_side is None else x.user_side.column_names
    found = next((name for name in known if name.casefold() == by.strip().casefold()), None)
    if found is None or x.user_side is None:
        raise Refusal(
            "unknown_column",
            f"Users have no column {by!r} to group by.",
            f"They have: {', '.join(known) or 'none; load a file of users first'}.",
        )
    values = values_of(x.user_side.select([found]), x.shape[0], most=10_000)
    if values.texts or int(np.diff(values.matrix.indptr).max(initial=0)) > 1:
        raise Refusal(
            "unknown_column",
            f"The column {found!r} makes no groups: it is a list, or nearly every user has a value of their own.",
            "Choose a column with one of a few values for each user, such as country.",
        )
    m = values.matrix
    group = np.full(x.shape[0], -1, dtype=np.int64)
    group[np.repeat(np.arange(x.shape[0]), np.diff(m.indptr))] = m.indices
    return group, values.names
