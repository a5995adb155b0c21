"""One event and later another, as SQL.

Without a limit of time between the two, the last `then` tells: whoever did `first` before it is in, which is a join
with one row a user (and item). With a limit each `then` looks back at the last `first` before it: if that is too long
ago, so are all the others. An item of which there are both is rare, so others are put aside first.
"""

from __future__ import annotations

from core.segments.absent_sql import absent_condition, last_of, order_rows
from core.segments.conditions import Setting, seconds, window_condition
from core.segments.parts import joined_path
from core.segments.rule import Order
from core.store import Query


def order_condition(rule: Order, setting: Setting, path: str) -> Query:
    """The condition on users `u` that they did one and, strictly later, the other; never NULL. Raises BadRule."""
    setting.end(path, "one event after another")
    if rule.absent:
        return absent_condition(rule, setting, path)
    window = window_condition(rule.window, setting, joined_path(path, "window"))
    first = order_rows(rule.first, setting, path, "first") + window
    then = order_rows(rule.then, setting, path, "then") + window
    same = " AND b.item_no = a.item_no" if rule.same_item else ""
    if rule.within is None:
        return (
            (Query("u.user_no IN (SELECT a.user_no FROM (") + first + ") a JOIN (")
            + last_of(then, same_item=rule.same_item)
            + f") b ON b.user_no = a.user_no{same} AND b.at_utc > a.at_utc)"
        )
    near = Query(" WHERE b.at_utc - a.at_utc <= to_seconds(?))", (seconds(rule.within),))
    if not rule.same_item:
        pairs = Query("u.user_no IN (SELECT b.user_no FROM (") + then + ") b ASOF JOIN (" + first
        return pairs + ") a ON b.user_no = a.user_no AND b.at_utc > a.at_utc" + near
    return (
        (Query("u.user_no IN (WITH t AS MATERIALIZED (") + then + "), f AS MATERIALIZED (SELECT a.* FROM (" + first)
        + ") a SEMI JOIN t USING (user_no, item_no)) SELECT b.user_no "
        f"FROM (FROM t SEMI JOIN f USING (user_no, item_no)) b ASOF JOIN f a "
        f"ON b.user_no = a.user_no{same} AND b.at_utc > a.at_utc" + near
    )
