"""Comparisons as plain JSON and back: what a worker hands over, and what is stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from core.evaluate.types import (
    BEYOND,
    METRICS,
    CompareSpec,
    Comparison,
    Difference,
    Measured,
    ModelScore,
    SegmentScore,
    Verdict,
)
from core.recommend import spec_from_json


def comparison_to_json(found: Comparison) -> dict[str, Any]:
    """Plain JSON without NaN; `comparison_from_json` gives an equal Comparison back."""
    return {
        "spec": found.spec.as_json(),
        "split": found.split,
        "notes": list(found.notes),
        "models": [_score_to_json(m) for m in found.models],
        "differences": [asdict(d) for d in found.differences],
        "verdict": {
            "winner": found.verdict.winner,
            "tied": list(found.verdict.tied),
            "beats_popularity": list(found.verdict.beats_popularity),
            "text": found.verdict.text,
        },
        "facts": dict(found.facts),
        "segments": [{**asdict(one), "metrics": _measured_to_json(one.metrics)} for one in found.segments],
    }


def comparison_from_json(told: Mapping[str, Any]) -> Comparison:
    """What `comparison_to_json` wrote."""
    verdict = told["verdict"]
    return Comparison(
        spec=CompareSpec.from_json(told["spec"]),
        split=told["split"],
        notes=tuple(told["notes"]),
        models=tuple(_score_from_json(m) for m in told["models"]),
        differences=tuple(Difference(**d) for d in told["differences"]),
        verdict=Verdict(verdict["winner"], tuple(verdict["tied"]), tuple(verdict["beats_popularity"]), verdict["text"]),
        facts=dict(told["facts"]),
        segments=tuple(
            SegmentScore(**{**one, "metrics": _measured_from_json(one["metrics"], (*METRICS, *BEYOND))})
            for one in told.get("segments", ())
        ),
    )


def measured_to_json(found: Measured) -> list[float]:
    """[value, low, high]."""
    return [found.value, found.low, found.high]


def measured_from_json(told: list[float]) -> Measured:
    """What `measured_to_json` wrote."""
    return Measured(*told)


def _score_to_json(found: ModelScore) -> dict[str, Any]:
    return {
        **{name: getattr(found, name) for name in ("label", "coverage", "novelty", "seconds_fit", "seconds_score")},
        "users": found.users,
        "spec": found.spec.as_json(),
        "metrics": _measured_to_json(found.metrics),
        "problem": None if found.problem is None else dict(found.problem),
        "beyond": _measured_to_json(found.beyond),
        "whole": dict(found.whole),
    }


def _score_from_json(told: Mapping[str, Any]) -> ModelScore:
    return ModelScore(
        **{
            **told,
            "spec": spec_from_json(told["spec"]),
            "metrics": _measured_from_json(told["metrics"], METRICS),
            "beyond": _measured_from_json(told.get("beyond", {}), BEYOND),
            "whole": dict(told.get("whole", {})),
        }
    )


def _measured_to_json(found: Mapping[str, Measured]) -> dict[str, list[float]]:
    return {name: measured_to_json(value) for name, value in found.items()}


def _measured_from_json(told: Mapping[str, list[float]], names: Sequence[str]) -> dict[str, Measured]:
    """In the order of `names`, whatever a store has made of the object's order."""
    return {name: measured_from_json(told[name]) for name in names if name in told}
