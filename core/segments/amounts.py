"""What can be measured of a user's events."""

from __future__ import annotations

from typing import Literal, get_args

from core.segments.parts import BadRule

Measure = Literal[
    "orders", "events", "items", "days",
    "quantity", "value", "dwell", "rating",
    "mean_quantity", "mean_value", "order_value", "mean_dwell", "mean_rating",
]  # fmt: skip
"""What can be measured of a user's events.

Counts: `orders` (order ids, else user and UTC day; purchases only), `events` (rows), `items` (distinct items), `days`
(distinct UTC days). Totals: `quantity` and `value` (of purchases: net of returns), `dwell` (seconds),
`rating` (sum). Means: `mean_quantity`, `mean_value` (units, money per line of a purchase, returns apart),
`order_value` (net value per order), `mean_dwell` (seconds), `mean_rating`. Counts and totals of no events are 0;
means of nothing, and totals of events none of which has the value, are missing.
"""

COUNTS = ("orders", "events", "items", "days")
TOTALS = ("quantity", "value", "dwell", "rating")
PURCHASES_ONLY = ("orders", "order_value")


def default_measure(event: str) -> Measure:
    """What is counted when nobody says: orders of purchases, events of everything else."""
    return "orders" if event == "purchase" else "events"


def checked_measure(measure: str | None, event: str) -> Measure:
    """The measure, or the default for the event. Raises BadRule."""
    chosen = default_measure(event) if measure is None else measure
    if chosen not in get_args(Measure):
        raise BadRule(f"unknown measure {chosen!r}", "measure", f"Known: {', '.join(get_args(Measure))}.")
    if chosen in PURCHASES_ONLY and event != "purchase":
        raise BadRule(
            f"{chosen!r} is measured of purchases only, not of {event!r}", "measure", "Count 'events' instead."
        )
    return chosen  # type: ignore[return-value]  # it is one of them, as the line above has made sure
