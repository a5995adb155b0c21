"""Visits by what their first event came with: channel, device, campaign, and by whose they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.attention.visits import NO_VISITS
from core.attention.visits_kept import NOBODY, Visits, all_visits
from core.attention.visits_rule import DEFAULT_RULE, VisitRule
from core.behaviour import EVERYTHING, NO_TIMES, Window, resolve, share_interval, spread_sort
from core.errors import Refusal
from core.progress import Step, no_step
from core.segments import compile_rule, get_segment, list_segments, read_schema
from core.store import Query, Store, ident

Of = Literal["event", "user", "segment"]
MOST_PARTS = 24
"""Parts told apart, those with most rows first; the rest is one part."""

OTHERS, NOT_GIVEN, NOBODY_KNOWN = "all others", "not given", "no known user"
IN_SEGMENT, NOT_IN = "in the segment", "not in it"
_BUILT_IN = ("channel", "device", "campaign")


@dataclass(frozen=True)
class PartBy:
    """What visits are parted by.

    Attributes:
        of: "event" = a column of the visit's first event; "user" = an attribute of its user; "segment" = whether its
            user is in a saved segment.
        name: the column, or the segment.
    """

    of: Of
    name: str


@dataclass(frozen=True, eq=False)
class VisitParts:
    """Visits of each part, most visits first.

    Attributes:
        window, rule, by: as asked.
        table: part (str), visits, users, engaged, bought (int), share (of all visits), engagement_rate, low, high
            (Wilson, 95 %), conversion, conversion_low, conversion_high, views_per_visit (float).
        problem: why nothing can be shown.
    """

    window: Window
    rule: VisitRule
    by: PartBy
    table: pd.DataFrame
    problem: str | None = None


def visit_parts(
    store: Store,
    by: PartBy,
    rule: VisitRule = DEFAULT_RULE,
    window: Window = EVERYTHING,
    *,
    step: Step = no_step,
) -> VisitParts:
    """The visits begun in `window`, parted. Raises Refusal `no_such_column`, `no_own_sessions`."""
    window = resolve(store, window)
    if window.end is None:
        return VisitParts(window, rule, by, pd.DataFrame(), NO_TIMES)
    held = all_visits(store, rule, step=step)
    inside = held.begun_in(window)
    if not inside.any():
        return VisitParts(window, rule, by, pd.DataFrame(), NO_VISITS)
    names, codes = _codes(store, by, held)
    code, users = codes[inside], held.users[inside]
    n = len(names)

    def counted(marks: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
        return np.bincount(code[marks], minlength=n)

    known = held.known[inside]
    pairs = spread_sort(users[known].astype(np.int64) * n + code[known])
    pairs = pairs[np.append(True, pairs[1:] != pairs[:-1])] if len(pairs) else pairs
    every = counted(np.ones(len(code), dtype=np.bool_))
    table = pd.DataFrame(
        {
            "part": names,
            "visits": every,
            "users": np.bincount(pairs % n, minlength=n),
            "engaged": counted(held.engaged[inside]),
            "bought": counted(held.bought[inside]),
            "views": np.bincount(code, weights=held.views[inside], minlength=n),
        }
    )
    table = table[table["visits"] > 0].sort_values(["visits", "part"], ascending=[False, True], ignore_index=True)
    return VisitParts(window, rule, by, _rated(table))


def visit_parts_users(
    store: Store, by: PartBy, part: str, rule: VisitRule = DEFAULT_RULE, window: Window = EVERYTHING
) -> Query:
    """The known users (`user_no`) with a visit of this part begun in the window. Raises Refusal `no_such_part`."""
    window = resolve(store, window)
    if window.end is None:
        return NOBODY
    held = all_visits(store, rule)
    names, codes = _codes(store, by, held)
    if part not in names:
        raise Refusal("no_such_part", f"No visits are called {part!r} by {by.name}.", f"Known: {', '.join(names)}.")
    return held.people_query(held.begun_in(window) & (codes == names.index(part)))


def part_choices(store: Store) -> list[PartBy]:
    """What the visits of this workspace can be parted by: columns that hold anything, attributes, saved segments."""
    schema = read_schema(store)
    texts = [name for name, kind in schema.event.items() if kind == "text" and name not in _APART]
    columns = [*_BUILT_IN, *texts]
    asked = ", ".join(f"count({ident(name)}) > 0 AS c{n}" for n, name in enumerate(columns))
    (row,) = store.rows(Query(f"SELECT {asked} FROM events WHERE at_utc IS NOT NULL"))
    found = [PartBy("event", name) for n, name in enumerate(columns) if row[f"c{n}"]]
    found += [PartBy("user", name) for name, kind in schema.user.items() if kind in _PARTING and name != "user_id"]
    return [*found, *(PartBy("segment", saved.segment.name) for saved in list_segments(store))]


_APART = (*_BUILT_IN, "session", "order_id")
_PARTING = ("text", "boolean")


def _codes(store: Store, by: PartBy, held: Visits) -> tuple[list[str], npt.NDArray[np.int64]]:
    """The parts' names, and for each visit the place of its part among them."""
    if by.of == "segment":
        return _by_segment(store, by.name, held)
    schema = read_schema(store)
    kinds = schema.event if by.of == "event" else schema.user
    kind = kinds.get(by.name)
    if kind not in _PARTING:
        named = [name for name, known in kinds.items() if known in _PARTING]
        raise Refusal(
            "no_such_column", f"Visits cannot be parted by {by.of} column {by.name!r}.", f"Known: {', '.join(named)}."
        )
    column = f"CAST({ident(by.name)} AS VARCHAR)"
    table = "events WHERE at_utc IS NOT NULL" if by.of == "event" else "users"
    top = store.rows(Query(f"SELECT {column} AS part, count(*) AS n FROM {table} GROUP BY part ORDER BY n DESC, part"))
    values = [str(row["part"]) for row in top if row["part"] is not None]
    shown = values[:MOST_PARTS]
    names = [*shown, *([OTHERS] if len(values) > MOST_PARTS else []), NOT_GIVEN]
    code = Query("CASE") if shown else Query(f"CASE WHEN {column} IS NULL THEN {len(names) - 1}")
    if shown:
        code += Query(f" WHEN {column} IS NULL THEN {len(names) - 1}")
    for place, value in enumerate(shown):
        code += Query(f" WHEN {column} = ? THEN {place}", (value,))
    code += Query(f" ELSE {len(shown)} END")
    if by.of == "event":
        return names, _of_events(store, held.numbers, code)
    return _by_user(store, names, code, held)


