"""Limelight without a browser: `python -m core COMMAND --workspace W [--json]`.

The result goes to stdout (one JSON object with --json), progress to stderr. Exit codes: 0 done, 1 a defect of
Limelight, 2 refused (with `error: {code, message, hint}`), 3 found what `quality --fail-on` names, 4 the workspace is
open elsewhere, 130 cancelled.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
import time
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import cast

from core.commands import Answer, Command
from core.errors import Refusal
from core.jobs import Pace, time_left
from core.progress import Amount, Cancelled, Meter, Step

_COMMANDS = (
    "load", "info", "attention", "funnel", "retention", "loyalty", "value", "segments", "overlap", "movement",
    "compare", "tune", "leaderboard", "audience", "newcomers", "predict_ratings", "explain", "counterfactual",
    "similar_users", "target", "readout", "undo", "quality", "repair", "features", "export", "backup", "restore",
    "erase", "keep", "encrypt",
)  # fmt: skip


class _Terminal(Step):
    """Progress as one line on stderr, twice a second at most; full lines where stderr is not a terminal."""

    def __init__(self) -> None:
        self._last, self._note, self._width = 0.0, "", 0
        self._pace, self._meter = Pace(), Meter()

    def _count(self, amount: Amount | None) -> None:
        self._meter.note(time.monotonic(), amount)

    def _tell(self, share: float, note: str) -> None:
        now = time.monotonic()
        self._pace.note(now, share)
        if note == self._note and now - self._last < 0.5:
            return
        self._last, self._note = now, note
        said = ", ".join(part for part in (note, self._meter.say(), time_left(self._pace.remaining(now))) if part)
        self._width = max(self._width, len(said))  # what was said before it in the same line is written over
        end = "\r" if sys.stderr.isatty() else "\n"
        print(f"{share:4.0%} {said:<{self._width}}", end=end, file=sys.stderr, flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    asked = words[0].replace("-", "_") if words and "_" not in words[0] else ""
    named = (asked,) if asked in _COMMANDS else _COMMANDS  # one command does not wait for the imports of all others
    commands = {command.NAME: command for command in map(_module, named)}
    parser = argparse.ArgumentParser(prog="python -m core", description="Limelight without a browser.")
    tasks = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, command in commands.items():
        sub = tasks.add_parser(name, help=(command.__doc__ or "").splitlines()[0], description=command.__doc__)
        sub.add_argument("--workspace", required=True, metavar="W", help="a workspace's name, or its .duckdb file")
        sub.add_argument("--json", action="store_true", help="print one JSON object on stdout")
        command.add_arguments(sub)
    args = parser.parse_args(words)
    return _run(commands[args.command], args)


def _run(command: Command, args: argparse.Namespace) -> int:
    try:
        answer: Answer = command.run(args, _Terminal())
    except Refusal as refusal:
        if args.json:
            print(json.dumps({"error": refusal.as_json()}, ensure_ascii=False))
        print(f"Refused: {refusal}", file=sys.stderr)
        return refusal.exit_code
    except (Cancelled, KeyboardInterrupt):
        print("Cancelled; nothing was changed.", file=sys.stderr)
        return 130
    try:
        print(json.dumps(answer.result, ensure_ascii=False, default=_plain) if args.json else answer.text, flush=True)
    except BrokenPipeError:  # the reader (head, a pager) has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return answer.exit_code


def _plain(value: object) -> object:
    """What JSON has no word for: moments as ISO text in UTC, exact amounts as numbers."""
    if isinstance(value, datetime):
        return value.isoformat()
    return float(value) if isinstance(value, Decimal) else str(value)


def _module(name: str) -> Command:
    return cast(Command, importlib.import_module(f"core.commands.{name}"))


if __name__ == "__main__":
    sys.exit(main())
