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


def last_of(rows: Query, *, same_item: bool) -> Query:
    """The last of `order_rows` of each user, or of each user and item: user_no, at_utc, and item_no."""
    keys = "e.user_no, e.item_no" if same_item else "e.user_no"
    return Query(f"SELECT {keys}, max(e.at_utc) AS at_utc FROM (") + rows + f") e GROUP BY {keys}"


def absent_condition(rule: Order, setting: Setting, path: str) -> Query:
    """The condition on users `u`; never NULL.

    Without a limit of time a `first` that nothing followed is one not before the last `then`, or without any. With one
    each `first` looks ahead at the next `then`: if late, so are all.

    The window limits `first`; a `then` after it still follows. A `first` whose time had not run out at as_of is left
    out, and with `same_item` one without an item: of both it is not known what followed.
    """
    end = setting.end(path, "one event after another")
    first = order_rows(rule.first, setting, path, "first") + window_condition(
        rule.window, setting, joined_path(path, "window")
    )
    then = order_rows(rule.then, setting, path, "then") + window_condition(Ever(), setting, "")
    if rule.same_item:
        first += " AND e.item_no IS NOT NULL"
    on = "b.user_no = a.user_no" + (" AND b.item_no = a.item_no" if rule.same_item else "")
    if rule.within is None:
        alone = Query("u.user_no IN (SELECT a.user_no FROM (") + first + ") a LEFT JOIN ("
        last = last_of(then, same_item=rule.same_item)
        return alone + last + f") b ON {on} WHERE b.at_utc IS NULL OR b.at_utc <= a.at_utc)"
    first += Query(" AND e.at_utc <= ?", (back(end, rule.within.n, rule.within.unit),))
    ahead = f" b ON {on} AND b.at_utc > a.at_utc WHERE b.at_utc IS NULL"
    late = Query(ahead) + Query(" OR b.at_utc - a.at_utc > to_seconds(?))", (seconds(rule.within),))
    if not rule.same_item:
        return (Query("u.user_no IN (SELECT a.user_no FROM (") + first + ") a ASOF LEFT JOIN (" + then + ")") + late
    # an item of which there are both is rare: the others need no looking ahead
    return (
        (Query("u.user_no IN (WITH f AS NOT MATERIALIZED (") + first + "), t AS MATERIALIZED (" + then + ")")
        + " SELECT user_no FROM f ANTI JOIN t USING (user_no, item_no) UNION ALL SELECT a.user_no "
        "FROM (FROM f SEMI JOIN t USING (user_no, item_no)) a ASOF LEFT JOIN "
        "(FROM t SEMI JOIN f USING (user_no, item_no))" + late
    )
