"""The iterative model: scikit-learn's IterativeImputer, and for categories a classifier on top of it."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.experimental import enable_iterative_imputer  # noqa: F401  (makes the next import possible)
from sklearn.impute import IterativeImputer
from sklearn.linear_model import BayesianRidge, LogisticRegression

from core.quality.fill_encode import Numbers, as_floats

CLASSES = 50
"""A classifier chooses among so many values, those of the most rows."""


class Iterative:
    """Numbers: each column with gaps is a linear model (BayesianRidge) of all others, in turns, until they settle; the
    answer is the middle of what the model expects, never outside the values known. Categories: gaps in the numbers are
    closed in that way, then a logistic regression says the likeliest value. The same data give the same answer.
    """

    def __init__(self, x: Numbers, target: pa.ChunkedArray, category: bool, numbers: int, wanted: Numbers) -> None:
        """`wanted`: some of the rows to be filled: gaps that only they have are modelled too."""
        self._labels: NDArray[np.object_] | None = None
        self._imputer: IterativeImputer | None = None
        if category:
            self._classify(x, target.to_numpy().astype(object), numbers, wanted)
            return
        y = as_floats(target)
        self._mean, self._spread = float(y.mean()), float(y.std()) or 1.0
        scaled = (y - self._mean) / self._spread
        both = np.vstack([np.column_stack([scaled, x]), np.column_stack([np.full(len(wanted), np.nan), wanted])])
        self._fit(both)

    def answer(self, rows: Numbers) -> NDArray[Any]:
        """See core.quality.fill_encode.Model."""
        if self._labels is None:
            assert self._imputer is not None
            full = self._imputer.transform(np.column_stack([np.full(len(rows), np.nan), rows]))
            made: Numbers = full[:, 0] * self._spread + self._mean
            return made
        if len(self._labels) == 1:
            return np.full(len(rows), self._labels[0], dtype=object)
        if self._imputer is not None:
            rows = self._imputer.transform(rows)
        chosen: NDArray[Any] = self._labels[self._classifier.predict(rows)]
        return chosen

    def _classify(self, x: Numbers, words: NDArray[np.object_], numbers: int, wanted: Numbers) -> None:
        labels, codes, counts = np.unique(words, return_inverse=True, return_counts=True)
        common = np.sort(np.argsort(-counts, kind="stable")[:CLASSES])
        keep = np.isin(codes, common)
        self._labels = labels[common]
        if len(self._labels) == 1:
            return
        if np.isnan(x[:, :numbers]).any() or np.isnan(wanted[:, :numbers]).any():
            self._fit(np.vstack([x, wanted]))
            assert self._imputer is not None
            x = self._imputer.transform(x)
        self._classifier = LogisticRegression(max_iter=300)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            self._classifier.fit(x[keep], np.searchsorted(common, codes[keep]))

    def _fit(self, matrix: Numbers) -> None:
        low, high = np.nanmin(matrix, axis=0), np.nanmax(matrix, axis=0)
        same = low == high  # which IterativeImputer takes for a mistake
        self._imputer = IterativeImputer(
            estimator=BayesianRidge(),
            random_state=0,
            sample_posterior=False,
            skip_complete=True,  # a column without gaps needs no model
            min_value=np.where(same, -np.inf, low),
            max_value=np.where(same, np.inf, high),
            keep_empty_features=True,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            self._imputer.fit(matrix)
