"""Segments, ABC: how much of the whole the best users bring, and the users of each class."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pandas as pd
import streamlit as st

from core.errors import Refusal
from core.figures.worth import pareto_figure
from core.segments import ANY_EVENT, Abc, AbcClass, AbcResult, BadRule, Schema, abc, amount_words, read_schema
from core.store import Store
from pages._ui import format as fmt
from pages._ui.cache import ask
from pages._ui.rule_builder_fields import EVENTS, MEASURES, UNITS, totals_of
from pages._ui.rule_builder_leaf import leaf
from pages._ui.rule_builder_parts import Condition
from pages._ui.segments_opened import answer, opened, problem
from pages._ui.shell import refuse
from pages._ui.text import plain

CHOSEN = "abc"
"""Key of the chosen class, in session state and in the address."""
_WINDOWS = {"ever": "ever", "last": "in the last", "earlier": "more than … ago", "between": "between dates"}
_CLASSES = ("A", "B", "C")


def draw(store: Store, as_of: datetime | None) -> None:
    """The whole view."""
    spec = _settings(ask(store, read_schema))
    if spec is None:
        return
    try:
        found = answer(store, f"ABC by {amount_words(spec)}", abc, spec, as_of)
    except Refusal as refusal:
        refuse(refusal)
        return
    if found is None:
        return
    if found.problem:
        problem(f"{found.problem} Choose another event, measure or time above, or load more data.", "abc")
        return
    what = amount_words(found.of).removesuffix(", ever")
    _key_figures(found, what)
    st.plotly_chart(
        pareto_figure(found, measure=what),
        key="abc_chart",
        config={"displayModeBar": False},
        alt=f"Share of {what} over the share of users who bring it; the classes stand in the table below.",
    )
    _table(found, what)
    _chosen(store, found, as_of, what)
    with st.expander("What the words mean"):
        st.markdown(_MEANING)


def _settings(schema: Schema) -> Abc | None:
    """What is shared out, over what time, and where the classes are cut; None where it cannot be read (and said)."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        v: dict[str, Any] = {"classes": ["A"]}
        words = (*schema.words, ANY_EVENT)
        _forget_all_but("abc_event", words)
        v["event"] = st.selectbox(
            "Event", words, words.index("purchase") if "purchase" in words else 0,
            format_func=lambda word: EVENTS.get(word, word), key="abc_event", bind="query-params", width=150,
        )  # fmt: skip
        measures = totals_of(v["event"])
        _forget_all_but("abc_by", measures)
        v["measure"] = st.selectbox(
            "What they bring", measures, measures.index("value") if v["event"] == "purchase" else 0,
            format_func=lambda name: MEASURES[name], key="abc_by", bind="query-params", width=210,
        )  # fmt: skip
        _window(v, timed=schema.timed)
        with st.popover("Where the classes are cut"):
            st.caption("A user belongs to the class in which the total of all users above them ends.")
            for name, label, usual in (("a", "A: the first % of the total", 80.0), ("b", "B: up to % of it", 95.0)):
                v[f"upto_{name}"] = st.number_input(
                    label, 1.0, 99.0, usual, 1.0, format="%g", key=f"abc_{name}", bind="query-params"
                )
    try:
        rule = leaf(Condition(v, kind="abc"))
    except BadRule as bad:
        wrong = "class B must end later than class A" if bad.path == "cuts" else bad.problem
        st.error(plain(f"{wrong[:1].upper()}{wrong[1:]}. Change it above."))
        return None
    assert isinstance(rule, Abc)
    return rule


def _window(v: dict[str, Any], *, timed: bool) -> None:
    kinds = tuple(_WINDOWS) if timed else ("ever",)
    _forget_all_but("abc_when", kinds)
    v["window"] = st.selectbox(
        "When", kinds, format_func=lambda kind: _WINDOWS[kind], key="abc_when", bind="query-params", width=150
    )
    if v["window"] in ("last", "earlier"):
        v["n"] = st.number_input("How many", 1, 100_000, 90, key="abc_n", bind="query-params", width=110)
        v["unit"] = st.selectbox("Unit", UNITS, key="abc_unit", bind="query-params", width=110)
    elif v["window"] == "between":
        v["start"] = _day("First day", "abc_from")
        v["end"] = _day("Last day (included)", "abc_to")


