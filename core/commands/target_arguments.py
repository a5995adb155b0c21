"""The options of the command target, and which of them go together."""

from __future__ import annotations

import argparse
from pathlib import Path

from core.campaigns import MOST_OFFERS
from core.errors import Refusal
from core.recommend import NAMES
from core.store import Store

MOST_REASONS = 20_000
"""Rows up to which reasons are written unasked."""


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the options but those of the model."""
    _add_question(parser)
    _add_gates(parser)
    files = parser.add_argument_group("files")
    files.add_argument("--out", metavar="CSV", help="write the users to contact to this file")
    files.add_argument("--control", metavar="CSV", help="write the control group to this file")
    files.add_argument("--manifest", metavar="JSON", help="write what the list was made from to this file")
    files.add_argument("--why", choices=("yes", "no"), help=f"a reason in each row (default: up to {MOST_REASONS:,})")
    files.add_argument("--excel", action="store_true", help="begin the files with a byte order mark, as Excel likes it")
    kept = parser.add_argument_group("keeping it")
    kept.add_argument("--save", metavar="NAME", help="keep the list in the workspace, to read its result later")
    kept.add_argument("--sent-at", metavar="TIME", help="with --save: when it is sent, UTC (default: end of the data)")
    kept.add_argument("--days", type=int, metavar="D", help="with --save: days in which responses count (default 28)")
    kept.add_argument("--replace", action="store_true", help="with --save: in place of a list of that name")
    parser.add_argument(
        "--backtest",
        choices=("yes", "no"),
        default="yes",
        help="say what such a list would have brought at a past moment (for --item and --category; default yes)",
    )


def _add_question(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("for what, or for whom")
    group.add_argument("--item", action="append", default=[], metavar="I", help="an item's id; as often as needed")
    group.add_argument("--category", metavar="C", help="a category of items")
    group.add_argument("--by", metavar="COLUMN", help="the column of items that --category is in (default: as loaded)")
    group.add_argument("--segment", metavar="NAME", help="the users of a saved segment")
    group.add_argument("--ids", metavar="FILE", help="the users of a file: one id a line, or a column user_id")
    group.add_argument("--from-segment", metavar="NAME", help="with --item, --category: only users of this segment")
    group.add_argument("--model", metavar="M", help=f"one of {', '.join(NAMES)}")
    group.add_argument("--offer-k", type=int, metavar="K", help=f"next best items for each user, up to {MOST_OFFERS}")


def _add_gates(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("gates")
    group.add_argument("--size", type=int, metavar="N", help="users to contact, the control group not counted")
    group.add_argument("--share", type=float, metavar="S", help="instead of --size: this share of those who remain")
    group.add_argument(
        "--buyers",
        type=int,
        metavar="B",
        help="instead of --size, for one item or category: as many users as would have held B buyers at a past moment",
    )
    group.add_argument("--holdout", type=float, default=0.0, metavar="S", help="share of the control group: 0.1")
    group.add_argument(
        "--suppress", action="append", default=[], metavar="FILE", help="users who must not be contacted; repeatable"
    )
    group.add_argument("--channel", metavar="NAME", help="the consent asked for: email for the column consent_email")
    group.add_argument(
        "--assume-consent",
        choices=("yes", "no"),
        help="where the data have no consent column: treat all as consenting, or none (default yes, with a warning)",
    )
    group.add_argument(
        "--bought", default="ever", metavar="ever|days:N|keep", help="leave out who bought it: ever, lately, or nobody"
    )


def check(args: argparse.Namespace) -> None:
    """Refuse what is asked twice, not at all, or would silently be left aside."""
    asked = [name for name in ("segment", "ids", "category") if getattr(args, name)]
    if not asked and not args.item:
        raise Refusal(
            "bad_campaign", "Nothing says what the list is for.", "Give --item, --category, --segment or --ids."
        )
    if len(asked) > 1 and asked not in (["segment", "category"], ["ids", "category"]):
        raise Refusal("bad_campaign", f"--{asked[0]} and --{asked[1]} are two lists.", "Give one of them.")
    if args.item and args.category:
        raise Refusal("bad_campaign", "--item and --category are two lists.", "Give one of them.")
    people = bool(args.segment or args.ids)
    if args.model is None and (not people or args.item or args.category or args.offer_k):
        raise Refusal("bad_campaign", "No model is named.", f"Give --model, one of {', '.join(NAMES)}.")
    if args.buyers is not None and (people or len(args.item) > 1 or args.size is not None or args.share is not None):
        raise Refusal(
            "bad_campaign",
            "--buyers is for one item or category, in place of --size and --share.",
            "Name one item, or give a size.",
        )
    idle = [(args.by, "by", not args.category), (args.from_segment, "from-segment", people)]
    idle += [(getattr(args, name), name.replace("_", "-"), not args.save) for name in ("sent_at", "days", "replace")]
    idle += [(args.param, "param", args.model is None), (args.why, "why", args.model is None or not args.out)]
    for value, name, unused in idle:
        if value and unused and value != "no":
            raise Refusal("option_not_used", f"--{name} says nothing here.", "See python -m core target --help.")


def check_paths(args: argparse.Namespace, store: Store) -> None:
    """Refuse files that would overwrite each other, the workspace or a list that is read."""
    taken = {store.path.resolve(): "the workspace"}
    taken |= {Path(file).resolve(): f"the list {file}" for file in (*args.suppress, args.ids) if file}
    for name in ("out", "control", "manifest"):
        if getattr(args, name):
            path = Path(getattr(args, name)).resolve()
            if path in taken:
                raise Refusal("cannot_write", f"--{name} would overwrite {taken[path]}.", "Name another file.")
            taken[path] = f"the file of --{name}"
