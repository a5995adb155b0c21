"""The trials of a study as a flat table, and as a CSV file that spreadsheets open without running anything."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from core.evaluate.tuning.reading import pareto
from core.evaluate.tuning.types import Study
from core.recommend import info
from core.store import write_records

Row = dict[str, Any]


def trial_rows(study: Study) -> list[Row]:
    """One row a trial, in order; the same columns in each.

    Columns: trial, model, name (plain), state, start, the metric's name, low, high, users, coverage, seconds_fit,
    seconds_score, seconds, front_seconds and front_coverage (on the Pareto front), same_as, why, then
    "model.parameter" for each parameter of each model (None in the rows of other models).
    """
    quick = {t.number for t in pareto(study, "seconds")}
    broad = {t.number for t in pareto(study, "coverage")}
    every = [f"{m.model}.{name}" for m in study.spec.models for name, _ in m.params]
    rows = []
    for t in study.trials:
        row: Row = {"trial": t.number, "model": t.spec.model, "name": info(t.spec.model).plain, "state": t.state}
        row |= {"start": t.start, study.spec.metric: t.value, "low": t.low, "high": t.high, "users": t.users}
        row |= {"coverage": t.coverage, "seconds_fit": t.seconds_fit, "seconds_score": t.seconds_score}
        row |= {"seconds": t.seconds, "front_seconds": t.number in quick, "front_coverage": t.number in broad}
        row |= {"same_as": t.same_as, "why": (t.why or {}).get("message")}
        rows.append(row | dict.fromkeys(every) | {f"{t.spec.model}.{name}": value for name, value in t.spec.params})
    return rows


def write_trials(study: Study, path: Path) -> int:
    """Write `trial_rows` as CSV (UTF-8, a header line); the number of rows."""
    return write_records(trial_rows(study), path)
