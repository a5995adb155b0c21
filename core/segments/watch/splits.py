"""Splits: ways to part users so that each is in at most one part, asked as of any moment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import get_args

from core.segments.abc_sql import classed
from core.segments.compile import condition
from core.segments.conditions import Setting
from core.segments.grid import DEFAULT_GRID, Grid
from core.segments.loyalty_sql import staged
from core.segments.parts import BadRule, text
from core.segments.rfm_sql import scored
from core.segments.rule import (
    Abc,
    All,
    Any,
    InGroup,
    InSegment,
    Loyalty,
    LoyaltySettings,
    Not,
    Rfm,
    RfmSettings,
    Rule,
)
from core.segments.schema import Schema
from core.segments.worth import STAGES, Class
from core.store import Query, joined


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
    """By the parts (clusters) of a kept group: as it stands, the same as of every moment.

    A group without parts is one part of its own name. Users whose number has no name (-1, noise) are in none.

    Attributes:
        name: of the group.
        numbered: (number, name) of its parts, which `named_parts` fills in, so that rules can be made without a schema.
    """

    name: str
    numbered: tuple[tuple[int, str], ...] = ()

    def __post_init__(self) -> None:
        text(self.name, "group")


@dataclass(frozen=True)
class BySegments:
    """By saved segments: each user counts in the first of them that they belong to, live ones as of the moment."""

    names: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.names:
            raise BadRule("needs at least one segment", "segments")
        for name in self.names:
            text(name, "segments")
        if len({name.casefold() for name in self.names}) < len(self.names):
            raise BadRule("names a segment twice", "segments", "Name each once.")


Split = ByRfm | ByLoyalty | ByAbc | ByGroup | BySegments


def split_parts(split: Split, schema: Schema) -> tuple[str, ...]:
    """The names of the parts, in the order in which they are shown. Raises BadRule."""
    match split:
        case ByRfm():
            return _grid(split).distinct()
        case ByLoyalty():
            return STAGES
        case ByAbc():
            return get_args(Class)
        case ByGroup():
            return _group_parts(_numbered(split, schema))
        case BySegments(names):
            return tuple(schema.segment(name, "segments").name for name in names)


def split_query(split: Split, schema: Schema, as_of: datetime | None) -> Query:
    """Two columns, `user_no` INTEGER (each at most once) and `part` VARCHAR, of users in a part. Raises BadRule."""
    setting = Setting(schema, as_of)
    match split:
        case ByRfm():
            return _by_rfm(_grid(split), split.settings, setting.end("rfm", "RFM"))
        case ByLoyalty(settings):
            return _parts_of(staged(settings, setting.end("loyalty", "stages of loyalty")))
        case ByAbc(of):
            return _parts_of(classed(of, setting, ""))
        case ByGroup():
            return _by_group(_numbered(split, schema))
        case BySegments(names):
            return _by_segments(names, setting)


def part_rule(split: Split, part: str | None, schema: Schema | None = None) -> Rule:
    """The rule for the members of a part; None = of known users all who are in none. Raises BadRule.

    `schema` is needed for the parts of a group only, and not where `named_parts` has filled them in.
    """
    match split:
        case ByRfm(_, rfm):
            grid = _grid(split)
            return _one_of(part, grid.distinct(), lambda names: Rfm(names, grid, rfm))
        case ByLoyalty(settings):
            return _one_of(part, STAGES, lambda names: Loyalty(names, settings))  # type: ignore[arg-type]
        case ByAbc(of):
            return _one_of(part, get_args(Class), lambda names: replace(of, classes=names))  # type: ignore[arg-type]
        case ByGroup():
            return _group_rule(split if schema is None else _numbered(split, schema), part)
        case BySegments(names):
            return _segments_rule(names, part)


def named_parts(split: Split, schema: Schema) -> Split:
    """The split with what its rules need of the workspace filled in: the parts of a group. Raises BadRule."""
    return _numbered(split, schema) if isinstance(split, ByGroup) else split


def _numbered(split: ByGroup, schema: Schema) -> ByGroup:
    group = schema.group(split.name, "group")
    return ByGroup(group.name, tuple(sorted((number, name) for number, name in group.parts.items() if number >= 0)))


def _group_parts(split: ByGroup) -> tuple[str, ...]:
    """Parts of one name are one part; a group without parts is one itself."""
    return tuple(dict.fromkeys(name for _, name in split.numbered)) or (split.name,)


def _grid(split: ByRfm) -> Grid:
    """The grid as rules take it: the usual one becomes that of the settings' own number of scores."""
    return Rfm(("11",), split.grid, split.settings).grid


def _by_rfm(grid: Grid, settings: RfmSettings, end: datetime) -> Query:
    rows: Callable[..., Query] = scored
    cases, values = "", []
    for name in grid.distinct():
        cells = ", ".join(Rfm((name,), grid, settings).cells())  # two digits each
        cases += f" WHEN s.r * 10 + s.f IN ({cells}) THEN ?"
        values.append(name)
    made = Query(f"SELECT s.user_no, CASE{cases} END AS part FROM (", tuple(values))
    return made + (rows(end) if settings == RfmSettings() else rows(end, settings)) + ") s"


def _parts_of(found: Query) -> Query:
    return Query("SELECT p.user_no, p.part FROM (") + found + ") p WHERE p.part IS NOT NULL"


def _by_group(split: ByGroup) -> Query:
    of = " FROM grouping_members m JOIN users u USING (user_id) WHERE m.name = ?"
    if not split.numbered:
        return Query("SELECT u.user_no, ?::VARCHAR AS part" + of, (split.name, split.name))
    cases = " ".join("WHEN ? THEN ?" for _ in split.numbered)
    values = tuple(value for pair in split.numbered for value in pair)
    numbers = tuple(number for number, _ in split.numbered)
    marks = ", ".join("?" for _ in numbers)
    return Query(
        f"SELECT u.user_no, CASE m.part {cases} END AS part{of} AND m.part IN ({marks})",
        (*values, split.name, *numbers),
    )


def _by_segments(names: tuple[str, ...], setting: Setting) -> Query:
    asked = [(setting.schema.segment(name, "segments").name, name) for name in names]
    cases = [
        Query("WHEN ") + condition(InSegment(name), setting, "segments") + Query(" THEN ?", (shown,))
        for shown, name in asked
    ]
    return (
        Query("SELECT p.user_no, p.part FROM (SELECT u.user_no, CASE ")
        + joined(" ", cases)
        + " END AS part FROM users u) p WHERE p.part IS NOT NULL"
    )


def _one_of(part: str | None, names: tuple[str, ...], rule: Callable[[tuple[str, ...]], Rule]) -> Rule:
    if part is None:
        return Not(rule(names))
    if part not in names:
        raise BadRule(f"there is no part {part!r}", "part", f"The parts: {', '.join(names)}.")
    return rule((part,))


def _group_rule(split: ByGroup, part: str | None) -> Rule:
    def members(wanted: tuple[str, ...]) -> Rule:
        return InGroup(split.name, tuple(number for number, name in split.numbered if name in wanted))

    return _one_of(part, _group_parts(split), members)


def _segments_rule(names: tuple[str, ...], part: str | None) -> Rule:
    if part is None:
        return Not(Any(tuple(InSegment(name) for name in names)))
    places = [place for place, name in enumerate(names) if name.casefold() == part.casefold()]
    if not places:
        raise BadRule(f"there is no part {part!r}", "part", f"The parts: {', '.join(names)}.")
    earlier, own = names[: places[0]], InSegment(names[places[0]])
    return All((own, Not(Any(tuple(InSegment(name) for name in earlier))))) if earlier else own
