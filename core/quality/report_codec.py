"""Findings and reports as JSON and back. Moments are ISO text in UTC, exact amounts numbers, "not a number" is null."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from core.quality.codec import repair_from_json, repair_to_json, selection_from_json, selection_to_json
from core.quality.types import Effect, Figures, Finding

Json = dict[str, Any]


def figures_to_json(figures: Figures) -> Json:
    """Name -> number."""
    return asdict(figures)


def finding_to_json(finding: Finding) -> Json:
    """One finding, with its share of `of` beside its count."""
    return {
        "code": finding.code,
        "level": finding.level,
        "title": finding.title,
        "meaning": finding.meaning,
        "scope": finding.scope,
        "column": finding.column,
        "count": finding.count,
        "of": finding.of,
        "share": finding.share,
        "users": finding.users,
        "selection": None if finding.selection is None else selection_to_json(finding.selection),
        "examples": [plain(example) for example in finding.examples],
        "facts": plain(finding.facts),
        "effect": None if finding.effect is None else effect_to_json(finding.effect),
        "repairs": [repair_to_json(repair) for repair in finding.repairs],
    }


def finding_from_json(told: Mapping[str, Any]) -> Finding:
    """The finding that `finding_to_json` wrote."""
    return Finding(
        **{
            name: told[name]
            for name in ("code", "level", "title", "meaning", "scope", "column", "count", "of", "users")
        },
        selection=None if told["selection"] is None else selection_from_json(told["selection"]),
        examples=tuple(told["examples"]),
        facts=told["facts"],
        effect=None if told["effect"] is None else effect_from_json(told["effect"]),
        repairs=tuple(repair_from_json(repair) for repair in told["repairs"]),
    )


def effect_to_json(effect: Effect) -> Json:
    """Figures with and without the rows, and the items that leave and enter the top ten."""
    return {
        "with": figures_to_json(effect.with_),
        "without": figures_to_json(effect.without),
        "leave": list(effect.leave),
        "enter": list(effect.enter),
    }


def effect_from_json(told: Mapping[str, Any]) -> Effect:
    """The effect that `effect_to_json` wrote."""
    figures = Figures(**told["with"]), Figures(**told["without"])
    return Effect(*figures, leave=tuple(told["leave"]), enter=tuple(told["enter"]))


def plain(value: Any) -> Any:
    """`value` as JSON has it, so that what is written is what is read again."""
    if isinstance(value, Mapping):
        return {str(name): plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(inner) for inner in value]
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    if hasattr(value, "item") and not isinstance(value, str | bytes):  # a NumPy scalar
        return plain(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)
