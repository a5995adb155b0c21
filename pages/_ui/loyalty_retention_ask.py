"""Loyalty, who comes back: the row of choices, which all stand in the address."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import streamlit as st

from core.errors import Refusal
from core.figures import event_name
from core.retention import BRACKETS, Clock, Kind, Retain, named_way, read_brackets, say_bracket, ways
from core.segments import ANY_EVENT, read_schema
from core.store import Store
from pages._ui.cache import ask
from pages._ui.home_figures import unit_of
from pages._ui.home_period import Shown
from pages._ui.shell import refuse
from pages._ui.text import label

NOTHING = "nobody"
_KINDS: dict[str, str] = {"n-day": "In that period", "unbounded": "Then or later", "bracket": "Within a range"}
_CLOCKS: dict[str, str] = {"calendar": "Calendar periods", "own": "Each user's own clock"}
T = TypeVar("T")
_LONGEST_SHOWN = {"day": 30, "week": 26, "month": 24}


@dataclass(frozen=True)
class Asked:
    """What the view asks. `start_words` and `back_words` say the two events in plain words."""

    question: Retain
    start_words: str
    back_words: str


def choose(store: Store, shown: Shown) -> Asked | None:
    """Draw the choices; None where they make no sense (said)."""
    events = list(ask(store, event_words))
    known = ways(store)  # not kept: a saved segment does not change the version of the data
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        start = st.selectbox(
            "Users start with their first",
            [ANY_EVENT, *events],
            key="starts_with",
            bind="query-params",
            format_func=_event,
            width=210,
            help="The first such event in all the data puts a user into a cohort: the day, week or month it lies in.",
        )
        back = st.selectbox(
            "Coming back is",
            [ANY_EVENT, *events],
            key="back_is",
            bind="query-params",
            format_func=_event,
            width=210,
            help="Impressions are done to a user, so they are no activity.",
        )
        by = st.selectbox(
            "Compare by",
            [NOTHING, *known],
            key="compare_by",
            bind="query-params",
            format_func=lambda way: "Nothing" if way == NOTHING else label(known[way]),
            width=240,
        )
        clock = st.segmented_control(
            "Counted in",
            list(_CLOCKS),
            default="calendar",
            required=True,
            key="clock",
            bind="query-params",
            format_func=_CLOCKS.__getitem__,
        )
        kind = st.segmented_control(
            "Came back",
            list(_KINDS),
            default="n-day",
            required=True,
            key="kind",
            bind="query-params",
            format_func=_KINDS.__getitem__,
            help="In that period: N-day retention. Then or later: unbounded. Within a range: brackets of your own.",
        )
        unit = unit_of(store, shown)
        ranges = ""
        if kind == "bracket":
            ranges = st.text_input(
                f"Ranges of {unit}s",
                ",".join(say_bracket(bracket) for bracket in BRACKETS[unit]),
                key=f"ranges_{unit}",
                bind="query-params",
                width=220,
                help="Numbers and ranges with commas between them; 0 is the period of the start itself.",
            )
    try:
        question = Retain(
            unit, _kind(kind), start, back, None if by == NOTHING else named_way(store, by), _clock(clock),
            read_brackets(ranges) if ranges else (), _LONGEST_SHOWN[unit],
        )  # fmt: skip
    except Refusal as refusal:
        refuse(refusal)
        return None
    return Asked(question, _event(start).lower(), _event(back).lower())


def asked_of(by: str | None) -> Any:
    """How an answer is asked: kept, but for those by a saved segment, which may change while the data do not."""
    return _afresh if by is not None and by.startswith("segment:") else ask


def _afresh(store: Store, fn: Callable[..., T], *args: object) -> T:
    return fn(store, *args)


def event_words(store: Store) -> tuple[str, ...]:
    """The kinds of events that the data hold, and that a user does."""
    return tuple(word for word in read_schema(store).words if word != "impression")


def _event(event: str) -> str:
    return "Any activity" if event == ANY_EVENT else event_name(event)


def _kind(kind: str) -> Kind:
    return "unbounded" if kind == "unbounded" else "bracket" if kind == "bracket" else "n-day"


def _clock(clock: str) -> Clock:
    return "own" if clock == "own" else "calendar"
