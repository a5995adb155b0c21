"""Users that look like programs: several plain signs, each placed among the other users of the same data.

A sign alone says little: a night worker looks at night, a keen shopper looks at much. A user is taken for a bot only
where several signs agree, and one of them is mechanical: a pace or an evenness that people's hands do not have.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa

from core.quality.ask import one, remember
from core.quality.given import amount
from core.quality.per_user import (
    LOOKS,
    QUIET_HOURS,
    Bools,
    Floats,
    Ints,
    Place,
    clock,
    column,
    listed,
    numbers,
    per_user,
    percent,
    raw_ids,
)
from core.quality.types import Asked, Exclude, Finding, Kind, Param, Repair, Selection
from core.store import Query

DEFAULTS: Mapping[str, Param] = {"signs": 4, "far": 3.5, "least": 50}
SIGNS = ("even", "pace", "night", "long", "reach", "nothing", "dwell")
MECHANICAL = ("even", "pace")
EVEN = 0.35  # quartiles of the gaps this close together, as a share of the median gap
_OTHERS, _KNOWN, _PAUSE = 3_000, 10, 1_800


@dataclass(frozen=True)
class Seen:
    """Users taken for bots, the most signs first.

    Attributes:
        user_no: their numbers.
        signs: sign -> whether each user shows it.
        rows: sign or figure -> value of each user, NaN where not known.
        usual: figure -> the median of other users.
        others: with how many other users they were compared.
    """

    user_no: Ints
    signs: Mapping[str, Bools]
    rows: Mapping[str, Floats]
    usual: Mapping[str, float]
    others: int


def bots(asked: Asked, params: Mapping[str, Param]) -> Seen:
    """The users that look like bots, with what gives them away; asked once for the same parameters.

    Without times of day, or with fewer than 20 users to compare with, none is found. Raises Refusal `bad_selection`.
    """
    signs, far, least = amount(params, "signs", low=1), amount(params, "far"), amount(params, "least", low=1)
    return remember(asked, f"bots {signs} {far} {least}", lambda: _bots(asked, signs, far, least))


def detect(asked: Asked) -> list[Finding]:
    """At most one finding: the users that look like bots, with the reasons for each example."""
    seen, at = bots(asked, DEFAULTS), clock(asked)
    if not len(seen.user_no):
        return []
    table = per_user(asked)
    is_bot = np.isin(numbers(table, "user_no"), seen.user_no)
    events, users = float(column(table, "n")[is_bot].sum()), table.num_rows
    of_events = float(one(asked, _EVENTS)["n"])
    selection = Selection.of("bot")
    names = raw_ids(asked, "users", seen.user_no[:8])
    until = (at.quiet + QUIET_HOURS) % 24
    return [
        Finding(
            "bot",
            "serious" if events >= 0.01 * of_events else "look",
            f"{len(seen.user_no):,} of {users:,} users look like bots; they made {events:,.0f} events "
            f"({percent(events, of_events)}).",
            f"At least {DEFAULTS['signs']} of {len(SIGNS)} signs agree, an inhuman pace or evenness among them: even "
            "gaps between looks, a fast pace, looks in the quiet hours "
            f"({at.quiet:02d}:00 to {until:02d}:00 UTC in these data), long runs without a pause of 30 minutes, very "
            "many different items, nothing bought, odd dwell times. Each sign is placed among up to "
            f"{seen.others:,} other users, by median and median deviation of logarithms; at least "
            f"{DEFAULTS['least']} looks are needed. Whoever buys much is not taken for a bot.",
            "users",
            len(seen.user_no),
            users,
            selection=selection,
            examples=tuple(
                {"user": names[int(no)], "why": "; ".join(reasons(seen, i)), "looks": int(seen.rows["looks"][i])}
                for i, no in enumerate(seen.user_no[:8])
            ),
            facts={
                "events": int(events),
                "share_of_events": events / of_events if of_events else 0.0,
                "signs": {name: int(shown.sum()) for name, shown in seen.signs.items()},
                "quiet_hours_utc": [at.quiet, until],
            },
            repairs=(Repair(selection, Exclude()),),
            users=len(seen.user_no),
        )
    ]


def reasons(seen: Seen, i: int) -> list[str]:
    """What gives the i-th user away, in plain words with its figures."""
    row = {name: float(values[i]) for name, values in seen.rows.items()}
    usual = seen.usual
    said = {
        "even": f"gaps of {row['gap']:,.1f} s, half of them within {row['middle']:,.1f} s of each other",
        "pace": f"{row['peak']:,.0f} looks a minute at its most, one every {row['gap']:,.1f} s "
        f"(others: {usual['gap']:,.1f} s)",
        "night": f"{row['quiet']:,.0f} of {row['looks']:,.0f} looks in the quiet hours",
        "long": f"{row['long']:,.0f} looks a visit without a pause (others: {usual['long']:,.0f})",
        "reach": f"{row['reach']:,.0f} different items (others: {usual['reach']:,.0f})",
        "nothing": "nothing bought or put into the cart"
        if row["kept"] == 0
        else f"only {row['kept']:,.0f} carts and purchases where others would have {row['expected']:,.0f}",
        "dwell": "no dwell time on any page" if row["views"] == 0 else f"pages left after {row['dwell']:,.1f} s, "
        f"hardly varying (others: {usual['dwell']:,.1f} s)",
    }  # fmt: skip
    return [said[name] for name in SIGNS if seen.signs[name][i]]


def _bots(asked: Asked, signs: float, far: float, least: float) -> Seen:
    table, at = per_user(asked), clock(asked)
    none = Seen(np.zeros(0, np.int64), {}, {}, {}, 0)
    looks = column(table, "looks")
    pool = np.flatnonzero(looks >= _KNOWN)
    if not at.known or len(pool) < 20 or not (looks >= least).any():
        return none
    # an order that has nothing to do with what users do, and is the same at every run
    mixed = (numbers(table, "user_no")[pool] * 2_654_435_761) % 4_294_967_296
    others = _rhythm(asked, table.take(pool[np.argsort(mixed, kind="stable")[:_OTHERS]]), at.tick)
    places = {name: Place.of(others[name]) for name in ("gap", "spread", "long", "reach", "dwell", "vary", "peak")}
    early = _early_signs(table, places, at.usual, far)
    # the four other signs need the gaps, which are worked out only for users who can still reach the number asked for
    hope = sum(shown.astype(np.int64) for shown in early.values()) + len(MECHANICAL)
    for name in ("long", "reach"):
        place = places[name]
        if place is not None:
            hope += looks >= place.limit(far)
    asked_for = np.flatnonzero((looks >= least) & (hope >= signs))
    if not len(asked_for):
        return none
    rows = _rhythm(asked, table.take(asked_for), at.tick)
    shown = {name: values[asked_for] for name, values in early.items()} | _late_signs(rows, places, far)
    rows["expected"] = rows["looks"] * column(table, "kept").sum() / looks.sum()
    number = sum(values.astype(np.int64) for values in shown.values())
    is_bot = (number >= signs) & (shown["even"] | shown["pace"])
    order = np.flatnonzero(is_bot)
    order = order[np.lexsort((-rows["looks"][order], -np.asarray(number)[order]))]
    return Seen(
        numbers(table, "user_no")[asked_for][order],
        {name: shown[name][order] for name in SIGNS},
        {name: values[order] for name, values in rows.items()},
        {name: place.usual for name, place in places.items() if place} | dict.fromkeys(_unplaced(places), float("nan")),
        min(len(pool), _OTHERS),
    )


def _unplaced(places: Mapping[str, Place | None]) -> list[str]:
    return [name for name, place in places.items() if place is None]


def _early_signs(
    table: pa.Table, places: Mapping[str, Place | None], usual: float | None, far: float
) -> dict[str, Bools]:
    """The signs that the figures of all users tell: night, nothing bought, dwell."""
    looks, kept, views = (column(table, name) for name in ("looks", "kept", "views"))
    expected = looks * kept.sum() / looks.sum()
    night = np.zeros(len(looks), np.bool_)
    if usual is not None:
        night = column(table, "quiet") >= np.maximum(3 * usual, usual + 0.2) * looks
    figures = _dwell(table)
    odd = (views == 0) & (views.sum() >= 0.5 * looks.sum())
    if places["dwell"] is not None:
        odd |= (views >= _KNOWN) & places["dwell"].below(figures["dwell"], far)
    if places["vary"] is not None:
        odd |= (views >= _KNOWN) & (figures["vary"] <= 0.1) & (places["vary"].usual > 0.2)
    # five where none are: 7 in 1,000 by chance, if all users were alike
    return {"night": night, "nothing": (expected >= 5) & (kept <= 0.05 * expected), "dwell": odd}


def _late_signs(rows: Mapping[str, Floats], places: Mapping[str, Place | None], far: float) -> dict[str, Bools]:
    """The signs that need every gap: even, pace, long, reach."""

    def out(name: str, side: Literal["above", "below"]) -> Bools:
        place = places[name]
        if place is None:
            return np.zeros(len(rows[name]), np.bool_)
        return place.above(rows[name], far) if side == "above" else place.below(rows[name], far)

    even = (rows["gaps"] >= 20) & (rows["spread"] <= EVEN) & out("spread", "below")
    pace = (rows["gaps"] >= 20) & (out("gap", "below") | (out("peak", "above") & (rows["gap"] <= 2)))
    return {"even": even, "pace": pace, "long": out("long", "above"), "reach": out("reach", "above")}


def _dwell(table: pa.Table) -> dict[str, Floats]:
    """Mean dwell in seconds, and its deviation as a share of the mean; NaN without dwell."""
    views, total, squares = (column(table, name) for name in ("views", "dwell", "dwell2"))
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = total / views
        return {"dwell": mean, "vary": np.sqrt(np.maximum(squares / views - mean**2, 0)) / mean}


def _rhythm(asked: Asked, table: pa.Table, tick: float) -> dict[str, Floats]:
    """Figures of these users that need their events in order, beside what per_user knows; NaN where not known.

    gaps = pauses of at most 30 minutes between two moments; gap = their median in seconds; middle = the width of their
    middle half; spread = middle / gap, where times are no finer than `tick` at least half a tick / gap; long = moments
    a run; peak = looks in the busiest minute; reach = different items looked at.
    """
    keys = numbers(table, "user_no")
    found = asked.reader.read(Query(_RHYTHM, (listed(keys), _PAUSE, _PAUSE, _PAUSE)), step=asked.step)
    place = np.searchsorted(keys, numbers(found, "user_no")) if _ordered(keys) else _places(keys, found)
    rows = {name: column(table, name) for name in ("looks", "kept", "views", "quiet")} | _dwell(table)
    for name in ("gaps", "gap", "middle", "long", "peak", "reach"):
        rows[name] = np.full(len(keys), np.nan)
        rows[name][place] = column(found, name)
    with np.errstate(divide="ignore", invalid="ignore"):
        rows["spread"] = np.maximum(np.maximum(rows["middle"], tick / 2), 1e-3) / rows["gap"]
    return rows


def _ordered(keys: Ints) -> bool:
    return bool((np.diff(keys) > 0).all())


def _places(keys: Ints, found: pa.Table) -> Ints:
    order = np.argsort(keys)
    return np.asarray(order[np.searchsorted(keys[order], numbers(found, "user_no"))], np.int64)


def _choose(asked: Asked, params: Mapping[str, Param]) -> Query | pa.Array:
    return pa.array(bots(asked, params).user_no, pa.int64())


KINDS: tuple[Kind, ...] = (Kind("bot", "users", "users that look like bots", DEFAULTS, _choose),)
"""bot: `signs` of seven must agree; `far` = spreads from the usual; `least` = looks that a user must have."""

_EVENTS = Query("SELECT count(*) AS n FROM events")
# Several looks at the same moment are one: pages log their parts at once, and a gap of nothing is no rhythm.
_RHYTHM = (
    "WITH looks AS (SELECT user_no, at_utc, item_no FROM events WHERE user_no IN (SELECT unnest(CAST(? AS BIGINT[]))) "
    f"AND at_utc IS NOT NULL AND {LOOKS}), "
    "moments AS (SELECT user_no, epoch_us(at_utc) / 1e6 AS at_s, count(*) AS n FROM looks GROUP BY ALL), "
    "gaps AS (SELECT user_no, at_s - lag(at_s) OVER (PARTITION BY user_no ORDER BY at_s) AS gap FROM moments), "
    "even AS (SELECT user_no, count(*) FILTER (gap <= ?) AS gaps, "
    "quantile_cont(gap, [0.25, 0.5, 0.75]) FILTER (gap <= ?) AS q, "
    "count(*) / (1 + count(*) FILTER (gap > ?)) AS long FROM gaps GROUP BY user_no), "
    "busy AS (SELECT user_no, max(n) AS peak FROM (SELECT user_no, sum(n) AS n FROM moments "
    "GROUP BY user_no, floor(at_s / 60)) GROUP BY user_no), "
    "reach AS (SELECT user_no, count(DISTINCT item_no) AS reach FROM looks GROUP BY user_no) "
    "SELECT user_no, gaps, q[2] AS gap, q[3] - q[1] AS middle, long, peak, reach "
    "FROM even JOIN busy USING (user_no) JOIN reach USING (user_no)"
)
