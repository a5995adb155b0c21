"""Erase one user everywhere in the workspace, with a receipt that does not name them.

The file is written anew afterwards, so that the id is not left in unused parts of it.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from core.commands import Answer
from core.commands.takeout_words import erase_text
from core.errors import Refusal
from core.ingest import ON_DISK, erase
from core.progress import Step
from core.store import close_workspace, open_workspace
from core.store.room import room_for

NAME = "erase"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's own arguments."""
    parser.add_argument("--user", required=True, metavar="ID", help="the user's id, exactly as it stands in the files")
    parser.add_argument("--receipt", metavar="JSON", help="write the receipt to this file, which must be new")


def run(args: argparse.Namespace, step: Step) -> Answer:
    """Erase the user; raises Refusal `no_such_user`, `file_exists`."""
    receipt = Path(args.receipt).expanduser() if args.receipt else None
    if receipt and (receipt.exists() or not receipt.absolute().parent.is_dir()):
        raise Refusal("file_exists", f"{receipt} exists, or its folder does not.", "Name a new file for the receipt.")
    store = open_workspace(args.workspace, create=False)
    try:
        with store.atomic(step=step) as writer:
            result = erase(writer, args.user, step=step.part(0.0, 0.5)).as_json()
        before, after = store.compact(step=step.part(0.5, 1.0))
    finally:
        close_workspace(store)
    notes = [note for note in result["notes"] if note != ON_DISK]
    notes.append("The file was written anew: nothing of this user is left in it.")
    result |= {"notes": notes, "bytes_before": before, "bytes_after": after}
    if receipt:
        with room_for(receipt):
            receipt.write_text(json.dumps(result, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return Answer(result, erase_text(result))
