"""What colours users on a picture: each user's part, the largest parts by name, the rest together."""

from __future__ import annotations

from collections import Counter

import pytest

from core.segments import (
    NONE,
    OTHERS,
    BadRule,
    ByColumn,
    ByRfm,
    BySegments,
    Prop,
    Segment,
    Test,
    coloured,
    compile_rule,
    part_rule,
    read_schema,
    save_segment,
    these_users,
)
from core.store import Query, Store
from tests.segments.people import PEOPLE
from tests.segments.world import ids, put


def numbers(store: Store) -> dict[str, int]:
    return {str(r["user_id"]): int(str(r["user_no"])) for r in store.rows(Query("SELECT user_id, user_no FROM users"))}


@pytest.fixture
def people(store: Store) -> Store:
    put(store, PEOPLE)
    return store


def test_every_user_is_in_the_part_whose_rule_chooses_them(people: Store) -> None:
    of = numbers(people)
    found = coloured(people, ByRfm(), list(of.values()))
    schema = read_schema(people)
    rules = {part: compile_rule(part_rule(ByRfm(), part), schema, people.as_of()) for part in found.parts}
    member_ids = {part: ids(people, query) for part, query in rules.items()}
    for user, place in zip(of, found.of, strict=True):
        members = {part for part in found.parts if user in member_ids[part]}
        assert members == ({found.parts[place]} if place >= 0 else set())
    assert NONE in found.of, "who never bought is in no RFM group"


def test_values_of_a_column_the_most_frequent_by_name(people: Store) -> None:
    of = numbers(people)
    rows = people.rows(Query("SELECT user_no, country FROM users"))
    country = {int(str(r["user_no"])): r["country"] for r in rows}
    usual = Counter(value for value in country.values() if value)
    assert len(usual) > 1
    found = coloured(people, ByColumn("country"), list(of.values()), most=1)
    assert found.parts == (min(usual, key=lambda name: (-usual[name], str(name))),)
    assert found.others == len(usual) - 1
    for number, place in zip(of.values(), found.of, strict=True):
        value = country[number]
        assert place == (NONE if not value else 0 if value == found.parts[0] else OTHERS)
    for wrong in ("user_id", "no such"):
        with pytest.raises(BadRule):
            coloured(people, ByColumn(wrong), list(of.values()))


def test_saved_segments_and_a_few_users_alone(people: Store) -> None:
    of = numbers(people)
    first, *_, last = of
    save_segment(people, Segment("One", Prop("user_id", Test("is", (first,)))))
    found = coloured(people, BySegments(("One",)), [of[last], of[first]])
    assert (found.parts, found.of) == (("One",), (NONE, 0))
    assert coloured(people, BySegments(("One",)), []).of == ()
    yielded = people.rows(these_users((of[last], of[first])))
    assert {int(str(row["user_no"])) for row in yielded} == {of[last], of[first]}
    assert people.rows(these_users(())) == []
