"""Answers as flat tables, and as CSV files that spreadsheets open without running anything."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from core.evaluate.audience_types import Audience, WayScore
from core.evaluate.diversity import DiversityCurve
from core.evaluate.types import BEYOND, METRICS, WHOLE, Comparison, Difference, Measured, ModelScore
from core.recommend import info
from core.store import write_records

Row = dict[str, Any]


def comparison_rows(found: Comparison) -> list[Row]:
    """One row a model, the best first, by NDCG; those that could not be fitted last.

    Columns: model (label), name (plain), settings, then each of METRICS as a mean with `_low` and `_high`, coverage,
    novelty, seconds_fit, seconds_score, users, k, split, problem. None where nothing was measured. Where it was asked
    for, also BEYOND in the same way (novelty as `novelty_by_user`) and WHOLE.
    """
    rows = []
    for model in ranked(found):
        row: Row = {"model": model.label, "name": info(model.spec.model).plain, "settings": _settings(model)}
        for metric in METRICS:
            row |= _spread(metric, model.metrics.get(metric))
        if found.spec.beyond:
            for metric in BEYOND:
                # "novelty" is the mean over listed places; of users' own means it is told by its own name
                row |= _spread("novelty_by_user" if metric == "novelty" else metric, model.beyond.get(metric))
            row |= {name: model.whole.get(name) for name in WHOLE}
        rows.append(
            row
            | {name: getattr(model, name) for name in ("coverage", "novelty", "seconds_fit", "seconds_score", "users")}
            | {"k": found.spec.k, "split": found.split, "problem": (model.problem or {}).get("message")}
        )
    return rows


def segment_rows(found: Comparison) -> list[Row]:
    """One row for each part of the users and model: by, part, model, users, METRICS and BEYOND, difference (NDCG)."""
    rows = []
    for one in found.segments:
        row: Row = {"by": one.by, "part": one.part, "model": one.model, "users": one.users}
        for metric in (*METRICS, *(BEYOND if found.spec.beyond else ())):
            row |= _spread(metric, one.metrics.get(metric))
        rows.append(row | {"difference": one.difference})
    return rows


def audience_rows(found: Audience) -> list[Row]:
    """One row for each item (or category) and way of choosing: target, label, way, chosen, taken, precision, ..."""
    rows = []
    for way in found.ways:
        for each in way.each:
            target = found.targets[each.target]
            row = {"target": target.id, "label": target.label, "way": way.way, "candidates": target.candidates}
            row |= {"takers": target.takers, "chosen": each.chosen, "taken": each.taken}
            rows.append(row | _spread("precision", each.precision) | {"recall": each.recall, "lift": each.lift})
    return rows


def write_comparison(found: Comparison, path: Path) -> int:
    """Write `comparison_rows` as CSV (UTF-8, a header line); the number of rows."""
    return write_records(comparison_rows(found), path)


def beyond_rows(found: Comparison) -> list[Row]:
    """One row a model, the best first by NDCG: model, name, BEYOND with `_low` and `_high`, WHOLE, coverage, users."""
    rows = []
    for model in ranked(found):
        row: Row = {"model": model.label, "name": info(model.spec.model).plain}
        for metric in BEYOND:
            row |= _spread(metric, model.beyond.get(metric))
        row |= {name: model.whole.get(name) for name in WHOLE}
        rows.append(row | {"coverage": model.coverage, "users": model.users, "k": found.spec.k})
    return rows


def write_beyond(found: Comparison, path: Path) -> int:
    """Write `beyond_rows` as CSV; the number of rows."""
    return write_records(beyond_rows(found), path)


def write_segments(found: Comparison, path: Path) -> int:
    """Write `segment_rows` as CSV; the number of rows."""
    return write_records(segment_rows(found), path)


def write_differences(found: Comparison, path: Path) -> int:
    """Write every pair of models as CSV: a, b, metric, difference, low, high, p, p_holm; the number of rows."""
    return write_records([asdict(one) for one in found.differences], path)


def write_notches(found: DiversityCurve, path: Path) -> int:
    """Write every place of the diversity slider as CSV: NDCG, recall and diversity with intervals, coverage."""
    rows: list[Row] = [
        {
            "slider": one.diversity,
            **_spread("ndcg", one.ndcg),
            **_spread("recall", one.recall),
            **_spread("diversity", one.apart),
            "coverage": one.coverage,
            "users": found.users,
            "k": found.k,
        }
        for one in found.notches
    ]
    return write_records(rows, path)


def write_audience(found: Audience, path: Path) -> int:
    """Write `audience_rows` as CSV (UTF-8, a header line); the number of rows."""
    return write_records(audience_rows(found), path)


def ranked(found: Comparison, metric: str = "ndcg") -> list[ModelScore]:
    """The models, the best by `metric` first; equal ones in the order of the question; those with a problem last."""
    return sorted(found.models, key=lambda m: -m.metrics[metric].value if metric in m.metrics else float("inf"))


def ranked_ways(found: Audience, target: int | None = None) -> list[WayScore]:
    """The ways of choosing that were judged (on one target), the highest lift first; chance last."""

    def level(way: WayScore) -> float:
        of = [each.lift for each in way.each if each.target == target]
        return of[0] if of else way.lift.value if way.lift and target is None else -1.0

    return sorted(
        (w for w in found.ways if w.problem is None and level(w) >= 0), key=lambda w: (w.way == "chance", -level(w))
    )


def surely(difference: Difference) -> bool:
    """Whether the difference counts as sure: p after Holm's correction below 0.05."""
    return difference.p_holm < 0.05


def _spread(name: str, value: Measured | None) -> Row:
    if value is None:
        return {name: None, f"{name}_low": None, f"{name}_high": None}
    return {name: value.value, f"{name}_low": value.low, f"{name}_high": value.high}


def _settings(model: ModelScore) -> str:
    return "; ".join(f"{name}={value}" for name, value in model.spec.params)
