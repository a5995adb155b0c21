"""Encrypt a workspace that is not, with the key of LIMELIGHT_ENCRYPTION_KEY; --decrypt does the reverse."""

from __future__ import annotations

import argparse

from core.commands import Answer
from core.progress import Step
from core.store import rewrite_workspace, workspace_path

NAME = "encrypt"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's own arguments."""
    parser.add_argument("--decrypt", action="store_true", help="write it without encryption, with the key it has now")


def run(args: argparse.Namespace, step: Step) -> Answer:
    """Rewrite the file; raises the refusals of core.store.rewrite_workspace."""
    path = workspace_path(args.workspace)
    encrypted = not args.decrypt
    step.report(0.0, "Writing the workspace anew")
    size = rewrite_workspace(path, encrypt=encrypted)
    state = "encrypted" if encrypted else "not encrypted"
    kept = "Keep the key: nobody can read the file without." if encrypted else "Whoever has the file can read it."
    text = f"{path.name} is {state} now ({size:,} bytes). {kept}"
    return Answer({"workspace": str(path), "encrypted": encrypted, "bytes": size}, text)
