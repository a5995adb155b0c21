"""How far each start gets, tried step by step for all starts at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from core.errors import Refusal
from core.funnel.question import FunnelSpec
from core.funnel.rows import UNKNOWN, Ints, Rows

Steps = npt.NDArray[np.int8]
Found = list[tuple[Ints, Ints]]
NEVER = np.iinfo(np.int64).max
_CHUNK = 1_000_000


def least(units: Ints, at: Ints) -> tuple[Ints, Ints]:
    """Each unit once, with the least of its moments; units rising."""
    if not len(units):
        return units, at
    fresh = np.ones(len(units), dtype=np.bool_)
    np.not_equal(units[1:], units[:-1], out=fresh[1:])
    begins = np.flatnonzero(fresh)
    return units[begins], np.minimum.reduceat(at, begins)


class Following:
    """Ordered and strict: each step found from the one before."""

    def __init__(self, rows: Rows, spec: FunnelSpec) -> None:
        self.rows, self.n, self.limit = rows, len(spec.steps), spec.limit
        self.strict = spec.order == "strict"
        self.apart = spec.apart
        self._tie: Ints | None = None if self.strict else _tie_starts(rows)
        self._next: dict[int, npt.NDArray[Any]] = {}

    def starts(self) -> Ints:
        at = np.flatnonzero(self.rows.steps & 1)
        if self.strict and self.rows.held is not None:
            at = at[self.rows.held[at] >= 0]
        return at

    def begins_at(self, starts: Ints) -> Ints:
        """The moment of each start."""
        moments: Ints = self.rows.at[starts]
        return moments

    def reach(self, starts: Ints) -> tuple[Steps, Found]:
        """How many steps each start comes through; for each step, the units that came so far and when."""
        rows = self.rows
        reached = np.ones(len(starts), dtype=np.int8)
        found = [least(rows.units[starts], rows.at[starts])]
        for step, alive, path in self._steps(starts):
            reached[alive] = step + 1
            found.append(least(rows.units[path[-1]], rows.at[path[-1]]))
        found += [(starts[:0], starts[:0])] * (self.n - len(found))
        return reached, found

    def path(self, starts: Ints) -> Ints:
        """(starts, steps): the row of each step; -1 where it is not reached."""
        taken = np.full((len(starts), self.n), -1, dtype=np.int64)
        taken[:, 0] = starts
        for step, alive, path in self._steps(starts):
            taken[alive, step] = path[-1]
        return taken

    def _steps(self, starts: Ints) -> Iterator[tuple[int, Ints, list[Ints]]]:
        """For each step from the second on: its number, which starts came to it, their ways' rows so far."""
        rows, alive, path = self.rows, np.arange(len(starts)), [starts]
        for step in range(1, self.n):
            here = self._strictly(step, path) if self.strict else self._after(step, path)
            there = np.minimum(here, len(rows) - 1)
            good = (here < len(rows)) & (rows.groups[there] == rows.groups[path[0]])
            if self.strict:
                good &= (rows.steps[there] & (1 << step)) > 0
                if rows.held is not None:
                    good &= rows.held[there] == rows.held[path[0]]
            if self.limit is not None:
                good &= rows.at[there] - rows.at[path[0]] <= self.limit
            alive, path = alive[good], [each[good] for each in path] + [here[good]]
            if not len(alive):
                return
            yield step, alive, path

    def _strictly(self, step: int, path: list[Ints]) -> Ints:
        following: Ints = path[-1] + 1
        return following

    def _after(self, step: int, path: list[Ints]) -> Ints:
        nexts: npt.NDArray[Any] = self._nexts(step)
        current = path[-1]
        if self._tie is None:
            after: Ints = nexts[current + 1]
            return after
        found: Ints = nexts[self._tie[current]]
        if self.apart:
            return found
        for _ in range(len(path)):
            used = np.zeros(len(found), dtype=np.bool_)
            for earlier in path:
                used |= earlier == found
            if not used.any():
                break
            found = np.where(used, nexts[np.minimum(found + 1, len(nexts) - 1)], found)
        return found

    def _nexts(self, step: int) -> npt.NDArray[Any]:
        """(n + 1,): the first row from here on that could serve the step; n where there is none."""
        if step not in self._next:
            n = len(self.rows)
            kind = np.int32 if n < 2**31 - 2 else np.int64
            marks = np.where(self.rows.steps & (1 << step), np.arange(n, dtype=kind), kind(n))
            self._next[step] = np.append(np.minimum.accumulate(marks[::-1])[::-1], kind(n))
        return self._next[step]


