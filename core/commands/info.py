"""What a workspace holds: period, users, items, events, revenue, batches, columns, digest."""

from __future__ import annotations

import argparse

from core.commands import Answer
from core.commands.words import info_text
from core.ingest import describe
from core.progress import Step
from core.store import close_workspace, open_workspace

NAME = "info"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's own arguments: none."""


def run(args: argparse.Namespace, step: Step) -> Answer:
    """Look; raises Refusal `no_such_workspace`."""
    store = open_workspace(args.workspace, create=False)
    try:
        step.report(0.0, "Looking at the workspace")
        found = describe(store)
    finally:
        close_workspace(store)
    return Answer(found, info_text(found))