def _day(label: str, key: str) -> date | None:
    found = st.date_input(
        label, None, date(1900, 1, 1), date(2200, 1, 1), key=key, format="YYYY-MM-DD", bind="query-params", width=150
    )
    return found if isinstance(found, date) else None


def _forget_all_but(key: str, options: tuple[str, ...] | list[str]) -> None:
    """What was chosen before goes where it is no longer on offer: other data, another event."""
    if key in st.session_state and st.session_state[key] not in options:
        del st.session_state[key]


def _key_figures(found: AbcResult, what: str) -> None:
    cells = st.columns(3)
    known = f"Known users of whom {plain(what)} is known; only they are put in classes."
    cells[0].metric("Users measured", fmt.number(found.measured), help=known)
    rest = f"; the other {fmt.number(found.without)} are in no class" if found.without else ""
    cells[0].caption(f"of {fmt.count(found.users, 'known user')}{rest}")
    cells[1].metric("The top 20 % bring", fmt.percent(found.top_fifth))
    cells[1].caption(f"of all {plain(what)}, by those of the users with the most")
    best = found.classes[0]
    cells[2].metric("Class A", fmt.count(best.users, "user"))
    total = _amount(found, found.total)
    cells[2].caption(f"{fmt.percent(best.share)} of them bring {fmt.percent(best.total_share)} of {total}")
    if found.negative:
        st.caption(
            f"Not in these shares: {_amount(found, found.negative)} of users who returned more than they bought; "
            "they are in class C."
        )


def _table(found: AbcResult, what: str) -> None:
    rows = found.classes
    table = pd.DataFrame(
        {
            "Class": [c.name for c in rows],
            "Users": [fmt.number(c.users) for c in rows],
            "Of users": [fmt.percent(c.share) for c in rows],
            "Brings": [_amount(found, c.total) for c in rows],
            "Of the total": [fmt.percent(c.total_share) for c in rows],
            "One user brings": [_range(found, c) for c in rows],
        }
    )
    meaning = {
        "Users": "Known users in this class.",
        "Of users": "Share of the users measured.",
        "Brings": "Sum of the users' amounts above zero.",
        "Of the total": "Share of all amounts above zero.",
        "One user brings": "The lowest and the highest amount of one user.",
    }
    columns = {name: st.column_config.TextColumn(help=text, alignment="right") for name, text in meaning.items()}
    st.dataframe(table, hide_index=True, height="content", column_config=columns)
    unit = ", in the currency of the data" if found.of.measure == "value" else ""
    st.caption(f"Amounts are {plain(what)}{unit}.")


def _chosen(store: Store, found: AbcResult, as_of: datetime | None, what: str) -> None:
    name = st.segmented_control(
        "Open a class", _CLASSES, format_func=lambda name: f"Class {name}", key=CHOSEN, bind="query-params"
    )
    if name is None:
        return
    group = next(c for c in found.classes if c.name == name)
    opened(
        store, found.rule(group.name), as_of, group.users,
        title=f"Class {name} by {what}", facts=_facts(found, group), saved_as=f"Class {name} by {what}"[:80], key="abc",
    )  # fmt: skip


def _facts(found: AbcResult, group: AbcClass) -> str:
    if not group.users:
        return "Nobody is in this class: users who bring the same are never parted."
    return (
        f"**{fmt.count(group.users, 'user')}**, {fmt.percent(group.share)} of the users measured; together they bring "
        f"{_amount(found, group.total)}, {fmt.percent(group.total_share)} of the total; each {_range(found, group)}."
    )


def _range(found: AbcResult, group: AbcClass) -> str:
    low, high = _amount(found, group.lowest), _amount(found, group.highest)
    return low if low == high else f"{low} to {high}"


def _amount(found: AbcResult, value: float | None) -> str:
    if found.of.measure == "value" or value is None:
        return fmt.money(value)
    return fmt.number(value, 0 if float(value).is_integer() else 2)


_MEANING = """
- Users are put in a row, from those who bring most to those who bring least. **A** are those who together make up the
  first 80 % of the total, **B** those up to 95 %, **C** the rest (or where you cut the classes yourself).
- A user belongs to the class in which the total of the users above them ends, and users who bring the same are always
  in the same class. So the order of rows in the file never matters.
- The total is of amounts above zero. Who has zero or less, such as those who returned more than they bought, is in C.
- Users without such events are in no class; anonymous events (no user) belong to nobody and are left out.
- The curve bends the more, the fewer users bring most of it; a straight line would mean that all bring the same.
"""
