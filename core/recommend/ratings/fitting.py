"""One model of ratings fitted on all ratings: how long that takes, as a task of the compute lane, and kept at hand.

What is learnt is kept in this process, a few models for each open workspace: it serves to take predictions apart, and
is made again in a moment.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from threading import Lock
from typing import Any, Protocol
from weakref import WeakKeyDictionary

import numpy as np

from core.interactions import Array
from core.progress import Step, no_step
from core.recommend.ratings.base import RatingModel
from core.recommend.ratings.build import build_ratings
from core.recommend.ratings.registry import make_rating, rating_parts, rating_spec_from_json
from core.recommend.ratings.types import Ratings
from core.recommend.types import Spec
from core.store import Store, Writer

RATING_FIT_TASK = "core.recommend.ratings.fitting:rating_fit_task"

_SECONDS: Mapping[str, float] = {"baseline": 0.15, "svd": 10.0, "als": 18.0, "svdpp": 20.0, "kernel": 6.0}
"""Seconds to fit a million ratings with usual parameters on two cores; predicting then takes no time to speak of."""
_NEAR: Mapping[str, tuple[float, int]] = {"user-knn": (50.0, 0), "item-knn": (25.0, 1)}
"""Those that compare when they are asked: seconds to predict from a million ratings, and the side that is compared."""
_PAIR = 1.5e-8  # seconds that each pair of users (items) takes besides
_KEPT = 3  # models of each workspace

_models: WeakKeyDictionary[Store, dict[tuple[int, str], RatingModel | dict[str, Array]]] = WeakKeyDictionary()
_lock = Lock()


class _Finished(Protocol):
    @property
    def result(self) -> dict[str, Any]:
        """What the task returned."""

    @property
    def arrays(self) -> Mapping[str, Array]:
        """What it wrote."""


def rating_seconds(spec: Spec, ratings: int, shape: tuple[int, int] | None = None) -> float:
    """About how many seconds it takes to fit a model on so many ratings; with `shape` (users, items) also to predict
    as many as usual for all of these.

    A rough figure for two cores, from runs on a million ratings and on ml-latest-small: for telling people to wait, or
    to choose another model.
    """
    parts = rating_parts(spec)
    if parts:
        folds = int(spec["folds"])
        inner = sum(rating_seconds(part, round(ratings * (1 - 1 / folds)), shape or (1, 1)) for part in parts)
        return folds * inner + sum(rating_seconds(part, ratings, shape) for part in parts)
    if spec.model not in _NEAR:
        return _SECONDS[spec.model] * ratings / 1e6
    rate, side = _NEAR[spec.model]
    fit = _SECONDS["baseline"] * ratings / 1e6
    return fit if shape is None else fit + rate * ratings / 1e6 + _PAIR * shape[side] ** 2


def prepare_rating_fit(store: Store, spec: Spec, step: Step = no_step) -> dict[str, Array]:
    """All that `rating_fit_task` needs beside the model. Raises Refusal `no_ratings`."""
    return build_ratings(store, step=step).to_arrays()


def rating_fit_task(
    params: dict[str, Any], arrays: Mapping[str, Array], folder: Path, step: Step = no_step
) -> dict[str, Any]:
    """Fit the model `params` (`Spec.as_json`) on the ratings; writes its arrays. Runs in a worker."""
    r = Ratings.from_arrays(arrays)
    make_rating(rating_spec_from_json(params)).fit(r, seed=0, step=step).save(folder)
    return {"spec": params, "version": r.version}


def publish_rating_fit(writer: Writer, outcome: _Finished) -> dict[str, Any]:
    """Keep what was learnt at hand; nothing is stored."""
    spec = rating_spec_from_json(outcome.result["spec"])
    _keep(writer.store, int(outcome.result["version"]), spec, {n: np.array(a) for n, a in outcome.arrays.items()})
    return {"model": spec.model}


def fit_rating(store: Store, spec: Spec, *, step: Step = no_step) -> RatingModel:
    """The model fitted on all ratings in this process, or as it was kept. Raises Refusal `no_ratings`."""
    kept = kept_rating(store, spec)
    if kept is not None:
        return kept
    model = make_rating(spec).fit(build_ratings(store), seed=0, step=step)
    _keep(store, model.r.version, spec, model)
    return model


def kept_rating(store: Store, spec: Spec) -> RatingModel | None:
    """The model as it was fitted on the data as they are now; None where it has to be fitted first."""
    version = store.version
    with _lock:
        found = _models.get(store, {}).get((version, _name(spec)))
    if isinstance(found, dict):
        found = make_rating(spec).load(build_ratings(store), found)
        _keep(store, version, spec, found)
    return found


def _keep(store: Store, version: int, spec: Spec, made: RatingModel | dict[str, Array]) -> None:
    with _lock:
        mine = _models.setdefault(store, {})
        mine.pop((version, _name(spec)), None)
        mine[version, _name(spec)] = made
        for old in list(mine)[:-_KEPT]:
            del mine[old]


def _name(spec: Spec) -> str:
    return repr((spec.model, spec.params))
