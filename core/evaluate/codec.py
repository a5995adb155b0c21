"""Comparisons as plain JSON and back: what a worker hands over, and what is stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from core.evaluate.types import METRICS, CompareSpec, Comparison, Difference, Measured, ModelScore, Verdict
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
        "metrics": {name: measured_to_json(value) for name, value in found.metrics.items()},
        "problem": None if found.problem is None else dict(found.problem),
    }


def _score_from_json(told: Mapping[str, Any]) -> ModelScore:
    # in the order of METRICS, whatever a store has made of the object's order
    metrics = {name: measured_from_json(told["metrics"][name]) for name in METRICS if name in told["metrics"]}
    return ModelScore(**{**told, "spec": spec_from_json(told["spec"]), "metrics": metrics})
