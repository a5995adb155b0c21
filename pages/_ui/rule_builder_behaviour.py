"""The conditions on what users do, each as one sentence of fields."""

from __future__ import annotations

import streamlit as st

from pages._ui import rule_builder_fields as fields
from pages._ui.rule_builder_fields import Bench, negation, said, ticked
from pages._ui.rule_builder_parts import Condition


def did(condition: Condition, bench: Bench) -> None:
    """Did, so often or so much, in a window; or did not."""
    negation(condition, "did", "did not")
    fields.event(condition, "event", bench.schema)
    if not (condition.negated and condition.values.get("plain", True)):
        fields.measured(condition)
    fields.window(condition, bench.schema)


def moment(condition: Condition, bench: Bench) -> None:
    """Their first, or last, event lies in a window."""
    negation(condition, "did", "did not", width=100)
    said("for the")
    fields.choose(condition, "which", "First or last time", ("first", "last"), fields.WHICH, width=80)
    said("time:")
    fields.event(condition, "event", bench.schema)
    fields.window(condition, bench.schema)


def regularly(condition: Condition, bench: Bench) -> None:
    """In at least m of the last n periods."""
    negation(condition, "did", "did not")
    fields.event(condition, "event", bench.schema)
    said("in at least")
    fields.number(condition, "of_them", "In how many", whole=True, least=1, width=75)
    said("of the last")
    fields.number(condition, "n", "Of how many", whole=True, least=1, width=75)
    fields.choose(condition, "unit", "Unit", fields.BEATS, width=100)


def stopped(condition: Condition, bench: Bench) -> None:
    """Used to, and no longer do."""
    negation(condition, "stopped", "have not stopped", width=150)
    fields.event(condition, "event", bench.schema)
    said("– none in the last")
    fields.span(condition, "quiet", "Quiet")
    said("but at least")
    fields.number(condition, "least", "How often before", whole=True, least=1, width=75)
    if ticked(condition, "limited", "in the time before, going back", help="Without it: at any time before."):
        fields.span(condition, "before", "Before")
    else:
        said("at any time before")


def resumed(condition: Condition, bench: Bench) -> None:
    """Again after a pause."""
    negation(condition, "came back", "did not come back", width=160)
    said("to")
    fields.event(condition, "event", bench.schema)
    said("in the last")
    fields.span(condition, "within", "Within")
    said("after at least")
    fields.span(condition, "pause", "Pause")
    said("without")


def order(condition: Condition, bench: Bench) -> None:
    """One thing, then another; or not the other."""
    negation(condition, "did", "did not")
    fields.event(condition, "first", bench.schema, "First event")
    picked = st.selectbox(
        "Followed or not",
        (False, True),
        int(bool(condition.values.get("absent"))),
        format_func=lambda absent: "then did not" if absent else "then",
        key=fields.key_of(condition, "absent"),
        label_visibility="collapsed",
        width=125,
    )
    condition.values["absent"] = bool(picked)
    fields.event(condition, "then", bench.schema, "Second event")
    if ticked(condition, "limited", "within", otherwise=True):
        fields.span(condition, "within", "Within")
    condition.values["same_item"] = st.checkbox(
        "same item",
        value=bool(condition.values.get("same_item")),
        key=f"rb_{condition.uid}_same",
        width="content",
    )
    fields.window(condition, bench.schema)


def top(condition: Condition, bench: Bench) -> None:
    """The highest by a measure."""
    negation(condition, "are in", "are not in")
    said("the top")
    fields.number(condition, "percent", "Per cent", least=0, width=80)
    said("% by")
    fields.event(condition, "event", bench.schema)
    fields.measure(condition)
    fields.window(condition, bench.schema)
