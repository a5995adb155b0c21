"""Retention of cohorts: the share of those who started in a period that came back so many periods later."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import numpy as np
import pandas as pd

from core.behaviour import EVERYTHING, NO_TIMES, Unit, Window, covered, next_period, resolve, share_interval, too_many
from core.progress import Step, no_step
from core.retention.came import Counted, count_back
from core.retention.question import Retain, say_bracket
from core.retention.starts import DAY_US, OWN_DAYS, Ints, Starts, period_numbers, read_starts
from core.retention.ways import named_way
from core.store import Store

ALL = ""
"""The part that holds every user."""

KEY_PERIODS = (1, 3, 6, 12)
_EPOCH = datetime(1970, 1, 1)


@dataclass(frozen=True)
class KeyFigure:
    """Retention over all cohorts that are complete at a slot.

    Attributes:
        slot: place in `Retain.slots`. label: the slot in figures ("3", "4-7").
        share, low, high: with its 95 % interval (Wilson). users: whom it is a share of. cohorts: how many.
        earlier, later: the shares of the first and the last half of these cohorts (by users' start, the one in the
            middle left out of an odd number); None where there is only one.
    """

    slot: int
    label: str
    share: float
    low: float
    high: float
    users: int
    cohorts: int
    earlier: float | None = None
    later: float | None = None


@dataclass(frozen=True, eq=False)
class Retention:
    """Users' retention.

    Attributes:
        window: resolved: users who started in it, seen until its end. question: as asked, `by` a known way.
        known_until: the moment up to which the data are wholly known.
        parts: names of the parts, in order; (ALL,) if not parted.
        cohorts: part, start, end (date, half-open), size (users), complete (bool: the whole period is covered). One row
            for each part and period in which users started; with parts also the part ALL.
        cells: part, cohort (its start), slot (int), label, users (whom the share is of: those who could have been seen
            so long), returned, share, low, high (Wilson, 95 %), complete (bool: the slot is over for everyone of the
            cohort). Only slots that have begun; those not over show what is known so far.
        mean: part, slot, label, cohorts, users, returned, share, low, high: all cohorts complete at the slot, summed.
        figures: retention at the KEY_PERIODS, or at the brackets.
        problem: why nothing can be shown.
    """

    window: Window
    question: Retain
    known_until: datetime | None
    parts: tuple[str, ...]
    cohorts: pd.DataFrame
    cells: pd.DataFrame
    mean: pd.DataFrame
    figures: tuple[KeyFigure, ...] = ()
    problem: str | None = None


def retention(store: Store, question: Retain, window: Window = EVERYTHING, *, step: Step = no_step) -> Retention:
    """The cohort table of `question` for users whose start lies in `window`, seen until its end.

    Raises Refusal `unknown_way`, BadRule for an event that the data do not have.
    """
    question, window = settled(store, question, window)
    span = covered(store, window)
    problem = NO_TIMES if window.end is None else too_many(store, window, question.unit)
    if problem is not None or span is None:
        return _nothing(window, question, problem or "Nothing happened in this period. Choose a longer one.")
    starts = read_starts(store, question.start, question.by, window)
    if not len(starts.users):
        return _nothing(window, question, "Nobody started in this period: choose a longer one, or another first event.")
    numbers, cohort = np.unique(period_numbers(starts.first, question.unit), return_inverse=True)
    groups = starts.part * len(numbers) + cohort
    known = known_periods(question, starts, span[1])
    counted = count_back(store, question, window, starts, groups, known, step=step)
    return _answer(window, question, span, starts, numbers, groups, counted)


def settled(store: Store, question: Retain, window: Window) -> tuple[Retain, Window]:
    """The question with a known way, the window with its end."""
    if question.by is not None:
        way = named_way(store, question.by)
        question = Retain(**{**question.__dict__, "by": way})
    return question, resolve(store, window)


def known_periods(question: Retain, starts: Starts, until: datetime) -> Ints:
    """(users,): how many periods from the start on are over by `until`; N is over where N is below it."""
    if question.clock == "own":
        return np.asarray((_micros(until) - starts.first) // (OWN_DAYS[question.unit] * DAY_US))
    now = int(period_numbers(np.array([_micros(until)]), question.unit)[0])
    return now - period_numbers(starts.first, question.unit)


def _answer(  # what the tables are made of
    window: Window,
    question: Retain,
    span: tuple[datetime, datetime],
    starts: Starts,
    numbers: Ints,
    groups: Ints,
    counted: Counted,
) -> Retention:
    many, slots = len(numbers), len(question.slots)
    sizes = np.bincount(groups, minlength=len(counted.users)).reshape(-1, many)
    shape = (-1, many, slots)
    users, returned = counted.users.reshape(shape), counted.returned.reshape(shape)
    names = list(starts.parts[: len(sizes)])
    if names != [ALL]:
        names = [ALL, *names]
        sizes, users, returned = (np.concatenate([a.sum(axis=0)[None], a]) for a in (sizes, users, returned))
    days = [period_date(int(n), question.unit) for n in numbers]
    low, high = (np.array([bracket[n] for bracket in question.slots]) for n in (0, 1))
    if question.clock == "own":
        shown, complete = users > 0, users == sizes[:, :, None]
    else:
        over = int(period_numbers(np.array([_micros(span[1])]), question.unit)[0]) - numbers
        complete = np.broadcast_to((high[None, :] < over[:, None])[None], users.shape)
        last = int(period_numbers(np.array([_micros(window.end or span[1]) - 1]), question.unit)[0])
        shown = (low[None, None, :] <= (last - numbers)[None, :, None]) & (sizes[:, :, None] > 0)
    part, place, slot = np.nonzero(shown)
    labels = np.array([say_bracket(bracket) for bracket in question.slots], dtype=object)
    cells = _shares(
        {
            "part": np.array(names, dtype=object)[part],
            "cohort": np.array(days, dtype=object)[place],
            "slot": slot,
            "label": labels[slot],
            "users": users[shown],
            "returned": returned[shown],
        }
    )
    cells["complete"] = complete[shown]
    summed = complete & shown
    mean = _mean(names, labels, summed, np.where(summed, users, 0), np.where(summed, returned, 0))
    with_users = np.nonzero(sizes > 0)
    ends = [next_period(day, question.unit) for day in days]
    whole = [
        datetime.combine(a, time.min) >= span[0] and datetime.combine(b, time.min) <= span[1]
        for a, b in zip(days, ends, strict=True)
    ]
    cohorts = pd.DataFrame(
        {
            "part": np.array(names, dtype=object)[with_users[0]],
            "start": np.array(days, dtype=object)[with_users[1]],
            "end": np.array(ends, dtype=object)[with_users[1]],
            "size": sizes[with_users],
            "complete": np.array(whole)[with_users[1]],
        }
    )
    figures = _figures(question, mean, cells)
    return Retention(window, question, span[1], tuple(names), cohorts, cells, mean, figures)


def _mean(names: list[str], labels: Ints, summed: Ints, users: Ints, returned: Ints) -> pd.DataFrame:
    part, slot = np.nonzero(summed.any(axis=1))
    return _shares(
        {
            "part": np.array(names, dtype=object)[part],
            "slot": slot,
            "label": labels[slot],
            "cohorts": summed.sum(axis=1)[part, slot],
            "users": users.sum(axis=1)[part, slot],
            "returned": returned.sum(axis=1)[part, slot],
        }
    )


def _shares(columns: dict[str, Ints]) -> pd.DataFrame:
    frame = pd.DataFrame(columns)
    low, high = share_interval(frame["returned"], frame["users"])
    share = frame["returned"] / frame["users"].where(frame["users"] > 0)
    return frame.assign(share=share, low=low, high=high)


def _figures(question: Retain, mean: pd.DataFrame, cells: pd.DataFrame) -> tuple[KeyFigure, ...]:
    if question.kind == "bracket":
        wanted = [slot for slot, (low, _) in enumerate(question.slots) if low > 0][:4]
    else:
        wanted = [n for n in KEY_PERIODS if n < len(question.slots)]
    found = []
    for row in mean[(mean["part"] == ALL) & mean["slot"].isin(wanted)].to_dict("records"):
        of = cells[(cells["part"] == ALL) & (cells["slot"] == row["slot"]) & cells["complete"]].sort_values("cohort")
        half = len(of) // 2
        halves = [
            None if not half else each["returned"].sum() / each["users"].sum() for each in (of[:half], of[-half:])
        ]
        found.append(
            KeyFigure(
                int(row["slot"]), str(row["label"]), float(row["share"]), float(row["low"]), float(row["high"]),
                int(row["users"]), int(row["cohorts"]), *(None if v is None else float(v) for v in halves),
            )
        )  # fmt: skip
    return tuple(found)


def period_date(number: int, unit: Unit) -> date:
    """The first day of the period that core.retention.starts.number_days numbers so."""
    if unit == "month":
        return date(1970 + number // 12, number % 12 + 1, 1)
    return _EPOCH.date() + timedelta(days=number if unit == "day" else 7 * number - 3)


def _micros(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _nothing(window: Window, question: Retain, problem: str) -> Retention:
    none = pd.DataFrame()
    return Retention(window, question, None, (), none, none, none, (), problem)
