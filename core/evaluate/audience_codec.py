"""An Audience as plain JSON, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from core.evaluate.audience_types import Audience, AudienceSpec, Target, TargetScore, WayScore
from core.evaluate.types import Measured
from core.recommend import spec_from_json


def audience_to_json(audience: Audience) -> dict[str, Any]:
    """Plain JSON; `audience_from_json` reads it."""
    return {
        "spec": audience.spec.as_json(),
        "event": audience.event,
        "notes": list(audience.notes),
        "targets": [asdict(target) for target in audience.targets],
        "ways": [_way_to_json(way) for way in audience.ways],
        "verdict": audience.verdict,
        "facts": dict(audience.facts),
    }


def audience_from_json(told: Mapping[str, Any]) -> Audience:
    """What `audience_to_json` wrote."""
    return Audience(
        spec=AudienceSpec.from_json(told["spec"]),
        event=told["event"],
        notes=tuple(told["notes"]),
        targets=tuple(Target(**target) for target in told["targets"]),
        ways=tuple(_way_from_json(way) for way in told["ways"]),
        verdict=told["verdict"],
        facts=told["facts"],
    )


def _way_to_json(way: WayScore) -> dict[str, Any]:
    return {
        **{name: asdict(measured) if measured else None for name, measured in _means(way).items()},
        "way": way.way,
        "spec": None if way.spec is None else way.spec.as_json(),
        "against": {to: asdict(measured) for to, measured in way.against.items()},
        "each": [asdict(score) for score in way.each],
        "seconds_fit": way.seconds_fit,
        "problem": None if way.problem is None else dict(way.problem),
    }


def _way_from_json(told: Mapping[str, Any]) -> WayScore:
    means = {name: Measured(**told[name]) if told[name] else None for name in ("lift", "recall", "precision")}
    return WayScore(
        way=told["way"],
        spec=None if told["spec"] is None else spec_from_json(told["spec"]),
        lift=means["lift"],
        recall=means["recall"],
        precision=means["precision"],
        against={to: Measured(**measured) for to, measured in told["against"].items()},
        each=tuple(TargetScore(**{**score, "precision": Measured(**score["precision"])}) for score in told["each"]),
        seconds_fit=told["seconds_fit"],
        problem=told["problem"],
    )


def _means(way: WayScore) -> dict[str, Measured | None]:
    return {"lift": way.lift, "recall": way.recall, "precision": way.precision}
