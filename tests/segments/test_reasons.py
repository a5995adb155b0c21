"""Why users belong: every condition's flag against its own compiled rule, and the figures of hand-dated people."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import HealthCheck, given, settings

from core.errors import Refusal
from core.segments import (
    Ago,
    All,
    At,
    Compare,
    Did,
    EventStep,
    InSegment,
    Last,
    Moment,
    Not,
    Order,
    Prop,
    Regularly,
    Resumed,
    Rule,
    Sample,
    Segment,
    Span,
    Stopped,
    Test,
    Top,
    compile_rule,
    explain_counts,
    read_schema,
    reasons,
    sample,
    sample_with_reasons,
    save_segment,
    walk,
)  # fmt: skip
from core.segments import Any as AnyOf
from core.segments.conditions import Setting
from core.segments.evidence import evidence
from core.store import Query, Store
from tests.examples import examples
from tests.segments.strategies import AS_OF, rules, worlds
from tests.segments.world import World, event, ids, put

_few = settings(max_examples=examples(5), suppress_health_check=[HealthCheck.too_slow], deadline=None)


def members(store: Store, rule: Rule, as_of: datetime = AS_OF) -> set[str]:
    return ids(store, compile_rule(rule, read_schema(store), as_of))


@_few
@given(world=worlds, rule=rules)
def test_a_reason_holds_for_the_members_of_its_own_rule(shared: Store, world: World, rule: Rule) -> None:
    put(shared, world)
    found = reasons(shared, rule, sorted(world.user_ids()), AS_OF)
    assert set(found) == world.user_ids()
    parts = {path: part for path, part in walk(rule) if not isinstance(part, All | AnyOf | Not)}
    holding = {path: members(shared, part) for path, part in parts.items()}
    for user, why in found.items():
        assert [reason.path for reason in why] == list(parts)
        assert all(reason.evidence for reason in why)
        assert [reason.holds for reason in why] == [user in holding[path] for path in parts]


@_few
@given(world=worlds, a=rules, b=rules, c=rules)
def test_what_a_part_takes_away_is_the_rule_written_without_it(
    shared: Store, world: World, a: Rule, b: Rule, c: Rule
) -> None:
    put(shared, world)
    earlier = At(Ago(20), AnyOf((b, At(Ago(10), c))))
    counts = explain_counts(shared, All((a, earlier)), AS_OF)
    by = {node.path: node for node in counts.nodes}
    whole = members(shared, All((a, earlier)))
    assert counts.users == len(whole)
    assert (by["all[0]"].without, by["all[1]"].without) == (len(members(shared, earlier)), len(members(shared, a)))
    fewer = All((a, At(Ago(20), b)))
    assert by["all[1].rule.any[1]"].without == len(members(shared, fewer))
    assert by["all[1].rule.any[1]"].takes == len(members(shared, fewer)) - len(whole)
    assert by[""].without is by["all[1].rule"].without is None
    for node, (_, part) in zip(counts.nodes, walk(All((a, earlier))), strict=True):
        if not node.path.startswith("all[1]."):  # what stands inside At is asked as of its moment
            assert node.users == len(members(shared, part))


def people() -> World:
    days = ("2024-01-01", "2024-01-08", "2024-02-20")
    events = [event("ann", "purchase", f"{day}T10:00", order_id=day, value=10, item="a") for day in days]
    events += [event("ann", "view", "2024-01-07T09:00", item="a"), event("bob", "view", "2024-02-28T12:00", item="a")]
    return World({"ann": {"country": "France", "age": 31.0}, "bob": {}, "cy": {}}, {"a": {}}, tuple(events))


SEEN = (
    (Did("purchase", compare=Compare("at_least", 2)), "3 orders, the last on 20 Feb 2024, 10:00", "0 orders"),
    (Did("purchase", measure="value", compare=Compare("at_least", 20)), "30 net value, the last on 20 Feb 2024, 10:00",
     "no purchase"),
    (Prop("country", Test("is", ("France",))), "country: France", "country: not known"),
    (Prop("age", Test("at_least", (30,))), "age: 31", "age: not known"),
    (Order(EventStep("view"), EventStep("purchase")), "view on 7 Jan 2024, 09:00, then purchase on 20 Feb 2024, 10:00",
     "view on 28 Feb 2024, 12:00, no purchase after it"),
    (Top("value", 0.5), "30 net value; the top begins at 30", "no figure: no purchase that counts"),
    (Sample(1.0), "drawn", "drawn"),
    (At(datetime(2024, 2, 1), Did("purchase", compare=Compare("exactly", 2))),
     "as of the end of 31 Jan 2024: 2 orders, the last on 8 Jan 2024, 10:00", "as of the end of 31 Jan 2024: 0 orders"),
)  # fmt: skip


def test_figures(store: Store) -> None:
    put(store, people())
    found = reasons(store, All(tuple(rule for rule, _, _ in SEEN)), ["bob", "ann", "nobody"], AS_OF)
    assert list(found) == ["bob", "ann"]
    assert [reason.evidence for reason in found["ann"]] == [ann for _, ann, _ in SEEN]
    assert [reason.evidence for reason in found["bob"]] == [bob for _, _, bob in SEEN]
    assert [reason.holds for reason in found["ann"]] == [True] * len(SEEN)


RHYTHM = (
    (Moment("first", "purchase", Last(90)), "first purchase on 1 Jan 2024, 10:00", "no purchase"),
    (Regularly("purchase", 2, 9), "purchases in 3 of the last 9 weeks", "purchases in 0 of the last 9 weeks"),
    (Stopped("purchase", Span(1, "weeks"), Span(30)),
     "none in the last 1 week, 1 in the 30 days before; the last purchase on 20 Feb 2024, 10:00", "no purchase"),
    (Resumed("purchase", Span(30), Span(14)), "purchase on 20 Feb 2024, 10:00, the one before on 8 Jan 2024, 10:00",
     "no purchase"),
    (Order(EventStep("view"), EventStep("purchase"), Span(10), absent=True),
     "view on 7 Jan 2024, 09:00, then purchase on 8 Jan 2024, 10:00",
     "view on 28 Feb 2024, 12:00, too late for purchase within 10 days to be ruled out"),
    (Order(EventStep("view"), EventStep("purchase"), absent=True),
     "view on 7 Jan 2024, 09:00, then purchase on 8 Jan 2024, 10:00",
     "view on 28 Feb 2024, 12:00, no purchase after it"),
)  # fmt: skip


@pytest.mark.parametrize(("rule", "ann", "bob"), RHYTHM)
def test_figures_of_rhythm(store: Store, rule: Rule, ann: str, bob: str) -> None:
    put(store, people())
    numbers = {str(r["user_id"]): int(r["user_no"]) for r in store.rows(Query("SELECT * FROM users"))}
    holds = {numbers["ann"]: True, numbers["bob"]: False}
    shown = evidence(store, rule, Setting(read_schema(store), AS_OF), "", holds)
    assert [shown[n] for n in holds] == [ann, bob]


def test_segments_inside_and_samples(store: Store) -> None:
    put(store, people())
    save_segment(store, Segment("Buyers", All((Did("purchase"), Not(Prop("country", Test("missing", (True,))))))))
    [reason] = reasons(store, InSegment("buyers"), ["ann"], AS_OF)["ann"]
    assert reason.evidence == "a member: 3 orders, the last on 20 Feb 2024, 10:00; country: France"
    drawn = sample_with_reasons(store, InSegment("buyers"), as_of=AS_OF)
    assert drawn == ((sample(store, InSegment("Buyers"), as_of=AS_OF)[0], (reason,)),)
    assert reasons(store, All(), ["ann"]) == {"ann": ()}
    with pytest.raises(Refusal, match="too many"):
        reasons(store, All(), [str(n) for n in range(51)])
