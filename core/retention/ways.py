"""Ways to part users: by a column of the first event, the first item's category, their own attributes, a segment."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise

from core.behaviour import category_columns
from core.errors import Refusal
from core.segments import BySegments, read_schema, saved_segments, split_query
from core.store import Query, Store, ident

OTHERS, UNKNOWN = "Others", "Not known"
MOST_PARTS = 7
"""Parts shown by their own name; the rest are "Others"."""

_EVENT = ("channel", "campaign", "device")
_FEW = 8  # a number with more different values than this is shown in four bands


def ways(store: Store) -> dict[str, str]:
    """What users can be parted by: way -> its name for people.

    A way is "event:COLUMN" (of the user's first event), "item:COLUMN" (a category of its item), "user:COLUMN" (an
    attribute) or "segment:NAME" (in it or not).
    """
    schema = read_schema(store, saved=saved_segments(store))
    found = {f"event:{name}": f"{name.capitalize()} of the first event" for name in _EVENT if name in schema.event}
    found |= {f"item:{name}": f"{name}, first item" for name in category_columns(store)}
    found |= {
        f"user:{name}": f"{name} of the user"
        for name, kind in schema.user.items()
        if name != "user_id" and kind in ("text", "number", "boolean")
    }
    return found | {f"segment:{s.name}": f"Segment “{s.name}”" for s in schema.segments.values()}


def named_way(store: Store, by: str) -> str:
    """The way that a person means: a way, or its column's or segment's bare name. Raises Refusal `unknown_way`."""
    known = ways(store)
    for way in (by, f"event:{by}", f"user:{by}", f"item:{by}", f"segment:{by}"):
        for each in known:
            if way.casefold() == each.casefold():
                return each
    raise Refusal(
        "unknown_way", f"Users cannot be parted by {by!r}.", f"Known: {', '.join(known) or 'nothing in these data'}."
    )


def absent_part(way: str | None) -> str:
    """The name of the part of those who have no value."""
    return f"Not in {way.partition(':')[2]}" if way and way.startswith("segment:") else UNKNOWN


def part_query(store: Store, way: str, starts: Query, start_condition: Query, as_of: datetime | None) -> Query:
    """`user_no` (each at most once) and `part` (VARCHAR or NULL) of users.

    Args:
        starts: user_no, first: whose parts are wanted, with the moment of their start.
        start_condition: which events `e` start a user.
    """
    kind, _, name = way.partition(":")
    if kind == "segment":
        return split_query(BySegments((name,)), read_schema(store, saved=saved_segments(store)), as_of)
    if kind == "user":
        return Query(f"SELECT u.user_no, {_value(store, name)} AS part FROM users u")
    value = f"CAST(e.{ident(name)} AS VARCHAR)" if kind == "event" else _category(store, name)
    join = "" if kind == "event" else " LEFT JOIN items i ON i.item_no = e.item_no"
    return (
        Query(f"SELECT e.user_no, arg_min_null({value}, e.event_no) AS part FROM events e JOIN (")
        + starts
        + f") s ON s.user_no = e.user_no AND s.first = e.at_utc{join} WHERE "
        + start_condition
        + " GROUP BY e.user_no"
    )


def _category(store: Store, name: str) -> str:
    column = f"i.{ident(name)}"
    listed = read_schema(store).kind("item", name, "") == "list"
    return f"CAST({column} AS VARCHAR[])[1]" if listed else f"CAST({column} AS VARCHAR)"


def _value(store: Store, name: str) -> str:
    """The SQL of a user's part: the value itself; numbers of many values in four bands of about equal size."""
    schema = read_schema(store)
    column = f"u.{ident(name)}"
    if schema.kind("user", name, "") != "number":
        return f"CAST({column} AS VARCHAR)"
    (row,) = store.rows(
        Query(
            f"SELECT approx_count_distinct({column}) AS many, quantile_disc({column}, [0.25, 0.5, 0.75]) AS cuts,"
            f" min({column}) AS low, max({column}) AS high FROM users u"
        )
    )
    if int(row["many"]) <= _FEW:
        return f"CAST({column} AS VARCHAR)"
    cuts = sorted({float(cut) for cut in row["cuts"]} - {float(row["high"])})
    said = [f"up to {cuts[0]:g}", *(f"over {a:g} to {b:g}" for a, b in pairwise(cuts))]
    cases = " ".join(f"WHEN {column} <= {cut!r} THEN '{words}'" for cut, words in zip(cuts, said, strict=True))
    return f"CASE WHEN {column} IS NULL THEN NULL {cases} ELSE 'over {cuts[-1]:g}' END" if cuts else "'all'"
