"""Whether people tire: the response to the first, second, nth time that they are shown something."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.attention.fatigue_slope import Slope, conditional_slope
from core.attention.path_users import these_users
from core.behaviour import EVERYTHING, NO_TIMES, Z95, Window, contents, resolve, share_interval
from core.errors import Refusal
from core.progress import Step, no_step
from core.segments import EventStep, event_query, read_schema
from core.store import Query, Store

Per = Literal["campaign", "item", "user"]
MOST_EXPOSURES = 50
_SHOWN = ("impression", "open", "view")
_ANSWERS = ("click", "cart", "purchase", "favourite", "open")
_DAY_US = 86_400_000_000
Bools = npt.NDArray[np.bool_]
Whole = npt.NDArray[np.int64]


@dataclass(frozen=True)
class FatigueQuestion:
    """What is an exposure, and what a response to it.

    Attributes:
        exposure, response: events, each with its filters; None = impressions and clicks, or what comes nearest.
        per: exposures are counted for each user and campaign, user and item, or user alone; None = campaign where
            exposures name one, else item where they do, else user.
        days: a response counts up to so many times 24 hours after the exposure, and before the next one. 1 to 60.
        most: the nth exposure is shown up to this n. 2 to 50.
        same: those with at least so many exposures are followed from the first to this one. 2 to `most`.
    """

    exposure: EventStep | None = None
    response: EventStep | None = None
    per: Per | None = None
    days: int = 3
    most: int = 8
    same: int = 5


@dataclass(frozen=True, eq=False)
class Fatigue:
    """Responses by the number of the exposure.

    A run is all exposures of one user to one campaign (or item, or to anything). `n` counts from the user's first one
    in all the data, also before the window.

    Attributes:
        question, window: as asked, filled in.
        table: n; exposures, responses, users (distinct), rate, low, high (Wilson 95 %) of all exposures with that n;
            runs, first_rate, nth_rate, ratio, ratio_low, ratio_high: of the runs that came so far, their own rate at
            the nth against their own at the first (interval of matched pairs); same_runs, same_rate, same_low,
            same_high: of runs with at least `same` exposures (NaN beyond).
        slope: log of the factor on the odds at each further exposure, for the same people.
        halves, halves_low, halves_high: the exposure at which the same people's response is half of the first; None
            where it cannot be told. `halves_high` None = no end to it in these data.
        cap: how many exposures are reasonable; None where none can be named.
        exposures, responses: in the window and judged, with any n. beyond: exposures with n above `most`.
        waiting: exposures left out, since the data end before the time to respond is over.
        nameless: exposures left out that name no campaign (or item); anonymous: that name no user.
        problem: why nothing can be shown.
    """

    question: FatigueQuestion
    window: Window
    table: pd.DataFrame
    slope: Slope = field(default_factory=lambda: Slope(None, None, None, 0))
    halves: float | None = None
    halves_low: float | None = None
    halves_high: float | None = None
    cap: int | None = None
    exposures: int = 0
    responses: int = 0
    beyond: int = 0
    waiting: int = 0
    nameless: int = 0
    anonymous: int = 0
    problem: str | None = None


@dataclass(frozen=True, eq=False)
class _Runs:
    """Judged exposures in the window, by user, key and time: which run, which n, whether they were answered."""

    user: npt.NDArray[np.int32]
    run: Whole
    n: Whole
    answered: Bools
    waiting: int


def fatigue(
    store: Store, question: FatigueQuestion | None = None, window: Window = EVERYTHING, *, step: Step = no_step
) -> Fatigue:
    """The response by the nth exposure. Raises Refusal `bad_exposures`, `same_event`; BadRule for an unknown word."""
    window = resolve(store, window)
    asked = _filled(store, question or FatigueQuestion())
    if isinstance(asked, str):
        return Fatigue(question or FatigueQuestion(), window, pd.DataFrame(), problem=asked)
    if window.end is None:
        return Fatigue(asked, window, pd.DataFrame(), problem=NO_TIMES)
    runs = _runs(store, asked, window, step)
    nameless, anonymous = _left_out(store, asked, window)
    bare = Fatigue(
        asked, window, pd.DataFrame(), exposures=len(runs.n), responses=int(runs.answered.sum()),
        beyond=int((runs.n > asked.most).sum()), waiting=runs.waiting, nameless=nameless, anonymous=anonymous,
    )  # fmt: skip
    if not len(runs.n):
        said = f"No {_word(asked.exposure)} of a known user that can be counted per {asked.per} in this period."
        return replace(bare, problem=f"{said} Choose another event, another way to count, or a longer period.")
    step.report(0.7, "Counting responses")
    found = _table(asked, runs)
    slope = _slope(asked, runs)
    halves = [_halves(float(found["rate"].iloc[0]), b) for b in (slope.slope, slope.low, slope.high)]
    tires = slope.high is not None and slope.high < 0 and halves[0] is not None
    cap = max(1, math.floor(halves[0])) if tires and halves[0] is not None and halves[0] <= asked.most else None
    return replace(
        bare, table=found, slope=slope, halves=halves[0], halves_low=halves[1], halves_high=halves[2], cap=cap
    )


def fatigue_users(
    store: Store,
    question: FatigueQuestion,
    n: int | None = None,
    window: Window = EVERYTHING,
    *,
    answered: bool | None = None,
) -> Query:
    """The users (`user_no`) with a judged nth exposure (any n: None) in the window: all, or those (not) answered."""
    window = resolve(store, window)
    asked = _filled(store, question)
    if isinstance(asked, str) or window.end is None:
        return Query("SELECT user_no FROM users WHERE false")
    runs = _runs(store, asked, window, no_step)
    mine = np.ones(len(runs.n), dtype=bool) if n is None else runs.n == n
    if answered is not None:
        mine &= runs.answered == answered
    return these_users(runs.user[mine])


def exposure_events(store: Store) -> tuple[str, ...]:
    """Timed events of known users that can be exposures, the likeliest first."""
    kinds = [kind.event for kind in contents(store) if kind.known and kind.timed]
    return tuple(sorted(kinds, key=lambda k: _SHOWN.index(k) if k in _SHOWN else len(_SHOWN)))


def _filled(store: Store, question: FatigueQuestion) -> FatigueQuestion | str:
    """The question with its gaps filled, or why it cannot be asked of these data."""
    if not 1 <= question.days <= 60 or not 2 <= question.same <= question.most <= MOST_EXPOSURES:
        hint = f"1 to 60 days, up to {MOST_EXPOSURES} exposures, and at least 2 of the same people."
        raise Refusal("bad_exposures", "Responses cannot be counted like that.", hint)
    if question.per is not None and question.per not in get_args(Per):
        raise Refusal("bad_exposures", f"Exposures cannot be counted per {question.per!r}.", "campaign, item or user")
    kinds = exposure_events(store)
    exposure, response = question.exposure, question.response
    if exposure is None:
        shown = next((kind for kind in _SHOWN if kind in kinds), None)
        if shown is None:
            return (
                "These data hold no impressions, opens or views, so nothing says how often somebody was shown "
                f"something. They hold: {', '.join(sorted(kinds)) or 'no timed event of a known user'}."
            )
        exposure = EventStep(shown)
    if response is None:
        answer = next((kind for kind in _ANSWERS if kind in kinds and kind != exposure.event), None)
        if answer is None:
            return "These data hold nothing that could be a response (a click, a cart, a purchase)."
        response = EventStep(answer)
    if exposure == response:
        raise Refusal("same_event", "Exposure and response are the same event.", "Choose another response.")
    per = question.per
    if per is None:
        row = store.rows(
            Query(
                "SELECT count(campaign) AS campaign, count(item_no) AS item FROM events WHERE event = ?",
                (exposure.event,),
            )
        )[0]
        per = "campaign" if row["campaign"] else "item" if row["item"] else "user"
    return replace(question, exposure=exposure, response=response, per=per)


_KEY = {"campaign": "e.campaign", "item": "e.item_no", "user": "0"}


def _conditions(store: Store, question: FatigueQuestion) -> tuple[Query, Query]:
    assert question.exposure is not None
    assert question.response is not None
    schema, as_of = read_schema(store), store.as_of()
    return tuple(event_query(part, schema, as_of) for part in (question.exposure, question.response))  # type: ignore[return-value]


def _runs(store: Store, question: FatigueQuestion, window: Window, step: Step) -> _Runs:
    """Every exposure beside what followed it: rows by user, key and time, an exposure before a response of its moment."""
    shown, answer = _conditions(store, question)
    key = _KEY[question.per or "user"]
    end = store.as_of()
    assert end is not None
    assert window.end is not None
    hashed = f"hash({key})" if question.per == "campaign" else f"CAST({key} AS UBIGINT)"
    query = (
        Query(f"SELECT e.user_no, {hashed} AS key, epoch_us(e.at_utc) AS at, NOT coalesce(")
        + shown
        + ", false) AS answer FROM events e WHERE (("
        + shown
        + ") OR ("
        + answer
        + Query(f")) AND e.user_no IS NOT NULL AND e.at_utc < ? AND {key} IS NOT NULL ORDER BY ALL", (end,))
    )
    read = store.read(query, step=step)
    user, keys, at = (read.column(i).to_numpy() for i in range(3))
    answers = read.column(3).to_numpy(zero_copy_only=False).astype(bool)
    if not len(user):
        return _Runs(np.zeros(0, np.int32), *(np.zeros(0, np.int64),) * 2, np.zeros(0, bool), 0)
    begins = np.ones(len(user), dtype=bool)
    begins[1:] = (user[1:] != user[:-1]) | (keys[1:] != keys[:-1])
    run = np.cumsum(begins) - 1
    place = np.flatnonzero(~answers)
    mine, when = run[place], at[place]
    first = np.ones(len(place), dtype=bool)
    first[1:] = mine[1:] != mine[:-1]
    count = np.arange(len(place))
    n = count - np.maximum.accumulate(np.where(first, count, 0)) + 1
    limit = question.days * _DAY_US
    after = np.minimum(place + 1, len(user) - 1)
    answered = (after > place) & (run[after] == mine) & answers[after] & (at[after] - when <= limit)
    over = when + limit
    again = ~np.append(first[1:], True)
    over[again] = np.minimum(over[again], np.append(when[1:], 0)[again])
    inside = when < _us(window.end)
    if window.start is not None:
        inside &= when >= _us(window.start)
    judged = inside & (over <= _us(end))
    return _Runs(
        user[place][judged].astype(np.int32), mine[judged], n[judged].astype(np.int64), answered[judged],
        int((inside & ~judged).sum()),
    )  # fmt: skip


def _left_out(store: Store, question: FatigueQuestion, window: Window) -> tuple[int, int]:
    shown, _ = _conditions(store, question)
    key = _KEY[question.per or "user"]
    row = store.rows(
        Query(
            f"SELECT count(*) FILTER (e.user_no IS NOT NULL AND {key} IS NULL) AS nameless,"
            " count(*) FILTER (e.user_no IS NULL) AS anonymous FROM events e WHERE ("
        )
        + shown
        + ") AND "
        + window.condition()
    )[0]
    return int(row["nameless"]), int(row["anonymous"])


def _table(question: FatigueQuestion, runs: _Runs) -> pd.DataFrame:
    most, same = question.most, question.same
    kept = runs.n <= most
    n, run, answered, user = runs.n[kept], runs.run[kept], runs.answered[kept], runs.user[kept]
    exposures = np.bincount(n, minlength=most + 1)[1:]
    responses = np.bincount(n[answered], minlength=most + 1)[1:]
    # answers to the first exposure by run; -1 where the first lies before the window or is not judged
    began = np.full(int(run.max()) + 1 if len(run) else 1, -1, dtype=np.int8)
    began[run[n == 1]] = answered[n == 1]
    own_first = began[run]
    length = np.zeros(len(began), dtype=np.int64)
    np.maximum.at(length, run, n)
    rows = []
    for k in range(1, most + 1):
        here = n == k
        paired = here & (own_first >= 0)
        now, then = answered[paired], own_first[paired] > 0
        followed = here & (own_first >= 0) & (length[run] >= same) if k <= same else np.zeros(len(n), dtype=bool)
        rows.append(
            (k, len(np.unique(user[here])), int(paired.sum()), _share(then), _share(now), *_matched(now, then, k),
             int(followed.sum()), int(answered[followed].sum()))
        )  # fmt: skip
    names = ["n", "users", "runs", "first_rate", "nth_rate", "ratio", "ratio_low", "ratio_high", "same_runs", "same"]
    found = pd.DataFrame(rows, columns=names)
    low, high = share_interval(responses, exposures)
    same_low, same_high = share_interval(found["same"], found["same_runs"])
    with np.errstate(divide="ignore", invalid="ignore"):
        found = found.assign(
            exposures=exposures, responses=responses, rate=responses / exposures, low=low, high=high,
            same_rate=found["same"] / found["same_runs"], same_low=same_low, same_high=same_high,
        )  # fmt: skip
    order = ["n", "exposures", "responses", "users", "rate", "low", "high", *names[2:9], "same_rate", "same_low",
             "same_high"]  # fmt: skip
    return found.loc[found["exposures"] > 0, order].reset_index(drop=True)


def _matched(now: Bools, then: Bools, k: int) -> tuple[float, float, float]:
    """The ratio of two shares of the same runs, with its interval on the log scale (Nam and Blackwelder 2002)."""
    if k == 1:
        return 1.0, 1.0, 1.0
    a, b, both = int(now.sum()), int(then.sum()), int((now & then).sum())
    if not a or not b:
        return (0.0 if b else math.nan), math.nan, math.nan
    wide = Z95 * math.sqrt((a + b - 2 * both) / (a * b))
    return a / b, a / b * math.exp(-wide), a / b * math.exp(wide)


def _share(marks: Bools) -> float:
    return float(marks.mean()) if len(marks) else math.nan


def _slope(question: FatigueQuestion, runs: _Runs) -> Slope:
    kept = runs.n <= question.most
    run, n, answered = runs.run[kept], runs.n[kept], runs.answered[kept].astype(np.int64)
    if not len(run):
        return Slope(None, None, None, 0)
    starts = np.flatnonzero(np.append(True, run[1:] != run[:-1]))
    lengths = np.diff(np.append(starts, len(run)))
    places = (n - np.repeat(n[starts], lengths) + 1) * answered
    return conditional_slope(lengths, np.add.reduceat(answered, starts), np.add.reduceat(places, starts))


def _halves(first: float, slope: float | None) -> float | None:
    """The exposure at which a rate of `first` at the first has fallen to its half, odds falling at this slope."""
    if slope is None or slope >= 0 or not 0 < first < 1:
        return None
    return 1 + math.log((first / 2 / (1 - first / 2)) / (first / (1 - first))) / slope


def _us(moment: datetime) -> int:
    return int(round(moment.replace(tzinfo=UTC).timestamp() * 1_000_000))


def _word(step: EventStep | None) -> str:
    return step.event if step else "exposure"
