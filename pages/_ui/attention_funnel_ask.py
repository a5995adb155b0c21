"""The funnel's question: steps put together without code, order, time limit. The address holds all of it."""

from __future__ import annotations

from typing import Any, Literal, get_args

import streamlit as st

from core.behaviour import STEPS, category_columns, contents
from core.errors import Refusal
from core.figures import event_name
from core.funnel import FEWEST, MOST, FunnelSpec, Order, Per, Same, read_span, read_steps, steps_text
from core.segments import ANY_EVENT, EventStep, Filter, Schema, Test, common_values, read_schema
from core.store import Store
from pages._ui.cache import ask
from pages._ui.text import label as shown_label

WAY = "way"
_ORDERS = {"ordered": "One after the other", "strict": "Directly after each other", "any": "In any order"}
_LIMITS = ("30 minutes", "1 hour", "1 day", "3 days", "7 days", "14 days", "30 days", "90 days")
_SAMES = {"any": "Anything", "item": "Item", "category": "Category", "visit": "Visit"}
_PERS = {"users": "Users", "visits": "Visits"}
_VALUES = 60
_OF: tuple[Literal["event", "item"], ...] = ("event", "item")
_KINDS = ("text", "boolean", "list", "number")
_IDS = ("order_id", "session", "item_id")
_HELP = (
    "Directly: the very next thing the user does must be the next step. In any order: all the steps so far, whichever "
    "came first. Events at the same moment count in whatever order the steps need."
)


def default_steps(store: Store) -> tuple[str, ...]:
    """Those of view, cart and purchase that the data hold; where they are fewer than two, the usual event twice."""
    present = [kind.event for kind in ask(store, contents)]
    usual = tuple(step for step in STEPS if step in present)
    if len(usual) >= FEWEST:
        return usual
    return (usual[0],) * FEWEST if usual else (present[0],) * FEWEST if present else ()


def question(store: Store) -> FunnelSpec | None:
    """Draw the question; None where there are no events, or what the address says makes no sense (it has said why)."""
    schema = ask(store, read_schema)
    usual = default_steps(store)
    if not usual:
        st.info("There are no events yet. Load a file of events under Data.")
        return None
    steps = _steps(store, schema, usual)
    order, within, same, per = _rest(store)
    if steps is None:
        return None
    category = None
    if same == "category":
        columns = list(ask(store, category_columns))
        if len(columns) > 1:
            category = st.selectbox("Category by", columns, key="way_category", bind="query-params", width=220)
    kept: Same | None = next((each for each in get_args(Same) if each == same), None)
    counted: Per = "visits" if per == "visits" else "users"
    asked: Order = next(each for each in get_args(Order) if each == order)
    span = None if within == "none" else read_span(within)
    return FunnelSpec(steps, asked, span, None if counted == "visits" else kept, category, counted)


def _rest(store: Store) -> tuple[str, str, str, str]:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        order = st.segmented_control(
            "Order", list(_ORDERS), default="ordered", required=True, key="way_order", bind="query-params",
            format_func=_ORDERS.__getitem__, help=_HELP,
        )  # fmt: skip
        within = st.selectbox(
            "Within", ["none", *_LIMITS], key="way_within", bind="query-params", width=150,
            format_func=lambda limit: "No time limit" if limit == "none" else limit,
            help="The longest time from the first step to the last. Exactly that long still counts.",
        )  # fmt: skip
        per = st.segmented_control(
            "Count", list(_PERS), default="users", required=True, key="way_per", bind="query-params",
            format_func=_PERS.__getitem__,
            help="Users: everyone once, by the way that gets furthest. Visits: each visit on its own.",
        )  # fmt: skip
        there = [name for name in _SAMES if name != "category" or ask(store, category_columns)]
        same = st.segmented_control(
            "All steps share", there, default="any", required=True, key="way_same", bind="query-params",
            format_func=_SAMES.__getitem__, disabled=per == "visits",
            help="With “Item”, somebody who views one thing and buys another has not come through. A visit ends with "
            "30 minutes of doing nothing, unless the data name visits of their own.",
        )  # fmt: skip
    return str(order), str(within), str(same), str(per)


