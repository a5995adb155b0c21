"""Features, the row of choices: which table, of which moment, with which columns; all of it in the address."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Literal

import streamlit as st

from core.errors import Refusal
from core.features import FAMILIES, FeatureSpec
from core.store import Store
from pages._ui import format as fmt

_TABLES: dict[str, Literal["users", "items"]] = {"Users": "users", "Items": "items"}
_MISSING: dict[str, Literal["leave", "median", "neighbours"]] = {
    "Leave them empty": "leave",
    "Middle value, marked": "median",
    "Most alike, marked": "neighbours",
}
_WINDOWS = "7, 30, 90, 365"


@dataclass(frozen=True)
class Asked:
    """The choices: the spec, and the last day that it sees, and that of the data (None without times)."""

    spec: FeatureSpec
    last: date | None
    end: date | None

    @property
    def one(self) -> str:
        """What a row is: "user" or "item"."""
        return self.spec.table[:-1]


def choose(store: Store) -> Asked:
    """Draw the choices. Raises Refusal `bad_spec` where the days of the windows are no such."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        table = _TABLES[
            st.segmented_control(
                "Know more of", list(_TABLES), default="Users", required=True, key="of", bind="query-params"
            )
        ]
        as_of, last, end = _as_of(store)
        families = st.multiselect(
            "Families",
            list(FAMILIES[table]),
            key=f"families_{table}",
            bind="query-params",
            placeholder="All of them",
            width=172,
            help="\n".join(f"- **{name}**: {about}" for name, about in FAMILIES[table].items()),
        )
        windows = st.text_input(
            "Windows in days",
            _WINDOWS,
            key="windows",
            bind="query-params",
            width=136,
            max_chars=80,
            help="What is counted in a period is counted once for each of these: the last 7 days, the last 30 … They "
            "end with the last day chosen on the left. Up to 12 numbers, parted by commas.",
        )
        missing = st.selectbox(
            "Missing values",
            list(_MISSING),
            key="missing",
            bind="query-params",
            width=208,
            help="Some have no value: who never bought has no last order. Leave them empty; or put in the middle value "
            "of all others; or the mean of the five rows most alike. What was put in is marked by a column of its own, "
            "NAME_missing.",
        )
        more = _more(table)
    return Asked(
        FeatureSpec(
            table=table,
            as_of=as_of,
            windows=_days(windows),
            families=tuple(families),
            missing=_MISSING[missing],
            **more,
        ),
        last,
        end,
    )


def _as_of(store: Store) -> tuple[datetime | None, date | None, date | None]:
    """The moment, None for the end of the data; the last day before it; the last day of the data."""
    end = store.as_of()
    if end is None:
        return None, None, None
    last = (end - timedelta(microseconds=1)).date()
    picked = st.date_input(
        "Data up to the end of",
        last,
        min_value=date(1900, 1, 1),
        max_value=last,
        key="up_to",
        bind="query-params",
        format="YYYY-MM-DD",
        width=158,
        help="Nothing after this day (UTC) is seen: as if it were the evening of that day.",
    )
    if picked == last:
        return None, last, last
    return datetime.combine(picked, time()) + timedelta(days=1), picked, last


def _more(table: str) -> dict[str, Any]:
    with st.popover("More"):
        least = st.number_input(
            f"Leave out {table} with fewer events than",
            0,
            1_000_000,
            1,
            key="fewest",
            bind="query-params",
            help="0 keeps those that only a file names, without any event.",
        )
        top = st.number_input(
            "Categories, channels and devices with a column of their own",
            0,
            50,
            8,
            key="most_values",
            bind="query-params",
            help="The most frequent ones; all others share one column.",
        )
    return {"min_events": int(least), "top": int(top)}


def _days(said: str) -> tuple[int, ...]:
    parts = said.replace(";", ",").replace(",", " ").split()
    try:
        days = sorted({int(part) for part in parts})
    except ValueError:
        raise Refusal("bad_spec", f"“{said}” is not a list of days.", f"Write whole numbers: {_WINDOWS}.") from None
    return tuple(days)


def said(text: str, as_of: datetime | None) -> str:
    """A definition (or note) as the page says it: `as_of` by its day.

    >>> said("Days from their last view to as_of.", datetime(2026, 10, 1))
    'Days from their last view to the end of 30 Sep 2026.'
    """
    day = "the data" if as_of is None else fmt.day(as_of - timedelta(microseconds=1))
    return text.replace("as_of", f"the end of {day}")
