"""The events that a funnel looks at, as arrays sorted by user and time.

Sorting is most of the work. DuckDB packs user, moment and steps into one integer where they fit (they nearly always
do), and NumPy sorts integers three times as fast as DuckDB sorts columns.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from core.behaviour import Window, active, category_columns, spread_sort
from core.errors import Refusal
from core.funnel.question import FunnelSpec
from core.progress import Step, no_step
from core.segments import ANY_EVENT, Schema, event_query
from core.store import Query, Store, flat, joined

Ints = npt.NDArray[np.int64]
UNKNOWN = np.iinfo(np.int64).min
"""In place of a moment that the data do not have."""

PACKED = 63
"""Bits that a packed event may have; more are sorted column by column."""

PAUSE = 30 * 60 * 1_000_000
"""Microseconds: two events of a user that lie so far apart or further are of two visits."""


@dataclass(frozen=True, eq=False)
class Rows:
    """Events sorted by group, then moment, then how many steps they could serve.

    Attributes:
        users: (n,), user_no. units: (n,), what is counted: the user, or a number of the visit.
        groups: (n,), within which a way must lie: the user, or the user with an item, a category or a visit.
        at: (n,), microseconds since 1970-01-01 UTC; UNKNOWN for events without a time.
        steps: (n,), bit i set where the event could serve step i; 0 for other events of a strict funnel.
        held: (n,), of a strict funnel, the item, category or visit; None otherwise.
    """

    users: Ints
    units: Ints
    groups: Ints
    at: Ints
    steps: npt.NDArray[np.int32]
    held: Ints | None = None

    def __len__(self) -> int:
        return len(self.users)

    def part(self, low: int, high: int) -> Rows:
        """The rows from `low` to before `high`; memory is shared."""
        held = None if self.held is None else self.held[low:high]
        users, units, groups = self.users[low:high], self.units[low:high], self.groups[low:high]
        return Rows(users, units, groups, self.at[low:high], self.steps[low:high], held)


@dataclass(frozen=True)
class _Scale:
    """How far moments and numbers reach: the first moment, the tick (both microseconds), bits for a moment, a user."""

    first: int
    tick: int
    moment: int
    user: int
    sessions: bool


def read_rows(store: Store, spec: FunnelSpec, schema: Schema, window: Window, step: Step = no_step) -> Rows:
    """The rows of a resolved window. Raises BadRule for a step that the data cannot have, Refusal `bad_funnel`."""
    scale = _scale(store)
    visit = spec.held == "visit"
    marks, codes = _marks(spec, schema, store.as_of())
    events = Query("SELECT user_no, at_utc, item_no, session, order_id, event, ") + marks + " AS code FROM events e"
    events += Query(" WHERE user_no IS NOT NULL AND ") + window.condition()
    if spec.order != "any" or spec.within is not None or visit:
        events += " AND at_utc IS NOT NULL"
    if not (visit and not scale.sessions) and spec.order != "strict":
        events += Query(" AND (") + _matches(spec, schema, store.as_of()) + ")"
    else:
        events += Query(" AND (") + active() + " OR " + _matches(spec, schema, store.as_of()) + ")"
    if spec.order == "strict" or sum(each.event in ("purchase", ANY_EVENT) for each in spec.steps) > 1:
        events = _orders(events, spec)
    held, source, held_bits = _held(store, spec, scale)
    code_bits = max(int(codes.max()).bit_length(), 1) if len(codes) else 1
    grouped = held is not None and spec.order != "strict"
    parts = [("user_no", scale.user)]
    parts += [(held, held_bits)] if held is not None and grouped else []
    parts += [("tick", scale.moment), ("code", code_bits)]
    parts += [(held, held_bits)] if held is not None and not grouped else []
    tick = f"CASE WHEN at_utc IS NULL THEN 0 ELSE 1 + (epoch_us(at_utc) - {scale.first}) // {scale.tick} END"
    inner = (
        Query(f"SELECT user_no, {tick} AS tick, code{f', {held}' if held else ''} FROM (") + events + f") e {source}"
    )
    if held is not None and grouped:
        inner += f" WHERE {held} IS NOT NULL"
    if spec.apart and spec.within is None and not visit and spec.order != "strict":
        inner = _first_only(inner, spec, held)
    columns = _sorted(store, inner, parts, step)
    return _made(columns, spec, scale, codes, grouped)


def _orders(events: Query, spec: FunnelSpec) -> Query:
    """One purchase for each order and what it could serve: a second line of one order is no second purchase."""
    item = "item_no" if spec.held in ("item", "category") else "NULL::INTEGER AS item_no"
    session = "session" if spec.held == "visit" else "NULL::VARCHAR AS session"
    by = "".join(f", {name}" for name in (item, session) if " AS " not in name)
    return (
        Query("WITH loaded AS NOT MATERIALIZED (") + events + ") SELECT user_no, at_utc, item_no, session, code FROM"
        f" loaded WHERE event <> 'purchase' UNION ALL SELECT user_no, min(at_utc) AS at_utc, {item}, {session}, code"
        " FROM loaded WHERE event = 'purchase' GROUP BY user_no, order_id,"
        f" CASE WHEN order_id IS NULL THEN CAST(at_utc AS DATE) END, code{by}"
    )


def _first_only(inner: Query, spec: FunnelSpec, held: str | None) -> Query:
    """Without a limit the earliest first step is as good as any later one; in any order that holds for each step."""
    keys = "user_no, code" + (f", {held}" if held else "")
    soonest = "coalesce(min(tick) FILTER (tick > 0), 0)"  # 0: a moment that is not known
    whole = Query(f"SELECT user_no, {soonest} AS tick, code") + (f", {held}" if held else "") + " FROM inside"
    if spec.order == "any":
        return Query("WITH inside AS (") + inner + ") " + whole + f" GROUP BY {keys}"
    # not materialised: two scans are quicker than keeping the events between them
    return (
        Query("WITH inside AS NOT MATERIALIZED (") + inner + ") " + whole + f" WHERE code = 0 GROUP BY {keys}"
        " UNION ALL SELECT * FROM inside WHERE code > 0"
    )


def _marks(spec: FunnelSpec, schema: Schema, as_of: datetime | None) -> tuple[Query, npt.NDArray[np.int32]]:
    """SQL for an event's code, and the steps (as bits) that each code stands for; codes rise as events shall stand."""
    conditions = [event_query(each, schema, as_of) for each in spec.steps]
    n = len(conditions)
    if spec.apart:
        cases = Query("CASE ")
        for i, condition in enumerate(conditions):
            cases += Query("WHEN ") + condition + f" THEN {i} "
        return cases + f"ELSE {n} END", np.array([*(1 << i for i in range(n)), 0], dtype=np.int32)
    each = [Query("CASE WHEN ") + condition + f" THEN {1 << i} ELSE 0 END" for i, condition in enumerate(conditions)]
    bits = joined(" + ", each)
    masks = list(range(1, 1 << n))
    strict = spec.order == "strict"
    masks.sort(key=lambda mask: (mask & -mask, mask) if strict else (mask.bit_count(), mask))
    masks.append(0)
    rank = {mask: code for code, mask in enumerate(masks)}
    ranks = ", ".join(str(rank[mask]) for mask in range(1 << n))
    return Query(f"([{ranks}])[1 + ") + bits + "]", np.array(masks, dtype=np.int32)


