"""All visits as arrays, worked out once for each version of the data and rule."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from core.attention.visits_rule import LONG, Choice, VisitRule, choose_rule
from core.attention.visits_strands import ANONYMOUS, Bools, Int32, Ints, Strand, of_strands
from core.behaviour import Window
from core.progress import Step, no_step
from core.store import Query, Store

_SECOND = 1_000_000
_MOST_KEPT = 3
NOBODY = Query("SELECT user_no FROM users WHERE false")


@dataclass(frozen=True, eq=False)
class Visits:
    """One entry for each visit, by user and then by start; those of nobody known come first.

    Attributes:
        choice: which rule was used. outside: events that might have been in a visit and are in none.
        users: int32 (n,), user_no or ANONYMOUS. numbers: int64 (n,), event_no of the first event.
        start, end: int64 (n,), microseconds since 1970 UTC: first event, and the last moment known to be spent: the
            last event, or the end of its dwell, of which at most the rule's pause counts.
        events, views: int32 (n,). key: whether it holds a key event; bought: whether it holds a purchase.
        dwell: float64 (n,), seconds, summed. dwelt: int32 (n,), events of known dwell.
    """

    choice: Choice
    outside: int
    users: Int32
    numbers: Ints
    start: Ints
    end: Ints
    events: Int32
    views: Int32
    key: Bools
    bought: Bools
    dwell: npt.NDArray[np.float64]
    dwelt: Int32

    def __len__(self) -> int:
        return len(self.users)

    @cached_property
    def known(self) -> Bools:
        """(n,): whether the visit is of a known user."""
        named: Bools = self.users != ANONYMOUS
        return named

    @cached_property
    def engaged(self) -> Bools:
        """(n,): 10 seconds or longer, or a key event, or two or more views."""
        return (self.end - self.start >= LONG * _SECOND) | self.key | (self.views >= 2)

    @cached_property
    def measured(self) -> Bools:
        """(n,): whether anything says how long it lasted: a second event, or dwell."""
        return (self.events > 1) | (self.dwelt > 0)

    @cached_property
    def dates_only(self) -> bool:
        """Whether every visit begins at midnight: the data hold days, no times of day."""
        return len(self) > 0 and not bool((self.start % (86_400 * _SECOND)).any())

    def begun_in(self, window: Window) -> Bools:
        """(n,): whether the visit began in a resolved window."""
        inside: Bools = np.ones(len(self), dtype=np.bool_)
        if window.start is not None:
            inside &= self.start >= microseconds(window.start)
        if window.end is not None:
            inside &= self.start < microseconds(window.end)
        return inside

    def people(self, chosen: Bools) -> int:
        """How many known users made the chosen visits."""
        found = self.users[chosen & self.known]
        return int(np.count_nonzero(found[1:] != found[:-1])) + 1 if len(found) else 0

    def people_query(self, chosen: Bools) -> Query:
        """The known users (`user_no`) who made the chosen visits."""
        return these(np.unique(self.users[chosen & self.known]))


def microseconds(moment: Any) -> int:
    """A moment (UTC, no zone) as microseconds since 1970."""
    return int(np.datetime64(moment, "us").astype(np.int64))


def these(users: npt.NDArray[Any]) -> Query:
    """The query that yields these user_no. As one text: a list of parameters or literals would be parsed one by one."""
    if not len(users):
        return NOBODY
    return Query(
        "SELECT CAST(unnest(string_split(?, ',')) AS INTEGER) AS user_no", (",".join(map(str, users.tolist())),)
    )


def all_visits(store: Store, rule: VisitRule, *, step: Step = no_step) -> Visits:
    """The visits of all the data, kept for the next question. Raises Refusal `no_own_sessions`."""
    version = store.version
    with _making:
        held = _kept.setdefault(store, {})
        for key in [key for key in held if key[0] != version]:
            del held[key]
        made = held.pop((version, rule), None) or _make(store, rule, step)
        held[version, rule] = made  # the one last asked for stands last
        while len(held) > _MOST_KEPT:
            del held[next(iter(held))]
    return made


_kept: WeakKeyDictionary[Store, dict[tuple[int, VisitRule], Visits]] = WeakKeyDictionary()
_making = threading.Lock()


def _make(store: Store, rule: VisitRule, step: Step) -> Visits:
    choice = choose_rule(store, rule)
    parts = of_strands(store, rule, choice, lambda strand: _summed(strand, rule), step=step)
    if not parts:
        parts = [tuple(np.empty(0, dtype) for dtype in _TYPES)]
    columns = [parts[0][n] if len(parts) == 1 else np.concatenate([p[n] for p in parts]) for n in range(len(_TYPES))]
    users, start = columns[0], columns[2]
    if choice.used == "own" or (len(users) and users[-1] == ANONYMOUS):
        order = np.lexsort((start, users))
        columns = [column[order] for column in columns]
    inside = int(columns[4][columns[0] != ANONYMOUS].sum())
    return Visits(choice, choice.events - inside, *columns)


_TYPES = (np.int32, np.int64, np.int64, np.int64, np.int32, np.int32, np.bool_, np.bool_, np.float64, np.int32)


def _summed(strand: Strand, rule: VisitRule) -> tuple[Any, ...]:
    """The columns of Visits from `users` on."""
    first, last = strand.begins[:-1], strand.begins[1:] - 1
    start, end = strand.at[first], strand.at[last]
    dwell, dwelt = np.zeros(len(first)), np.zeros(len(first), np.int32)
    if strand.dwell is not None:
        known = ~np.isnan(strand.dwell)
        spent = np.where(known, strand.dwell, 0.0)
        dwelt, dwell = strand.each(known), np.add.reduceat(spent, first)
        np.clip(spent, 0, rule.gap_minutes * 60, out=spent)
        spent *= _SECOND
        until = spent.astype(np.int64)
        until += strand.at
        end = np.maximum.reduceat(until, first)
    return (
        strand.users[first],
        strand.numbers[first],
        start,
        end,
        np.diff(strand.begins).astype(np.int32),
        strand.each(strand.of("view")),
        strand.any(strand.of(*rule.key_events)),
        strand.any(strand.of("purchase")),
        dwell,
        dwelt,
    )
