"""How long users pause between two days of activity: from when on silence means that somebody has gone."""

from __future__ import annotations

from core.behaviour import Window
from core.retention.starts import did
from core.segments import ANY_EVENT
from core.store import Query, Store

QUANTILE = 0.95


def usual_silence(store: Store, window: Window, event: str = ANY_EVENT) -> int | None:
    """Days of silence that only 5 % of the pauses which ended were longer than; None where nobody came on two days.

    A pause is the time between two days of activity of a user, one after the other, before the window's end. Pauses
    that had not ended by then are not among them, so the true figure is rather longer.
    """
    days = (
        Query("SELECT DISTINCT (CAST(e.user_no AS BIGINT) << 24) + (CAST(e.at_utc AS DATE) - DATE '0001-01-01') AS key")
        + " FROM events e WHERE "
        + did(store, event, window.end)
    )
    # a user's keys are neighbours in one order for all users, and two users' keys lie far apart
    pauses = Query("SELECT key - lag(key) OVER (ORDER BY key) AS pause, key >> 24 AS who,") + (
        " lag(key >> 24) OVER (ORDER BY key) AS before FROM ("
    )
    query = Query(f"SELECT quantile_disc(pause, {QUANTILE}) AS days FROM (") + pauses + days + ")) WHERE who = before"
    found = store.rows(query)[0]["days"]
    return None if found is None else int(found)
