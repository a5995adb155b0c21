"""Home's leaders: the items and categories that get the most."""

from __future__ import annotations

from functools import partial
from typing import Literal

import streamlit as st

from core.behaviour import MEASURES, Measure, Top, category_columns, contents, top_categories, top_items, top_users
from core.figures import MEASURE_NAMES, event_name, top_figure
from core.segments import Did, Filter, Rule, Test
from core.store import Store
from pages._ui.cache import ask
from pages._ui.home_figures import below, chart
from pages._ui.home_period import Shown
from pages._ui.people import Behind, Choice, see_users

_TRADE: tuple[Measure, ...] = ("orders", "buyers", "units", "revenue")


def items(store: Store, shown: Shown) -> None:
    """The leading items."""
    measure, event = _measure(store, "items")
    found = ask(store, top_items, measure, 10, shown.window, event)
    _draw(store, shown, found, None)


def categories(store: Store, shown: Shown) -> None:
    """The leading categories."""
    columns = list(ask(store, category_columns))
    if not columns:
        st.info(ask(store, top_categories).problem or "")
        return
    measure, event = _measure(store, "categories")
    column = columns[0]
    if len(columns) > 1:
        column = st.segmented_control(
            "Category by", columns, default=columns[0], required=True, key="category_by", bind="query-params"
        )
    found = ask(store, top_categories, measure, 10, shown.window, event, column)
    _draw(store, shown, found, column)


def _measure(store: Store, what: Literal["items", "categories"]) -> tuple[Measure, str | None]:
    """What to rank by, and for events and users of which type."""
    kinds = ask(store, contents)
    present = [kind.event for kind in kinds]
    bought = "purchase" in present
    priced = any(kind.valued for kind in kinds if kind.event in ("purchase", "return"))
    measures: list[Measure] = [m for m in MEASURES if m not in _TRADE or (bought and (priced or m != "revenue"))]
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        measure = st.segmented_control(
            "By",
            measures,
            default=measures[-1] if bought else "users",
            required=True,
            key=f"{what}_by",
            bind="query-params",
            format_func=lambda m: MEASURE_NAMES[m].capitalize(),
        )
        event = None
        if measure in ("events", "users") and len(present) > 1:
            event = st.selectbox(
                "Of type",
                ["any", *present],
                key=f"{what}_of",
                bind="query-params",
                format_func=lambda e: "Any type" if e == "any" else event_name(e),
                width=180,
            )
    return measure, None if event in (None, "any") else event


def _draw(store: Store, shown: Shown, found: Top, column: str | None) -> None:
    if found.problem:
        st.info(found.problem)
        return
    key = f"fig_{found.by}"
    picked = chart(
        top_figure(found),
        key,
        f"Bars: {len(found.table)} rows, the top by {MEASURE_NAMES[found.measure]}, {shown.words}",
    )
    rows = found.table[["label", "key"]].to_dict("records")
    labels = {f"{n}. {row['label']}": row["key"] for n, row in enumerate(rows, start=1)}
    with below(f"top_{found.measure}"):
        see_users(
            store,
            found.by,
            partial(behind, store, shown, found, column),
            [Choice("Item" if column is None else "Category", labels)],
            picked=picked and [picked[0]],
        )


_DID = {
    "events": "with events of",
    "users": "with events of",
    "orders": "who ordered",
    "buyers": "who bought and kept",
    "units": "who bought or returned",
    "revenue": "who bought or returned",
}


def behind(store: Store, shown: Shown, found: Top, column: str | None, key: int | str | None) -> Behind:
    """Who stands behind the row `key` of a Top."""
    row = next(r for r in found.table.to_dict("records") if r["key"] == key or (key is None and r["id"] is None))
    did = f"with {event_name(found.event).lower()} of" if found.event else _DID[found.measure]
    users = top_users(store, found.measure, found.window, key, found.event, column)
    return Behind(f"{did} “{row['label']}”, {shown.words}", users, _rule(shown, found, column, row["id"]))


def _rule(shown: Shown, found: Top, column: str | None, own: str | None) -> Rule | None:
    """The same users as a rule of segments, where one says exactly that."""
    if own is None or found.measure not in ("events", "users", "buyers"):
        return None
    if column is not None:
        return None
    event = "purchase" if found.measure == "buyers" else found.event or "*"
    return Did(event, window=shown.rule_window, where=(Filter("item", "item_id", Test("is", (own,))),))
