"""What all models share: lists from scores, in blocks of users, on all cores."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_info, threadpool_limits

from core.interactions import Array, Interactions
from core.progress import Step, no_step
from core.recommend.topk import topk
from core.recommend.types import Explanation, RecTable, Spec, View, ViewName, check_rows

_BLOCK = 24_000_000  # scores held at a time by each thread: 96 MB


class Model(ABC):
    """A Recommender (see `types.Recommender`) that scores users in batches; the rest follows from that."""

    scores_everyone: ClassVar[bool] = False
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
        threads = _threads()
        size = max(1, min(_BLOCK // width, 512, -(-len(users) // threads)))
        begins = range(0, len(users), size)

        def block(begin: int) -> None:
            part = slice(begin, begin + size)
            items[part], scores[part] = self._best(users[part], k, exclude_seen, among)

        if len(begins) == 1:
            block(0)
            return RecTable(users, items, scores)
        # one thread of the numeric libraries in each of ours: they would fight over the cores otherwise
        with threadpool_limits(1), ThreadPoolExecutor(threads) as pool:
            for done, _ in enumerate(pool.map(block, begins), start=1):
                step.report(done / len(begins), "making lists")
        return RecTable(users, items, scores)

    def save(self, folder: Path) -> None:
        """Write what was learnt into `folder` as `NAME.npy`."""
        for name, array in self.arrays().items():
            np.save(folder / f"{name}.npy", array, allow_pickle=False)

    def _best(self, users: Array, k: int, exclude_seen: bool, among: Array | None) -> tuple[Array, Array]:
        scores = np.ascontiguousarray(self.score(users, among), dtype=np.float32)
        if exclude_seen:
            _hide(scores, self.x.matrix, users, among)
        items, values = topk(scores, k)
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
    data = np.ones_like(x.data, dtype=np.float32) if values == "once" else np.log2(1 + x.data, dtype=np.float32)
    return csr_matrix((data, x.indices, x.indptr), shape=x.shape)


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


def _threads() -> int:
    """As many as the numeric libraries may use: in a worker fewer than the machine has."""
    allowed = [int(pool["num_threads"]) for pool in threadpool_info()]
    return max(1, min([os.cpu_count() or 1, *allowed]))
