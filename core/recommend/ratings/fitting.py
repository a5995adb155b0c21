"""One model of ratings fitted on all ratings: as a task of the compute lane, and kept at hand.

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
from core.recommend.ratings.registry import make_rating, rating_spec_from_json
from core.recommend.ratings.types import Ratings
from core.recommend.types import Spec
from core.store import Store, Writer

RATING_FIT_TASK = "core.recommend.ratings.fitting:rating_fit_task"

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
