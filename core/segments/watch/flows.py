"""Movement summed up: how many moved, stayed and came, and what each part gained and lost."""

from __future__ import annotations

from dataclasses import dataclass

from core.segments.watch.types import NOT_SEEN, Movement


@dataclass(frozen=True)
class PartFlow:
    """What a part gained and lost between the two moments, in users.

    `was` = `stayed` + `lost`; `now` = `stayed` + `gained` + `new`.

    Attributes:
        part: its name; None = known, in no part.
        was, now: in it at the first moment (of users seen by then), and at the second.
        stayed: at both.
        gained: came from another part, or from none; lost: went to another, or to none.
        new: not yet seen at the first moment.
    """

    part: str | None
    was: int
    stayed: int
    gained: int
    lost: int
    new: int
    now: int


@dataclass(frozen=True)
class Flows:
    """A movement in sums; `moved`, `stayed`, `apart` and `new` add up to `users`.

    Attributes:
        parts: of each part in the order of the movement, last of none where anybody is in none.
        users: all known users at the second moment.
        moved: seen by the first moment, and in another part at the second; stayed: in the same part.
        apart: in no part, neither then nor now.
        new: not yet seen at the first moment.
    """

    parts: tuple[PartFlow, ...]
    users: int
    moved: int
    stayed: int
    apart: int
    new: int

    @property
    def moved_share(self) -> float | None:
        """Of users seen by the first moment the share that moved; None where nobody had been seen."""
        seen = self.users - self.new
        return self.moved / seen if seen else None


def flows(found: Movement) -> Flows:
    """The sums of a movement."""
    users = {(band.was, band.now): band.users for band in found.bands}
    parts = [_flow(part, users) for part in (*found.parts, None)]
    stayed = sum(part.stayed for part in parts if part.part is not None)
    return Flows(
        tuple(part for part in parts if part.part is not None or part.was or part.now),
        sum(users.values()),
        sum(part.lost for part in parts),
        stayed,
        users.get((None, None), 0),
        sum(part.new for part in parts),
    )


def _flow(part: str | None, users: dict[tuple[str | None, str | None], int]) -> PartFlow:
    was = sum(n for (before, _), n in users.items() if before == part)
    now = sum(n for (_, after), n in users.items() if after == part)
    stayed, new = users.get((part, part), 0), users.get((NOT_SEEN, part), 0)
    return PartFlow(part, was, stayed, now - stayed - new, was - stayed, new, now)
