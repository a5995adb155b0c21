"""Write the whole workspace to one file, checked before it counts."""

from __future__ import annotations

import argparse
from pathlib import Path

from core.commands import Answer
from core.commands.takeout_words import backup_text
from core.progress import Step
from core.store import close_workspace, open_workspace
from core.takeout import backup

NAME = "backup"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's own arguments."""
    parser.add_argument("--out", required=True, metavar="FILE", help="the backup: shop-2024-03-31.duckdb")
    parser.add_argument("--replace", action="store_true", help="in place of a file of that name")


def run(args: argparse.Namespace, step: Step) -> Answer:
    """Back up; raises Refusal `file_exists`, `over_workspace`, `no_such_folder`, `disk_full`."""
    store = open_workspace(args.workspace, create=False)
    try:
        result = backup(store, Path(args.out).expanduser(), replace=args.replace, step=step).as_json()
    finally:
        close_workspace(store)
    return Answer(result, backup_text(result))
