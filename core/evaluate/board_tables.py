"""The leaderboard, and what a model lists more than users take, as flat tables and CSV files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from core.evaluate.board import Board, Overlisted
from core.evaluate.types import METRICS
from core.recommend import info
from core.store import write_records

Row = dict[str, Any]


def board_rows(board: Board) -> list[Row]:
    """One row a model, in the board's order: place, model, name, settings, each of METRICS with `_low` and `_high`,
    coverage, novelty, seconds_fit, users, k, split, run_id, created_at (UTC), stale.
    """
    rows = []
    for place, one in enumerate(board.standings, start=1):
        score = one.score
        settings = json.dumps(dict(score.spec.params), sort_keys=True)
        row: Row = {"place": place, "model": score.spec.model, "name": info(score.spec.model).plain}
        row["settings"] = settings
        for metric in METRICS:
            value = score.metrics.get(metric)
            row |= {
                metric: value and value.value,
                f"{metric}_low": value and value.low,
                f"{metric}_high": value and value.high,
            }
        row |= {"coverage": score.coverage, "novelty": score.novelty, "seconds_fit": score.seconds_fit}
        row |= {"users": score.users, "k": board.spec.k, "split": board.split, "run_id": one.run_id}
        rows.append(row | {"created_at": one.created_at.isoformat(sep=" ", timespec="seconds"), "stale": one.stale})
    return rows


def write_board(board: Board, path: Path) -> None:
    """`board_rows` as CSV."""
    write_records(board_rows(board), path)


def overlisted_rows(found: Overlisted) -> list[Row]:
    """One row for each item, then for each category: kind, id, name, the shares of list places and of takings, ratio.

    The ratio is None where nobody took it.
    """
    kinds = (("item", found.items), ("category", found.categories))
    return [
        {
            "kind": kind,
            "id": one.name,
            "name": one.label,
            "share_of_list_places": one.listed,
            "share_of_takings": one.taken,
            "ratio": one.ratio if one.taken else None,
            "k": found.k,
            "users": found.users,
        }
        for kind, rows in kinds
        for one in rows
    ]


def write_overlisted(found: Overlisted, path: Path) -> None:
    """`overlisted_rows` as CSV."""
    write_records(overlisted_rows(found), path)
