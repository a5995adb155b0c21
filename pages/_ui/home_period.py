"""Home's row of filters: which period, and how it is divided."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import streamlit as st

from core.behaviour import EVERYTHING, UNITS, Unit, Window, between, data_span, last_days
from core.segments import Between, Ever, Last
from core.store import Store
from pages._ui import format as fmt
from pages._ui.cache import ask

PRESETS = {"all": None, "365": 365, "90": 90, "30": 30, "7": 7}
_UNITS: dict[str, str] = {"auto": "Auto", "day": "Days", "week": "Weeks", "month": "Months"}


@dataclass(frozen=True)
class Shown:
    """What the page looks at.

    Attributes:
        window: the period. words: the period, as the end of a sentence ("in the last 30 days").
        before: what its change is against ("the 30 days before"); "" where there is nothing before.
        rule_window: the same period as segments say it.
        unit: how it is divided; None = as suits its length.
    """

    window: Window
    words: str
    before: str
    rule_window: Ever | Last | Between
    unit: Unit | None


def everything() -> Shown:
    """All the data, where nothing is to be chosen."""
    return Shown(EVERYTHING, "in all the data", "", Ever(), None)


def choose(store: Store, *, divided: bool = True) -> Shown | None:
    """Draw the row; None while the choice makes no sense (the page has then said why).

    Without `divided` it leaves out how the period is divided, where no figure is drawn over time.
    """
    span = ask(store, data_span)
    if span is None:
        return everything()
    first, last = span
    days = (last - first).days + 1
    presets = [name for name, n in PRESETS.items() if n is None or n < days]
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        period = st.segmented_control(
            "Period",
            [*presets, "custom"],
            default="all",
            required=True,
            key="period",
            bind="query-params",
            format_func=_period_name,
            wrap=True,
            help="Periods end with the data, not today. “Last 30 days” are 30 × 24 hours.",
        )
        start, end = _custom(first, last) if period == "custom" else (first, last)
        unit = _unit() if divided else "auto"
    per: Unit | None = next((u for u in UNITS if u == unit), None)
    if period == "custom":
        if start > end:
            st.warning(
                f"The period begins on {fmt.day(start)}, after it ends on {fmt.day(end)}. Choose an earlier start."
            )
            return None
        words = f"from {fmt.day(start)} to {fmt.day(end)}"
        return Shown(between(start, end), words, "the same length before", Between(start, end + timedelta(days=1)), per)
    n = PRESETS[str(period)]
    if n is None:
        return Shown(EVERYTHING, "in all the data", "", Ever(), per)
    return Shown(last_days(store, n), f"in the last {n} days", f"the {n} days before", Last(n, "days"), per)


def _unit() -> str:
    return st.segmented_control(
        "Shown by",
        list(_UNITS),
        default="auto",
        required=True,
        key="per",
        bind="query-params",
        format_func=_UNITS.__getitem__,
        help="How figures over time are divided. Days begin at midnight UTC, weeks on Monday.",
    )


def _period_name(name: str) -> str:
    return {"all": "All data", "custom": "From – to"}.get(name) or f"Last {name} days"


def _custom(first: date, last: date) -> tuple[date, date]:
    start = _date("From", "from", first, first, last)
    return start, _date("To (included)", "to", last, first, last)


def _date(label: str, key: str, value: date, first: date, last: date) -> date:
    return st.date_input(
        label, value, min_value=first, max_value=last, key=key, bind="query-params", format="YYYY-MM-DD", width=150
    )
