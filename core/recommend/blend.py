"""Weighted blend: the scores of several models, each brought to the same scale for every user, added up.

Scale: each part's scores of one user become z = (score - mean) / standard deviation, taken over every item that the
part can score, those already taken included: each part then has the same say in a user's list before the weights, and
z is linear in the score, so that the parts' exact reasons stay exact. Ranks would lose how far ahead an item is, and a
range from 0 to 1 would hang on one extreme item.

- A part that tells no items apart for a user (its scores are equal to 1 part in 100,000) has z = 0: no say.
- A part that cannot score a user at all (NaN) is silent, and the others' weights are brought to 1 again; a part
  that cannot score one item has z = 0 there, its average.
- Weights count as shares of their sum.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, Self

import numpy as np
from scipy.sparse import csr_matrix

from core.errors import Refusal
from core.interactions import Array, Interactions
from core.progress import Step, no_step
from core.recommend.base import Model
from core.recommend.registry import make
from core.recommend.registry import parts as parts_of
from core.recommend.types import Explanation, Recommender, Spec, View, ViewName, check_rows

ALIKE = 1e-5
"""Scores of a user whose standard deviation is not above this share of the largest tell no items apart: rounding."""

Folding = Literal["exactly", "nearly", "no"]
_FOLDING: tuple[Folding, ...] = ("no", "nearly", "exactly")


class Mixed(Model):
    """What all blends share: parts fitted on the same matrix, each with a seed of its own, kept side by side."""

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        named = parts_of(spec)
        self.parts: tuple[Spec, ...] = tuple(part for part, _ in named)
        self._given = np.array([weight for _, weight in named])
        self.models: tuple[Recommender, ...] = tuple(make(part) for part in self.parts)

    @property
    def scores_everyone(self) -> bool:  # type: ignore[override]  # it hangs on the parts, not on the class
        """Whether a part does: users without history are answered by those parts alone."""
        return any(model.scores_everyone for model in self.models)

    @property
    def folds(self) -> Folding:  # type: ignore[override]
        """As the part that folds worst."""
        return min((model.folds for model in self.models), key=_FOLDING.index)

    def fit(self, x: Interactions, *, seed: int = 0, step: Step = no_step) -> Self:
        """Fit every part on the whole matrix."""
        self.x = x
        self._fit_parts(x, seed, step)
        return self

    def load(self, x: Interactions, arrays: Mapping[str, Array]) -> Self:
        """Take back what the parts learnt."""
        self.x = x
        for n, model in enumerate(self.models):
            mark = f"p{n}_"
            model.load(x, {name[len(mark) :]: array for name, array in arrays.items() if name.startswith(mark)})
        return self

    def arrays(self) -> dict[str, Array]:
        """The arrays of part n as "pn_NAME"."""
        kept = ((n, model.arrays()) for n, model in enumerate(self.models) if isinstance(model, Model))
        return {f"p{n}_{name}": array for n, arrays in kept for name, array in arrays.items()}

    def _fit_parts(self, x: Interactions, seed: int, step: Step) -> None:
        share = 1 / len(self.models)
        for n, model in enumerate(self.models):
            model.fit(x, seed=seed_of(seed, n), step=step.part(n * share, (n + 1) * share))

    def _cannot_fold(self) -> None:
        for part, model in zip(self.parts, self.models, strict=True):
            if model.folds == "no":
                raise Refusal(
                    "cannot_fold",
                    f"A part of this blend, {part.model}, cannot take in new behaviour without being fitted again.",
                    f"Fit the blend again on the data as they are, or make it without {part.model}.",
                )


class Blend(Mixed):
    """score(u, i) = sum over parts p of w_p (score_p(u, i) - mean_p(u)) / sd_p(u); see the module."""

    @property
    def weights(self) -> Array:
        """float64 (parts,): each part's share of the say; they sum to 1."""
        return np.asarray(self._given / self._given.sum())

    def _score(self, users: Array, items: Array | None) -> Array:
        return self._mixed(len(users), lambda model: model.score(users), items)

    def _fold(self, histories: csr_matrix, items: Array | None, own: Array, seen: Array | None) -> Array:
        self._cannot_fold()
        return self._mixed(histories.shape[0], lambda model: model.fold(histories, own=own, seen=seen), items)

    def _mixed(self, n: int, ask: Callable[[Recommender], Array], items: Array | None) -> Array:
        """(n, items): what every part says of n users' items, each on its own scale, added up."""
        rows = [shifts(ask(model), keep=items) for model in self.models]
        factors = says(self.weights, np.stack([speaks for _, _, _, speaks in rows]))
        whole = np.zeros(rows[0][0].shape, dtype=np.float32)
        for (scores, mean, scale, _), factor in zip(rows, factors, strict=True):
            # the mean is taken away first: what is left has all the digits that there are
            part = (scores - mean[:, None].astype(scores.dtype)) * (factor * scale)[:, None].astype(scores.dtype)
            whole = whole + np.nan_to_num(part, copy=False, nan=0.0)
        whole[~np.any([speaks for _, _, _, speaks in rows], axis=0)] = np.nan
        return whole

    def explain(self, user: int, item: int) -> Explanation:
        """Each part's views, on the blend's scale. The base holds what the parts' means take away."""
        user, item = (int(check_rows([row], n)[0]) for row, n in zip((user, item), self.x.shape, strict=True))
        one = np.array([user])
        rows = [shifts(model.score(one)) for model in self.models]
        factors = says(self.weights, np.stack([speaks for _, _, _, speaks in rows]))[:, 0]
        told = []
        for model, (_, mean, scale, speaks), factor in zip(self.models, rows, factors, strict=True):
            part = model.explain(user, item) if speaks[0] and factor else None
            known = part is not None and np.isfinite(part.score)
            told.append((part if known else None, float(mean[0]), float(factor * scale[0])))
        if not any(speaks[0] for _, _, _, speaks in rows):
            return self._unsaid(user, item, "No part of the blend has anything on this user.")
        return self._put_together(user, item, told)

    def _put_together(
        self, user: int, item: int, told: Sequence[tuple[Explanation | None, float, float]]
    ) -> Explanation:
        spoken = [0.0 if part is None else by * (part.score - mean) for part, mean, by in told]
        said = [(part, mean, by) for part, mean, by in told if part is not None and by]
        size = sum(abs(value) for value in spoken)
        return Explanation(
            user,
            item,
            float(sum(spoken)),
            float(sum(by * (part.base - mean) for part, mean, by in said)),
            together("items", [(part, by) for part, _, by in said], self.x.shape[1]),
            together("users", [(part, by) for part, _, by in said], self.x.shape[0]),
            tuple((part, value / size if size else 0.0) for part, value in zip(self.parts, spoken, strict=True)),
        )


