"""Where users' attention goes: visits, hours, focus, searches, shares, what it turns into, fading, fatigue, paths."""

from __future__ import annotations

import argparse
from typing import Any

from core.attention import KEY_EVENTS, UTC, VisitRule
from core.behaviour import UNITS, Window, resolve, unit_for
from core.commands import Answer, attention_fading, attention_share, attention_visits
from core.commands.attention_asked import Asked, Tell
from core.commands.tables import day, shown
from core.commands.times import moment
from core.progress import Step
from core.store import close_workspace, open_workspace

NAME = "attention"
_SECTIONS: tuple[Tell, ...] = (*attention_visits.TELL,)
_MORE = (attention_share.sections, attention_fading.sections)
_PROXY = "Events stand for attention, they do not measure it, and attention is no outcome (IAB/MRC, 2025)."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's own arguments."""
    parser.add_argument("--since", metavar="TIME", help="from this moment on (UTC; default: the first event)")
    parser.add_argument("--until", metavar="TIME", help="up to, not including (default: the end of the data)")
    parser.add_argument("--unit", choices=UNITS, help="what figures over time are divided by (default: what suits)")
    parser.add_argument("--gap-minutes", type=int, default=30, metavar="N", help="a pause that ends a visit (30)")
    parser.add_argument(
        "--visits", choices=("auto", "gap", "own"), default="auto",
        help="visits by pauses (gap), by the data's own sessions (own), or own where 90 %% of events carry one (auto)",
    )  # fmt: skip
    parser.add_argument(
        "--key-events", nargs="+", default=list(KEY_EVENTS), metavar="EVENT",
        help="events that make a visit engaged (default: cart purchase)",
    )  # fmt: skip
    parser.add_argument("--zone", default=UTC, metavar="ZONE", help="of the hours, as Europe/Berlin (default: UTC)")
    attention_share.add_arguments(parser)


def run(args: argparse.Namespace, step: Step) -> Answer:
    """Do the task; raises Refusal for anything a person can put right."""
    rule = VisitRule(args.gap_minutes, args.visits, tuple(sorted(set(args.key_events))))
    asked_for = Window(moment(args.since), moment(args.until))
    store = open_workspace(args.workspace, create=False)
    try:
        window = resolve(store, asked_for)
        unit = args.unit or unit_for(store, window)
        asked = Asked(window, unit, rule, args.zone)
        result: dict[str, Any] = {"since": shown(window.start), "until": shown(window.end), "unit": unit}
        lines = [f"Attention {f'from {day(window.start)} ' if window.start else ''}up to {day(window.end)}. {_PROXY}"]
        many = len(_SECTIONS) + len(_MORE)
        for place, tell in enumerate(_SECTIONS):
            told = tell(store, asked, step.part(place / many, (place + 1) / many))
            result[told.key] = told.result
            lines += ["", *told.lines]
        for place, more in enumerate(_MORE, start=len(_SECTIONS)):
            for key, found, words in more(store, window, unit, args, step.part(place / many, (place + 1) / many)):
                result[key] = found
                lines += ["", *words]
    finally:
        close_workspace(store)
    return Answer(result, "\n".join(lines))
