"""Figures as reasons say them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from core.segments.words import _noun

_UNITS = {
    "quantity": "units", "value": "net value", "mean_quantity": "units per purchase", "order_value": "per order",
    "mean_value": "per purchase line", "dwell": "seconds of dwell", "mean_dwell": "seconds of dwell on average",
    "rating": "sum of ratings", "mean_rating": "average rating",
}  # fmt: skip


def amount_words(amount: Any, measure: str, event: str) -> str:
    """A measure with its unit: "4 orders", "1,234.50 net value"."""
    number = say_number(amount)
    if measure == "orders":
        return f"{number} {'order' if amount == 1 else 'orders'}"
    if measure == "events":
        return f"{number} {_noun(event, float(amount))}"
    if measure == "items":
        return f"{number} distinct {'item' if amount == 1 else 'items'}"
    if measure == "days":
        return f"{number} {'day' if amount == 1 else 'days'} with {_noun(event, 2)}"
    return f"{number} {_UNITS.get(measure, measure)}"


def say_number(value: Any) -> str:
    """A number with thousands separators and at most two decimals; more where it would be 0 without."""
    if isinstance(value, int):
        return f"{value:,}"
    number = float(value)
    if number == int(number) and abs(number) < 1e15:
        return f"{int(number):,}"
    return f"{number:,.2f}" if abs(number) >= 0.01 else f"{number:.3g}"


def say_moment(value: datetime) -> str:
    """A day, with the time of day where there is one."""
    day = say_day(value)
    return day if value == value.replace(hour=0, minute=0, second=0, microsecond=0) else f"{day}, {value:%H:%M}"


def say_day(value: date) -> str:
    """A day: "3 Dec 2011"."""
    return f"{value.day} {value:%b %Y}"


def say_end(value: datetime) -> str:
    """The end of the data as the last day that it has."""
    return say_day(value - timedelta(microseconds=1)) if value > datetime.min else say_day(value)


def say_value(value: Any) -> str:
    """A user's attribute; "not known" where it is missing."""
    if value is None:
        return "not known"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return say_moment(value)
    if isinstance(value, date):
        return say_day(value)
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "an empty list"
    if isinstance(value, int | float):  # a year is no amount: thousands are parted from 10,000 on
        return f"{value:.15g}" if abs(value) < 10_000 else f"{value:,.15g}"
    return str(value)
