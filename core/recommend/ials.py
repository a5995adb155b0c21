"""Hidden tastes: implicit matrix factorisation, finished exactly so that every score can be taken apart exactly."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Literal, Self

import numpy as np
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

from core.interactions import Array, Interactions
from core.progress import Step, no_step
from core.recommend.base import Model, Valued, threads, valued, view
from core.recommend.exact import solve_rows
from core.recommend.types import Explanation, Spec, check_rows

USUAL_PAIRS = 20.0
"""A user or item with so many pairs is held back by `ridge` itself, whatever `frequency` is."""

_SMALL = 20_000  # pairs up to which threads would wait for each other longer than they work

_LARGE = 200_000  # pairs up to which solving every row directly costs a second or two
_NEAR = 1.25  # ridges that a round before the last two takes for one: each group costs one more product Y'Y

_ITEMS = "How much having taken this past item adds, in the tastes that the whole history gives this user."
_USERS = "What each user adds to the score by having taken this item; who is explained counts too, having taken it."


class Ials(Model):
    """score(u, i) = z_u'y_i, with z and y solved in turn from the confidences c = 1 + alpha x weight.

    The last round is solved exactly, items against U_old, the users as the round before left them, then users against
    those items: only so do both views of an explanation hold (see `explain`).

    The ridge of a user (or item) with n pairs is ridge x (n / USUAL_PAIRS)^frequency: Rendle et al. 2021, equation 14,
    with the unobserved pairs left to Y'Y. It counts n in pairs and not in shares of the mean: only so does the caution
    of a small file shrink with the file. With one ridge for all, everything is 0 as soon as the ridge is above the
    greatest singular value of the confidences; with ridge_u = l n_u and ridge_i = l n_i, that value is never below c,
    however little there is (the normalised matrix of pairs has a singular value of 1).
    """

    folds: ClassVar[Literal["exactly", "nearly", "no"]] = "exactly"

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        self._alpha = float(spec["alpha"])
        self._caution = Caution(float(spec["ridge"]), float(spec["frequency"]))

    def fit(self, x: Interactions, *, seed: int = 0, step: Step = no_step) -> Self:
        """`epochs` rounds (items, then users), in float32: all but the last few by conjugate gradients (implicit).

        The last is solved directly. implicit knows but one ridge for all: where each row has its own, every round is
        solved directly up to _LARGE pairs; beyond, rows of about as many pairs share a ridge in all but the last two.
        """
        self.x, self._caution = x, Caution(float(self.spec["ridge"]), float(self.spec["frequency"]))
        rng, factors, epochs = np.random.default_rng(seed), int(self.spec["factors"]), int(self.spec["epochs"])
        users, items = (rng.random((n, factors), dtype=np.float32) * np.float32(0.01) for n in x.shape)
        self._valued = Valued(x.matrix, self.spec["values"])
        rows = self._extra(self._valued.rows)
        columns, cores = rows.T.tocsr(), threads() if rows.nnz > _SMALL else 1
        rounds = _Rounds(rows, columns, self._caution, cores)
        quick = rounds.by_gradients() if self._caution.one or rows.nnz > _LARGE else None
        for epoch in range(1, epochs):
            step.report((epoch - 1) / (epochs + 1), f"round {epoch} of {epochs}")
            own = not self._caution.one and epoch >= epochs - 1
            users, items = quick(users, items, step) if quick and not own else rounds.directly(users, step)
        last = step.part((epochs - 1) / (epochs + 1), 1.0)
        last.report(0.0, f"round {epochs} of {epochs}, solved exactly")
        new_items = rounds.items(users, last.part(0.0, 0.5))
        new_users = rounds.users(new_items, last.part(0.5, 1.0))
        return self._keep(users, new_users, new_items)

    def load(self, x: Interactions, arrays: Mapping[str, Array]) -> Self:
        """Take back the factors."""
        self.x, self._valued = x, Valued(x.matrix, self.spec["values"])
        # those stored before there was `frequency` were fitted with 0, whatever the default is now
        frequency = np.asarray(arrays["frequency"])[0] if "frequency" in arrays else 0.0
        self._caution = Caution(float(self.spec["ridge"]), float(frequency))
        return self._keep(*(np.asarray(arrays[name]) for name in ("users_before", "users", "items")))

    def arrays(self) -> dict[str, Array]:
        """float32: users_before (U_old) and users (n_users, factors), items (n_items, factors).

        And frequency, float64 (1,), where it is not 0.
        """
        found = {"users_before": self._before.factors, "users": self._users, "items": self._after.factors}
        return found if self._caution.one else found | {"frequency": np.array([self._caution.frequency])}

    def explain(self, user: int, item: int) -> Explanation:
        """Both views exact (items: Hu, Koren and Volinsky 2008, section 5), of the score z'y solved anew in float64.

        z = A_u^-1 sum_j c_uj y_j with A_u = Y'C_uY + ridge_u I over the fitted item factors y_j, and
        y = A_i^-1 sum_w c_wi u_w with A_i = U_old'C_iU_old + ridge_i I over the users as they entered the last item
        step.
        An item j of the history adds c_uj y'A_u^-1 y_j; a user w who took the item adds c_wi z'A_i^-1 u_w.
        """
        user, item = (int(check_rows([row], n)[0]) for row, n in zip((user, item), self.x.shape, strict=True))
        history, weights = self._valued.history(user)
        if not len(history):
            return self._unsaid(user, item)
        takers, theirs = self._valued.takers(item)
        of_user = self._after.equations(history, self._alpha * weights)
        of_item = self._before.equations(takers, self._alpha * theirs)
        return Explanation(
            user,
            item,
            float(of_user.solution @ of_item.solution),
            0.0,
            view("items", history, of_user.parts(of_item.solution), _ITEMS),
            view("users", takers, of_item.parts(of_user.solution), _USERS),
        )

    def _score(self, users: Array, items: Array | None) -> Array:
        y = self._after.factors if items is None else self._after.factors[items]
        scores: Array = self._users[users] @ y.T
        return scores

    def _fold(self, histories: csr_matrix, items: Array | None, own: Array, seen: Array | None) -> Array:
        """Each history's equations against the final items, as in the last step of the fit."""
        rows = self._extra(valued(histories, self.spec["values"]))
        y = self._after.factors if items is None else self._after.factors[items]
        scores: Array = solve_rows(rows, self._after.factors, self._caution.rows(rows)) @ y.T
        return scores

    def _extra(self, x: csr_matrix) -> csr_matrix:
        """How much the confidence exceeds 1: alpha x weight, float32."""
        return csr_matrix((np.float32(self._alpha) * x.data, x.indices, x.indptr), shape=x.shape)

    def _keep(self, before: Array, users: Array, items: Array) -> Self:
        self._before, self._after, self._users = _Side(before, self._caution), _Side(items, self._caution), users
        return self


