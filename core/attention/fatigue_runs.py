"""Runs of exposures: everything that one user was shown of one campaign or item, in order, and what was answered."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from core.attention.path_visits import microseconds
from core.behaviour import Window, contents
from core.errors import Refusal
from core.progress import Step
from core.segments import EventStep, event_query, read_schema
from core.store import Query, Store, flat

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
class Runs:
    """Judged exposures in the window, by user, key and time: which run, which n, whether they were answered."""

    user: npt.NDArray[np.int32]
    run: Whole
    n: Whole
    answered: Bools
    waiting: int


def exposure_events(store: Store) -> tuple[str, ...]:
    """Timed events of known users that can be exposures, the likeliest first."""
    kinds = [kind.event for kind in contents(store) if kind.known and kind.timed]
    return tuple(sorted(kinds, key=lambda k: _SHOWN.index(k) if k in _SHOWN else len(_SHOWN)))


def filled(store: Store, question: FatigueQuestion) -> FatigueQuestion | str:
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


def read_runs(store: Store, question: FatigueQuestion, window: Window, step: Step) -> Runs:
    """Every exposure beside what followed it: by user, key and time, an exposure before a response of its moment."""
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
    user, keys, at = (flat(read.column(i)) for i in range(3))
    answers = flat(read.column(3)).astype(bool)
    if not len(user):
        return Runs(np.zeros(0, np.int32), *(np.zeros(0, np.int64),) * 2, np.zeros(0, bool), 0)
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
    inside = when < microseconds(window.end)
    if window.start is not None:
        inside &= when >= microseconds(window.start)
    judged = inside & (over <= microseconds(end))
    return Runs(
        user[place][judged].astype(np.int32), mine[judged], n[judged].astype(np.int64), answered[judged],
        int((inside & ~judged).sum()),
    )  # fmt: skip


def left_out(store: Store, question: FatigueQuestion, window: Window) -> tuple[int, int]:
    """Exposures in a resolved window that name no campaign (or item), and that name no user."""
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
