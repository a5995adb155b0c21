"""Future value, the row of choices: learned from when, how far ahead, and what is left of the money."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import streamlit as st

from core.behaviour import UNITS, Unit
from core.predict import LONGEST, ValueSpec
from core.store import Store

_DEFAULT: dict[Unit, int] = {"day": 90, "week": 13, "month": 3}
_NAMES: dict[str, str] = {"day": "Days", "week": "Weeks", "month": "Months"}


@dataclass(frozen=True)
class Asked:
    """The choices: the question, and the end of what it learns from (None = all the data)."""

    spec: ValueSpec
    as_of: datetime | None


def choose(store: Store) -> Asked | None:
    """Draw the choices; None for data without times."""
    end = store.as_of()
    if end is None:
        return None
    last = (end - timedelta(microseconds=1)).date()
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        picked = st.date_input(
            "Learn from orders up to",
            last,
            min_value=date(1900, 1, 1),
            max_value=last,
            key="value_up_to",
            bind="query-params",
            format="YYYY-MM-DD",
            width=170,
            help="Every order up to the end of this day (UTC) counts, however long ago: the period chosen above does "
            "not matter here. An earlier day lets you see whether what is foretold has come.",
        )
        chosen = st.segmented_control(
            "Look ahead in",
            list(UNITS),
            default="week",
            required=True,
            key="value_unit",
            bind="query-params",
            format_func=_NAMES.__getitem__,
            help="A month is 30.4375 days, a twelfth of a year.",
        )
        unit = next(u for u in UNITS if u == chosen)
        horizon = st.number_input(
            "How many",
            1,
            LONGEST[unit],
            _DEFAULT[unit],
            key=f"value_{unit}s",
            bind="query-params",
            width=120,
            help="How far ahead: what is expected in so many days, weeks or months after that day.",
        )
        margin = st.number_input(
            "Margin (%)",
            1.0,
            100.0,
            100.0,
            5.0,
            key="value_margin",
            bind="query-params",
            format="%g",
            width=120,
            help="What remains of revenue. At 100 % value is revenue.",
        )
        discount = st.number_input(
            "Discount (% a year)",
            0.0,
            100.0,
            0.0,
            1.0,
            key="value_discount",
            bind="query-params",
            format="%g",
            width=150,
            help="By how much money a year from now is worth less than money now. 0 = not at all.",
        )
    as_of = None if picked == last else datetime.combine(picked, time()) + timedelta(days=1)
    return Asked(ValueSpec(unit, int(horizon), margin / 100, discount / 100), as_of)
