"""Bring a workspace back from a backup, under the name that --workspace gives."""

from __future__ import annotations

import argparse
from pathlib import Path

from core.commands import Answer
from core.commands.takeout_words import restore_text
from core.progress import Step
from core.takeout import restore

NAME = "restore"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's own arguments."""
    parser.add_argument("--from", required=True, metavar="FILE", dest="file", help="a file that backup wrote")
    parser.add_argument("--replace", action="store_true", help="in place of a workspace of that name, which is kept")


def run(args: argparse.Namespace, step: Step) -> Answer:
    """Restore; raises Refusal for a file that is no sound workspace, or a name that is taken."""
    result = restore(Path(args.file).expanduser(), args.workspace, replace=args.replace, step=step)
    return Answer(result, restore_text(result))
