"""Windows before or after a user's own first or last event of a kind: one aggregation for those events, and a join.

Only events before as_of that have a time can be looked from. Users without one have no window.
"""

from __future__ import annotations

from core.segments.conditions import Setting, seconds, step_condition
from core.segments.parts import Beside, joined_path
from core.store import Query


def beside_join(window: Beside, setting: Setting, path: str) -> Query:
    """` JOIN` to events `e`: `anchor` has a row (user_no, at_utc), the moment looked from, for each who has one.

    Raises BadRule where no event has a time, or the data have no such event or column.
    """
    pick = "min" if window.which == "first" else "max"
    return (
        Query(f" JOIN (SELECT e.user_no, {pick}(e.at_utc) AS at_utc ")
        + _rows(window, setting, path)
        + " GROUP BY e.user_no) anchor ON anchor.user_no = e.user_no"
    )


def beside_condition(window: Beside, setting: Setting) -> Query:
    """The condition on events `e` joined to `anchor`, ` AND ` before it."""
    if window.side == "before":
        condition = Query(" AND e.at_utc < anchor.at_utc")
        near = " AND e.at_utc >= anchor.at_utc - to_seconds(?)"
    else:
        condition = Query(" AND e.at_utc > anchor.at_utc AND e.at_utc < ?", (setting.as_of,))
        near = " AND e.at_utc <= anchor.at_utc + to_seconds(?)"
    return condition if window.within is None else condition + Query(near, (seconds(window.within),))


def anchored(window: Beside, setting: Setting, path: str) -> Query:
    """The condition on users `u` that they have the event to look from; never NULL."""
    return Query("u.user_no IN (SELECT e.user_no ") + _rows(window, setting, path) + ")"


def _rows(window: Beside, setting: Setting, path: str) -> Query:
    end = setting.end(path, f"a window {window.side} an event")
    return Query("FROM events e WHERE e.user_no IS NOT NULL AND e.at_utc < ? AND ", (end,)) + step_condition(
        window.step, setting, joined_path(path, window.side)
    )