class AnyOrder:
    """In any order: the stretch that begins with an event of any step."""

    def __init__(self, rows: Rows, spec: FunnelSpec) -> None:
        self.rows, self.n, self.limit = rows, len(spec.steps), spec.limit
        self._tie = _tie_starts(rows)
        first = {step: spec.steps.index(step) for step in spec.steps}
        # the same step twice needs two events: how many of its kind stand before it
        self._kind = [first[step] for step in spec.steps]
        self._turn = [spec.steps[:i].count(step) for i, step in enumerate(spec.steps)]
        self._held: dict[int, tuple[Ints, Ints]] = {}
        for mask in np.unique(rows.steps).tolist():
            kinds = {self._kind[i] for i in range(self.n) if mask & 1 << i}
            if len(kinds) > 1:
                one, other = sorted(kinds)[:2]
                raise Refusal(
                    "bad_steps",
                    f"In any order, one event could be step {one + 1} and step {other + 1} at once.",
                    "Give these steps filters that no event passes both of, or ask for the steps in order.",
                )

    def starts(self) -> Ints:
        starts = np.flatnonzero(self.rows.steps)
        if self.limit is not None:
            return starts
        # without a limit the group's first event starts a stretch that holds all others
        fresh = np.ones(len(starts), dtype=np.bool_)
        fresh[1:] = self.rows.groups[starts][1:] != self.rows.groups[starts][:-1]
        return starts[fresh]

    def reach(self, starts: Ints) -> tuple[Steps, Found]:
        """As Following.reach; 0 where the stretch lacks the first step, or does without the event it begins with."""
        reached = np.zeros(len(starts), dtype=np.int8)
        parts: list[Found] = [[] for _ in range(self.n)]
        for low in range(0, len(starts), _CHUNK):
            some = starts[low : low + _CHUNK]
            path = self.path(some)
            if self.limit is not None:
                path[~(path == some[:, None]).any(axis=1)] = -1
            whole = path >= 0
            reached[low : low + _CHUNK] = whole.sum(axis=1)
            at = np.maximum.accumulate(np.where(whole, self.rows.at[np.maximum(path, 0)], UNKNOWN), axis=1)
            for i in range(self.n):
                parts[i].append(least(self.rows.units[some[whole[:, i]]], at[whole[:, i], i]))
        joined = [tuple(np.concatenate(each) for each in zip(*part, strict=True)) for part in parts]
        return reached, joined  # type: ignore[return-value]  # pairs, as they were put in

    def begins_at(self, starts: Ints) -> Ints:
        """The moment of each start: of the first event that it uses."""
        if self.limit is not None or not len(starts):
            moments: Ints = self.rows.at[starts]
            return moments
        path = self.path(starts)
        at = np.where(path >= 0, self.rows.at[np.maximum(path, 0)], NEVER)
        first = np.where(at == UNKNOWN, NEVER, at).min(axis=1)
        return np.where(first == NEVER, UNKNOWN, first)

    def path(self, starts: Ints) -> Ints:
        """(starts, steps): the row of each step; -1 from the first on that the stretch lacks."""
        rows = self.rows
        taken = np.full((len(starts), self.n), -1, dtype=np.int64)
        going = np.ones(len(starts), dtype=np.bool_)
        begin = starts if self._tie is None else self._tie[starts]
        for step in range(self.n):
            places, before = self._of(self._kind[step])
            turn = before[begin] + self._turn[step]
            found = np.append(places, [len(rows)])[np.minimum(turn, len(places))]
            there = np.minimum(found, len(rows) - 1)
            going &= (found < len(rows)) & (rows.groups[there] == rows.groups[starts])
            if self.limit is not None:
                going &= rows.at[there] - rows.at[starts] <= self.limit
            taken[going, step] = found[going]
        return taken

    def _of(self, step: int) -> tuple[Ints, Ints]:
        """The rows that could serve the step, and for each row how many of them stand before it."""
        if step not in self._held:
            marks = (self.rows.steps & (1 << step)) > 0
            places = np.flatnonzero(marks)
            self._held[step] = (places, np.cumsum(marks) - marks)
        return self._held[step]


def _tie_starts(rows: Rows) -> Ints | None:
    """For each row the first one of its group at the same moment; None where every moment is its own."""
    same = (rows.groups[1:] == rows.groups[:-1]) & (rows.at[1:] == rows.at[:-1])
    if not same.any():
        return None
    first = np.arange(len(rows))
    first[1:][same] = 0
    firsts: Ints = np.maximum.accumulate(first)
    return firsts
