"""Repairs as rules: list, add, take back, move, or see what one would do. Loaded rows are never changed.

Give one of --list, --add, --preview, --end, --move. A repair is JSON: docs/cli.md, repair.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from core.commands import Answer
from core.errors import Refusal
from core.progress import Step
from core.quality import (
    Applied,
    Figures,
    Stored,
    add_repair,
    describe,
    end_repair,
    move_repair,
    preview,
    repair_from_json,
    repair_to_json,
    repairs,
)
from core.store import Store, close_workspace, open_workspace

NAME = "repair"
_MOST_BYTES = 20_000_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's own arguments."""
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--list", action="store_true", help="every repair, in order, with what it did")
    what.add_argument("--add", metavar="FILE", help="keep the repair in a JSON file; - reads it from stdin")
    what.add_argument("--preview", metavar="FILE", help="what that repair would do; nothing is kept")
    what.add_argument("--end", metavar="N", type=int, help="take repair N back")
    what.add_argument("--move", nargs=2, type=int, metavar=("N", "PLACE"), help="give repair N another place, from 1")


def run(args: argparse.Namespace, step: Step) -> Answer:
    """Do the task; raises Refusal for anything a person can put right."""
    given = args.add or args.preview
    repair = repair_from_json(_read(given)) if given else None
    store = open_workspace(args.workspace, create=False)
    try:
        if repair and args.preview:
            done = preview(store, repair, step=step)
            text = f"{describe(repair)}. Nothing was kept.\n{_done_text(done)}"
            return Answer({"repair": repair_to_json(repair), "words": describe(repair), **_told(done)}, text)
        if args.list:
            return _list(store)
        with store.atomic(step=step) as writer:
            if repair:
                add_repair(writer, repair, step=step)
            elif args.end is not None:
                end_repair(writer, args.end, step=step)
            else:
                move_repair(writer, *args.move, step=step)
        kept = repairs(store)
        if repair:
            newest = max(kept, key=lambda one: one.repair_no)
            return Answer(_stored(newest), f"Repair {newest.repair_no}: {_stored_text(newest)}")
        number = args.end if args.end is not None else args.move[0]
        [one] = [one for one in kept if one.repair_no == number]
        what = "is taken back" if one.ended_at else f"is now number {one.place:,} in order"
        return Answer(_stored(one), f"Repair {number} ({one.words}) {what}.")
    finally:
        close_workspace(store)


def _list(store: Store) -> Answer:
    kept = repairs(store)
    lines = [f"Repair {one.repair_no}: {_stored_text(one)}" for one in kept] or ["No repairs: rows are as loaded."]
    return Answer({"repairs": [_stored(one) for one in kept]}, "\n".join(lines))


def _stored(one: Stored) -> dict[str, Any]:
    return {
        "repair_no": one.repair_no,
        "place": one.place,
        "repair": repair_to_json(one.repair),
        "words": one.words,
        **_told(one.done or Applied()),
        "created_at": one.created_at,
        "ended_at": one.ended_at,
    }


def _told(done: Applied) -> dict[str, Any]:
    return asdict(done)


def _stored_text(one: Stored) -> str:
    if one.ended_at:
        return f"{one.words}. Taken back on {one.ended_at:%-d %b %Y, %H:%M} UTC."
    return f"{one.words}.\n{_done_text(one.done or Applied())}"


def _done_text(done: Applied) -> str:
    counts = (
        (done.rows, "events left out or changed"),
        (done.users, "users"),
        (done.items, "items"),
        (done.cells, "values filled or capped"),
    )
    said = [f"{n:,} {what}" for n, what in counts if n] or ["nothing to do"]
    lines = [f"  {', '.join(said)}."]
    if done.before and done.after:
        lines += [_change(done.before, done.after, name) for name in ("events", "users", "orders", "revenue")]
    return "\n".join([*lines, *([f"  {done.problem}"] if done.problem else [])])


def _change(before: Figures, after: Figures, name: str) -> str:
    one, other = getattr(before, name), getattr(after, name)
    form = ",.2f" if isinstance(one, float) else ","
    return f"  {name:<8} {one:{form}} before, {other:{form}} after"


def _read(name: str) -> str:
    try:
        data = sys.stdin.buffer.read(_MOST_BYTES + 1) if name == "-" else Path(name).expanduser().read_bytes()
    except OSError as error:
        raise Refusal("no_such_file", f"{name} cannot be read: {error.strerror or error}.", "Check the path.") from None
    if len(data) > _MOST_BYTES:
        raise Refusal("bad_repair", f"{name} is larger than {_MOST_BYTES / 1e6:,.0f} MB.", "A repair is small.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Refusal("bad_repair", f"{name} is not UTF-8 text.", "Save it as UTF-8.") from None
