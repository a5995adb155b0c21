"""What all models share: lists from scores, in blocks of users, on all cores."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Literal, Self

import numpy as np
from scipy.sparse import csc_matrix, csr_matrix
from threadpoolctl import threadpool_info, threadpool_limits

from core.errors import Refusal
from core.interactions import Array, Interactions
from core.progress import Step, no_step
from core.recommend.compiled import Best, chooser
from core.recommend.topk import topk
from core.recommend.types import Explanation, RecTable, Spec, View, ViewName, check_rows

_BLOCK = 8_000_000  # scores held at a time by each thread, 32 MB: fewer multiply at half the speed
_LEAST, _MOST = 32, 512  # users at a time: fewer multiply slowly, more hold up the progress

_TINY = 1e-3  # weights below it lose digits when 1 is added


class Model(ABC):
    """A Recommender (see `types.Recommender`) that scores users in batches; the rest follows from that."""

    scores_everyone: ClassVar[bool] = False
    folds: ClassVar[Literal["exactly", "nearly", "no"]] = "no"
    x: Interactions

    def __init__(self, spec: Spec) -> None:
        self.spec = spec

    @abstractmethod
    def fit(self, x: Interactions, *, seed: int = 0, step: Step = no_step) -> Self:
        """Learn from the matrix."""

    @abstractmethod
    def explain(self, user: int, item: int) -> Explanation:
        """Why this score."""

    @abstractmethod
    def arrays(self) -> dict[str, Array]:
        """What was learnt, by name: `save` writes it, `load` gets it back."""

    @abstractmethod
    def load(self, x: Interactions, arrays: Mapping[str, Array]) -> Self:
        """Take back what `save` wrote."""

    @abstractmethod
    def _score(self, users: Array, items: Array | None) -> Array:
        """`score` for rows that exist; users without history need not be thought of."""

    def score(self, users: Array, items: Array | None = None) -> Array:
        """float32 or float64 (len(users), n_items or len(items)); NaN where the model cannot say."""
        n_users, n_items = self.x.shape
        users = check_rows(users, n_users)
        items = None if items is None else check_rows(items, n_items)
        if not len(users) or (items is not None and not len(items)):
            return np.empty((len(users), n_items if items is None else len(items)), dtype=np.float32)
        scores = self._score(users, items)
        if not self.scores_everyone:
            scores[np.diff(self.x.matrix.indptr)[users] == 0] = np.nan
        return scores

    def fold(
        self, histories: csr_matrix, items: Array | None = None, *, own: Array | None = None, seen: Array | None = None
    ) -> Array:
        """Scores of histories that the fit need not have seen: see `types.Recommender.fold`."""
        n_items = self.x.shape[1]
        if histories.shape[1] != n_items:
            raise ValueError(f"histories over {histories.shape[1]} items, the matrix has {n_items}")
        items = None if items is None else check_rows(items, n_items)
        own = np.full(histories.shape[0], -1, dtype=np.int64) if own is None else np.asarray(own, dtype=np.int64)
        if not histories.shape[0] or (items is not None and not len(items)):
            return np.empty((histories.shape[0], n_items if items is None else len(items)), dtype=np.float32)
        scores = self._fold(histories, items, own, seen)
        if not self.scores_everyone:
            scores[np.diff(histories.indptr) == 0] = np.nan
        return scores

    def _fold(self, histories: csr_matrix, items: Array | None, own: Array, seen: Array | None) -> Array:
        """`fold` for arguments that are in order; empty histories need not be thought of."""
        raise Refusal(
            "cannot_fold",
            "This model cannot take in new behaviour without being fitted again.",
            "Fit it again on the data as they are.",
        )

    def recommend(
        self,
        users: Array,
        k: int,
        *,
        exclude_seen: bool = True,
        among: Array | None = None,
        step: Step = no_step,
    ) -> RecTable:
        """The k best items of each user, of the columns `among` where given."""
        n_users, n_items = self.x.shape
        users = check_rows(users, n_users)
        among = None if among is None else np.unique(check_rows(among, n_items))
        if k < 1:
            raise ValueError("k must be at least 1")
        items = np.full((len(users), k), -1, dtype=np.int32)
        scores = np.full((len(users), k), np.nan, dtype=np.float32)
        width = n_items if among is None else len(among)
        if not width or not len(users):
            return RecTable(users, items, scores)
        workers = threads()
        size = min(max(_BLOCK // width, _LEAST), _MOST, -(-len(users) // workers))
        begins = range(0, len(users), size)
        best = chooser(len(users) * width)

        def block(begin: int) -> None:
            part = slice(begin, begin + size)
            items[part], scores[part] = self._best(users[part], k, exclude_seen, among, best)

        if len(begins) == 1:
            block(0)
            return RecTable(users, items, scores)
        # one thread of the numeric libraries in each of ours: they would fight over the cores otherwise
        with threadpool_limits(1), ThreadPoolExecutor(workers) as pool:
            for done, _ in enumerate(pool.map(block, begins), start=1):
                step.report(done / len(begins), "making lists")
        return RecTable(users, items, scores)

    def save(self, folder: Path) -> None:
        """Write what was learnt into `folder` as `NAME.npy`."""
        for name, array in self.arrays().items():
            np.save(folder / f"{name}.npy", array, allow_pickle=False)

    def _best(
        self, users: Array, k: int, exclude_seen: bool, among: Array | None, best: Best = topk
    ) -> tuple[Array, Array]:
        scores = np.ascontiguousarray(self.score(users, among), dtype=np.float32)
        if exclude_seen:
            _hide(scores, self.x.matrix, users, among)
        items, values = best(scores, k)
        return (items if among is None else np.where(items < 0, -1, among[items])), values

    def _unsaid(self, user: int, item: int, how: str = "This user has no history that the model uses.") -> Explanation:
        """The explanation of a score the model does not have."""
        none = np.empty(0)
        views: dict[ViewName, View] = {
            of: View(of, none.astype(np.int64), none, exact=False, how=how, fidelity=0.0) for of in ("items", "users")
        }
        return Explanation(user, item, float("nan"), 0.0, views["items"], views["users"])


def view(of: ViewName, rows: Array, values: Array, how: str, *, exact: bool = True, fidelity: float = 1.0) -> View:
    """A View without the parts that are exactly 0."""
    said = np.flatnonzero(values)
    rows, values = np.asarray(rows, dtype=np.int64), np.asarray(values, dtype=np.float64)
    return View(of, rows[said], values[said], exact=exact, how=how, fidelity=fidelity)


def valued(x: csr_matrix, values: str) -> csr_matrix:
    """The matrix as a model's parameter `values` wants it, float32: once (1), log (log2(1 + weight)), sum (as it is).

    >>> valued(csr_matrix([[0, 3.0]]), "log").toarray()
    array([[0., 2.]], dtype=float32)
    """
    if values == "sum":
        return x.astype(np.float32)
    data = np.ones_like(x.data, dtype=np.float32) if values == "once" else _log(x.data)
    return csr_matrix((data, x.indices, x.indptr), shape=x.shape)


def _log(data: Array) -> Array:
    """float32: log2(1 + data), also of data that are lost beside 1 (what was done many half-lives ago)."""
    made: Array = np.log2(1 + data, dtype=np.float32)
    if len(data) and data.min() < _TINY:
        tiny = data < _TINY
        made[tiny] = data[tiny] * (1 - data[tiny] / 2) / np.log(2)
    return made


class Valued:
    """The matrix as one model sees it (`valued`), in the forms that scores and explanations ask for.

    `rows` is float32 CSR and there at once; the others are float64, hold the very same values, and are made when
    first asked for: the first explanation pays for them.
    """

    def __init__(self, x: csr_matrix, values: str) -> None:
        self.rows = valued(x, values)

    @cached_property
    def exact(self) -> csr_matrix:
        """float64 CSR (n_users, n_items)."""
        return self.rows.astype(np.float64)

    @cached_property
    def columns(self) -> csc_matrix:
        """float64 CSC (n_users, n_items)."""
        return self.exact.tocsc()

    @cached_property
    def user_norms(self) -> Array:
        """float64 (n_users,): the length of each row; 1 for a row without entries, so that one may divide by it."""
        return _norms(self.exact.multiply(self.exact).sum(axis=1))

    @cached_property
    def item_norms(self) -> Array:
        """float64 (n_items,), likewise of columns."""
        return _norms(self.exact.multiply(self.exact).sum(axis=0))

    def history(self, user: int) -> tuple[Array, Array]:
        """The columns of a user's items, rising, and their values, float64."""
        part = slice(self.exact.indptr[user], self.exact.indptr[user + 1])
        return self.exact.indices[part], self.exact.data[part]

    def takers(self, item: int) -> tuple[Array, Array]:
        """The rows of the users who took an item, rising, and their values, float64."""
        part = slice(self.columns.indptr[item], self.columns.indptr[item + 1])
        return self.columns.indices[part], self.columns.data[part]


