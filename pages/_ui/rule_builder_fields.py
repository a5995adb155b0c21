"""The fields of one condition, as widgets; each keeps what it shows in the draft, which outlives a switch of pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeVar

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.segments import ANY_EVENT, Schema
from core.store import Store
from pages._ui.rule_builder_parts import Choices, Condition

T = TypeVar("T")

EVENTS = {"purchase": "purchase", ANY_EVENT: "any event"}
OPS_WORDS = {
    "at_least": "at least", "at_most": "at most", "exactly": "exactly", "more_than": "more than",
    "less_than": "less than", "between": "between",
}  # fmt: skip
MEASURES = {
    "orders": "orders", "events": "events (lines)", "items": "different items", "days": "different days",
    "quantity": "units, net of returns", "value": "money, net of returns", "order_value": "money per order",
    "mean_quantity": "units per line", "dwell": "seconds of dwell", "mean_dwell": "seconds per event",
    "mean_rating": "average rating",
    "rating": "sum of ratings", "mean_value": "money per line",
}  # fmt: skip
_BOUGHT = ("orders", "value", "order_value", "mean_value", "items", "quantity", "mean_quantity", "days", "events")
_DONE = ("events", "items", "days", "dwell", "mean_dwell", "rating", "mean_rating", "quantity", "value", "mean_value")
_TOTALS = ("orders", "events", "items", "days", "quantity", "value", "dwell", "rating")
WINDOWS = {
    "ever": "ever", "last": "in the last", "earlier": "more than … ago", "between": "between dates",
    "before": "before their", "after": "after their",
}  # fmt: skip
UNITS = ("days", "weeks", "months", "hours")
GAPS = ("days", "hours", "minutes", "weeks")
BEATS = ("weeks", "days", "months")
WHICH = {"first": "first", "last": "last"}


@dataclass(frozen=True)
class Bench:
    """What every part of the builder needs: the workspace and what rules may name there; `slots` fills as it draws."""

    store: Store
    schema: Schema
    slots: dict[int, DeltaGenerator] = field(default_factory=dict)

    def slot(self, uid: int) -> None:
        """A place for what a group or condition amounts to, known only once the whole draft has been drawn."""
        self.slots[uid] = st.container(width="content")


def said(word: str) -> None:
    """A word between two fields."""
    st.markdown(word, width="content")


def negation(condition: Condition, yes: str, no: str, width: int = 105) -> None:
    """Whether it holds or not."""
    picked = st.selectbox(
        "Holds or not",
        (False, True),
        int(condition.negated),
        format_func=lambda negated: no if negated else yes,
        key=key_of(condition, "negated"),
        label_visibility="collapsed",
        width=width,
    )
    condition.negated = bool(picked)


def ticked(part: Choices, name: str, label: str, *, otherwise: bool = False, help: str | None = None) -> bool:
    """A box that is ticked or not."""
    found = st.checkbox(
        label, value=bool(part.values.get(name, otherwise)), key=key_of(part, name), width="content", help=help
    )
    part.values[name] = found
    return found


def several(
    part: Choices, name: str, label: str, options: Sequence[T], words: Mapping[Any, str], *, width: int = 320
) -> None:
    """Some of a few; what was chosen before stays on offer."""
    current = [*(part.values.get(name) or [])]
    part.values[name] = st.multiselect(
        label,
        [*options, *(one for one in current if one not in options)],
        current,
        format_func=lambda option: words.get(option, str(option)),
        key=key_of(part, name),
        label_visibility="collapsed",
        placeholder="choose",
        width=width,
    )


def span(part: Choices, name: str, label: str) -> None:
    """A length of time: a number and its unit."""
    number(part, name, f"{label}: how many", whole=True, least=1, width=75)
    choose(part, f"{name}_unit", f"{label}: unit", GAPS, width=100)


def choose(
    part: Choices,
    name: str,
    label: str,
    options: Sequence[T],
    words: Mapping[Any, str] | None = None,
    *,
    width: int = 170,
) -> T | None:
    """A list to choose one from; the first where nothing was chosen, and always what was chosen before."""
    current = part.values.get(name)
    offered = [*options] if current is None or current in options else [*options, current]
    found = st.selectbox(
        label,
        offered,
        offered.index(current) if current in offered else 0,
        format_func=lambda option: (words or {}).get(option, str(option)),
        key=key_of(part, name),
        label_visibility="collapsed",
        width=width,
    )
    part.values[name] = found
    return found


def number(
    part: Choices, name: str, label: str, *, whole: bool = False, least: float | None = None, width: int = 130
) -> None:
    """A number; a whole one stays whole."""
    current = part.values.get(name)
    current = current if isinstance(current, int | float) else None
    found: float | None = st.number_input(
        label,
        min_value=(int(least) if whole else float(least)) if least is not None else None,
        value=None if current is None else int(current) if whole else float(current),
        step=1 if whole else 1.0,
        format=None if whole else "%g",
        key=key_of(part, name),
        label_visibility="collapsed",
        placeholder="number",
        width=width,
    )
    part.values[name] = int(found) if found is not None and float(found).is_integer() else found


def day(part: Choices, name: str, label: str) -> None:
    """A date, or none."""
    current = part.values.get(name)
    part.values[name] = st.date_input(
        label,
        current if isinstance(current, date) else None,
        min_value=date(1900, 1, 1),
        max_value=date(2200, 1, 1),
        format="YYYY-MM-DD",
        key=key_of(part, name),
        label_visibility="collapsed",
        width=140,
    )


def event(part: Choices, name: str, schema: Schema, label: str = "Event") -> None:
    """One of the event words of the data, or any event."""
    words = schema.words if name != "event" else (*schema.words, ANY_EVENT)
    choose(part, name, label, words, EVENTS, width=140)


def measured(part: Choices) -> None:
    """What is measured of the events, and the comparison: at least 2 orders."""
    op = choose(part, "op", "Comparison", tuple(OPS_WORDS), OPS_WORDS, width=118)
    number(part, "value", "Number", width=90)
    if op == "between":
        said("and")
        number(part, "upper", "Upper number", width=90)
    measure(part)


def measure(part: Choices, *, totals: bool = False) -> None:
    """What is measured of the events; with `totals` only what can be shared out."""
    bought = part.values.get("event") == "purchase"
    if not bought and part.values.get("measure") in ("orders", "order_value"):
        part.values["measure"] = "events"
        st.session_state.pop(key_of(part, "measure"), None)
    offered = totals_of(part.values.get("event")) if totals else _BOUGHT if bought else _DONE
    choose(part, "measure", "Measure", offered, MEASURES, width=185)


def totals_of(event: str | None) -> list[str]:
    """What can be shared out of events with this word: counts and totals, no means."""
    return [m for m in (_BOUGHT if event == "purchase" else _DONE) if m in _TOTALS]


def window(part: Choices, schema: Schema) -> None:
    """When it happened."""
    kinds = [kind for kind in WINDOWS if schema.timed or kind not in ("before", "after")]
    kind = choose(part, "window", "When", kinds, WINDOWS, width=145)
    if kind in ("last", "earlier"):
        number(part, "n", "How many", whole=True, least=1, width=80)
        choose(part, "unit", "Unit", UNITS, width=100)
    elif kind == "between":
        day(part, "start", "First day")
        said("to")
        day(part, "end", "Last day (included)")
    elif kind in ("before", "after"):
        choose(part, "beside_which", "First or last event", ("last", "first"), WHICH, width=80)
        event(part, "beside_event", schema, "Event to look from")
        if ticked(part, "beside_limited", "within", help="At most so long before or after it."):
            span(part, "beside", "Within")


def labelled_choice(part: Choices, name: str, label: str, options: Sequence[T], words: Mapping[Any, str]) -> None:
    """One of a few, with its label above: a setting."""
    current = part.values.get(name)
    part.values[name] = st.selectbox(
        label,
        options,
        options.index(current) if current in options else 0,
        format_func=lambda option: words.get(option, str(option)),
        key=key_of(part, name),
    )


def labelled_number(part: Choices, name: str, label: str) -> None:
    """A whole number or none, with its label above: a setting."""
    current = part.values.get(name)
    part.values[name] = st.number_input(
        label,
        min_value=1,
        value=int(current) if isinstance(current, int | float) else None,
        step=1,
        key=key_of(part, name),
        placeholder="learned",
    )


def labelled_share(part: Choices, name: str, label: str) -> None:
    """A share in per cent, with its label above: a setting."""
    current = part.values.get(name)
    part.values[name] = st.number_input(
        label,
        min_value=0.0,
        value=float(current) if isinstance(current, int | float) else None,
        step=1.0,
        format="%g",
        key=key_of(part, name),
    )


def line(part: Choices, name: str, label: str, *, placeholder: str = "") -> None:
    """A line of text, with its label above: a setting."""
    part.values[name] = st.text_input(
        label, part.values.get(name) or "", key=key_of(part, name), placeholder=placeholder
    ).strip()


def key_of(part: Choices, name: str) -> str:
    """The widget's key."""
    return f"rb_{part.uid}_{name}"
