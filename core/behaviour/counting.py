"""Rows put in order of user and time: ranges of users side by side, each small enough for a core's own cache."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.behaviour.spread import spread

Int32 = npt.NDArray[np.int32]
Ints = npt.NDArray[np.int64]

_PART = 600_000
_MOST_PARTS = 255
_BITS = 63


@dataclass(frozen=True, eq=False)
class Rows:
    """Events of known users, in any order.

    Attributes:
        users: int32 (n,). at: int64 (n,), microseconds since 1970. kind: uint16 (n,). numbers: int64 (n,), event_no.
    """

    users: Int32
    at: Ints
    kind: npt.NDArray[np.uint16]
    numbers: Ints


@dataclass(frozen=True, eq=False)
class Ordered:
    """Rows in order of user, time and number.

    Attributes:
        order: int32 (n,), where each stood before. users, at, kind: in order.
        cuts: (parts + 1,), places where one may cut without parting a user, some 600,000 events apart: 0, ..., n.
    """

    order: Int32
    users: Int32
    at: Ints
    kind: npt.NDArray[np.uint16]
    cuts: Ints


def in_order(rows: Rows) -> Ordered:
    """The rows by user, time and number.

    A range of users at a time: user, time and place are packed into one number each and those numbers sorted, for
    which NumPy has a sort of its own for the processor. Time that does not fit the number loses its last bits; the
    few users of whom two events are then still the wrong way round are sorted in earnest.
    """
    n = len(rows.users)
    of, many = _ranges(rows.users)
    sizes = np.bincount(of, minlength=many) if many > 1 else np.array([n])
    cuts = np.append(0, np.cumsum(sizes))
    made = Ordered(np.empty(n, np.int32), np.empty(n, np.int32), np.empty(n, np.int64), np.empty(n, np.uint16), cuts)

    def sort(part: int) -> None:
        here = slice(int(cuts[part]), int(cuts[part + 1]))
        _sort(rows, np.flatnonzero(of == part) if many > 1 else np.arange(n), made, here)

    spread(sort, range(many))
    return made


def _ranges(users: Int32) -> tuple[npt.NDArray[np.uint8], int]:
    """For each row which range of users it is of, by a sample of them; and how many ranges there are."""
    parts = min(len(users) // _PART, _MOST_PARTS)
    if parts < 2:
        return np.empty(0, np.uint8), int(len(users) > 0)
    sample = np.sort(users[:: max(1, len(users) // 100_000)])
    bounds = np.unique(sample[np.arange(1, parts) * len(sample) // parts])
    bounds = bounds[bounds > users.min()]
    step = np.zeros(int(users.max()) + 1, np.uint8)
    step[bounds] = 1
    return np.take(np.cumsum(step, dtype=np.uint8), users, mode="clip"), len(bounds) + 1


def _sort(rows: Rows, place: Ints, made: Ordered, here: slice) -> None:
    """Write the rows at `place` (rising) in order `here`."""
    n = len(place)
    if not n:
        return
    users, at, kind = rows.users[place], rows.at[place], rows.kind[place]
    low, since = int(users.min()), int(at.min())
    of_place, of_user = (n - 1).bit_length(), (int(users.max()) - low).bit_length()
    of_time = (int(at.max()) - since).bit_length()
    lost = max(0, of_time + of_user + of_place - _BITS)
    key = users.astype(np.int64)
    key -= low
    key <<= of_time - lost
    passed = at - since
    passed >>= lost
    key |= passed
    key <<= of_place
    key |= np.arange(n)
    key.sort()
    key &= (1 << of_place) - 1
    users, at = users[key], at[key]
    place = place[key]
    late = _late(rows.numbers, place, users, at)
    if len(late):
        mixed = np.flatnonzero(np.isin(users, np.unique(users[late])))
        again = mixed[np.lexsort((rows.numbers[place[mixed]], at[mixed], users[mixed]))]
        key[mixed], place[mixed], at[mixed] = key[again], place[again], at[again]
    made.order[here], made.users[here], made.at[here] = place, users, at
    np.take(kind, key, out=made.kind[here], mode="clip")


def _late(numbers: Ints, order: Ints, users: Int32, at: Ints) -> Ints:
    """Where an event stands behind one of the same user that it should stand before."""
    near = np.flatnonzero((at[1:] <= at[:-1]) & (users[1:] == users[:-1])) + 1
    same = at[near] == at[near - 1]
    late: Ints = near[~same | (numbers[order[near]] < numbers[order[near - 1]])]
    return late