def _matches(spec: FunnelSpec, schema: Schema, as_of: datetime | None) -> Query:
    different = list(dict.fromkeys(spec.steps))
    return joined(" OR ", [Query("(") + event_query(each, schema, as_of) + ")" for each in different])


def _held(store: Store, spec: FunnelSpec, scale: _Scale) -> tuple[str | None, str, int]:
    """The column that must stay the same, what it is joined from, and its bits."""
    if spec.held == "item":
        (row,) = store.rows(Query("SELECT coalesce(max(item_no), 0) AS n FROM events"))
        return "item_no", "", max(int(row["n"]).bit_length(), 1)
    if spec.held == "category":
        return _category(store, spec)
    if spec.held == "visit" and scale.sessions:
        named = "SELECT DISTINCT user_no, session FROM events WHERE user_no IS NOT NULL AND session IS NOT NULL"
        (row,) = store.rows(Query(f"SELECT count(*) AS n FROM ({named})"))
        numbers = f"(SELECT *, row_number() OVER (ORDER BY user_no, session) AS visit FROM ({named}))"
        return "visit", f"LEFT JOIN {numbers} v USING (user_no, session)", max(int(row["n"]).bit_length(), 1)
    return None, "", 0


def category_pairs(store: Store, column: str | None) -> str:
    """SQL: the items' (item_no, category) pairs. Raises Refusal `no_category`."""
    columns = category_columns(store)
    if not columns or (column is not None and column not in columns):
        raise Refusal(
            "no_category",
            "The items have no category." if not columns else f"The items have no category column {column!r}.",
            f"Category columns: {', '.join(columns)}." if columns else "Load a file of items with a category column.",
        )
    return columns[column if column is not None else next(iter(columns))]