def _norms(squares: Array) -> Array:
    lengths = np.sqrt(np.asarray(squares, dtype=np.float64).ravel())
    return np.where(lengths == 0, 1.0, lengths)


def memory() -> int:
    """Bytes of memory that this program may use: the machine's, or its container's where that is less."""
    whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        return min(whole, int(Path("/sys/fs/cgroup/memory.max").read_text()))
    except (OSError, ValueError):
        return whole  # not Linux, no limit ("max"), or an older kernel


def _hide(scores: Array, x: csr_matrix, users: Array, among: Array | None) -> None:
    """Set what each user has seen to -inf."""
    lengths = np.diff(x.indptr)[users]
    rows = np.repeat(np.arange(len(users)), lengths)
    starts = np.repeat(x.indptr[users] - np.concatenate([[0], np.cumsum(lengths)[:-1]]), lengths)
    columns = x.indices[starts + np.arange(len(rows))]
    if among is not None:
        place = np.searchsorted(among, columns).clip(max=len(among) - 1)
        inside = among[place] == columns
        rows, columns = rows[inside], place[inside]
    scores[rows, columns] = -np.inf


def threads() -> int:
    """As many as the numeric libraries may use: in a worker fewer than the machine has."""
    allowed = [int(pool["num_threads"]) for pool in threadpool_info()]
    return max(1, min([os.cpu_count() or 1, *allowed]))
