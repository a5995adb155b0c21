"""Who the users are: members of a rule, RFM, ABC, loyalty, clusters, look-alikes; saved segments and kept groups.

Rules: docs/rules.md. All options, with examples: docs/cli.md.
"""

from __future__ import annotations

import argparse

from core.commands import Answer
from core.commands.segments_arguments import add_arguments, check
from core.commands.segments_kept import KEPT
from core.commands.segments_likeness import cluster, lookalike
from core.commands.segments_members import members, read_rule
from core.commands.segments_watch import profile, size
from core.commands.segments_worth import abc_classes, loyalty_stages, rfm_scores
from core.commands.times import moment
from core.commands.written import check_place
from core.progress import Step
from core.store import Store, close_workspace, open_workspace

__all__ = ["NAME", "add_arguments", "run"]

NAME = "segments"


def run(args: argparse.Namespace, step: Step) -> Answer:
    """Do the task; raises Refusal for anything a person can put right."""
    check(args)
    check_place(args.out)
    moment(args.as_of)
    rule = read_rule(args.rule) if args.rule else None
    store = open_workspace(args.workspace, create=False)
    try:
        if rule is not None or args.segment:
            return members(store, rule, args, step)
        return _other(store, args, step)
    finally:
        close_workspace(store)


def _other(store: Store, args: argparse.Namespace, step: Step) -> Answer:
    tasks = {
        "rfm": rfm_scores, "abc": abc_classes, "loyalty": loyalty_stages, "cluster": cluster, "lookalike": lookalike,
        "profile": profile, "size": size, **KEPT,
    }  # fmt: skip
    chosen = next(run for name, run in tasks.items() if getattr(args, name) not in (None, False))
    return chosen(store, args, step)
