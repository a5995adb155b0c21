"""Every model there is, by name: pages, command line and the contract tests enumerate this."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any, cast

from core.errors import Refusal
from core.recommend.types import ModelInfo, Param, ParamValue, Recommender, Spec

_VALUES = Param(
    "values",
    "choice",
    "log",
    "Repeated behaviour",
    "How much more a pair with many events counts: once (yes or no), log (a little more each time), sum (in full).",
    choices=("once", "log", "sum"),
)


def _shrink(default: float, what: str) -> Param:
    return Param(
        "shrink",
        "float",
        default,
        "Caution",
        f"Larger values trust likeness less where {what}; 0 is the plain cosine.",
        low=0.0,
        high=1000.0,
    )


MODELS: tuple[ModelInfo, ...] = (
    ModelInfo(
        "popular",
        "Most popular",
        "popularity",
        "The yardstick: what most users take. It serves users without history, and every other model must beat it.",
        "",
        (
            Param(
                "count",
                "choice",
                "users",
                "Count",
                "users: each user once; weight: heavy users count more.",
                choices=("users", "weight"),
            ),
        ),
        "core.recommend.popular",
        "Popular",
    ),
    ModelInfo(
        "user-knn",
        "People like you",
        "user-based nearest neighbours, cosine",
        "Takes what the most similar users took. Serves where tastes differ and users have some history; easy to tell.",
        "Resnick et al. 1994; cosine over all items",
        (
            Param(
                "neighbours",
                "int",
                80,
                "Similar users",
                "How many similar users speak for each user.",
                low=5,
                high=1000,
                scale="log",
            ),
            _shrink(20.0, "a user has done little"),
            replace(_VALUES, default="once"),
        ),
        "core.recommend.neighbours",
        "UserKnn",
    ),
    ModelInfo(
        "item-knn",
        "Goes together",
        "item-based nearest neighbours, cosine",
        "Takes what goes with the user's past items. Serves large numbers of users, and fresh interests within a "
        "visit.",
        "Sarwar et al. 2001; Deshpande and Karypis 2004",
        (
            Param(
                "neighbours",
                "int",
                50,
                "Items that go with each",
                "How many similar items speak for each item.",
                low=5,
                high=1000,
                scale="log",
            ),
            _shrink(20.0, "few users took an item"),
            replace(_VALUES, default="once"),
        ),
        "core.recommend.neighbours",
        "ItemKnn",
    ),
    ModelInfo(
        "ease",
        "Goes together, weighed jointly",
        "EASE, a linear item-item model",
        "Like Goes together, with each past item's part freed of what the others already say. Often the most accurate "
        "up to some ten thousand items.",
        "Steck 2019, Embarrassingly Shallow Autoencoders for Sparse Data",
        (
            Param(
                "ridge",
                "float",
                1000.0,
                "Caution",
                "Larger values trust rare coincidences less (lambda).",
                low=1.0,
                high=20_000.0,
                scale="log",
            ),
            _VALUES,
        ),
        "core.recommend.linear",
        "Ease",
    ),
    ModelInfo(
        "ials",
        "Hidden tastes",
        "iALS, implicit matrix factorisation",
        "Describes users and items by a few dozen hidden tastes. Serves many items and users, and reaches beyond items "
        "seen together.",
        "Hu, Koren and Volinsky 2008, Collaborative Filtering for Implicit Feedback Datasets",
        (
            Param(
                "factors", "int", 64, "Tastes", "How many hidden tastes describe a user.", low=4, high=512, scale="log"
            ),
            Param(
                "alpha",
                "float",
                2.0,
                "Confidence",
                "How much more observed pairs count than unobserved ones (confidence = 1 + alpha x weight).",
                low=0.01,
                high=200.0,
                scale="log",
            ),
            Param(
                "ridge",
                "float",
                20.0,
                "Caution",
                "Larger values keep tastes of users and items with few events near zero (lambda).",
                low=0.001,
                high=1000.0,
                scale="log",
            ),
            Param("epochs", "int", 15, "Rounds", "How many times users and items are solved in turn.", low=1, high=200),
            _VALUES,
        ),
        "core.recommend.ials",
        "Ials",
    ),
    ModelInfo(
        "puresvd",
        "Main tastes",
        "PureSVD, truncated singular values",
        "Keeps the strongest common directions of taste. Fast, repeatable to the digit, with few settings.",
        "Cremonesi, Koren and Turrin 2010, Performance of Recommender Algorithms on Top-N Recommendation Tasks",
        (
            Param(
                "factors", "int", 20, "Tastes", "How many directions of taste are kept.", low=2, high=500, scale="log"
            ),
            replace(_VALUES, default="once"),
        ),
        "core.recommend.svd",
        "PureSvd",
    ),
)
"""In the order in which pages list them; popularity first, since it is in every comparison."""

NAMES: tuple[str, ...] = tuple(model.name for model in MODELS)


def info(model: str) -> ModelInfo:
    """The registry's line on a model. Raises Refusal `unknown_model`."""
    for found in MODELS:
        if found.name == model:
            return found
    raise Refusal("unknown_model", f"There is no model {model!r}.", f"Models: {', '.join(NAMES)}.")


def spec(model: str, params: Mapping[str, ParamValue] | None = None) -> Spec:
    """A checked Spec, with defaults for what `params` leaves out.

    Raises Refusal `unknown_model`, `unknown_parameter`, `bad_parameter`.

    >>> spec("item-knn", {"neighbours": 20})
    Spec(model='item-knn', params=(('neighbours', 20), ('shrink', 20.0), ('values', 'once')))
    """
    line = info(model)
    given = dict(params or {})
    for name in given:
        line.param(name)
    return Spec(model, tuple((p.name, p.check(given.get(p.name, p.default))) for p in line.params))


def spec_from_json(told: Mapping[str, Any]) -> Spec:
    """The Spec that `Spec.as_json` wrote."""
    return spec(str(told["model"]), told.get("params"))


def make(spec: Spec) -> Recommender:
    """The model, not yet fitted."""
    line = info(spec.model)
    return cast(Recommender, _class(line.module, line.cls)(spec))


@cache
def _class(module: str, name: str) -> Any:
    return getattr(importlib.import_module(module), name)
