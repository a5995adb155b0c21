"""How far each start gets: passes over the rows of a funnel, one for each step."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, fields

import numpy as np

from core.behaviour import spread
from core.funnel.question import FunnelSpec
from core.funnel.rows import UNKNOWN, Ints, Rows
from core.funnel.tries import NEVER, AnyOrder, Following, Found, Steps, least

DAY = 86_400_000_000

PIECE = 500_000
"""Rows gone through at a time, so that what is worked out on the way stays near the processor."""


@dataclass(frozen=True, eq=False)
class Ways:
    """The way of each unit (user or visit) that did the first step, by user.

    The way is the one that gets furthest; of several the one that starts first.

    Attributes:
        users: (n,), user_no, rising; one row for each unit.
        reached: (n,), how many steps it came through, from 1 on.
        begun: (n,), microseconds: the first event of the way. first: (n,), the event of the first step; the same but
            in any order. UNKNOWN without a time.
        at: (n, steps), the moment by which all the steps so far were done; NEVER where they were not.
        soonest: (n, steps), the earliest moment by which any way of the unit had come so far; NEVER where none had.
        days: (m, 3), one row for each unit and day (days since 1970-01-01) on which it started: the place of the unit,
            the day, how many steps the furthest of that day's starts came through.
    """

    users: Ints
    reached: Steps
    begun: Ints
    first: Ints
    at: Ints
    soonest: Ints
    days: Ints


def walk(rows: Rows, spec: FunnelSpec, *, piece: int = PIECE) -> Ways:
    """The ways through `rows`: some `piece` rows at a time, no user in two, side by side."""
    found = spread(lambda part: _walked(part, spec), _pieces(rows, piece))
    if len(found) == 1:
        return found[0]
    units = np.cumsum([0, *(len(each.users) for each in found)])
    for each, before in zip(found, units.tolist(), strict=False):
        each.days[:, 0] += before
    columns = ([getattr(each, field.name) for each in found] for field in fields(Ways))
    return Ways(*(np.concatenate(column) for column in columns))


def _pieces(rows: Rows, piece: int) -> list[Rows]:
    if len(rows) < 2 * piece:
        return [rows]
    # each piece begins with the first row of the user who has the row that it should begin with
    near = rows.users[np.arange(0, len(rows), piece)]
    cuts = np.unique(np.append(np.searchsorted(rows.users, near), len(rows)))
    return [rows.part(low, high) for low, high in itertools.pairwise(cuts.tolist())]


def _walked(rows: Rows, spec: FunnelSpec) -> Ways:
    n = len(spec.steps)
    if not len(rows):
        none = np.zeros(0, dtype=np.int64)
        wide = np.zeros((0, n), dtype=np.int64)
        return Ways(none, none.astype(np.int8), none, none, wide, wide, np.zeros((0, 3), dtype=np.int64))
    tried = AnyOrder(rows, spec) if spec.order == "any" else Following(rows, spec)
    starts = tried.starts()
    starts = starts[np.argsort(rows.units[starts], kind="stable")] if spec.per == "visits" else starts
    reached, soonest_rows = tried.reach(starts)
    begins_at = tried.begins_at(starts)
    came = reached > 0  # in any order a stretch may lack the first step
    if not came.all():
        starts, reached, begins_at = starts[came], reached[came], begins_at[came]
    units = rows.units[starts]
    fresh = np.ones(len(units), dtype=np.bool_)
    np.not_equal(units[1:], units[:-1], out=fresh[1:])
    begins = np.flatnonzero(fresh)
    place = np.cumsum(fresh) - 1
    chosen = starts[_best(rows.at[starts], reached, begins, place)]
    path = tried.path(chosen)
    whole = path >= 0
    at = np.where(whole, rows.at[np.maximum(path, 0)], NEVER)
    known = at != UNKNOWN
    so_far = np.where(whole, np.maximum.accumulate(np.where(whole, at, UNKNOWN), axis=1), NEVER)
    begun = np.where(whole & known, at, NEVER).min(axis=1, initial=NEVER)
    soonest = _soonest(rows.units[chosen], soonest_rows, n)
    return Ways(
        rows.users[chosen],
        whole.sum(axis=1).astype(np.int8),
        np.where(begun == NEVER, UNKNOWN, begun),
        at[:, 0],
        so_far,
        soonest,
        _days(place, begins_at, reached),
    )


def _best(at: Ints, reached: Steps, begins: Ints, place: Ints) -> Ints:
    """For each unit, the place of the start that gets furthest; of several the earliest, then the first."""
    if not len(begins):
        return begins
    ahead = at - at.min() if at.min() != UNKNOWN else np.where(at == UNKNOWN, 0, at - at[at != UNKNOWN].min(initial=0))
    score = (reached.astype(np.int64) << 58) - ahead
    most = np.maximum.reduceat(score, begins)
    hits = np.flatnonzero(score == most[place])
    first = np.ones(len(hits), dtype=np.bool_)
    np.not_equal(place[hits][1:], place[hits][:-1], out=first[1:])
    best: Ints = hits[first]
    return best


def _soonest(units: Ints, found: Found, n: int) -> Ints:
    """(units, steps): the least of the moments found for each step, by unit; NEVER where there is none."""
    best = np.full((len(units), n), NEVER, dtype=np.int64)
    for i, (of, at) in enumerate(found):
        each, soonest = least(of, at)
        best[np.searchsorted(units, each), i] = soonest
    return best


def _days(place: Ints, at: Ints, reached: Steps) -> Ints:
    """See Ways.days: the furthest start of each unit and day; starts without a time are in none."""
    day = at // DAY
    if len(at) and at.min() == UNKNOWN:
        known = at != UNKNOWN
        place, day, reached = place[known], day[known], reached[known]
    if not len(day):
        return np.zeros((0, 3), dtype=np.int64)
    low = int(day.min())
    bits = max(int(day.max() - low).bit_length(), 1)
    key = (place << bits) | (day - low)
    if (key[1:] < key[:-1]).any():
        order = np.argsort(key, kind="stable")
        key, reached = key[order], reached[order]
    fresh = np.ones(len(key), dtype=np.bool_)
    np.not_equal(key[1:], key[:-1], out=fresh[1:])
    begins = np.flatnonzero(fresh)
    most = np.maximum.reduceat(reached, begins)
    each = key[begins]
    return np.column_stack([each >> bits, (each & ((1 << bits) - 1)) + low, most.astype(np.int64)])
