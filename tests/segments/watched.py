"""What tests of compared and watched segments share: three segments, and answers to rules of any moment."""

from __future__ import annotations

from datetime import datetime

from hypothesis import HealthCheck, Phase, settings

from core.segments import (
    Did,
    Prop,
    Rule,
    Schema,
    Segment,
    Test,
    compile_rule,
    read_schema,
    save_segment,
    saved_segments,
)
from core.store import Store
from tests.examples import examples
from tests.segments.world import ids

START = datetime(2024, 2, 1)
BUYERS = Segment("buyers", Did("purchase"))
LOOKERS = Segment("lookers", Did("view"))
FRANCE = Segment("France", Prop("country", Test("is", ("France",))))

few = settings(max_examples=examples(8), phases=[Phase.generate], suppress_health_check=[HealthCheck.too_slow])


def save(store: Store, *segments: Segment) -> None:
    for segment in segments:
        save_segment(store, segment, replace=True)


def answer(store: Store, rule: Rule, at: datetime, schema: Schema | None = None) -> set[str]:
    """The members; with the `schema` of now where many are asked: to read it is a third of the work."""
    return ids(store, compile_rule(rule, schema or read_schema(store, saved=saved_segments(store)), at))
