"""What kinds of events a workspace holds, and what they carry: which figures can be shown at all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from core.behaviour.summary import Count, Counts, summary
from core.behaviour.window import Window, resolve
from core.store import NAMES, Query, Store


@dataclass(frozen=True)
class EventKind:
    """One event type of the workspace and how many of its events there are.

    Attributes:
        event: as stored.
        events: all events of this type, whenever they happened.
        timed, known, valued, ordered: those with a time, a user, a value, an order number.
        first, last: moments (UTC) of the first and last timed one; None where none is timed.
    """

    event: str
    events: int
    timed: int
    known: int
    valued: int
    ordered: int
    first: datetime | None
    last: datetime | None


def contents(store: Store) -> tuple[EventKind, ...]:
    """The event types of the workspace: those of the vocabulary in its order, then the others, most frequent first."""
    counts = summary(store).counts(store)
    kinds = _asked(store) if counts is None else _added(counts)
    rank = {name: i for i, name in enumerate(NAMES)}
    return tuple(sorted(kinds, key=lambda k: (rank.get(k.event, len(rank)), -k.events, k.event)))


def _asked(store: Store) -> list[EventKind]:
    rows = store.rows(
        Query(
            "SELECT event, count(*) AS events, count(at_utc) AS timed, count(user_no) AS known, count(value) AS valued,"
            " count(order_id) AS ordered, min(at_utc) AS first, max(at_utc) AS last FROM events GROUP BY event"
        )
    )
    return [EventKind(**row) for row in rows]


def _added(counts: Counts) -> list[EventKind]:
    kinds: dict[str, list[Count]] = {}
    for count in counts:
        kinds.setdefault(count.event, []).append(count)
    return [
        EventKind(
            event,
            events=sum(c.events for c in of),
            timed=sum(c.events for c in of if c.day is not None),
            known=sum(c.known for c in of),
            valued=sum(c.valued for c in of),
            ordered=sum(c.ordered for c in of),
            first=min((c.first for c in of if c.first is not None), default=None),
            last=max((c.last for c in of if c.last is not None), default=None),
        )
        for event, of in kinds.items()
    ]


def data_span(store: Store) -> tuple[date, date] | None:
    """The days (UTC) of the first and the last event that count; None for data without times."""
    end = store.as_of()
    if end is None:
        return None
    row = store.rows(Query("SELECT min(at_utc) AS first, max(at_utc) AS last FROM events WHERE at_utc < ?", (end,)))[0]
    first, last = row["first"], row["last"]
    assert isinstance(first, datetime)
    assert isinstance(last, datetime)
    return first.date(), last.date()


def events_after_end(store: Store) -> int:
    """Events dated after the end of the data (Store.as_of): loaded, but in no window; most likely mistyped years."""
    end = store.as_of()
    if end is None:
        return 0
    row = store.rows(Query("SELECT count(*) AS events FROM events WHERE at_utc >= ?", (end,)))[0]
    return int(row["events"])


def users_who(store: Store, window: Window, event: str | None = None) -> Query:
    """The users (`user_no`) with at least one event in the window, of type `event` or of any."""
    query = (
        Query("SELECT DISTINCT user_no FROM events WHERE user_no IS NOT NULL AND ") + resolve(store, window).condition()
    )
    return query if event is None else query + Query(" AND event = ?", (event,))
