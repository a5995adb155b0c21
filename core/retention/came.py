"""Who came back when: for each user of a cohort the periods after the start in which a coming-back event lies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.behaviour import Window
from core.errors import Refusal
from core.progress import Step
from core.retention.question import Retain
from core.retention.starts import DAY_US, OWN_DAYS, Ints, Starts, did, number_days, period_numbers
from core.segments import ANY_EVENT
from core.store import Query, Store

_MOST_CELLS = 1_500_000_000  # one byte each


@dataclass(frozen=True, eq=False)
class Counted:
    """Counts by group of users (rows, as numbered in `groups`) and slot of the question (columns); int64.

    Attributes:
        returned: users who came back in the slot, of those counted in `users`.
        users: who could have been seen: of the calendar all of the group; by own clocks those whose slot is over.
    """

    returned: Ints
    users: Ints


def count_back(  # one question's parts
    store: Store, question: Retain, window: Window, starts: Starts, groups: Ints, known: Ints, *, step: Step
) -> Counted:
    """Count the users of each group who came back in each slot.

    Args:
        window: resolved. groups: (users,), the group of each row of `starts`.
        known: (users,), how many periods after the start are wholly known: N is over where N < known.
    """
    many, slots = int(groups.max()) + 1, question.slots
    sizes = np.bincount(groups, minlength=many)
    users = np.repeat(sizes[:, None], len(slots), axis=1)
    if question.clock == "own":
        users = _at_least(groups, _passed(known, question), many, len(slots))
    if question.kind == "unbounded":
        last = _last_back(store, question, window, starts, step)
        if question.clock == "own":
            last = np.minimum(last, known - 1)
        return Counted(_at_least(groups, np.clip(last + 1, 0, len(slots)), many, len(slots)), users)
    if len(groups) * len(slots) > _MOST_CELLS:
        raise Refusal(
            "too_many_users",
            f"{len(groups):,} users by {len(slots)} periods are too many to hold at once.",
            "Look at fewer periods, a longer unit, or a shorter stretch of time.",
        )
    hits = _hits(store, question, window, starts, known, step)
    order = np.argsort(groups, kind="stable")
    bounds = np.append(0, np.cumsum(sizes))
    returned = np.zeros((many, len(slots)), dtype=np.int64)
    for group in range(many):  # rows of a group are neighbours once in order
        returned[group] = hits[order[bounds[group] : bounds[group + 1]]].sum(axis=0, dtype=np.int64)
    return Counted(returned, users)


def _passed(known: Ints, question: Retain) -> Ints:
    """(users,): how many slots are over."""
    last = np.array([high for _, high in question.slots])
    return np.searchsorted(last, known, side="left").astype(np.int64)


def _at_least(groups: Ints, reached: Ints, many: int, slots: int) -> Ints:
    """(groups, slots): users whose `reached` is above the slot's place."""
    cells = np.bincount(groups * (slots + 1) + reached, minlength=many * (slots + 1)).reshape(many, slots + 1)
    return np.asarray(cells[:, ::-1].cumsum(axis=1)[:, ::-1][:, 1:])


def _last_back(store: Store, question: Retain, window: Window, starts: Starts, step: Step) -> Ints:
    """(users,): N of each user's last coming back; -1 without."""
    query = (
        Query("SELECT e.user_no, epoch_us(max(e.at_utc)) AS last FROM events e WHERE ")
        + did(store, question.back, window.end)
        + " GROUP BY e.user_no"
    )
    found = store.read(query, step=step)
    row = _rows(starts)
    place = row(found.column(0).to_numpy())
    last = np.full(len(starts.users), -1, dtype=np.int64)
    at = found.column(1).to_numpy()[place >= 0]
    place = place[place >= 0]
    first = starts.first[place]
    if question.clock == "own":
        n = (at - first) // (OWN_DAYS[question.unit] * DAY_US)
    else:
        n = period_numbers(at, question.unit) - period_numbers(first, question.unit)
    last[place] = np.where(at >= first, n, -1)
    return last


def _hits(
    store: Store, question: Retain, window: Window, starts: Starts, known: Ints, step: Step
) -> npt.NDArray[np.uint8]:
    """(users, slots): 1 where the user came back in the slot (and, by own clocks, the slot is over)."""
    slots, own = question.slots, question.clock == "own"
    slot_of = np.full(slots[-1][1] + 2, -1, dtype=np.int16)
    for number, (low, high) in enumerate(slots):
        slot_of[low : high + 1] = number
    hits = np.zeros(len(starts.users) * len(slots) + 1, dtype=np.uint8)  # the last byte takes what counts nowhere
    # The start itself is a coming back in period 0 where it is such an event; then no moment within the day matters.
    itself = question.back == question.start or (question.back == ANY_EVENT and question.start != "impression")
    exact = own or not itself
    if itself and slot_of[0] >= 0:
        hits[:-1].reshape(-1, len(slots))[:, slot_of[0]] = 1
    row = _rows(starts)
    cohort = period_numbers(starts.first, question.unit)
    length = OWN_DAYS[question.unit] * DAY_US
    moment = "epoch_us(e.at_utc)" if exact else "CAST(e.at_utc AS DATE) - DATE '1970-01-01'"
    query = Query(f"SELECT e.user_no, {moment} AS at FROM events e WHERE ") + did(store, question.back, window.end)
    if len(starts.first):
        query += Query(" AND e.at_utc >= make_timestamp(?)", (int(starts.first.min()),))
    for batch in store.stream(query, step=step):
        at = batch.column(1).to_numpy()
        place = row(batch.column(0).to_numpy())
        if own:
            n = (at - starts.first[place]) // length
        else:
            days = at // DAY_US if exact else at
            n = number_days(days, question.unit) - cohort[place]
            if exact:
                n[at < starts.first[place]] = -1
        slot = slot_of[np.clip(n, -1, len(slot_of) - 1)]  # -1 is the last place, which holds no slot
        cell = place.astype(np.int64) * len(slots) + slot
        cell[(place < 0) | (slot < 0)] = len(hits) - 1
        hits[cell] = 1
    made = hits[:-1].reshape(-1, len(slots))
    if own:
        made &= (np.arange(len(slots)) < _passed(known, question)[:, None]).astype(np.uint8)
    return made


class _rows:  # used as a function
    """Which row of `starts` a user_no has; -1 for none."""

    def __init__(self, starts: Starts) -> None:
        self._place = np.full(int(starts.users.max(initial=0)) + 2, -1, dtype=np.int32)
        self._place[starts.users] = np.arange(len(starts.users), dtype=np.int32)

    def __call__(self, users: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
        return np.asarray(self._place[np.minimum(users, len(self._place) - 1)])
