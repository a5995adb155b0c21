"""Overlap: which users are in several segments at once, in exactly which, and how that compares with chance."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from core.progress import Step, no_step
from core.segments.rule import At, InSegment, Rule, Segment
from core.segments.schema import Schema
from core.segments.watch.asked import checked_segments, masks, opened
from core.segments.watch.types import Intersection, Overlap, Pair
from core.store import Query, Store

MOST = 12
"""Segments whose overlap can be asked at once: 4,096 ways to be in some and not in the others."""


def overlap(
    store: Store, segments: Sequence[Segment], as_of: datetime | None = None, *, step: Step = no_step
) -> Overlap:
    """How up to 12 segments overlap, saved or not, as of `as_of` (UTC; by default just after the last event).

    All is counted in one pass over the users: each condition of each segment is asked once. A segment pinned to a
    moment of its own has its members as of then. Raises BadRule, Refusal `bad_number_of_segments`,
    `same_segment_twice`.
    """
    asked = checked_segments(segments, MOST)
    schema, end = opened(store, as_of)
    counted = Query("SELECT mask, count(*) AS users FROM (") + masks(asked, schema, end) + ") GROUP BY mask"
    found = {int(row["mask"]): int(row["users"]) for row in store.rows(counted, step=step)}
    names = tuple(segment.name for segment in asked)
    several = [
        Intersection(tuple(name for place, name in enumerate(names) if mask >> place & 1), users)
        for mask, users in sorted(found.items(), key=lambda one: (-one[1], one[0]))
    ]
    known = sum(found.values())
    both = [[_within(found, 1 << a | 1 << b) for b in range(len(names))] for a in range(len(names))]
    pairs = [_pair(names, both, known, a, b) for a in range(len(names)) for b in range(len(names)) if a != b]
    sizes = tuple(both[place][place] for place in range(len(names)))
    return Overlap(end, names, sizes, known, tuple(several), tuple(pairs), tuple(_rule(s, schema) for s in asked))


def _within(found: dict[int, int], bits: int) -> int:
    return sum(users for mask, users in found.items() if mask & bits == bits)


def _pair(names: tuple[str, ...], both: list[list[int]], known: int, a: int, b: int) -> Pair:
    first, second, users = both[a][a], both[b][b], both[a][b]
    either = first + second - users
    return Pair(
        names[a],
        names[b],
        users,
        users / first if first else None,
        users / either if either else None,
        users * known / (first * second) if first and second else None,
    )


def _rule(segment: Segment, schema: Schema) -> Rule:
    """By name where it is saved as it was asked about, so that a rule made of it follows the segment."""
    if schema.segments.get(segment.name.casefold()) == segment:
        return InSegment(segment.name)
    return segment.rule if segment.as_of is None else At(segment.as_of, segment.rule)