@dataclass(frozen=True)
class Caution:
    """The ridge of each row, by how many pairs it has."""

    ridge: float
    frequency: float

    @property
    def one(self) -> bool:
        """Whether it is one for all."""
        return self.frequency == 0

    def of(self, pairs: Array) -> Array:
        """float64: of rows with so many pairs (none: as with one)."""
        found: Array = self.ridge * (np.maximum(pairs, 1) / USUAL_PAIRS) ** self.frequency
        return found

    def rows(self, x: csr_matrix) -> float | Array:
        """What `solve_rows` takes for the rows of `x`."""
        return self.ridge if self.one else self.of(np.diff(x.indptr))


class _Rounds:
    """The half steps of one fit: `rows` by user and `columns` by item hold the confidences less 1."""

    def __init__(self, rows: csr_matrix, columns: csr_matrix, caution: Caution, threads: int) -> None:
        self._rows, self._columns, self._threads = rows, columns, threads
        self._caution = caution
        self._ridges = caution.rows(rows), caution.rows(columns)

    def users(self, items: Array, step: Step = no_step) -> Array:
        """Solved exactly against these items."""
        return solve_rows(self._rows, items, self._ridges[0], threads=self._threads, step=step)

    def items(self, users: Array, step: Step = no_step) -> Array:
        """Solved exactly against these users."""
        return solve_rows(self._columns, users, self._ridges[1], threads=self._threads, step=step)

    def directly(self, users: Array, step: Step) -> tuple[Array, Array]:
        """A whole round, solved exactly."""
        items = self.items(users)
        step.check()
        return self.users(items), items

    def by_gradients(self) -> Callable[[Array, Array, Step], tuple[Array, Array]]:
        """A whole round by a few steps of conjugate gradients, in place."""
        from implicit.cpu._als import least_squares_cg

        by_item, by_user = (_Alike.of(x, self._caution) for x in (self._columns, self._rows))
        cores = self._threads

        def half(alike: list[_Alike], mine: Array, theirs: Array) -> None:
            for some in alike:
                if len(alike) == 1:
                    least_squares_cg(some.confidence, mine, theirs, some.ridge, num_threads=cores)
                else:
                    found = mine[some.rows]
                    least_squares_cg(some.confidence, found, theirs, some.ridge, num_threads=cores)
                    mine[some.rows] = found

        def work(users: Array, items: Array, step: Step) -> tuple[Array, Array]:
            with threadpool_limits(1, user_api="blas"):  # as implicit advises: its own threads take the cores
                half(by_item, items, users)
                step.check()
                half(by_user, users, items)
            return users, items

        return work


