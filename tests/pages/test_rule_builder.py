"""Drafts of rules: what they read as, what they still need, and that opening a rule loses nothing of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings

from core.segments import (
    All,
    Between,
    Compare,
    Did,
    Filter,
    Last,
    Not,
    Order,
    Prop,
    Rfm,
    Rule,
    Sample,
    Test,
    Top,
    compile_rule,
    read_schema,
)
from core.segments import Any as AnyOf
from core.store import Store
from pages._ui.rule_builder_draft import draft_of
from pages._ui.rule_builder_kinds import starting
from pages._ui.rule_builder_parts import Condition, FilterDraft, Group, remove
from pages._ui.rule_builder_read import read
from tests.examples import examples
from tests.prepared import new_store
from tests.segments.strategies import AS_OF, rules, worlds
from tests.segments.world import World, ids, prepare, put


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with new_store(tmp_path_factory.mktemp("shared") / "w.duckdb") as store:
        prepare(store)
        yield store


@settings(max_examples=examples(300))
@given(rules)
def test_opening_a_rule_and_reading_it_again_changes_nothing_but_brackets(rule: Rule) -> None:
    once = read(draft_of(rule)).rule
    assert once is not None
    assert read(draft_of(once)).rule == once
    assert _bare(once) == _bare(rule)


def _bare(rule: Rule) -> Rule:
    """The rule without brackets around a single condition, and without double negation."""
    match rule:
        case All((inner,)) | AnyOf((inner,)):
            return _bare(inner)
        case All(inner):
            return All(tuple(_bare(r) for r in inner))
        case AnyOf(inner):
            return AnyOf(tuple(_bare(r) for r in inner))
        case Not(inner):
            found = _bare(inner)
            return found.rule if isinstance(found, Not) else Not(found)
        case _:
            return rule


@settings(max_examples=examples(15), suppress_health_check=[HealthCheck.too_slow])
@given(world=worlds, rule=rules)
def test_the_members_stay(shared: Store, world: World, rule: Rule) -> None:
    put(shared, world)
    again = read(draft_of(rule)).rule
    assert again is not None
    schema = read_schema(shared)
    assert ids(shared, compile_rule(again, schema, AS_OF)) == ids(shared, compile_rule(rule, schema, AS_OF))


def test_an_empty_draft_is_everyone() -> None:
    assert read(Group()).rule == All()


@pytest.mark.parametrize(
    ("condition", "rule"),
    [
        (starting("did"), Did("purchase")),
        (
            Condition({"event": "purchase", "window": "last", "n": 30}, negated=True),
            Not(Did("purchase", window=Last(30))),
        ),
        (
            Condition({"event": "view", "measure": "events", "op": "between", "value": 2, "upper": 4}),
            Did("view", "events", Compare("between", 2, 4)),
        ),
        (
            Condition({"event": "view", "op": "at_least", "value": 1, "measure": "events", "window": "between",
                       "start": date(2024, 3, 1), "end": date(2024, 3, 31)}),
            Did("view", window=Between(date(2024, 3, 1), date(2024, 4, 1))),
        ),
        (Condition({"column": "country", "op": "known"}, kind="prop"), Prop("country", Test("missing", (False,)))),
        (Condition({"percent": 12.5, "salt": "a"}, kind="sample"), Sample(0.125, "a")),
        (starting("top"), Top("value", 0.1)),
        (Condition({"groups": ["Champions"]}, kind="rfm"), Rfm(("Champions",))),
    ],
)  # fmt: skip
def test_conditions(condition: Condition, rule: Rule) -> None:
    assert read(Group("all", [condition])).rule == All((rule,))


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        (starting("prop"), "Choose a column."),
        (Condition({"column": "country", "op": "is", "values": []}, kind="prop"), "Choose a value."),
        (Condition({"column": "age", "op": "between", "value": 3}, kind="prop"), "Give the second number."),
        (Condition({"column": "age", "op": "between", "value": 3, "upper": 1}, kind="prop"), "The first must be below"),
        (Condition({"event": "view", "measure": "events", "op": "at_least", "window": "ever"}), "Give a number."),
        (
            Condition({"event": "view", "op": "at_least", "value": 1, "measure": "events", "window": "between"}),
            "Choose a first day",
        ),
        (starting("segment"), "Choose a saved segment."),
        (starting("rfm"), "Choose at least one RFM segment."),
        (Condition({"percent": 0.0}, kind="sample"), "Must be a share above 0"),
        (Condition({"percent": None}, kind="sample"), "Give a share"),
        (Condition({"event": "view", "measure": "events", "op": "at_least", "value": 1},
                   filters={"where": [FilterDraft()]}), "Choose what to filter by."),
    ],
)  # fmt: skip
def test_what_is_still_missing_is_said_beside_the_condition(condition: Condition, said: str) -> None:
    found = read(Group("all", [starting("did"), condition]))
    assert found.rule is None
    assert list(found.problems) == [condition.uid]
    assert found.problems[condition.uid].startswith(said)


def test_an_empty_group_inside_is_unfinished() -> None:
    inner = Group("any")
    found = read(Group("all", [starting("did"), inner]))
    assert found.rule is None
    assert "empty" in found.problems[inner.uid]


def test_paths_are_those_of_the_rule() -> None:
    rule = All((Did("view"), Not(AnyOf((Did("cart"), Not(Did("purchase"))))), AnyOf((Sample(0.5),))))
    draft = draft_of(rule)
    found = read(draft)
    assert found.rule == rule
    none = draft.children[1]
    assert isinstance(none, Group)
    assert [found.paths[c.uid] for c in draft.children] == ["all[0]", "all[1]", "all[2]"]
    assert [found.paths[c.uid] for c in none.children] == ["all[1].not.any[0]", "all[1].not.any[1]"]


def test_remove_finds_its_part_anywhere() -> None:
    draft = draft_of(All((Did("view"), AnyOf((Did("cart"), Did("purchase"))))))
    inner = draft.children[1]
    assert isinstance(inner, Group)
    remove(draft, inner.children[0].uid)
    assert read(draft).rule == All((Did("view"), AnyOf((Did("purchase"),))))


def test_filters_keep_their_place() -> None:
    web = (Filter("event", "channel", Test("is", ("web",))),)
    toys = (Filter("item", "category", Test("is_not", ("toys",))),)
    from core.segments import EventStep

    rule = All((Order(EventStep("view", web), EventStep("cart", toys)), Did("view", where=web + toys)))
    assert read(draft_of(rule)).rule == rule