def shifts(scores: Array, keep: Array | None = None) -> tuple[Array, Array, Array, Array]:
    """(scores[:, keep], mean, 1 / standard deviation, speaks) of each row of scores; NaN plays no part.

    mean and scale are float64 (n,), scale 0 where the row tells no items apart; speaks is bool (n,): any score at all.
    """
    known = np.isfinite(scores)
    count = known.sum(axis=1)
    whole = known.all()
    clean = scores if whole else np.where(known, scores, 0)
    mean = clean.sum(axis=1, dtype=np.float64) / np.maximum(count, 1)
    away = (clean - mean[:, None].astype(scores.dtype)) if whole else np.where(known, clean - mean[:, None], 0)
    spread = np.sqrt(np.einsum("ij,ij->i", away, away, dtype=np.float64) / np.maximum(count, 1))
    apart = spread > ALIKE * np.abs(clean).max(axis=1, initial=0.0)
    scale = np.divide(1.0, spread, out=np.zeros(len(spread)), where=apart)
    return (scores if keep is None else scores[:, keep]), mean, scale, count > 0


def says(weights: Array, speaks: Array) -> Array:
    """float64 (parts, n): the weights of the parts that speak for each user, brought to 1; equal where all are 0."""
    given = weights[:, None] * speaks
    given = np.where(given.sum(axis=0) > 0, given, speaks.astype(np.float64))
    whole = given.sum(axis=0)
    return np.asarray(given / np.where(whole > 0, whole, 1.0))


def together(of: ViewName, parts: Sequence[tuple[Explanation, float]], rows: int) -> View:
    """The views of several parts as one: each row's values added, times each part's factor.

    Exact where every part's is. Else the fidelity is the mean of the parts', each counting as much as it moves the
    score from its base.
    """
    views = [(told.view(of), by, abs(by * (told.score - told.base))) for told, by in parts]
    if not views:
        return View(of, np.empty(0, dtype=np.int64), np.empty(0), exact=True, how="No part tells the items apart here.")
    places = np.concatenate([view.rows for view, _, _ in views])
    values = np.concatenate([view.values * by for view, by, _ in views])
    summed = np.bincount(places, weights=values, minlength=rows) if len(places) else np.zeros(rows)
    said = np.flatnonzero(summed)
    exact = all(view.exact for view, _, _ in views)
    moved = sum(size for _, _, size in views)
    fidelity = sum(view.fidelity * size for view, _, size in views) / moved if moved else 0.0
    whose = "users" if of == "users" else "past items"
    how = f"What each of the {whose} adds in every part of the blend, brought to the blend's scale and added up."
    if not exact:
        how += " Some parts cannot be taken apart exactly, or not this way."
    return View(of, said, summed[said], exact=exact, how=how, fidelity=1.0 if exact else min(1.0, fidelity))


def seed_of(seed: int, place: int) -> int:
    """A part's own seed: the same seed and place give the same."""
    return int(np.random.SeedSequence([seed, place]).generate_state(1)[0] & 0x7FFFFFFF)
