"""Home: what the workspace holds, in one look."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from functools import partial

import streamlit as st

from core.behaviour import DEFINITIONS, Metric, Overview, Part, Trend, overview, overview_users, trend
from core.errors import Refusal
from core.segments import Did, Last
from core.store import Store
from pages._ui import format as fmt
from pages._ui import home_figures, home_leaders, home_period, state
from pages._ui.cache import ask
from pages._ui.home_period import Shown
from pages._ui.people import Behind, see_users
from pages._ui.shell import refuse, start
from pages._ui.text import plain

_FIGURES: tuple[tuple[str, Part], ...] = (
    ("Users", "users"),
    ("Items", "items"),
    ("Events", "events"),
    ("Orders", "orders"),
    ("Net revenue", "revenue"),
)


def main() -> None:
    """Draw the page."""
    store = start("Home", "What do our data hold?")
    if store is None:
        return
    try:
        shown = home_period.choose(store)
        if shown is not None:
            _draw(store, shown)
    except Refusal as refusal:
        refuse(refusal)


def _draw(store: Store, shown: Shown) -> None:
    found = ask(store, overview, shown.window)
    lines = ask(store, trend, shown.window, shown.unit)
    _key_figures(store, shown, found, lines)
    _period(found, shown)
    home_figures.events(store, shown)
    tabs = st.tabs(list(_TABS), key="look", bind="query-params")
    for tab, draw in zip(tabs, _TABS.values(), strict=True):
        if tab.open:
            with tab:
                draw(store, shown)
    _next_steps()


_TABS = {
    "Active users": home_figures.activity,
    "Top items": home_leaders.items,
    "Top categories": home_leaders.categories,
    "Funnel": home_figures.way,
}


def _key_figures(store: Store, shown: Shown, found: Overview, lines: Trend) -> None:
    metrics: dict[Part, Metric] = {
        "users": found.users,
        "items": found.items,
        "events": found.events,
        "orders": found.orders,
        "revenue": found.revenue,
    }
    there = [(name, part) for name, part in _FIGURES if metrics[part].problem is None]
    with st.container(horizontal=True, gap="small"):
        for name, part in there:
            with st.container(border=True, gap="xxsmall", width=168, height="stretch"):
                _key_figure(store, shown, name, part, metrics[part], lines)
    missing = {metrics[part].problem or "": name.lower() for name, part in _FIGURES if metrics[part].problem}
    for problem in missing:
        names = [name.lower() for name, part in _FIGURES if metrics[part].problem == problem]
        st.caption(plain(f"No {' and no '.join(names)}: {problem[:1].lower()}{problem[1:]}"))


def _key_figure(store: Store, shown: Shown, name: str, part: Part, metric: Metric, lines: Trend) -> None:
    whole = [] if lines.problem else lines.table.loc[lines.table["complete"], part].tolist()
    now, then = (None if v is None else float(v) for v in (metric.value, metric.before))
    change = fmt.delta(now, then)
    st.metric(
        name,
        _short(metric.value, part),
        change,
        delta_description="vs before" if change else None,
        help=plain(DEFINITIONS[part]),
        chart_data=whole if len(whole) > 2 else None,
        chart_type="line",
    )
    see_users(store, f"all_{part}", partial(_behind, store, shown, part), label="See users")


def _short(value: int | Decimal | None, part: Part) -> str:
    """The number as it fits a card: millions from a hundred millions upwards."""
    if value is not None and abs(float(value)) >= 100_000_000:
        return f"{fmt.number(value / 1_000_000, 1)} M"
    return fmt.money(value) if part == "revenue" else fmt.number(value)


_BEHIND = {
    "users": "with at least one event",
    "items": "with an event that names an item",
    "events": "with at least one event",
    "orders": "with at least one order",
    "revenue": "who bought or returned something",
}


def _behind(store: Store, shown: Shown, part: Part) -> Behind:
    event = {"users": "*", "events": "*", "orders": "purchase"}.get(part)
    rule = Did(event, window=shown.rule_window) if event else None
    return Behind(f"{_BEHIND[part]}, {shown.words}", overview_users(store, shown.window, part), rule)


def _period(found: Overview, shown: Shown) -> None:
    """What the figures above cover, and what else to know about them."""
    said = []
    if found.first is not None and found.last is not None:
        days = (found.last.date() - found.first.date()).days + 1
        long = f"{shown.rule_window.n} × 24 hours" if isinstance(shown.rule_window, Last) else fmt.count(days, "day")
        said.append(f"**{fmt.period(found.first.date(), found.last.date())}** ({long}).")
    said.append(f"{fmt.count(found.known_users, 'known user')}, with or without events.")
    if found.compared is not None and found.compared.start is not None and found.compared.end is not None:
        last = (found.compared.end - timedelta(microseconds=1)).date()
        said.append(f"Changes are against {fmt.period(found.compared.start.date(), last)}.")
    elif found.not_compared and shown.before:
        said.append(f"No change is shown. {found.not_compared}")
    if found.revenue.value is not None:
        said.append("Money is in the currency of the file, which it does not name.")
    lines = [" ".join(part if part.startswith("**") else plain(part) for part in said), *map(plain, found.notes)]
    st.caption("  \n".join(lines))


def _next_steps() -> None:
    st.divider()
    st.markdown("**What next?** Choose whom to look at more closely, or add what is missing.")
    with st.container(horizontal=True):
        if st.button("Build a segment", type="primary", key="next_segment"):
            state.go("segments")
        if st.button("Load more data", key="next_load"):
            state.go("data")


main()
