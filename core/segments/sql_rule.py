"""An analyst's own SELECT as a condition on users: checked, shut into brackets, and shown the data up to as_of only."""

from __future__ import annotations

import re

from core.errors import Refusal
from core.segments.conditions import Setting
from core.segments.parts import BadRule, joined_path
from core.segments.rule import Sql
from core.store import Columns, Query, checked_select, select_columns

_HINT = "Name the users by a column user_id, or user_no: SELECT user_id FROM users WHERE ..."
_WHOLE = re.compile(r"U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)")

# The first name is bound before the second is known, so it is the table (or, with repairs, the view in its place); in
# the analyst's text only the second can be meant.
_SEEN = (
    "(WITH events_of_all_time AS NOT MATERIALIZED (SELECT * FROM events), "
    "events AS NOT MATERIALIZED (SELECT * FROM events_of_all_time WHERE at_utc < ? OR at_utc IS NULL) "
)


def sql_condition(rule: Sql, setting: Setting, path: str) -> Query:
    """The condition on users `u` that the SELECT names them; never NULL. The query is `guarded` (core.store.guarded).

    Raises BadRule for what the guard refuses, for a table or column that is not there, and where no column names users.
    """
    here = joined_path(path, "sql")
    try:
        sql = checked_select(rule.sql)
        columns = select_columns(sql, setting.schema.types)
    except Refusal as refused:
        raise BadRule(refused.message.strip().removesuffix("."), here, refused.hint) from None
    place, by_id = _naming(columns, here)
    # columns by place: two of one name would be in each other's way
    names = ", ".join(f"c{n}" for n in range(place + 1))
    value = f"q.c{place}::VARCHAR" if by_id else f"q.c{place}"
    seen = Query("(") if setting.as_of is None else Query(_SEEN, (setting.as_of,))
    chosen = Query(f"SELECT {value} FROM (", ()) + Query(sql, (), guarded=True)
    return (
        Query(f"u.{'user_id' if by_id else 'user_no'} IN ")
        + seen
        + chosen
        + f") AS q({names}) WHERE q.c{place} IS NOT NULL)"
    )


def _naming(columns: Columns, path: str) -> tuple[int, bool]:
    """The place of the column that names users, and whether it does by user_id."""
    places = {name.lower(): place for place, (name, _) in reversed(list(enumerate(columns)))}
    if "user_id" in places:
        return places["user_id"], True
    if "user_no" not in places:
        found = ", ".join(name for name, _ in columns[:20]) + (", ..." if len(columns) > 20 else "")
        raise BadRule(f"the query does not say which users are meant: it gives {found}", path, _HINT)
    place = places["user_no"]
    if not _WHOLE.fullmatch(columns[place][1]):
        raise BadRule(f"user_no must be the whole number of a user, not {columns[place][1]}", path, _HINT)
    return place, False
