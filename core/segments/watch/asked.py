"""What comparing and watching start from: the workspace's schema, the moment, and the segments as conditions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from core.errors import Refusal
from core.segments.compile import condition
from core.segments.conditions import Setting
from core.segments.rule import Segment
from core.segments.schema import Schema, read_schema
from core.segments.stored import saved_segments
from core.store import Query, Store, joined


def opened(store: Store, as_of: datetime | None) -> tuple[Schema, datetime | None]:
    """The schema with the saved segments, and the moment: `as_of`, by default just after the last event."""
    return read_schema(store, saved=saved_segments(store)), as_of or store.as_of()


def checked_segments(segments: Sequence[Segment], most: int) -> tuple[Segment, ...]:
    """The segments, if there are 1 to `most` of them with different names. Raises Refusal."""
    found = tuple(segments)
    if not 1 <= len(found) <= most:
        raise Refusal(
            "bad_number_of_segments",
            f"{len(found):,} segments cannot be compared at once.",
            f"Choose 1 to {most}.",
        )
    names = [segment.name.casefold() for segment in found]
    twice = [segment.name for segment in found if names.count(segment.name.casefold()) > 1]
    if twice:
        raise Refusal("same_segment_twice", f"{twice[0]!r} was chosen twice.", "Choose each segment once.")
    return found


def masks(segments: Sequence[Segment], schema: Schema, as_of: datetime | None) -> Query:
    """`user_no` and `mask` BIGINT of every known user: bit k is set for members of the segment in place k.

    A segment pinned to a moment of its own has its members as of then. Raises BadRule that names the segment.
    """
    bits = [
        Query("(CASE WHEN ")
        + condition(segment.rule, Setting(schema, segment.as_of or as_of), "")
        + f" THEN {1 << place} ELSE 0 END)"
        for place, segment in enumerate(segments)
    ]
    return Query("SELECT u.user_no, (") + joined(" + ", bits) + ")::BIGINT AS mask FROM users u"
