"""Who is most like a user, and by which shared items.

Similarity is shrunken: one shared item is never "100 % alike".
"""

from __future__ import annotations

import argparse
from dataclasses import asdict

from core.commands import Answer
from core.commands.models_given import add_matrix_arguments, matrix_of
from core.errors import Refusal
from core.explain import similar_users
from core.interactions import build
from core.progress import Step
from core.store import close_workspace, open_workspace

NAME = "similar-users"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's own arguments."""
    parser.add_argument("--user", required=True, metavar="U", help="the user's id, as in the file")
    parser.add_argument("--k", type=int, default=10, metavar="N", help="how many similar users (default 10)")
    add_matrix_arguments(parser)


def run(args: argparse.Namespace, step: Step) -> Answer:
    """Do the task; raises Refusal for anything a person can put right."""
    if not 1 <= args.k <= 10_000:
        raise Refusal("bad_k", f"{args.k} similar users cannot be listed.", "Ask for 1 to 10,000.")
    store = open_workspace(args.workspace, create=False)
    try:
        found = similar_users(store, build(store, matrix_of(args), step=step), args.user, args.k)
    finally:
        close_workspace(store)
    lines = [
        f"{len(found)} users most like {args.user}.",
        "",
        f"{'user':<20}{'similarity':>12}{'cosine':>9}{'shared items':>14}",
    ]
    for other in found:
        shared = ", ".join(f"{item.label} {item.share:.0%}" for item in other.items[:3])
        lines.append(f"{other.user:<20}{other.similarity:>12.3f}{other.cosine:>9.3f}{other.shared:>14,}  {shared}")
    result = {"user": args.user, "k": args.k, "users": [asdict(other) for other in found]}
    return Answer(result, "\n".join(lines))
