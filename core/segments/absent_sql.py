"""One event and then not another: users with a `first` that no `then` followed."""

from __future__ import annotations

from core.segments.conditions import Setting, back, seconds, step_condition, window_condition
from core.segments.parts import EventStep, Ever, joined_path
from core.segments.rule import Order
from core.store import Query


def order_rows(step: EventStep, setting: Setting, path: str, name: str) -> Query:
    """The dated events of known users that are a step's; `name` is where the step stands in the rule."""
    return Query(
        "SELECT e.user_no, e.item_no, e.at_utc FROM events e WHERE e.user_no IS NOT NULL AND e.at_utc IS NOT NULL AND "
    ) + step_condition(step, setting, joined_path(path, name))


def absent_condition(rule: Order, setting: Setting, path: str) -> Query:
    """The condition on users `u`; never NULL. Each `first` looks ahead at the next `then`: if late, so are all.

    The window limits `first`; a `then` after it still follows. A `first` whose time had not run out at as_of is left
    out, and with `same_item` one without an item: of both it is not known what followed.
    """
    end = setting.end(path, "one event after another")
    first = order_rows(rule.first, setting, path, "first") + window_condition(
        rule.window, setting, joined_path(path, "window")
    )
    then = order_rows(rule.then, setting, path, "then") + window_condition(Ever(), setting, "")
    same, late = "", Query("")
    if rule.same_item:
        first, same = first + " AND e.item_no IS NOT NULL", " AND b.item_no = a.item_no"
    if rule.within is not None:
        first += Query(" AND e.at_utc <= ?", (back(end, rule.within.n, rule.within.unit),))
        late = Query(" OR b.at_utc - a.at_utc > to_seconds(?)", (seconds(rule.within),))
    return (
        Query("u.user_no IN (SELECT a.user_no FROM (")
        + first
        + ") a ASOF LEFT JOIN ("
        + then
        + f") b ON b.user_no = a.user_no{same} AND b.at_utc > a.at_utc WHERE b.at_utc IS NULL"
        + late
        + ")"
    )