@dataclass(frozen=True, eq=False)
class _Alike:
    """Rows that are solved with one ridge: their confidences (CSR)."""

    rows: Array
    confidence: csr_matrix
    ridge: float

    @classmethod
    def of(cls, extra: csr_matrix, caution: Caution) -> list[_Alike]:
        """All rows; in groups whose ridges lie within a factor of _NEAR of each other where each row has its own."""
        if caution.one:
            return [cls(np.arange(extra.shape[0]), _confidence(extra), caution.ridge)]
        lengths = np.diff(extra.indptr)
        group = np.floor(np.log(np.maximum(lengths, 1)) * caution.frequency / np.log(_NEAR) + 1e-9).astype(np.int64)
        made = []
        for which in np.unique(group):
            rows = np.flatnonzero(group == which)
            ridge = float(np.average(caution.of(lengths[rows]), weights=np.maximum(lengths[rows], 1)))
            made.append(cls(rows, _confidence(extra[rows]), ridge))
        return made


class _Side:
    """Factors against which the other side is solved."""

    def __init__(self, factors: Array, caution: Caution) -> None:
        self.factors, self._caution = factors, caution

    @cached_property
    def _gram(self) -> Array:
        wide = self.factors.astype(np.float64)
        found: Array = wide.T @ wide
        return found

    def equations(self, rows: Array, extra: Array) -> _Equations:
        """Those of one user (or item) whose pairs are with `rows` of these factors."""
        y = self.factors[rows].astype(np.float64)
        left = self._gram + self._caution.of(np.array(len(rows))) * np.eye(y.shape[1])
        return _Equations(left + (y.T * extra) @ y, y, 1 + extra)


class _Equations:
    """A z = sum of c y over the pairs of one row, in float64."""

    def __init__(self, left: Array, y: Array, confidence: Array) -> None:
        self._left, self._y, self._confidence = left, y, confidence
        self.solution: Array = np.linalg.solve(left, y.T @ confidence)

    def parts(self, other: Array) -> Array:
        """What each pair adds to `solution` @ `other`; A is symmetric."""
        found: Array = self._confidence * (self._y @ np.linalg.solve(self._left, other))
        return found


def _confidence(extra: csr_matrix) -> csr_matrix:
    """1 + extra; arrays of its own, since the compiled kernel refuses read-only ones (memory maps)."""
    return csr_matrix((1 + extra.data, extra.indices.copy(), extra.indptr.copy()), shape=extra.shape)
