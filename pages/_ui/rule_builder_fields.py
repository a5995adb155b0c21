"""The fields of one condition, as widgets; each keeps what it shows in the draft, which outlives a switch of pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, TypeVar

import streamlit as st

from core.segments import ANY_EVENT, OPS, ColumnKind, Of, Schema, Value, common_values
from core.store import Store
from pages._ui.cache import ask
from pages._ui.rule_builder_draft import Choices

T = TypeVar("T")

EVENTS = {"purchase": "purchase", ANY_EVENT: "any event"}
OPS_WORDS = {
    "at_least": "at least", "at_most": "at most", "exactly": "exactly", "more_than": "more than",
    "less_than": "less than", "between": "between",
}  # fmt: skip
TESTS = {
    **OPS_WORDS, "is": "is", "is_not": "is not", "contains": "contains", "not_contains": "does not contain",
    "starts": "starts with", "ends": "ends with", "last_days": "in the last … days", "since": "on or after",
    "before": "before", "during": "between dates", "any_of": "has any of", "all_of": "has all of",
    "none_of": "has none of", "missing": "is missing", "known": "is known",
}  # fmt: skip
MEASURES = {
    "orders": "orders", "events": "events (lines)", "items": "different items", "days": "different days",
    "quantity": "units, net of returns", "value": "money, net of returns", "order_value": "money per order",
    "mean_quantity": "units per line", "dwell": "seconds of dwell", "mean_dwell": "seconds per event",
    "mean_rating": "average rating",
}  # fmt: skip
_BOUGHT = ("orders", "value", "order_value", "items", "quantity", "mean_quantity", "days", "events")
_DONE = ("events", "items", "days", "dwell", "mean_dwell", "mean_rating", "quantity", "value")
WINDOWS = {"ever": "ever", "last": "in the last", "earlier": "more than … ago", "between": "between dates"}
UNITS = ("days", "weeks", "months", "hours")
GAPS = ("days", "hours", "minutes", "weeks")


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
        key=_key(part, name),
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
        key=_key(part, name),
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
        key=_key(part, name),
        label_visibility="collapsed",
        width=140,
    )


def event(part: Choices, name: str, schema: Schema, label: str = "Event") -> None:
    """One of the event words of the data, or any event."""
    words = schema.words if name != "event" else (*schema.words, ANY_EVENT)
    choose(part, name, label, words, EVENTS, width=140)


def measured(part: Choices) -> None:
    """What is measured of the events, and the comparison: at least 2 orders."""
    bought = part.values.get("event") == "purchase"
    if not bought and part.values.get("measure") in ("orders", "order_value"):
        part.values["measure"] = "events"
        st.session_state.pop(_key(part, "measure"), None)
    op = choose(part, "op", "Comparison", tuple(OPS_WORDS), OPS_WORDS, width=118)
    number(part, "value", "Number", width=90)
    if op == "between":
        _said("and")
        number(part, "upper", "Upper number", width=90)
    measure(part)


def measure(part: Choices) -> None:
    """What is measured of the events."""
    choose(
        part, "measure", "Measure", _BOUGHT if part.values.get("event") == "purchase" else _DONE, MEASURES, width=185
    )


def window(part: Choices) -> None:
    """When it happened."""
    kind = choose(part, "window", "When", tuple(WINDOWS), WINDOWS, width=145)
    if kind in ("last", "earlier"):
        number(part, "n", "How many", whole=True, least=1, width=80)
        choose(part, "unit", "Unit", UNITS, width=100)
    elif kind == "between":
        day(part, "start", "First day")
        _said("to")
        day(part, "end", "Last day (included)")


def tested(part: Choices, store: Store, of: Of, kind: ColumnKind) -> None:
    """The test of a column, and the values it is held against."""
    known = [op for op in OPS[kind] if op != "missing"]
    if part.values.get("kind", kind) != kind:  # another column was chosen: its values are of another kind
        for name in ("op", "values", "value", "upper", "start", "end"):
            part.values.pop(name, None)
            st.session_state.pop(_key(part, name), None)
    part.values["kind"] = kind
    op = choose(part, "op", "Test", (*known, "known", "missing"), TESTS, width=150)
    if op in ("missing", "known"):
        return
    if kind == "number" and op not in ("is", "is_not"):
        number(part, "value" if op == "between" else "values", "Number", width=100)
        if op == "between":
            _said("and")
            number(part, "upper", "Upper number", width=100)
    elif kind == "date":
        _date_values(part, str(op))
    elif op in ("is", "is_not", "any_of", "all_of", "none_of"):
        _several(part, store, of, kind)
    else:
        _text(part)


def _date_values(part: Choices, op: str) -> None:
    if op == "last_days":
        number(part, "values", "Days", whole=True, least=1, width=80)
    elif op == "during":
        day(part, "start", "First day")
        _said("to")
        day(part, "end", "Last day (included)")
    else:
        day(part, "values", "Day")


def _text(part: Choices) -> None:
    current = part.values.get("values")
    part.values["values"] = st.text_input(
        "Text",
        current if isinstance(current, str) else "",
        key=_key(part, "text"),
        label_visibility="collapsed",
        placeholder="text",
        width=200,
    )


def _several(part: Choices, store: Store, of: Of, kind: ColumnKind) -> None:
    """Values to choose from those that occur, or to type in."""
    found = ask(store, common_values, of, part.values["column"])
    words = {_shown(v.value): _counted(v, of) for v in found}
    current = part.values.get("values")
    chosen = [_shown(v) for v in current] if isinstance(current, list) else []
    picked = st.multiselect(
        "Values",
        [*words, *(v for v in chosen if v not in words)],
        chosen,
        format_func=lambda option: words.get(option, option),
        key=_key(part, "several"),
        label_visibility="collapsed",
        placeholder="choose or type" if kind != "boolean" else "choose",
        accept_new_options=kind != "boolean",
        width=300,
    )
    part.values["values"] = [v for v in (_typed(text, kind) for text in picked) if v is not None]


def _typed(text: str, kind: ColumnKind) -> Any:
    if kind == "boolean":
        return text == "true"
    if kind != "number":
        return text
    try:
        return float(text.replace(",", ""))
    except ValueError:
        return None


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:.15g}" if isinstance(value, float) else str(value)


def _counted(value: Value, of: Of) -> str:
    return f"{_shown(value.value)}  ({value.rows:,} {of}{'' if value.rows == 1 else 's'})"


def _said(word: str) -> None:
    st.markdown(word, width="content")


def _key(part: Choices, name: str) -> str:
    return f"rb_{part.uid}_{name}"
