"""Quality, events by day: the daily series with the limits that a usual day keeps to."""

from __future__ import annotations

import streamlit as st

from core.figures import daily_figure, event_name
from core.quality import daily_of, daily_words
from core.store import Store
from pages._ui import format as fmt
from pages._ui.cache import ask

_ALL, _MONEY = "all events", "revenue from purchases"
_FLAGS = {"spike": "Far more than usual", "drop": "Far fewer than usual", "gap": "Without events"}


def draw(store: Store) -> None:
    """The whole tab. Raises Refusal where no event has a time."""
    if store.as_of() is None:
        st.info("These data have no times, so there are no days to look at. Load events with a time column.")
        return
    kinds = ask(store, daily_words)
    options = [_ALL, _MONEY, *kinds] if "purchase" in kinds else [_ALL, *kinds]
    which = st.selectbox(
        "Show", options, format_func=lambda word: word if word in (_ALL, _MONEY) else event_name(word).lower(),
        key="by_day", bind="query-params", width=260,
    )  # fmt: skip
    money = which == _MONEY
    found = ask(store, daily_of, None if which in (_ALL, _MONEY) else which, "revenue" if money else "events")
    st.plotly_chart(
        daily_figure(found), theme="streamlit", config={"displayModeBar": False}, key=f"daily_{which}",
        alt="Line: events of each day, over a band of what is usual; marks on the days outside it",
    )  # fmt: skip
    said = []
    for flag, text in _FLAGS.items():
        days = found.dates(found.on(flag))
        if days and not found.bursts:
            more = f" and {len(days) - 8:,} more" if len(days) > 8 else ""
            said.append(f"**{text}:** {', '.join(fmt.day(day) for day in days[:8])}{more}.")
    if found.bursts:
        st.markdown("This kind comes in bursts, on few days only, so that no day is called unusual.")
    elif said:
        st.markdown("  \n".join(said))
    else:
        st.markdown("No day lies outside its limits.")
    st.caption(
        "Days in UTC. Expected: the level of the weeks around times what the weekday usually has. About 1 clean day in "
        "1,000 lies outside the limits; a series of less than 28 days has none."
    )
