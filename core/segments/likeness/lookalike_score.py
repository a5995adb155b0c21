"""How close each user is to a seed: by taste, by features, by both; each member judged without having been seen.

Every way gives one table of scores, float64 (n_users, FOLDS + 1). Column f: the seed without its fold f, which is
hidden among all others; the last column: the whole seed. A score says something of users outside the seed, and in
column f of the hidden members; larger is closer.

taste: rows of log2(1 + weight) of length 1, as core.explain compares two users. The mean cosine of a user to all
members is the product with the members' mean row; from it is taken the mean cosine to everybody. So whoever takes what
everybody takes is not close to every seed. Linear, so that 500,000 users take a second. Measured (members back in a
list of the seed's length; half a planted community of the sample; Online Retail, Champions; At risk): the difference
0.60, 0.58, 0.38; the mean cosine alone 0.52, 0.57, 0.14; the mean of the 20 nearest members 0.47, 0.54, 0.14.

features: logistic regression of members against others on places (ranks) of the values, penalised (C = 0.01). Others
stand in two halves, and each user is scored by the model that did not see them as "not a member". Measured as above:
0.54, 1.00, 1.00; on values scaled by quartiles 0.55, 0.99, 1.00; the distance to the seed's middle 0.13, 0.75, 0.70.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from scipy.sparse import csr_matrix

from core.interactions import Array
from core.progress import Step, no_step

FOLDS = 5
MOST_TRAINED = 10_000
"""Members, and others, that one model learns from: more make it slower and hardly better."""

PENALTY = 0.01
_SAMPLE, _CHUNK = 20_000, 50_000
_DIGITS = 9  # what differs less is a tie: sums in another order differ in their last digits


@dataclass(frozen=True, eq=False)
class Folds:
    """Who is hidden when, and who learns from whom: int8 (n,) each.

    `fold`: 0 to 4 for members, -1 for all others; `half`: 0 or 1.
    """

    fold: Array
    half: Array

    @classmethod
    def of(cls, seed: Array) -> Folds:
        """By place in the order of users, which is drawn already."""
        fold, half = np.full(len(seed), -1, dtype=np.int8), np.zeros(len(seed), dtype=np.int8)
        places = np.arange(seed.sum())
        fold[seed] = places % FOLDS
        half[seed] = places // FOLDS % 2
        half[~seed] = np.arange((~seed).sum()) % 2
        return cls(fold, half)

    def learnt_from(self, column: int) -> Array:
        """Of shape (n,): the members that a column of scores knows as such."""
        return cast(Array, (self.fold >= 0) & (self.fold != column))

    def judged(self, column: int) -> Array:
        """Of shape (n,): whom a column of scores says something of."""
        return cast(Array, (self.fold < 0) | (self.fold == column))

    def own(self, scores: Array) -> Array:
        """float64 (members,): the score of each member where it was hidden."""
        rows = np.flatnonzero(self.fold >= 0)
        return scores[rows, self.fold[rows]]


def taste_scores(rows: csr_matrix, folds: Folds) -> Array:
    """Mean cosine to the members less mean cosine to everybody; `rows` have length 1."""
    everybody = _mean(rows, np.ones(rows.shape[0], dtype=bool))
    centres = [_mean(rows, folds.learnt_from(column)) - everybody for column in range(FOLDS + 1)]
    return cast(Array, np.round(rows @ np.column_stack(centres), _DIGITS))


def _mean(rows: csr_matrix, which: Array) -> Array:
    return cast(Array, np.asarray(rows.T @ (which / which.sum())).ravel())


@dataclass(frozen=True, eq=False)
class Scale:
    """Values as places among a sample of users, 0 to 1, missing in the middle; then mean 0, standard deviation 1.

    A column with 1 to 99 % missing has another beside it that says where. Neither units nor far values matter.
    """

    knots: tuple[Array, ...]
    gaps: tuple[int, ...]
    mean: Array
    spread: Array

    @classmethod
    def of(cls, values: Array) -> Scale:
        """Of float32 (n, columns) in a drawn order: the first 20,000 rows are the sample."""
        some = values[:_SAMPLE]
        missing = np.isnan(some).mean(axis=0) if len(some) else np.zeros(values.shape[1])
        knots = tuple(np.sort(column[~np.isnan(column)]) for column in some.T)
        gaps = tuple(int(n) for n in np.flatnonzero((missing >= 0.01) & (missing <= 0.99)))
        bare = cls(knots, gaps, np.zeros(1), np.ones(1))
        encoded = bare.encoded(some).astype(np.float64)
        spread = encoded.std(axis=0)
        return cls(knots, gaps, encoded.mean(axis=0), np.where(spread > 1e-9, spread, np.inf))

    def encoded(self, values: Array) -> Array:
        """float32 (n, columns + gaps)."""
        made = np.full((len(values), values.shape[1] + len(self.gaps)), 0.5, dtype=np.float32)
        for n, knots in enumerate(self.knots):
            if len(knots):
                known = ~np.isnan(values[:, n])
                said = values[known, n]
                low, high = np.searchsorted(knots, said, "left"), np.searchsorted(knots, said, "right")
                made[known, n] = (low + high) / (2 * len(knots))
        for place, n in enumerate(self.gaps, values.shape[1]):
            made[:, place] = np.isnan(values[:, n])
        return ((made - self.mean) / self.spread).astype(np.float32)


def feature_scores(values: Array, folds: Folds, step: Step = no_step) -> Array:
    """Log-odds of being a member, each user's from a model that did not see them as the contrary."""
    scale = Scale.of(values)
    models: list[list[tuple[Array, float]]] = []
    for column in range(FOLDS + 1):
        step.report(0.8 * column / (FOLDS + 1), "learning what the seed's members have in common")
        models.append([_fitted(values, scale, folds.learnt_from(column), folds.half == half) for half in (0, 1)])
    scores = np.empty((len(values), FOLDS + 1))
    for begin in range(0, len(values), _CHUNK):
        step.report(0.8 + 0.2 * begin / len(values), "judging users by their features")
        part = scale.encoded(values[begin : begin + _CHUNK]).astype(np.float64)
        other = 1 - folds.half[begin : begin + _CHUNK]
        for column, pair in enumerate(models):
            said = np.column_stack([part @ weights + bias for weights, bias in pair])
            scores[begin : begin + _CHUNK, column] = said[np.arange(len(part)), other]
    return np.round(scores, _DIGITS)


