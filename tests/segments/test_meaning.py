"""Rules mean what docs/rules.md says: SQL against plain Python on random worlds, and the laws of all, any and not."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.segments import All, Not, Rule, Schema, compile_rule, explain_counts, read_schema, walk
from core.segments import Any as AnyOf
from core.store import Store
from tests.examples import examples
from tests.segments import oracle
from tests.segments.strategies import AS_OF, leaves, moved_rules, rules, worlds
from tests.segments.world import World, ids, put

_many = settings(max_examples=examples(40), suppress_health_check=[HealthCheck.too_slow])
_some = settings(max_examples=examples(20), suppress_health_check=[HealthCheck.too_slow])


def answer(store: Store, rule: Rule, schema: Schema | None = None) -> set[str]:
    return ids(store, compile_rule(rule, schema or read_schema(store), AS_OF))


@_many
@given(world=worlds, asked=st.lists(st.one_of(leaves, leaves, moved_rules), min_size=8, max_size=16))
def test_sql_agrees_with_plain_python(shared: Store, world: World, asked: list[Rule]) -> None:
    put(shared, world)
    schema = read_schema(shared)
    for rule in asked:
        assert answer(shared, rule, schema) == oracle.members(rule, world, AS_OF), rule


@_some
@given(world=worlds, a=moved_rules, b=moved_rules)
def test_laws_of_sets(shared: Store, world: World, a: Rule, b: Rule) -> None:
    put(shared, world)
    everyone, in_a, in_b = answer(shared, All()), answer(shared, a), answer(shared, b)
    assert everyone == world.user_ids()
    assert answer(shared, Not(Not(a))) == in_a
    assert answer(shared, Not(a)) == everyone - in_a
    assert answer(shared, All((a, b))) == in_a & in_b
    assert answer(shared, AnyOf((a, b))) == in_a | in_b
    assert answer(shared, Not(All((a, b)))) == answer(shared, AnyOf((Not(a), Not(b)))), "De Morgan"
    assert answer(shared, Not(AnyOf((a, b)))) == answer(shared, All((Not(a), Not(b)))), "De Morgan"


@_some
@given(world=worlds, rule=rules)
def test_counts_of_parts_are_the_parts_own_counts(shared: Store, world: World, rule: Rule) -> None:
    put(shared, world)
    counts = explain_counts(shared, rule, AS_OF)
    assert counts.of == len(world.user_ids())
    assert [n.path for n in counts.nodes] == [path for path, _ in walk(rule)]
    for node, (_, part) in zip(counts.nodes, walk(rule), strict=True):
        assert node.users == len(answer(shared, part)), (node, part)