def _category(store: Store, spec: FunnelSpec) -> tuple[str, str, int]:
    pairs = f"SELECT * FROM ({category_pairs(store, spec.category)}) WHERE category IS NOT NULL"
    (row,) = store.rows(
        Query(f"SELECT count(DISTINCT category) AS n, count(*) - count(DISTINCT item_no) AS more FROM ({pairs})")
    )
    if row["more"] and spec.order == "strict":
        raise Refusal(
            "bad_funnel",
            "Items here have several categories at once, so which of them a strict way keeps cannot be told.",
            "Keep the item the same instead, or let other events come between (ordered).",
        )
    numbered = f"(SELECT item_no, dense_rank() OVER (ORDER BY category) AS kind FROM ({pairs}))"
    return "kind", f"LEFT JOIN {numbered} c USING (item_no)", max(int(row["n"]).bit_length(), 1)


def _sorted(store: Store, inner: Query, parts: list[tuple[str, int]], step: Step) -> list[Ints]:
    """The columns of `parts`, in this order, sorted by all of them; -1 where a value is missing."""
    if sum(bits + 1 for _, bits in parts) > PACKED:
        names = ", ".join(f"coalesce({name}, {_none(bits)})::BIGINT AS {name}" for name, bits in parts)
        order = ", ".join(str(place + 1) for place in range(len(parts)))
        found = store.read(Query(f"SELECT {names} FROM (") + inner + f") ORDER BY {order}", step=step)
        return [_or_none(name, flat(found.column(name)), bits) for name, bits in parts]
    shift, packed = 0, []
    places = []
    for name, bits in reversed(parts):
        wide = bits + 1  # room for "none"
        packed.append(f"(coalesce({name}, {_none(bits)})::BIGINT << {shift})")
        places.append((shift, wide))
        shift += wide
    keys = store.read(Query(f"SELECT {' | '.join(reversed(packed))} AS key FROM (") + inner + ")", step=step)
    key = spread_sort(flat(keys.column("key")))
    columns = []
    for (name, bits), (low, wide) in zip(parts, reversed(places), strict=True):
        values = key >> low if name == parts[0][0] else (key >> low) & ((1 << wide) - 1)
        columns.append(_or_none(name, values, bits))
    return columns


def _none(bits: int) -> int:
    """What stands for a value that is missing, after all others."""
    return (1 << bits + 1) - 1


def _or_none(name: str, values: Ints, bits: int) -> Ints:
    return np.where(values == _none(bits), -1, values) if name in ("item_no", "kind", "visit") else values


def _made(columns: list[Ints], spec: FunnelSpec, scale: _Scale, codes: npt.NDArray[np.int32], grouped: bool) -> Rows:
    strict = spec.order == "strict"
    users = columns[0]
    held = columns[1] if grouped else columns[3] if len(columns) == 4 else None
    ticks, code = (columns[2], columns[3]) if grouped else (columns[1], columns[2])
    at = (ticks - 1) * scale.tick + scale.first
    if not ticks.all():
        at[ticks == 0] = UNKNOWN
    steps = codes[code]
    fresh = np.ones(len(users), dtype=np.bool_)
    groups = users
    if spec.held == "visit" and held is None:
        fresh[1:] = (users[1:] != users[:-1]) | (at[1:] - at[:-1] >= PAUSE)
        held = np.cumsum(fresh)
        groups = users if strict else held
    elif grouped and held is not None:
        fresh[1:] = (users[1:] != users[:-1]) | (held[1:] != held[:-1])
        groups = np.cumsum(fresh)
    units = users if spec.per == "users" else held if held is not None else users
    made = Rows(users, units, groups, at, steps, held if strict else None)
    if strict or spec.held != "visit":
        return made
    kept = np.flatnonzero(steps)
    return Rows(users[kept], units[kept], groups[kept], at[kept], steps[kept])


_scales: WeakKeyDictionary[Store, tuple[int, _Scale]] = WeakKeyDictionary()
_lock = threading.Lock()


def _scale(store: Store) -> _Scale:
    with _lock:
        kept = _scales.get(store)
    version = store.version
    if kept is not None and kept[0] == version:
        return kept[1]
    (row,) = store.rows(
        Query(
            "SELECT min(epoch_us(at_utc)) AS first, max(epoch_us(at_utc)) AS last, max(user_no) AS users,"
            " bool_and(epoch_us(at_utc) % 1000 = 0) AS milli, bool_and(epoch_us(at_utc) % 1000000 = 0) AS whole,"
            " count(session) > 0 AS sessions FROM events"
        )
    )
    first, last = int(row["first"] or 0), int(row["last"] or 0)
    # on whole ticks, so that moments counted from the first are whole ticks too
    tick = 1_000_000 if row["whole"] else 1_000 if row["milli"] else 1
    made = _Scale(
        first,
        tick,
        max(((last - first) // tick + 1).bit_length(), 1),
        max(int(row["users"] or 0).bit_length(), 1),
        bool(row["sessions"]),
    )
    with _lock:
        _scales[store] = (version, made)
    return made
