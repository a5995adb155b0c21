"""Take a load back: every answer is as if that batch had never been loaded."""

from __future__ import annotations

import argparse

from core.commands import Answer
from core.commands.words import undo_text
from core.errors import Refusal
from core.ingest import last_batch, undo
from core.progress import Step
from core.store import close_workspace, open_workspace

NAME = "undo"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's own arguments."""
    parser.add_argument("--batch", required=True, metavar="N", help="the batch's number (see info), or last")


def run(args: argparse.Namespace, step: Step) -> Answer:
    """Undo the batch; raises Refusal `no_such_batch`, `already_undone`, `bad_batch`."""
    store = open_workspace(args.workspace, create=False)
    try:
        with store.atomic(step=step) as writer:
            number = last_batch(writer) if args.batch == "last" else _number(args.batch)
            result = undo(writer, number, step=step)
    finally:
        close_workspace(store)
    return Answer(result, undo_text(result))


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise Refusal("bad_batch", f"{text!r} is not the number of a batch.", "Give its number (see info), or last.")
    return int(text)
