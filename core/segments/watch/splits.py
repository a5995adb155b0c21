"""Splits: ways to part users so that each is in at most one part, asked as of any moment."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from core.segments.grid import DEFAULT_GRID, Grid
from core.segments.parts import BadRule, text
from core.segments.rule import Abc, LoyaltySettings, RfmSettings, Rule
from core.segments.schema import Schema
from core.store import Query


@dataclass(frozen=True)
class ByRfm:
    """By the RFM segments of a grid; parts in the order of `grid.distinct()`."""

    grid: Grid = DEFAULT_GRID
    settings: RfmSettings = RfmSettings()  # noqa: RUF009  # frozen


@dataclass(frozen=True)
class ByLoyalty:
    """By stages of loyalty, in the order of STAGES. Learned thresholds are learned anew as of each moment.

    To compare moments, settle them first (core.segments.loyalty: `settled`), or a change of thresholds moves people.
    """

    settings: LoyaltySettings = LoyaltySettings()  # noqa: RUF009  # frozen


@dataclass(frozen=True)
class ByAbc:
    """By classes A, B, C; `of.classes` is not looked at."""

    of: Abc = field(default_factory=lambda: Abc(("A",)))


@dataclass(frozen=True)
class ByGroup:
    """By the parts (clusters) of a kept group: as it stands, the same as of every moment."""

    name: str

    def __post_init__(self) -> None:
        text(self.name, "group")


@dataclass(frozen=True)
class BySegments:
    """By saved segments: each user counts in the first of them that they belong to, live ones as of the moment."""

    names: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.names:
            raise BadRule("needs at least one segment", "segments")


Split = ByRfm | ByLoyalty | ByAbc | ByGroup | BySegments


def split_parts(split: Split, schema: Schema) -> tuple[str, ...]:
    """The names of the parts, in the order in which they are shown. Raises BadRule."""
    raise NotImplementedError


def split_query(split: Split, schema: Schema, as_of: datetime | None) -> Query:
    """Two columns, `user_no` INTEGER (each at most once) and `part` VARCHAR, of users in a part. Raises BadRule."""
    raise NotImplementedError


def part_rule(split: Split, part: str | None) -> Rule:
    """The rule for the members of a part; None = of known users all who are in none. Raises BadRule."""
    raise NotImplementedError
