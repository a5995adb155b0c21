"""What all findings about drift share: which loads are held against which, and how a finding is put."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from core.quality.loads import Loads
from core.quality.types import Finding, Level, Selection


def finding(loads: Loads, load: int, level: Level, title: str, meaning: str, column: str, **facts: Any) -> Finding:
    """A finding of drift about one load and column; loads of events can be selected."""
    events = loads.kind == "events"
    return Finding(
        "drift", level, title, meaning, loads.kind, loads.rows[load], sum(loads.rows.values()), column,
        selection=Selection.of("load", batch_no=load) if events else None, facts={"load": load, **facts},
    )  # fmt: skip


def steps(loads: Loads) -> Iterator[tuple[int, list[tuple[int, ...]]]]:
    """Each load but the first, with what it is held against: all earlier loads, and the one before."""
    for place, load in enumerate(loads.numbers[1:], start=1):
        earlier = loads.numbers[:place]
        yield load, [earlier, earlier[-1:]] if place > 1 else [earlier]


def people(loads: Loads, some: tuple[int, ...]) -> int:
    """Independent draws behind some loads together."""
    return sum(loads.people[load] for load in some)


def percent(share: float) -> str:
    """A share in words."""
    return f"{share * 100:.1f} %"
