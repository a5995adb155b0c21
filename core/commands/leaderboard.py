"""The leaderboard: every stored comparison, those that may be compared on one board, the best model first."""

from __future__ import annotations

import argparse
from typing import Any

from core.commands import Answer
from core.commands.tables import table
from core.evaluate import METRICS, Board, board_rows, leaderboard
from core.progress import Step
from core.store import close_workspace, open_workspace

NAME = "leaderboard"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's own arguments."""
    parser.add_argument("--metric", choices=METRICS, default="ndcg", help="what puts them in order (default ndcg)")


def run(args: argparse.Namespace, step: Step) -> Answer:
    """Do the task; raises Refusal for anything a person can put right."""
    store = open_workspace(args.workspace, create=False)
    try:
        boards = leaderboard(store, args.metric)
    finally:
        close_workspace(store)
    result = {"metric": args.metric, "boards": [_told(board) for board in boards]}
    if not boards:
        return Answer(result, "Nothing has been compared on the page Models yet: the command compare stores no run.")
    return Answer(result, "\n\n".join("\n".join(_lines(board, args.metric)) for board in boards))


def _told(board: Board) -> dict[str, Any]:
    spec = board.spec
    asked = {name: getattr(spec, name) for name in ("k", "seed", "most_users", "candidates", "share", "folds")}
    about = {"split": board.split, **asked, "matrix": spec.matrix.as_json()}
    state = {"version": board.version, "stale": board.stale, "users": board.users}
    return {**about, **state, "standings": board_rows(board)}


def _lines(board: Board, metric: str) -> list[str]:
    stale = " The data have changed since." if board.stale else ""
    head = (
        f"Split {board.split}, lists of {board.spec.k}, {board.users:,} users judged, seed {board.spec.seed}, "
        f"data version {board.version}.{stale}"
    )
    rows = [
        (
            f"{row['place']}",
            row["name"],
            f"{row[metric]:.4f}",
            f"{row[f'{metric}_low']:.4f} to {row[f'{metric}_high']:.4f}",
            row["run_id"],
            row["created_at"][:16],
        )
        for row in board_rows(board)
    ]
    return [head, "", *table(("place", "model", metric, "95 % interval", "run", "made (UTC)"), rows, left=2)]
