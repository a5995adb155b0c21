"""Splits and movement between their parts: people counted by hand, and random worlds counted again by rules."""

from __future__ import annotations

from datetime import datetime

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Refusal
from core.segments import (
    NOT_SEEN,
    All,
    BadRule,
    ByAbc,
    ByGroup,
    ByLoyalty,
    ByRfm,
    BySegments,
    Did,
    RfmSettings,
    Rule,
    Segment,
    Split,
    movement,
    part_rule,
    read_schema,
    rfm_cuts,
    saved_segments,
    split_parts,
    split_query,
)
from core.segments.groups import write_group
from core.store import Query, Store
from tests.segments.people import AS_OF, EVERYONE, PEOPLE
from tests.segments.strategies import AS_OF as END
from tests.segments.strategies import rules, worlds
from tests.segments.watched import BUYERS, FRANCE, LOOKERS, START, answer, few, save
from tests.segments.world import World, event, put


def keep(store: Store, name: str, parts: dict[str, int], names: dict[int, str]) -> None:
    table = pa.table({"user_id": pa.array(list(parts)), "part": pa.array(list(parts.values()), pa.int32())})
    with store.atomic(data=False) as writer:
        write_group(writer, name, "clusters", table, words="by hand", spec={}, parts=names, replace=True)


def parted(store: Store, split: Split, at: datetime) -> dict[str, str]:
    schema = read_schema(store, saved=saved_segments(store))
    rows = store.rows(
        Query("SELECT u.user_id, p.part FROM (") + split_query(split, schema, at) + ") p JOIN users u USING (user_no)"
    )
    assert len(rows) == len({row["user_id"] for row in rows}), "each user in at most one part"
    return {str(row["user_id"]): str(row["part"]) for row in rows}


def check_parts(store: Store, split: Split, at: datetime) -> None:
    """The rule of each part has exactly the members that the query puts into it."""
    schema = read_schema(store, saved=saved_segments(store))
    found = parted(store, split, at)
    everyone = answer(store, All(), at, schema)
    assert set(found.values()) <= set(split_parts(split, schema))
    for part in split_parts(split, schema):
        mine = {user for user, name in found.items() if name == part}
        assert answer(store, part_rule(split, part, schema), at, schema) == mine, part
    assert answer(store, part_rule(split, None, schema), at, schema) == everyone - set(found)


def check_bands(store: Store, split: Split, start: datetime, end: datetime, *, fixed: bool) -> None:
    """Every known user is in one band, and the rule of each band has exactly its users."""
    if (store.as_of() or start) <= start:
        return  # a random world may end before
    found = movement(store, split, start, end, fixed=fixed)
    now, schema = store.as_of() or end, read_schema(store, saved=saved_segments(store))
    members = [answer(store, found.rule(band.was, band.now), now, schema) for band in found.bands]
    assert [len(users) for users in members] == [band.users for band in found.bands]
    assert sorted(user for users in members for user in users) == sorted(answer(store, All(), end))


# ---- splits


def test_splits_by_hand(store: Store) -> None:
    put(store, PEOPLE)
    save(store, BUYERS, LOOKERS)
    assert parted(store, BySegments(("Lookers", "buyers")), AS_OF) == {
        "ann": "lookers", "cat": "lookers", "dan": "lookers", "ben": "buyers", "007": "buyers",
    }  # fmt: skip
    assert parted(store, BySegments(("buyers",)), datetime(2024, 3, 10)) == {"cat": "buyers", "007": "buyers"}
    keep(store, "by hand", {"ann": 0, "ben": 1, "cat": -1, "gone": 1}, {0: "One; DROP TABLE", 1: "two"})
    assert parted(store, ByGroup("By hand"), AS_OF) == {"ann": "One; DROP TABLE", "ben": "two"}
    keep(store, "listed", {"eve": 0}, {})
    assert parted(store, ByGroup("listed"), AS_OF) == {"eve": "listed"}
    for split in (BySegments(("lookers", "buyers")), ByGroup("by hand"), ByGroup("listed"), ByRfm()):
        check_parts(store, split, AS_OF)


