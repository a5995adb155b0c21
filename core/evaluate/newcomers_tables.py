"""A check of newcomers as rows and as a CSV file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from core.evaluate.newcomers_types import Newcomers
from core.evaluate.types import Measured
from core.store import write_records


def newcomers_rows(found: Newcomers) -> list[dict[str, Any]]:
    """One row for each road of users (`about` "users") and each way of new items ("items"), in their order.

    Columns: about, items_known (None for items), way, model, settings, then ndcg, hit_rate, ahead_ndcg, auc, lift,
    ahead_auc, each with `_low` and `_high`, p, p_holm, judged (users, or hidden items), problem. None where a figure
    is not of that row, or could not be measured.
    """
    blank: dict[str, Any] = {"about": None, "items_known": None, "way": None, "model": None, "settings": None}
    figures = ("ndcg", "hit_rate", "ahead_ndcg", "auc", "lift", "ahead_auc")
    blank |= {name + end: None for name in figures for end in ("", "_low", "_high")}
    blank |= {"p": None, "p_holm": None, "judged": None, "problem": None}
    rows = []
    for one in found.users:
        settings = "; ".join(f"{name}={value}" for name, value in one.spec.params)
        row = {"about": "users", "items_known": one.events, "way": one.road, "model": one.label, "settings": settings}
        row |= {**_of("ndcg", one.ndcg), **_of("hit_rate", one.hit_rate), **_of("ahead_ndcg", one.ahead)}
        row |= {"p": one.p, "p_holm": one.p_holm, "judged": found.facts["users"]}
        rows.append(blank | row | {"problem": (one.problem or {}).get("message")})
    for way in found.items:
        row = {"about": "items", "way": way.way, "p": way.p, "judged": found.facts.get("items_hidden")}
        rows.append(blank | row | _of("auc", way.auc) | _of("lift", way.lift) | _of("ahead_auc", way.ahead))
    if found.items_problem is not None:
        rows.append(blank | {"about": "items", "problem": found.items_problem["message"]})
    return rows


def write_newcomers(found: Newcomers, path: Path) -> int:
    """Write `newcomers_rows` as CSV (UTF-8, a header line); the number of rows."""
    return write_records(newcomers_rows(found), path)


def _of(name: str, value: Measured | None) -> dict[str, float | None]:
    if value is None:
        return {}
    return {name: value.value, f"{name}_low": value.low, f"{name}_high": value.high}