def _steps(store: Store, schema: Schema, usual: tuple[str, ...]) -> tuple[EventStep, ...] | None:
    """The rows of the editor, and below them the same as text, which is what the address holds."""
    held = st.session_state[WAY] if WAY in st.session_state else st.query_params.get(WAY)
    text = str(held or ",".join(usual))
    try:
        steps = read_steps(text, schema)
    except Refusal as refusal:
        steps = ()
        st.warning(f"{refusal.message} {refusal.hint}")
    with st.container(gap="xsmall"):
        for place in range(len(steps)):
            _row(store, schema, steps, place, text)
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            more = [*steps, EventStep(steps[-1].event if steps else usual[0])]
            st.button(
                "Add a step", icon=":material/add:", key="way_add", disabled=len(steps) >= MOST,
                on_click=_put, args=(tuple(more),),
            )  # fmt: skip
            st.button("Start again", key="way_reset", on_click=_put_text, args=("",), type="tertiary",
                      disabled=text == ",".join(usual))  # fmt: skip
            with st.popover("As text", type="tertiary"):
                st.text_input(
                    "Steps as text", key=WAY, bind="query-params", placeholder=",".join(usual),
                    help="As in the address and on the command line: view,cart\\[channel=email],purchase",
                )  # fmt: skip
    if len(steps) < FEWEST:
        if steps:
            st.info("A funnel needs two steps at least: add one.")
        return None
    return steps


def _row(store: Store, schema: Schema, steps: tuple[EventStep, ...], place: int, text: str) -> None:
    """One step: event, filters, and its place among the others. Keys carry the text, so that a change shows anew."""
    step, key = steps[place], f"{place}_{text}"
    words = list(dict.fromkeys([*schema.words, ANY_EVENT, step.event]))
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.selectbox(
            f"Step {place + 1}", words, index=words.index(step.event), key=f"way_event_{key}", width=230,
            format_func=lambda word: f"{place + 1}. {'Any event' if word == ANY_EVENT else event_name(word)}",
            label_visibility="collapsed", on_change=_event, args=(steps, place, f"way_event_{key}"),
        )  # fmt: skip
        many = len(step.where)
        name = f"Only some ({many} filter{'s' if many > 1 else ''})" if many else "All of them"
        with st.popover(name, icon=":material/filter_alt:", key=f"way_filters_{key}"):
            _filters(store, schema, steps, place, key)
        _mover(
            ":material/arrow_upward:",
            f"Step {place + 1} earlier",
            f"way_up_{key}",
            place == 0,
            _swapped(steps, place - 1),
        )
        _mover(
            ":material/arrow_downward:", f"Step {place + 1} later", f"way_down_{key}", place == len(steps) - 1,
            _swapped(steps, place),
        )  # fmt: skip
        rest = (*steps[:place], *steps[place + 1 :])
        _mover(":material/close:", f"Remove step {place + 1}", f"way_away_{key}", len(steps) <= FEWEST, rest)


def _mover(icon: str, help: str, key: str, disabled: bool, steps: tuple[EventStep, ...]) -> None:
    st.button("", icon=icon, help=help, key=key, disabled=disabled, on_click=_put, args=(steps,), type="tertiary")


def _swapped(steps: tuple[EventStep, ...], place: int) -> tuple[EventStep, ...]:
    if not 0 <= place < len(steps) - 1:
        return steps
    return (*steps[:place], steps[place + 1], steps[place], *steps[place + 2 :])


def _filters(store: Store, schema: Schema, steps: tuple[EventStep, ...], place: int, key: str) -> None:
    """Which columns, and of each which values."""
    columns: dict[str, tuple[Literal["event", "item"], str, str]] = {
        f"{of}.{name}": (of, name, kind)
        for of in _OF
        for name, kind in schema.columns(of).items()
        if kind in _KINDS and name not in _IDS
    }
    held = {f"{part.of}.{part.column}": part for part in steps[place].where}
    st.caption("Only events with one of these values count for this step; all columns must fit.")
    chosen = st.multiselect(
        "Columns", list(columns), default=[name for name in held if name in columns], key=f"way_columns_{key}",
        format_func=lambda name: shown_label(_column_words(*columns[name][:2])),
    )  # fmt: skip
    parts: list[Filter] = []
    for name in chosen:
        of, column, kind = columns[name]
        before: list[Any] = list(held[name].test.values) if name in held else []
        values = list(
            dict.fromkeys([*(value.value for value in ask(store, common_values, of, column, _VALUES)), *before])
        )
        picked = st.multiselect(shown_label(column), values, default=before, key=f"way_values_{name}_{key}")
        if picked:
            parts.append(Filter(of, column, Test("any_of" if kind == "list" else "is", tuple(picked))))
    new = (*steps[:place], EventStep(steps[place].event, tuple(parts)), *steps[place + 1 :])
    st.button("Use these", key=f"way_use_{key}", on_click=_put, args=(new,), disabled=new == steps, type="primary")


def _column_words(of: str, name: str) -> str:
    return f"{name} (of the item)" if of == "item" else name


def _event(steps: tuple[EventStep, ...], place: int, key: str) -> None:
    _put((*steps[:place], EventStep(st.session_state[key], steps[place].where), *steps[place + 1 :]))


def _put(steps: tuple[EventStep, ...]) -> None:
    _put_text(steps_text(steps) or "")


def _put_text(text: str) -> None:
    st.session_state[WAY] = text
