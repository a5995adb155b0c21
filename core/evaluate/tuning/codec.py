"""Studies as plain JSON and back: what a worker hands over, and what is stored."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from core.evaluate.tuning.types import Study, Trial, TuneSpec
from core.interactions import Array
from core.recommend import spec_from_json

_PLAIN = tuple(name for name in Trial.__dataclass_fields__ if name not in ("spec", "rungs", "why", "point"))


def trial_to_json(trial: Trial) -> dict[str, Any]:
    """Plain JSON without NaN; `trial_from_json` gives an equal Trial back."""
    return {
        **{name: getattr(trial, name) for name in _PLAIN},
        "spec": trial.spec.as_json(),
        "rungs": [list(rung) for rung in trial.rungs],
        "why": None if trial.why is None else dict(trial.why),
        "point": dict(trial.point),
    }


def trial_from_json(told: Mapping[str, Any]) -> Trial:
    """What `trial_to_json` wrote. Raises Refusal where a model or a parameter is gone."""
    return Trial(
        **{name: told[name] for name in _PLAIN},
        spec=spec_from_json(told["spec"]),
        rungs=tuple((int(users), float(value)) for users, value in told["rungs"]),
        why=told["why"],
        point=dict(told["point"]),
    )


def study_to_json(study: Study) -> dict[str, Any]:
    """Plain JSON without NaN; `study_from_json` gives an equal Study back."""
    return {
        "spec": study.spec.as_json(),
        "split": study.split,
        "notes": list(study.notes),
        "trials": [trial_to_json(t) for t in study.trials],
        "facts": dict(study.facts),
        "ended": study.ended,
        "importance": study.importance and {model: dict(shares) for model, shares in study.importance.items()},
        "best_each": study.best_each,
    }


def study_from_json(told: Mapping[str, Any]) -> Study:
    """What `study_to_json` wrote. Raises Refusal where a model or a parameter is gone."""
    return Study(
        spec=TuneSpec.from_json(told["spec"]),
        split=told["split"],
        notes=tuple(told["notes"]),
        trials=tuple(trial_from_json(t) for t in told["trials"]),
        facts=dict(told["facts"]),
        ended=told["ended"],
        importance=told.get("importance"),
        best_each=str(told.get("best_each", "")),
    )


def packed(each: Array | None) -> str:
    """float32 (n,) as text; most users' figures are 0, so that it is short."""
    if each is None:
        return ""
    return base64.b64encode(zlib.compress(np.asarray(each, dtype="<f4").tobytes())).decode()


def unpacked(text: str) -> Array | None:
    """What `packed` wrote, exactly; None for nothing."""
    return np.frombuffer(zlib.decompress(base64.b64decode(text)), dtype="<f4") if text else None
