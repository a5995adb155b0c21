"""Nearest neighbours: what the rows that are most alike have."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from sklearn.metrics.pairwise import nan_euclidean_distances
from sklearn.neighbors import NearestNeighbors

from core.quality.fill_encode import Numbers, as_floats


class Neighbours:
    """The mean of the k nearest rows' values, or of categories the one that most of them have (ties: the smallest).

    Equal to scikit-learn's KNNImputer (uniform weights; distances leave out what either row lacks and are scaled up
    for it), but worked out for one column alone, where KNNImputer fills all that have a gap, and with a vote. A row
    that shares no known column with any other takes the mean (the commonest value) of all.
    """

    def __init__(self, x: Numbers, target: pa.ChunkedArray, category: bool, k: int) -> None:
        self._x, self._k = x, min(k, len(x))
        self._whole = None if np.isnan(x).any() else NearestNeighbors(n_neighbors=self._k, algorithm="brute").fit(x)
        self._levels: NDArray[np.object_] | None = None
        if category:
            levels, self._codes = np.unique(target.to_numpy().astype(object), return_inverse=True)
            self._levels = levels
            self._common = int(np.bincount(self._codes).argmax())
        else:
            self._y = as_floats(target)

    def answer(self, rows: Numbers) -> NDArray[Any]:
        """See core.quality.fill_encode.Model."""
        near, counts = self._nearest(rows)
        alone = ~counts.any(axis=1)
        if self._levels is None:
            total = (self._y[near] * counts).sum(axis=1)
            means: Numbers = np.where(alone, self._y.mean(), total / np.maximum(counts.sum(axis=1), 1))
            return means
        votes = np.zeros((len(rows), len(self._levels)), dtype=np.int32)
        np.add.at(votes, (np.arange(len(rows))[:, None], self._codes[near]), counts)
        chosen: NDArray[Any] = self._levels[np.where(alone, self._common, votes.argmax(axis=1))]
        return chosen

    def _nearest(self, rows: Numbers) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
        """Places of the nearest rows, and whether they count: a distance that cannot be told has no voice."""
        if self._whole is not None and not np.isnan(rows).any():  # the same, three times as fast
            near = self._whole.kneighbors(rows, return_distance=False)
            return near, np.ones_like(near, dtype=bool)
        far = nan_euclidean_distances(rows, self._x)
        near = np.argpartition(far, self._k - 1, axis=1)[:, : self._k]
        return near, ~np.isnan(np.take_along_axis(far, near, axis=1))