def test_bad_splits_say_what_there_is(store: Store) -> None:
    put(store, PEOPLE)
    with pytest.raises(BadRule, match=r"no part 'Nobody'.*Champions"):
        part_rule(ByRfm(), "Nobody")
    with pytest.raises(BadRule, match="twice"):
        BySegments(("a", "A"))
    with pytest.raises(BadRule, match="no saved segment 'x'"):
        split_query(BySegments(("x",)), read_schema(store), AS_OF)
    with pytest.raises(BadRule, match="no group 'x'"):
        split_parts(ByGroup("x"), read_schema(store))
    with pytest.raises(BadRule, match="RFM needs event times"):
        split_query(ByRfm(), read_schema(store), None)


@few
@given(world=worlds, a=rules, b=rules)
def test_the_rule_of_a_part_has_its_members(shared: Store, world: World, a: Rule, b: Rule) -> None:
    put(shared, world)
    save(shared, Segment("a", a), Segment("b", b))
    check_parts(shared, BySegments(("a", "b")), END)
    check_parts(shared, ByRfm(), END)


@few
@given(world=worlds)
def test_parts_of_abc(shared: Store, world: World) -> None:
    put(shared, world)
    check_parts(shared, ByAbc(), END)
    check_bands(shared, ByAbc(), START, END, fixed=True)


@few
@given(world=worlds)
def test_parts_of_loyalty(shared: Store, world: World) -> None:
    put(shared, world)
    check_parts(shared, ByLoyalty(), END)
    check_bands(shared, ByLoyalty(), START, END, fixed=True)


@few
@given(world=worlds, scores=st.sampled_from((3, 4, 5)), money=st.sampled_from(("apart", "with_frequency", "none")))
def test_fixed_cuts_give_the_scores_of_their_own_moment(shared: Store, world: World, scores: int, money: str) -> None:
    put(shared, world)
    by = ByRfm(settings=RfmSettings(scores, monetary=money))  # type: ignore[arg-type]
    check_parts(shared, by, END)
    cut = ByRfm(settings=rfm_cuts(shared, by.settings, END))
    assert parted(shared, cut, END) == parted(shared, by, END)
    check_bands(shared, by, START, END, fixed=True)


# ---- movement


def test_movement_by_hand(store: Store) -> None:
    put(store, PEOPLE)
    save(store, BUYERS, LOOKERS)
    found = movement(store, BySegments(("buyers", "lookers")), datetime(2024, 3, 10), AS_OF)
    assert [(band.was, band.now, band.users) for band in found.bands] == [
        (NOT_SEEN, "buyers", 2),  # ann, ben
        (NOT_SEEN, "lookers", 1),  # dan
        (NOT_SEEN, None, 1),  # eve, of whom no event is known
        ("buyers", "buyers", 2),  # cat, 007
    ]
    assert answer(store, found.rule(NOT_SEEN, "buyers"), AS_OF) == {"ann", "ben"}
    assert answer(store, found.rule(NOT_SEEN, None), datetime(2025, 1, 1)) == {"eve"}
    assert found.parts == ("buyers", "lookers")


def test_who_was_in_a_part_but_not_seen_is_not_seen(store: Store) -> None:
    """France is known of a user before any event of theirs."""
    put(store, PEOPLE)
    save(store, FRANCE)
    found = movement(store, BySegments(("France",)), datetime(2024, 3, 10), AS_OF)
    assert [(b.was, b.now, b.users) for b in found.bands] == [
        (NOT_SEEN, "France", 1), (NOT_SEEN, None, 3), (None, None, 2),
    ]  # fmt: skip
    assert sum(band.users for band in found.bands) == len(EVERYONE)


@few
@given(world=worlds, a=rules, b=rules)
def test_the_rule_of_a_band_has_its_users(shared: Store, world: World, a: Rule, b: Rule) -> None:
    put(shared, world)
    save(shared, Segment("a", a), Segment("b", b))
    check_bands(shared, BySegments(("a", "b")), START, END, fixed=True)
    check_bands(shared, ByRfm(), START, END, fixed=False)


def test_movement_refuses_what_has_no_answer(store: Store) -> None:
    put(store, PEOPLE)
    with pytest.raises(Refusal, match="no time in between"):
        movement(store, ByRfm(), datetime(2024, 5, 1), fixed=False)
    save(store, Segment(NOT_SEEN, Did("view")))
    with pytest.raises(BadRule, match="cannot be called"):
        movement(store, BySegments((NOT_SEEN,)), datetime(2024, 3, 1))
    put(store, World(events=(event("a", "view"),)))
    with pytest.raises(Refusal, match="Movement needs event times"):
        movement(store, ByRfm(), datetime(2024, 3, 1))