def _of_events(store: Store, numbers: npt.NDArray[np.int64], code: Query) -> npt.NDArray[np.int64]:
    """The code of each event in `numbers`: one pass over the events, which DuckDB reads in about their order."""
    found = store.read(
        Query("SELECT event_no, (")
        + code
        + ")::TINYINT AS code FROM events WHERE at_utc IS NOT NULL AND event_no "
        + Query("BETWEEN ? AND ?", (int(numbers.min()), int(numbers.max())))
    )
    number, codes = found.column(0).to_numpy(), found.column(1).to_numpy()
    low, span = int(numbers.min()), int(numbers.max() - numbers.min()) + 1
    if span <= 4 * len(number) + 1_000_000:
        where = np.empty(span, dtype=np.int8)
        where[number - low] = codes
        return where[numbers - low].astype(np.int64)
    order = np.argsort(number)  # loads number their events far apart
    found_codes: npt.NDArray[np.int64] = codes[order[np.searchsorted(number, numbers, sorter=order)]].astype(np.int64)
    return found_codes


def _by_user(store: Store, names: list[str], code: Query, held: Visits) -> tuple[list[str], npt.NDArray[np.int64]]:
    found = store.read(Query("SELECT user_no, (") + code + ")::INTEGER AS code FROM users")
    users, codes = found.column(0).to_numpy(), found.column(1).to_numpy()
    of_user = np.full(max(int(users.max(initial=0)), int(held.users.max(initial=0))) + 1, len(names) - 1)
    of_user[users] = codes
    return [*names, NOBODY_KNOWN], np.where(held.known, of_user[held.users], len(names))


def _by_segment(store: Store, name: str, held: Visits) -> tuple[list[str], npt.NDArray[np.int64]]:
    segment = get_segment(store, name)
    saved = tuple(each.segment for each in list_segments(store))
    rule = compile_rule(segment.rule, read_schema(store, saved=saved), segment.as_of or store.as_of())
    members = store.read(rule).column(0).to_numpy()
    inside = np.zeros(max(int(members.max(initial=0)), int(held.users.max(initial=0))) + 1, dtype=np.bool_)
    inside[members] = True
    code = np.where(held.known, np.where(inside[held.users], 0, 1), 2)
    return [IN_SEGMENT, NOT_IN, NOBODY_KNOWN], code


def _rated(table: pd.DataFrame) -> pd.DataFrame:
    """The counts with shares and intervals."""
    whole = table["visits"].astype("float64")
    rate_low, rate_high = share_interval(table["engaged"], whole)
    low, high = share_interval(table["bought"], whole)
    return table.assign(
        share=whole / whole.sum(),
        engagement_rate=table["engaged"] / whole,
        low=rate_low,
        high=rate_high,
        conversion=table["bought"] / whole,
        conversion_low=low,
        conversion_high=high,
        views_per_visit=table["views"] / whole,
    ).drop(columns="views")
