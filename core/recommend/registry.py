"""Every model there is, by name: pages, command line and the contract tests enumerate this."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from functools import cache
from typing import Any, cast

from core.errors import Refusal
from core.interactions import Need
from core.recommend.parts import read_parts
from core.recommend.roster import MODELS
from core.recommend.types import ModelInfo, ParamValue, Recommender, Spec

__all__ = ["MODELS", "NAMES", "USUAL", "info", "make", "needs", "parts", "spec", "spec_from_json", "wide"]

NAMES: tuple[str, ...] = tuple(model.name for model in MODELS)
USUAL: tuple[str, ...] = tuple(model.name for model in MODELS if model.usual)
"""What is compared where nobody has chosen."""


def info(model: str) -> ModelInfo:
    """The registry's line on a model. Raises Refusal `unknown_model`."""
    for found in MODELS:
        if found.name == model:
            return found
    raise Refusal("unknown_model", f"There is no model {model!r}.", f"Models: {', '.join(NAMES)}.")


def spec(model: str, params: Mapping[str, ParamValue] | None = None) -> Spec:
    """A checked Spec, with defaults for what `params` leaves out.

    Raises Refusal `unknown_model`, `unknown_parameter`, `bad_parameter`.

    >>> spec("item-knn", {"neighbours": 20})  # doctest: +ELLIPSIS
    Spec(model='item-knn', params=(('neighbours', 20), ('shrink', 20.0), ('values', 'once'),...
    """
    line = info(model)
    given = dict(params or {})
    for name in given:
        line.param(name)
    return Spec(model, tuple((p.name, p.check(given.get(p.name, p.default))) for p in line.params))


def spec_from_json(told: Mapping[str, Any]) -> Spec:
    """The Spec that `Spec.as_json` wrote."""
    return spec(str(told["model"]), told.get("params"))


def needs(*specs: Spec) -> frozenset[Need]:
    """What these models, and the parts of blends among them, ask for beside the matrix: for core.interactions.build."""
    found: set[Need] = set()
    for one in specs:
        found |= {need for need, param in info(one.model).needs.items() if not param or one[param]}
        found |= needs(*(part for part, _ in parts(one)))
    return frozenset(found)


def wide(*specs: Spec) -> bool:
    """Whether one of these, or a part of a blend among them, serves users or items without any pair."""
    return any(info(one.model).wide or wide(*(part for part, _ in parts(one))) for one in specs)


def parts(of: Spec) -> tuple[tuple[Spec, float], ...]:
    """The models that a blend is made of, each with its weight; empty for any other model.

    Raises Refusal `bad_parts`: not to be read, a blend inside a blend, the same model and parameters twice.
    """
    if info(of.model).family != "blend":
        return ()
    found = [(spec(name, params), weight) for text in _texts(of) for name, params, weight in read_parts(text)]
    if len({one for one, _ in found}) < len(found) or any(info(one.model).family == "blend" for one, _ in found):
        raise Refusal(
            "bad_parts",
            "A blend cannot hold another blend, or the same model with the same parameters twice.",
            "Name each model once: ease=0.5,item-knn=0.5.",
        )
    return tuple(found)


def _texts(of: Spec) -> list[str]:
    return [str(of[p.name]) for p in info(of.model).params if p.kind == "text"]


def make(spec: Spec) -> Recommender:
    """The model, not yet fitted."""
    line = info(spec.model)
    return cast(Recommender, _class(line.module, line.cls)(spec))


@cache
def _class(module: str, name: str) -> Any:
    return getattr(importlib.import_module(module), name)
