"""Saved segments: unique names, references, and never an answer from a half-read rule."""

from __future__ import annotations

from datetime import datetime

import pytest

from core.errors import Refusal
from core.segments import (
    All,
    BadRule,
    Compare,
    Did,
    InSegment,
    Not,
    Segment,
    delete_segment,
    get_segment,
    list_segments,
    rename_segment,
    save_segment,
    segment_to_json,
)  # fmt: skip
from core.segments import Any as AnyOf
from core.store import Query, Store

REPEAT = Segment("Repeat buyers", Did("purchase", compare=Compare("at_least", 2)), datetime(2024, 1, 1))


def names(store: Store) -> list[str]:
    return [s.segment.name for s in list_segments(store)]


def test_save_get_list(store: Store) -> None:
    version = store.version
    saved = save_segment(store, REPEAT)
    assert saved.created_at == saved.updated_at
    assert get_segment(store, "repeat BUYERS") == REPEAT
    assert store.version == version, "a saved segment is not data"
    assert segment_to_json(REPEAT) == {
        "name": "Repeat buyers",
        "rule": {"did": "purchase", "compare": {"at_least": 2}},
        "as_of": "2024-01-01T00:00:00",
    }


def test_names_are_unique_whatever_their_case(store: Store) -> None:
    first = save_segment(store, REPEAT)
    with pytest.raises(Refusal) as caught:
        save_segment(store, Segment("REPEAT buyers", All()))
    assert caught.value.code == "segment_exists"
    again = save_segment(store, Segment("REPEAT buyers", All()), replace=True)
    assert again.created_at == first.created_at
    assert names(store) == ["REPEAT buyers"]
    assert get_segment(store, "Repeat buyers").rule == All()


def test_hostile_names_are_kept_as_they_are(store: Store) -> None:
    name = "x'); DROP TABLE segments; -- \" %"
    save_segment(store, Segment(name, All()))
    assert names(store) == [name]
    delete_segment(store, name)
    assert names(store) == []


@pytest.mark.parametrize("name", ["", "  ", " a", "a\n", "a\0", "x" * 81])
def test_names_that_cannot_be(name: str) -> None:
    with pytest.raises(BadRule):
        Segment(name, All())


def test_references(store: Store) -> None:
    with pytest.raises(Refusal, match="no saved segment 'repeat buyers'"):
        save_segment(store, Segment("Lapsed", InSegment("Repeat buyers")))
    save_segment(store, REPEAT)
    lapsed = AnyOf((All((InSegment("repeat buyers"), Not(Did("view")))), Not(InSegment("Repeat Buyers"))))
    save_segment(store, Segment("Lapsed", lapsed))
    with pytest.raises(Refusal) as caught:
        delete_segment(store, "Repeat buyers")
    assert (caught.value.code, "'Lapsed'" in caught.value.message) == ("segment_in_use", True)
    rename_segment(store, "repeat buyers", "Regulars")
    assert names(store) == ["Lapsed", "Regulars"]
    renamed = AnyOf((All((InSegment("Regulars"), Not(Did("view")))), Not(InSegment("Regulars"))))
    assert get_segment(store, "Lapsed").rule == renamed
    delete_segment(store, "Lapsed")
    delete_segment(store, "Regulars")
    with pytest.raises(Refusal) as caught:
        delete_segment(store, "Regulars")
    assert caught.value.code == "no_such_segment"


def test_cycles_are_refused(store: Store) -> None:
    with pytest.raises(BadRule, match="refer to itself: A -> A"):
        save_segment(store, Segment("A", Not(InSegment("a"))))
    save_segment(store, Segment("A", All()))
    save_segment(store, Segment("B", InSegment("A")))
    save_segment(store, Segment("C", Not(InSegment("B"))))
    with pytest.raises(BadRule, match="refer to itself: A -> C -> B -> A"):
        save_segment(store, Segment("A", InSegment("C")), replace=True)
    assert get_segment(store, "A").rule == All()


def test_rename_to_its_own_name_in_other_case_or_to_a_taken_one(store: Store) -> None:
    save_segment(store, REPEAT)
    save_segment(store, Segment("Other", All()))
    rename_segment(store, "Repeat buyers", "REPEAT BUYERS")
    assert names(store) == ["Other", "REPEAT BUYERS"]
    with pytest.raises(Refusal) as caught:
        rename_segment(store, "other", "Repeat Buyers")
    assert caught.value.code == "segment_exists"


def test_a_rule_of_another_version_is_named(store: Store) -> None:
    save_segment(store, REPEAT)
    with store.atomic(data=False) as writer:
        writer.run(Query("UPDATE segments SET rule = '{\"new\": 1}'"))
    with pytest.raises(BadRule, match="segment 'Repeat buyers'"):
        list_segments(store)
