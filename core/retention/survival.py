"""How long users stay, and how long until they buy again: Kaplan-Meier curves of users parted some way."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.behaviour import EVERYTHING, IS_ORDER, NO_TIMES, ORDER_KEY, Window, covered, holm, resolve
from core.errors import Refusal
from core.progress import Step, no_step
from core.retention.cohorts import ALL
from core.retention.kaplan import Curve, kaplan_meier, log_rank
from core.retention.pauses import usual_silence
from core.retention.starts import DAY_US, Ints, Starts, did, part_condition, read_starts, start_query
from core.retention.ways import named_way, part_query
from core.segments import ANY_EVENT
from core.store import Query, Store, flat

Ends = Literal["lapse", "again"]
_EPOCH = datetime(1970, 1, 1)
_LONGEST = 40_000  # days


@dataclass(frozen=True)
class Survive:
    """A question about time until something happens.

    Attributes:
        ends: "lapse": the user's last activity, if at least `silence` days without any follow it; "again": the second
            order, counted from the first.
        silence: days; None = learned (core.retention.pauses). Not looked at for "again".
        start: of "lapse": the event whose first occurrence begins a user's time.
        by: what parts the users (core.retention.ways).

    Raises Refusal `bad_question`.
    """

    ends: Ends = "lapse"
    silence: int | None = None
    start: str = ANY_EVENT
    by: str | None = None

    def __post_init__(self) -> None:
        if self.ends not in get_args(Ends):
            raise Refusal("bad_question", f"Unknown end {self.ends!r}.", f"Known: {', '.join(get_args(Ends))}.")
        if self.silence is not None and not 1 <= self.silence <= 3_650:
            raise Refusal("bad_question", f"{self.silence:,} days of silence.", "Choose 1 to 3,650 days.")


@dataclass(frozen=True)
class Compared:
    """A log-rank test between two parts, or among all (`a` and `b` then ALL). p is corrected by Holm between pairs."""

    a: str
    b: str
    statistic: float
    p: float


@dataclass(frozen=True, eq=False)
class Survival:
    """Survival curves.

    Attributes:
        window: resolved: users who started in it, seen until its end. question: `silence` and `by` as used.
        learned: whether `silence` was learned.
        parts: (ALL,), or ALL and the names of the parts.
        curves: part, day, at_risk, events, censored, share, low, high: one row a day, up to the last on which anybody
            is at risk. `share` is of those to whom it has not happened.
        medians: part, users, events, median, low, high (days; None = not reached).
        unseen: users left out since they started less than `silence` days before the end.
        tests: among all parts first, then every pair.
        problem: why nothing can be shown.
    """

    window: Window
    question: Survive
    learned: bool
    parts: tuple[str, ...]
    curves: pd.DataFrame
    medians: pd.DataFrame
    unseen: int = 0
    tests: tuple[Compared, ...] = ()
    problem: str | None = None


@dataclass(frozen=True, eq=False)
class _Lives:
    starts: Starts
    days: Ints
    happened: npt.NDArray[np.bool_]
    seen: npt.NDArray[np.bool_]


def survival(store: Store, question: Survive, window: Window = EVERYTHING, *, step: Step = no_step) -> Survival:
    """How long users who started in `window` stay, or take to buy again. Raises Refusal `unknown_way`, BadRule."""
    asked = question.silence
    question, window, problem = settled_survival(store, question, window)
    none = pd.DataFrame()
    if problem is not None:
        return Survival(window, question, asked is None, (), none, none, problem=problem)
    lives = _lives(store, question, window, step)
    seen = lives.seen
    if not seen.any():
        problem = "Nobody started early enough for this to be seen. Choose a longer period or a shorter silence."
        return Survival(window, question, asked is None, (), none, none, int((~seen).sum()), problem=problem)
    days, happened, part = lives.days[seen], lives.happened[seen], lives.starts.part[seen]
    there = [code for code in range(len(lives.starts.parts)) if (part == code).any()]
    each = [kaplan_meier(days[part == code], happened[part == code]) for code in there]
    names = [lives.starts.parts[code] for code in there]
    if names == [ALL]:
        curves = each
    else:
        names, curves = [ALL, *names], [kaplan_meier(days, happened), *each]
    tests = _tests(names[1:], each) if len(each) > 1 else ()
    tables = [_table(name, curve) for name, curve in zip(names, curves, strict=True)]
    return Survival(
        window,
        question,
        asked is None and question.ends == "lapse",
        tuple(names),
        pd.concat(tables, ignore_index=True),
        pd.DataFrame([_median(name, curve) for name, curve in zip(names, curves, strict=True)]),
        int((~seen).sum()),
        tests,
    )


def settled_survival(store: Store, question: Survive, window: Window) -> tuple[Survive, Window, str | None]:
    """The question with silence and way settled, the window with its end, and why nothing can be shown."""
    way = None if question.by is None else named_way(store, question.by)
    window = resolve(store, window)
    start = "purchase" if question.ends == "again" else question.start
    if window.end is None:
        return question, window, NO_TIMES
    silence = question.silence
    if question.ends == "lapse" and silence is None:
        silence = usual_silence(store, window)
        if silence is None:
            return question, window, "Nobody came on two days, so how long users pause cannot be learned: choose days."
    return Survive(question.ends, silence, start, way), window, None


def _lives(store: Store, question: Survive, window: Window, step: Step) -> _Lives:
    """Everyone who started: for how many whole days, and whether it happened by then."""
    starts = read_starts(store, question.start, question.by, window)
    ended = _lasts(store, question, window)
    found = store.read(Query("SELECT user_no, epoch_us(last) AS last FROM (") + ended + ")", step=step)
    last = np.full(int(starts.users.max(initial=0)) + 1, -1, dtype=np.int64)
    users, moments = (flat(found.column(n)) for n in range(2))
    inside = users < len(last)
    last[users[inside]] = moments[inside]
    then, until = last[starts.users], _until(store, question, window)
    there = then >= starts.first
    happened = there & (then <= until)
    days = (np.where(happened, then, until) - starts.first) // DAY_US
    return _Lives(starts, np.minimum(np.maximum(days, 0), _LONGEST), happened, starts.first <= until)


def _lasts(store: Store, question: Survive, window: Window) -> Query:
    """`user_no`, `last` (TIMESTAMP): the moment that ends a user's time: the last activity, or the second order."""
    if question.ends == "lapse":
        return (
            Query("SELECT e.user_no, max(e.at_utc) AS last FROM events e WHERE ")
            + did(store, ANY_EVENT, window.end)
            + " GROUP BY e.user_no"
        )
    orders = (
        Query(f"SELECT {ORDER_KEY}, min(at_utc) AS placed FROM events WHERE {IS_ORDER} AND user_no IS NOT NULL AND ")
        + Query("at_utc < ?", (window.end,))
        + " GROUP BY user_no, order_id, order_day"
    )
    return Query("SELECT user_no, min(placed, 2)[2] AS last FROM (") + orders + ") GROUP BY user_no HAVING count(*) > 1"


