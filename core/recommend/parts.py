"""What a blend is made of, as text: MODEL=WEIGHT with commas, or JSON where parts have parameters of their own."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from core.errors import Refusal
from core.recommend.types import ParamValue, Spec

Named = tuple[str, dict[str, ParamValue], float]
"""A model's name, those of its parameters that are given, and its weight."""


def read_parts(text: str) -> list[Named]:
    """The parts that `text` names, in its order. Raises Refusal `bad_parts`.

    >>> read_parts("ease=0.7, popular")
    [('ease', {}, 0.7), ('popular', {}, 1.0)]
    >>> read_parts('[{"model": "ials", "params": {"factors": 32}, "weight": 2}]')
    [('ials', {'factors': 32}, 2.0)]
    """
    try:
        found = _of_json(json.loads(text)) if text.lstrip().startswith("[") else [_short(t) for t in text.split(",")]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise _bad(f"{text[:80]!r} does not name models.") from None
    if not all(name and 0 < weight <= 1e6 for name, _, weight in found) or not found:
        raise _bad("A part has no name, or a weight that is not above 0.")
    return found


def write_parts(parts: Sequence[tuple[Spec, float]]) -> str:
    """The text that `read_parts` reads: all parameters, canonical, so that the same parts give the same text."""
    told = [{**part.as_json(), "weight": float(weight)} for part, weight in parts]
    return json.dumps(told, separators=(",", ":"))


def _short(text: str) -> Named:
    name, equals, weight = text.partition("=")
    return name.strip(), {}, float(weight) if equals else 1.0


def _of_json(told: Any) -> list[Named]:
    return [(str(one["model"]), dict(_params(one)), float(one.get("weight", 1.0))) for one in told]


def _params(one: Mapping[str, Any]) -> Mapping[str, ParamValue]:
    return one.get("params") or {}


def _bad(message: str) -> Refusal:
    return Refusal("bad_parts", message, "Write MODEL=WEIGHT with commas, such as ease=0.6,item-knn=0.4.")
