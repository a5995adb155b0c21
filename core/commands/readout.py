"""What a campaign changed: a saved list, contacted against control, read from events or a file of responses.

Give --list NAME (with --bring FILE to bring a past campaign in first), --lists or --delete NAME. A purchase that was
wholly returned within the window is no response; value is net, per head of all users.
"""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import Any

from core.commands import Answer
from core.commands.times import moment
from core.errors import Refusal
from core.experiments import Readout, SavedList, bring_list, delete_saved, list_saved, readout
from core.progress import Step
from core.store import close_workspace, known_event, open_workspace

NAME = "readout"
_DAYS, _EVENT = 28, "purchase"
_OF_BRING = ("days", "holdout", "event", "about", "sent_at", "replace")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's own arguments."""
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--list", metavar="NAME", help="read this saved list")
    what.add_argument("--lists", action="store_true", help="every saved list, newest first")
    what.add_argument("--delete", metavar="NAME", help="delete a saved list")
    parser.add_argument(
        "--responses", metavar="CSV", help="read these responses (user_id, and value, time, responded if known)"
    )
    parser.add_argument(
        "--bring", metavar="CSV", help="with --list: first keep a past campaign under that name (user_id, arm, sent_at)"
    )
    parser.add_argument("--days", type=int, help=f"with --bring: days in which responses count (default {_DAYS})")
    parser.add_argument("--holdout", type=float, help="with --bring: share of users planned to be held back, by lot")
    parser.add_argument("--event", help=f"with --bring: what counts as a response (default {_EVENT})")
    parser.add_argument("--about", action="append", metavar="ITEM", help="with --bring: only about this item (repeat)")
    parser.add_argument("--sent-at", metavar="TIME", help="with --bring: when it was sent (UTC), instead of the file's")
    parser.add_argument("--replace", action="store_true", help="with --bring: in place of a list of that name")


def run(args: argparse.Namespace, step: Step) -> Answer:
    """Do the task; raises Refusal for anything a person can put right."""
    _check(args)
    sent_at = moment(args.sent_at)
    store = open_workspace(args.workspace, create=False)
    try:
        if args.lists:
            return _lists(list_saved(store))
        if args.delete:
            gone = delete_saved(store, args.delete)
            return Answer({"deleted": gone.name}, f"Deleted {gone.name}.")
        brought = None
        if args.bring:
            brought = bring_list(
                store,
                args.list,
                Path(args.bring),
                sent_at=sent_at,
                days=_DAYS if args.days is None else args.days,
                event=_event(args.event),
                items=args.about or (),
                holdout=args.holdout,
                replace=args.replace,
                step=step.part(0.0, 0.4),
            )
        responses = Path(args.responses) if args.responses else None
        return _answer(readout(store, args.list, responses=responses, step=step.part(0.4, 1.0)), brought)
    finally:
        close_workspace(store)


def _answer(found: Readout, brought: SavedList | None) -> Answer:
    begin, until = found.window
    result: dict[str, Any] = {
        "list": _plain(found.saved),
        "window": [begin.isoformat(), until.isoformat()],
        "complete": found.complete,
        "source": found.source,
        "arms": [{key: value for key, value in asdict(arm).items() if key != "value_sq"} for arm in found.arms],
        "effect": asdict(found.effect),
        "unknown": found.unknown,
        "missing": found.missing,
        "note": found.note,
    }
    if brought:
        result["brought"] = brought.name
    saved = found.saved
    lines = [f"Kept as {saved.name}: {saved.contacted:,} contacted, {saved.control:,} in control."] if brought else []
    lines += [f"{saved.name}, {begin:%-d %b %Y, %H:%M} to {until:%-d %b %Y, %H:%M} UTC.", ""]
    lines += [f"  {'group':<12}{'users':>10}{'responses':>11}{'rate':>9}{'value per head':>16}"]
    for arm in found.arms:
        rate = "-" if arm.rate is None else f"{arm.rate:.2%}"
        value = "-" if arm.value is None else f"{arm.value:,.2f}"
        lines.append(f"  {arm.arm:<12}{arm.users:>10,}{arm.responses:>11,}{rate:>9}{value:>16}")
    lines += ["", *_figures(found), found.note]
    return Answer(result, "\n".join(lines))


def _figures(found: Readout) -> list[str]:
    effect = found.effect
    if effect.estimate is None or effect.low is None or effect.high is None:
        return []
    check = "" if effect.srm_p is None else f"; sizes of the groups against the plan: p {effect.srm_p:.3f}"
    estimate, low, high = (f"{100 * share:+.2f}" for share in (effect.estimate, effect.low, effect.high))
    return [f"  Difference of rates: {estimate} points, 95 % {low} to {high}, p {effect.p:.4f}{check}.", ""]


def _lists(saved: list[SavedList]) -> Answer:
    lines = [
        f"{s.contacted:>10,} contacted {s.control:>9,} control  {s.name}: {s.event} in the {s.days} days from "
        f"{s.sent_at:%-d %b %Y, %H:%M} UTC"
        for s in saved
    ]
    return Answer({"lists": [_plain(s) for s in saved]}, "\n".join(lines) or "No list has been saved yet.")


def _plain(saved: SavedList) -> dict[str, Any]:
    told = asdict(saved)
    return told | {"sent_at": saved.sent_at.isoformat(), "created_at": saved.created_at.isoformat()}


def _event(word: str | None) -> str:
    """An event as the workspace spells it."""
    return _EVENT if word is None else known_event(word) or word.strip().lower()


def _check(args: argparse.Namespace) -> None:
    """Refuse options that the chosen task would silently leave aside."""
    idle = [f"--{name}" for name in ("bring", "responses") if getattr(args, name) and not args.list]
    given = [name for name in _OF_BRING if getattr(args, name) is not None and getattr(args, name) is not False]
    idle += [f"--{name.replace('_', '-')}" for name in given if not args.bring]
    if idle:
        raise Refusal("option_not_used", f"{idle[0]} says nothing to this task.", "See python -m core readout --help.")