def _until(store: Store, question: Survive, window: Window) -> int:
    """Up to which moment it can be said whether it has happened, in microseconds since 1970."""
    span = covered(store, window)
    end = span[1] if span else datetime.min
    if question.ends == "lapse":
        end -= timedelta(days=question.silence or 0)
    return (end - _EPOCH) // timedelta(microseconds=1)


def _table(name: str, curve: Curve) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "part": name,
            "day": np.arange(len(curve.share)),
            "at_risk": curve.at_risk,
            "events": curve.events,
            "censored": curve.censored,
            "share": curve.share,
            "low": curve.low,
            "high": curve.high,
        }
    )


def _median(name: str, curve: Curve) -> dict[str, object]:
    return {
        "part": name,
        "users": int(curve.at_risk[0]),
        "events": int(curve.events.sum()),
        "median": curve.reached(),
        "low": curve.reached(which="low"),
        "high": curve.reached(which="high"),
    }


def _tests(names: list[str], curves: list[Curve]) -> tuple[Compared, ...]:
    together = Compared(ALL, ALL, *log_rank(curves))
    if len(curves) == 2:
        return (Compared(names[0], names[1], together.statistic, together.p),)
    pairs = [(a, b, *log_rank([curves[a], curves[b]])) for a, b in combinations(range(len(curves)), 2)]
    corrected = holm([p for *_, p in pairs])
    return (together, *(Compared(names[a], names[b], s, p) for (a, b, s, _), p in zip(pairs, corrected, strict=True)))


Side = Literal["happened", "staying", "unseen"]


def survival_users(
    store: Store, question: Survive, day: int, side: Side, part: str = ALL, window: Window = EVERYTHING
) -> Query:
    """The users (`user_no`) behind a point of a curve.

    `side`: to whom it "happened" by the end of that day; "staying": at risk on the day after; "unseen": not followed so
    long, without it having happened. The three add up to the curve's users.
    """
    question, window, problem = settled_survival(store, question, window)
    if problem is not None:
        return Query("SELECT user_no FROM users WHERE FALSE")
    starts = start_query(store, question.start, window)
    until = _until(store, question, window)
    lasts = _lasts(store, question, window)
    made = Query("SELECT s.user_no FROM (") + starts + ") s LEFT JOIN (" + lasts + ") l USING (user_no)"
    where = Query(f" WHERE epoch_us(s.first) <= {until}")
    if part != ALL and question.by is not None:
        names = read_starts(store, question.start, question.by, window).parts
        parts = part_query(store, question.by, starts, did(store, question.start, window.end), window.end)
        made += Query(" LEFT JOIN (") + parts + ") p USING (user_no)"
        where += Query(" AND ") + part_condition(names, part, question.by)
    over = f"coalesce(l.last >= s.first AND epoch_us(l.last) <= {until}, FALSE)"
    days = f"((CASE WHEN {over} THEN epoch_us(l.last) ELSE {until} END - epoch_us(s.first)) // {DAY_US})"
    said = {
        "happened": f"{over} AND {days} <= {int(day)}",
        "staying": f"{days} > {int(day)}",
        "unseen": f"NOT {over} AND {days} <= {int(day)}",
    }[side]
    return made + where + f" AND {said}"
