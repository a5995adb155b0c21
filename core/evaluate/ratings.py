"""Compare models of ratings on one workspace: gather, measure (in a worker or here), store."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

from core.evaluate.ratings_task import dealt, measure_ratings
from core.evaluate.ratings_types import RATING_METRICS, RatingsComparison, RatingScore, RatingsSpec
from core.evaluate.stored import save_run
from core.interactions import Array
from core.progress import Step, no_step
from core.recommend import build_ratings, rating_info
from core.store import Store, Writer, write_records

RATINGS_TASK = "core.evaluate.ratings_task:ratings_task"


class _Finished(Protocol):
    @property
    def result(self) -> dict[str, Any]:
        """What the task returned."""


def prepare_ratings(store: Store, spec: RatingsSpec, step: Step = no_step) -> dict[str, Array]:
    """All that `ratings_task` needs beside the question. Raises Refusal `no_ratings`, `too_few_ratings`."""
    r = build_ratings(store, step=step)
    dealt(r, spec)
    return r.to_arrays()


def publish_ratings(writer: Writer, outcome: _Finished) -> dict[str, str]:
    """Store what `ratings_task` found, as a run of kind "ratings". `{"run_id": ...}`."""
    return {"run_id": save_run(writer, "ratings", outcome.result)}


def compare_ratings(store: Store, spec: RatingsSpec, *, step: Step = no_step) -> RatingsComparison:
    """The same in this process, without storing anything. Raises as `prepare_ratings`."""
    return measure_ratings(spec, build_ratings(store, step=step.part(0.0, 0.05)), step.part(0.05, 1.0))


def ranked_ratings(found: RatingsComparison, metric: str = "rmse") -> list[RatingScore]:
    """The models, the lowest error first; those with a problem last."""
    return sorted(found.models, key=lambda m: m.metrics[metric].value if metric in m.metrics else float("inf"))


def ratings_rows(found: RatingsComparison) -> list[dict[str, Any]]:
    """One row a model, the lowest RMSE first. Columns: model, name, settings, each of RATING_METRICS with `_low` and
    `_high`, rmse_spread, seconds_fit, seconds_predict, ratings, folds, split, problem; None where nothing was measured.
    """
    rows = []
    for model in ranked_ratings(found):
        row: dict[str, Any] = {"model": model.label, "name": rating_info(model.spec.model).plain}
        row["settings"] = "; ".join(f"{name}={value}" for name, value in model.spec.params)
        for metric in RATING_METRICS:
            value = model.metrics.get(metric)
            row[metric] = None if value is None else value.value
            row[f"{metric}_low"] = None if value is None else value.low
            row[f"{metric}_high"] = None if value is None else value.high
        row |= {"rmse_spread": model.spread, "seconds_fit": model.seconds_fit}
        row |= {"seconds_predict": model.seconds_predict, "ratings": found.facts["judged"]}
        row |= {"folds": found.spec.folds, "split": found.split, "problem": (model.problem or {}).get("message")}
        rows.append(row)
    return rows


def write_ratings(found: RatingsComparison, path: Path) -> int:
    """Write `ratings_rows` as CSV (UTF-8, a header line); the number of rows."""
    return write_records(ratings_rows(found), path)
