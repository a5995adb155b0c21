"""What is to be foretold: who buys in the days after a moment. Labels from after it, features from before it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pyarrow as pa

from core.errors import Refusal
from core.features.types import KEY, FeatureSpec, Target
from core.progress import Step, no_step
from core.store import Query, Store


def target(
    store: Store, spec: FeatureSpec, days: int, event: str = "purchase", *, step: Step = no_step
) -> tuple[FeatureSpec, Target]:
    """Whether each user (item) has such an event in the `days` days from as_of on; and the spec to make features of.

    Where `spec` names no moment, it is the latest that leaves enough days: the label must lie after the features. The
    last day of the data counts as whole. Raises Refusal `bad_target`, `no_times`, `too_little_after`.
    """
    if not 1 <= days <= 3_650:
        raise Refusal("bad_target", f"A target of {days:,} days cannot be foretold.", "Ask for 1 to 3,650 days.")
    end = store.as_of()
    if end is None:
        raise Refusal("no_times", "No event has a time, so nothing tells what came later.", "Load files with times.")
    whole = datetime(end.year, end.month, end.day) + timedelta(days=1)
    if end == datetime(end.year, end.month, end.day):
        whole = end
    as_of = spec.as_of or whole - timedelta(days=days)
    after = (whole - as_of) / timedelta(days=1)
    if after < days:
        raise Refusal(
            "too_little_after",
            f"There are {max(after, 0):,.1f} days of data after {as_of:%Y-%m-%d %H:%M} (UTC); {days:,} are needed.",
            f"Choose as_of {whole - timedelta(days=days):%Y-%m-%d} or earlier, or fewer days.",
        )
    key, name = KEY[spec.table]
    until = as_of + timedelta(days=days)
    seen = store.rows(Query("SELECT count(*) AS n, min(at_utc) AS first FROM events WHERE event = ?", (event,)))[0]
    if not seen["n"]:
        raise Refusal("bad_target", f"The data have no event {event!r}.", "Name one that they have, such as purchase.")
    first = store.rows(Query("SELECT min(at_utc) AS first FROM events"))[0]["first"]
    if first is None or first >= as_of:
        raise Refusal("too_little_before", f"No event lies before {as_of:%Y-%m-%d %H:%M} (UTC).", "Choose fewer days.")
    found = store.read(
        Query(
            f"SELECT {name}, {key} IN (SELECT {key} FROM events WHERE {key} IS NOT NULL AND event = ? AND at_utc >= ? "
            f"AND at_utc < ?) AS label FROM {spec.table} ORDER BY {name}",
            (event, as_of, until),
        ),
        step=step,
    )
    one = "user" if spec.table == "users" else "item"
    made = Target(
        f"{event}_in_{days}d",
        f"Whether the {one} has an event {event!r} in the {days:,} days from {as_of:%Y-%m-%d %H:%M} (UTC) on.",
        found.column(0).combine_chunks(),
        found.column(1).combine_chunks().cast(pa.bool_()),
    )
    return replace(spec, as_of=as_of), made