def trained_on(member: Array, among: Array) -> Array:
    """Rows that a model learns from: the first members, and the first others among those allowed."""
    return np.concatenate(
        [np.flatnonzero(member)[:MOST_TRAINED], np.flatnonzero(~member & among)[:MOST_TRAINED]]
    )  # fmt: skip


def _fitted(values: Array, scale: Scale, member: Array, among: Array) -> tuple[Array, float]:
    from sklearn.linear_model import LogisticRegression

    rows = trained_on(member, among)
    model: Any = LogisticRegression(C=PENALTY, class_weight="balanced", solver="newton-cholesky")
    model.fit(scale.encoded(values[rows]).astype(np.float64), member[rows])
    return model.coef_[0], float(model.intercept_[0])


def both_scores(first: Array, second: Array, folds: Folds) -> Array:
    """The mean of the two places, each a share of those judged; NaN for who is not."""
    from scipy.stats import rankdata  # slow to import, and few need it

    made = np.full(first.shape, np.nan)
    for column in range(first.shape[1]):
        who = folds.judged(column)
        places = rankdata(first[who, column]) + rankdata(second[who, column])
        made[who, column] = places / (2 * who.sum())
    return cast(Array, np.round(made, _DIGITS))


def closeness(scores: Array, folds: Folds) -> tuple[Array, bool]:
    """float64 (n,) from 0 to 1 for users outside the seed (others: NaN), and whether it says anything.

    0 = no closer than the middle one of all candidates, 1 = as close as the middle one of the seed's own members,
    each hidden when judged. Where members are no closer than others, 1 is the closest candidate, and the answer False.
    """
    outside = folds.fold < 0
    candidates = scores[outside, -1]
    low, high = float(np.median(candidates)), float(np.median(folds.own(scores)))
    sound = high > low
    if not sound:
        high = float(candidates.max())
    made = np.full(len(scores), np.nan)
    made[outside] = np.clip((candidates - low) / (high - low), 0, 1) if high > low else 0.0
    return made, sound


def in_order(scores: Array, who: Array) -> Array:
    """Rows of `who`, closest first; ties as drawn."""
    rows = np.flatnonzero(who)
    return cast(Array, rows[np.argsort(-scores[rows], kind="stable")])
