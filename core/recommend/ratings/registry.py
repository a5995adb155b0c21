"""Models of ratings by name: pages, command line and tests enumerate this."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any, cast

from core.errors import Refusal
from core.recommend.ratings.base import RatingModel
from core.recommend.ratings.roster import RATING_MODELS
from core.recommend.types import ModelInfo, ParamValue, Spec

RATING_NAMES: tuple[str, ...] = tuple(line.name for line in RATING_MODELS)


def rating_info(model: str) -> ModelInfo:
    """The roster's line. Raises Refusal `unknown_model`."""
    for found in RATING_MODELS:
        if found.name == model:
            return found
    raise Refusal(
        "unknown_model", f"There is no model of ratings {model!r}.", f"Models of ratings: {', '.join(RATING_NAMES)}."
    )


def rating_spec(model: str, params: Mapping[str, ParamValue] | None = None) -> Spec:
    """A checked Spec, with defaults.

    Raises Refusal `unknown_model`, `unknown_parameter`, `bad_parameter`, `bad_parts`.
    """
    line = rating_info(model)
    given = dict(params or {})
    for name in given:
        line.param(name)
    made = Spec(model, tuple((p.name, p.check(given.get(p.name, p.default))) for p in line.params))
    rating_parts(made)
    return made


def rating_spec_from_json(told: Mapping[str, Any]) -> Spec:
    """The Spec that `Spec.as_json` wrote."""
    return rating_spec(str(told["model"]), told.get("params"))


def rating_parts(of: Spec) -> tuple[Spec, ...]:
    """The models that a blend is made of, with their defaults; empty for any other. Raises Refusal `bad_parts`."""
    if rating_info(of.model).family != "blend":
        return ()
    names = [name.strip() for name in str(of["parts"]).split(",") if name.strip()]
    if not names or len(set(names)) < len(names) or "blend" in names or any(n not in RATING_NAMES for n in names):
        others = ", ".join(name for name in RATING_NAMES if name != "blend")
        raise Refusal("bad_parts", f"{of['parts']!r} does not name the parts of a blend.", f"Each once, of: {others}.")
    return tuple(rating_spec(name) for name in names)


def make_rating(spec: Spec) -> RatingModel:
    """The model, not yet fitted."""
    line = rating_info(spec.model)
    return cast(RatingModel, getattr(importlib.import_module(line.module), line.cls)(spec))
