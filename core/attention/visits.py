"""Visits: how many, how engaged, how deep, how long; over time. A visit counts where it began."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from core.attention.visits_kept import NOBODY, Visits, all_visits, microseconds
from core.attention.visits_rule import DEFAULT_RULE, Choice, VisitRule
from core.attention.visits_strands import Bools
from core.behaviour import (
    EVERYTHING,
    NO_TIMES,
    Unit,
    Window,
    before,
    grid,
    in_period,
    resolve,
    share_interval,
    too_many,
)
from core.errors import Refusal
from core.progress import Step, no_step
from core.store import Query, Store

NO_VISITS = "No visit began in this period."
KINDS = ("visits", "engaged", "bounced", "one_event", "bought")


@dataclass(frozen=True)
class VisitFigures:
    """Visits that began in a window, in figures; None where nothing can be divided by.

    Attributes:
        visits, engaged, users (known users with a visit), nameless (visits of session ids without a user), key (visits
            with a key event), bought (visits with a purchase), one_event (visits of a single event): counts.
        engagement_rate: engaged / visits. rate_low, rate_high: its Wilson interval, 95 %.
        bounce_rate: 1 - engagement_rate. conversion: bought / visits, with its interval.
        events_per_visit, views_per_visit, visits_per_user (known ones): means.
        median_seconds: of the visits of which a length is known. measured: how many these are.
        dwell_seconds: sum of the dwell that the visits' events carry. dwelt: how many carry one.
        dwell_per_event: mean over those. views_missing_dwell: share of all views and dwelt events without one.
    """

    visits: int
    engaged: int
    users: int
    nameless: int
    key: int
    bought: int
    one_event: int
    engagement_rate: float | None
    rate_low: float | None
    rate_high: float | None
    bounce_rate: float | None
    conversion: float | None
    conversion_low: float | None
    conversion_high: float | None
    events_per_visit: float | None
    views_per_visit: float | None
    visits_per_user: float | None
    median_seconds: float | None
    measured: int
    dwell_seconds: float | None
    dwelt: int
    dwell_per_event: float | None
    dwell_missing: float | None


@dataclass(frozen=True, eq=False)
class VisitsAnswer:
    """Visits of a window.

    Attributes:
        window, rule, unit: as asked, the window's end filled in. choice: which rule the data are read by.
        figures: of the window. before: of the stretch of equal length before it; None where the data do not reach.
        table: per period: start, end (date), visits, engaged, users (int), engagement_rate, low, high,
            views_per_visit (float, NaN without visits), conversion (float), complete (bool).
        outside: events of known users, of all the data, that are in no visit since they carry no session id.
        notes: what else to know, in sentences. problem: why nothing can be shown.
    """

    window: Window
    rule: VisitRule
    unit: Unit
    choice: Choice | None
    figures: VisitFigures | None
    before: VisitFigures | None
    table: pd.DataFrame
    outside: int = 0
    notes: tuple[str, ...] = ()
    problem: str | None = None


def visits(
    store: Store,
    rule: VisitRule = DEFAULT_RULE,
    unit: Unit = "week",
    window: Window = EVERYTHING,
    *,
    step: Step = no_step,
) -> VisitsAnswer:
    """The visits that began in `window`. Raises Refusal `no_own_sessions` (rule "own" without session ids)."""
    window = resolve(store, window)
    if window.end is None:
        return VisitsAnswer(window, rule, unit, None, None, None, pd.DataFrame(), problem=NO_TIMES)
    held = all_visits(store, rule, step=step)
    inside = held.begun_in(window)
    found = figures_of(held, inside)
    past = before(window)
    earlier = None
    if past is not None and past.start is not None and len(held) and held.start.min() < microseconds(window.start):
        reached = microseconds(past.start) >= held.start.min() - 86_400_000_000
        earlier = figures_of(held, held.begun_in(past)) if reached else None
    problem = too_many(store, window, unit)
    table = _over_time(store, held, inside, unit, window) if problem is None and found.visits else pd.DataFrame()
    if not found.visits:
        problem = NO_VISITS
    outside = held.outside if held.choice.used == "own" else 0
    notes = tuple(_notes(held, rule, found))
    return VisitsAnswer(window, rule, unit, held.choice, found, earlier, table, outside, notes, problem)


def visits_users(
    store: Store,
    rule: VisitRule = DEFAULT_RULE,
    window: Window = EVERYTHING,
    kind: str = "visits",
    unit: Unit | None = None,
    start: date | None = None,
) -> Query:
    """The known users (`user_no`) with a visit of this `kind` (KINDS) begun in the window, or in its period `start`.

    Raises Refusal `no_such_part`.
    """
    window = resolve(store, window)
    if window.end is None:
        return NOBODY
    if unit is not None and start is not None:
        window = in_period(window, start, unit)
    held = all_visits(store, rule)
    return held.people_query(held.begun_in(window) & of_kind(held, kind))


def of_kind(held: Visits, kind: str) -> Bools:
    """(n,): which visits are of a kind of KINDS. Raises Refusal `no_such_part`."""
    match kind:
        case "visits":
            return np.ones(len(held), dtype=np.bool_)
        case "engaged":
            return held.engaged
        case "bounced":
            return ~held.engaged
        case "one_event":
            alone: Bools = held.events == 1
            return alone
        case "bought":
            return held.bought
    raise Refusal("no_such_part", f"There are no visits called {kind!r}.", f"Known: {', '.join(KINDS)}.")


def figures_of(held: Visits, inside: Bools) -> VisitFigures:
    """The figures of the visits marked by `inside`."""
    n = int(np.count_nonzero(inside))
    users, nameless = held.people(inside), int(np.count_nonzero(inside & ~held.known))
    engaged, bought = int(np.count_nonzero(inside & held.engaged)), int(np.count_nonzero(inside & held.bought))
    low, high = share_interval([engaged, bought], [n, n])
    measured = inside & held.measured
    lengths = (held.end[measured] - held.start[measured]) / 1e6
    views, dwelt = int(held.views[inside].sum()), int(held.dwelt[inside].sum())
    dwell = float(held.dwell[inside].sum()) if dwelt else None

    def per(part: float | None, whole: int) -> float | None:
        return part / whole if whole and part is not None else None

    return VisitFigures(
        n,
        engaged,
        users,
        nameless,
        int(np.count_nonzero(inside & held.key)),
        bought,
        int(np.count_nonzero(inside & (held.events == 1))),
        per(engaged, n),
        float(low[0]) if n else None,
        float(high[0]) if n else None,
        per(n - engaged, n),
        per(bought, n),
        float(low[1]) if n else None,
        float(high[1]) if n else None,
        per(int(held.events[inside].sum()), n),
        per(views, n),
        per(n - nameless, users),
        float(np.median(lengths)) if len(lengths) else None,
        len(lengths),
        dwell,
        dwelt,
        per(dwell, dwelt),
        max(0.0, 1 - dwelt / views) if views and dwelt else None,
    )


def _over_time(store: Store, held: Visits, inside: Bools, unit: Unit, window: Window) -> pd.DataFrame:
    periods = grid(store, window, unit)
    starts = periods["start"].to_numpy().astype("datetime64[us]").astype(np.int64)
    users, at = held.users[inside], held.start[inside]
    place = np.searchsorted(starts, at, side="right") - 1
    n = len(periods)

    def counted(weights: Bools) -> pd.Series:
        return pd.Series(np.bincount(place[weights], minlength=n), dtype="int64")

    # visits stand by user and then by start, so a user's visits of one period are neighbours
    fresh = held.known[inside]
    fresh[1:] &= (users[1:] != users[:-1]) | (place[1:] != place[:-1])
    made = periods.assign(
        visits=counted(np.ones(len(place), dtype=np.bool_)),
        engaged=counted(held.engaged[inside]),
        users=counted(fresh),
    )
    whole = made["visits"].where(made["visits"] > 0).astype("float64")
    low, high = share_interval(made["engaged"], made["visits"])
    return made.assign(
        engagement_rate=made["engaged"] / whole,
        low=low,
        high=high,
        views_per_visit=np.bincount(place, weights=held.views[inside], minlength=n) / whole,
        conversion=counted(held.bought[inside]) / whole,
    )[[*_COLUMNS]]


_COLUMNS = (
    "start", "end", "visits", "engaged", "users", "engagement_rate", "low", "high", "views_per_visit", "conversion",
    "complete",
)  # fmt: skip


def _notes(held: Visits, rule: VisitRule, found: VisitFigures) -> list[str]:
    """What an analyst must know before believing the figures."""
    choice, said = held.choice, []
    if choice.used == "own":
        said.append(
            f"Visits are the data's own sessions: {choice.share_with_session:.1%} of known users' events carry an id."
        )
        if held.outside:
            said.append(f"{held.outside:,} events of known users, over all the data, carry none and are in no visit.")
    else:
        said.append(f"Visits are told by pauses: {rule.gap_minutes} minutes without an event end one.")
        if choice.with_session and rule.by == "auto":
            said.append(
                f"The data's own session ids are not used: only {choice.share_with_session:.1%} of known users' events "
                "carry one."
            )
    if held.dates_only:
        said.append("The data hold days and no times of day: all that a user did on one day is one visit.")
    if len(held) and not held.views.any():
        said.append("The data hold no views, so these are visits in which something else was done, such as buying.")
    if found.visits and found.key == found.visits:
        said.append("Every visit holds a key event, so all are engaged: choose other key events to tell them apart.")
    if found.median_seconds == 0:
        said.append("In half of the visits or more all events carry the same time, so these have no length.")
    if found.visits and found.measured < found.visits:
        lone = found.visits - found.measured
        said.append(f"{lone:,} visits have one event and no dwell: how long they lasted is not known.")
    if found.nameless:
        said.append(f"{found.nameless:,} visits are of session ids that name no user; they have no users behind them.")
    return said
