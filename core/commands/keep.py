"""How long events are kept: a rule of the workspace, counted back from today and carried out at every load.

Without an option: the rule, and what it would drop now.
"""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from typing import Any

from core.commands import Answer
from core.commands.takeout_words import retention_text
from core.errors import Refusal
from core.ingest import apply_retention, due, retention, set_retention
from core.progress import Step
from core.store import close_workspace, open_workspace

NAME = "keep"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's own arguments."""
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--days", type=int, metavar="N", help="keep events for N days; older ones go at the next load")
    what.add_argument("--off", action="store_true", help="keep events for ever again")
    parser.add_argument("--now", action="store_true", help="drop what is too old at once")
    parser.add_argument("--even-all", action="store_true", help="with --days: also where no event would be left")


def run(args: argparse.Namespace, step: Step) -> Answer:
    """Set, show or carry out the rule; raises Refusal `bad_days`, `drops_everything`, `no_rule`."""
    now = datetime.now(UTC)
    store = open_workspace(args.workspace, create=False)
    try:
        if args.days is not None or args.off:
            with store.atomic(data=False, step=step) as writer:
                set_retention(writer, args.days, now=now, even_all=args.even_all)
        rule = retention(store)
        if args.now and not rule:
            raise Refusal("no_rule", "Events are kept for ever.", "Set a rule first: --days N.")
        dropped: dict[str, Any] | None = None
        if args.now:
            with store.atomic(step=step) as writer:
                dropped = apply_retention(writer, now=now, step=step)
            store.checkpoint()
        waiting = due(store, now).as_json()
    finally:
        close_workspace(store)
    result = {"days": rule.days if rule else None, "due": waiting, "dropped": dropped}
    return Answer(result, retention_text(result))
