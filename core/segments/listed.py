"""Conditions that point elsewhere: to a kept group of users, to another moment, to an analyst's own SQL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from core.segments.parts import BadRule, Unit, one_of, text, whole

_LONGEST_SQL = 20_000


@dataclass(frozen=True)
class Ago:
    """So many hours, days, weeks or calendar months before as_of."""

    n: int
    unit: Unit = "days"

    def __post_init__(self) -> None:
        one_of(self.unit, get_args(Unit), "unit")
        whole(self.n, self.unit)


@dataclass(frozen=True)
class InGroup:
    """Users of a kept group: clusters, look-alikes, a list from a file, or a segment's members as frozen.

    `parts`: only these parts (clusters) by number, () = all; `closest`: only the so many that stand first.
    """

    name: str
    parts: tuple[int, ...] = ()
    closest: int | None = None

    def __post_init__(self) -> None:
        text(self.name, "group")
        for place, part in enumerate(self.parts):
            if type(part) is not int or part < -1:
                raise BadRule(f"must be the number of a part, not {part!r}", f"parts[{place}]")
        if self.closest is not None:
            whole(self.closest, "closest", most=1_000_000_000)


@dataclass(frozen=True)
class Sql:
    """Users that a SELECT on `events`, `users`, `items` names, by a column user_id or user_no.

    It sees the data up to as_of. What may be written: core.store.guard; it is read only and has 30 seconds.
    """

    sql: str

    def __post_init__(self) -> None:
        text(self.sql, "sql", most=_LONGEST_SQL)
