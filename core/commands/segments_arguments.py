"""The options of `python -m core segments`, and which of them each task takes."""

from __future__ import annotations

import argparse

from core.commands.worth_arguments import LOYALTY, add_worth_arguments, given
from core.errors import Refusal

TASKS = (
    "rule", "segment", "rfm", "abc", "loyalty", "cluster", "lookalike", "profile", "size", "list", "groups", "freeze",
    "thaw", "from_list", "rename", "rename_group", "delete", "delete_group",
)  # fmt: skip
_FOUND = frozenset({"rule", "segment", "rfm", "abc", "loyalty", "cluster", "lookalike"})  # these yield users
_TAKEN_BY: dict[str, frozenset[str]] = {
    "as_of": _FOUND | {"profile", "size"},
    "out": _FOUND,
    "save": frozenset({"rule", "segment", "cluster", "lookalike", "from_list"}),
    "replace": frozenset({"rule", "segment", "cluster", "lookalike", "from_list"}),
    "why": frozenset({"rule", "segment"}),
    "cuts": frozenset({"rfm", "abc"}),
    **dict.fromkeys(("grid", "scores", "monetary"), frozenset({"rfm"})),
    **dict.fromkeys(("measure", "event"), frozenset({"abc"})),
    **dict.fromkeys(LOYALTY, frozenset({"loyalty"})),
    **dict.fromkeys(("k", "on", "columns", "smallest"), frozenset({"cluster"})),
    **dict.fromkeys(("way", "size_of"), frozenset({"lookalike"})),
    **dict.fromkeys(("min_events", "seed"), frozenset({"cluster", "lookalike"})),
    **dict.fromkeys(("every", "points"), frozenset({"size"})),
    "column": frozenset({"from_list"}),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's own arguments."""
    _tasks(parser)
    more = parser.add_argument_group("what becomes of the answer")
    more.add_argument("--as-of", metavar="TIME", help="see the data up to this date or time (UTC), not included")
    more.add_argument("--out", metavar="CSV", help="write everyone found to this file")
    more.add_argument(
        "--save", metavar="NAME", help="keep a rule as a segment; clusters, look-alikes, a list as a group"
    )
    more.add_argument("--replace", action="store_true", help="with --save: in place of one of that name")
    more = parser.add_argument_group("with --rule, --segment")
    more.add_argument(
        "--why", type=int, nargs="?", const=10, metavar="N", help="show N members (default: 10) and why each belongs"
    )
    add_worth_arguments(parser, "--rfm", "--loyalty", "--abc")
    more = parser.add_argument_group("with --cluster")
    more.add_argument("--k", type=int, metavar="K", help="number of clusters (default: the one the curves speak for)")
    more.add_argument("--on", choices=("taste", "features"), help="what users take (default), or how they behave")
    more.add_argument("--columns", nargs="+", metavar="C", help="with --on features: these features only")
    more.add_argument("--smallest", type=int, metavar="N", help="hdbscan: users of the smallest cluster")
    more = parser.add_argument_group("with --lookalike")
    more.add_argument(
        "--way", choices=("taste", "features", "both"), help="default: the one that brings most hidden members back"
    )
    more.add_argument("--size-of", type=int, metavar="N", help="look-alikes to list (default: as many as the segment)")
    more = parser.add_argument_group("with --cluster, --lookalike")
    more.add_argument(
        "--min-events", type=int, metavar="N", help="leave out users with fewer (default: 10; look-alikes: 1)"
    )
    more.add_argument("--seed", type=int, metavar="N", help="of every draw (default: 0)")
    more = parser.add_argument_group("with --size")
    more.add_argument("--every", choices=("days", "weeks", "months"), help="default: weeks")
    more.add_argument("--points", type=int, metavar="N", help="moments, 1 to 400 (default: 12)")
    more = parser.add_argument_group("with --from-list")
    more.add_argument("--column", metavar="C", help="the file's column of user ids (default: told by its name)")


def task_of(args: argparse.Namespace) -> str:
    """The task that was asked for."""
    return next(task for task in TASKS if getattr(args, task) not in (None, False))


def check(args: argparse.Namespace) -> None:
    """Refuse options that the chosen task would silently leave aside, and what it cannot do without."""
    task = task_of(args)
    idle = given(args, (name for name, takers in _TAKEN_BY.items() if task not in takers))
    idle += ["--replace"] if args.replace and not args.save else []
    idle += ["--k"] if args.cluster == "hdbscan" and args.k is not None else []
    idle += ["--smallest"] if args.cluster not in (None, "hdbscan") and args.smallest is not None else []
    if idle:
        raise Refusal("option_not_used", f"{idle[0]} says nothing to this task.", "See python -m core segments --help.")
    if task == "from_list" and not args.save:
        raise Refusal("no_name", "A list is kept under a name.", "Say which: --save NAME.")


def _tasks(parser: argparse.ArgumentParser) -> None:
    what = parser.add_argument_group("one of these").add_mutually_exclusive_group(required=True)
    what.add_argument("--rule", metavar="FILE", help="members of the rule in a JSON file; - reads it from stdin")
    what.add_argument("--segment", metavar="NAME", help="members of a saved segment")
    what.add_argument("--rfm", action="store_true", help="buyers by recency, frequency and money")
    what.add_argument("--abc", action="store_true", help="users by how much of the whole they bring")
    what.add_argument(
        "--loyalty", action="store_true", help="buyers by stage: new, active, loyal, returned, slipping, lost"
    )
    what.add_argument("--cluster", choices=("kmeans", "mixture", "hdbscan"), help="users who are alike, in groups")
    what.add_argument("--lookalike", metavar="NAME", help="the users most like the members of a saved segment")
    what.add_argument("--profile", nargs="+", metavar="NAME", help="saved segments side by side, in figures")
    what.add_argument("--size", metavar="NAME", help="a saved segment's size over time")
    what.add_argument("--list", action="store_true", help="every saved segment")
    what.add_argument(
        "--groups", action="store_true", help="every kept group: clusters, look-alikes, lists, frozen members"
    )
    what.add_argument("--freeze", metavar="NAME", help="settle a segment's members as they are now")
    what.add_argument("--thaw", metavar="NAME", help="make a frozen segment live again")
    what.add_argument(
        "--from-list", metavar="FILE", help="keep the users that a file names, as the group --save; - reads stdin"
    )
    what.add_argument("--rename", nargs=2, metavar=("NAME", "NEW"), help="give a saved segment another name")
    what.add_argument("--rename-group", nargs=2, metavar=("NAME", "NEW"), help="give a kept group another name")
    what.add_argument("--delete", metavar="NAME", help="delete a saved segment")
    what.add_argument("--delete-group", metavar="NAME", help="delete a kept group")
