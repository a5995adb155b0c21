"""Drafts of every kind of condition: read again nothing is lost; copied, moved, switched off, they keep their place."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from core.segments import (
    Abc,
    Ago,
    All,
    At,
    BadRule,
    Beside,
    Between,
    Compare,
    Did,
    EventStep,
    Ever,
    Filter,
    InGroup,
    Last,
    Loyalty,
    LoyaltySettings,
    Moment,
    Not,
    Order,
    Prop,
    Regularly,
    Resumed,
    Rfm,
    RfmSettings,
    Rule,
    Sample,
    Schema,
    Span,
    Sql,
    Stopped,
    Test,
    Top,
    rule_from_json,
    rule_to_json,
)
from core.segments import Any as AnyOf
from pages._ui.rule_builder_draft import draft_of
from pages._ui.rule_builder_kinds import MEANING, NAMES, starting
from pages._ui.rule_builder_parts import Choices, Condition, Group, copy, earlier, move, switch
from pages._ui.rule_builder_read import read
from pages._ui.rule_builder_values import TESTS, pasted

WEB = (Filter("event", "channel", Test("is", ("web",))),)
TOYS = (Filter("item", "category", Test("matches", ("^toy",))),)
BESIDE = Beside("before", EventStep("view", WEB), "first", Span(3, "hours"))
OWN_CUTS = RfmSettings(4, (30, 90.5, 180), (1, 2, 4), (), "with_frequency")
KINDS: list[Rule] = [
    Moment("first", "purchase", Last(30), TOYS),
    Moment("last", "view", Between(date(2024, 1, 1), None)),
    Moment("first", "view", BESIDE, TOYS),
    Regularly("view", 3, 4, "months", WEB),
    Stopped("purchase", Span(30), Span(12, "weeks"), 2, WEB),
    Stopped("view", Span(5, "hours")),
    Resumed("view", Span(90), Span(2, "weeks"), TOYS),
    Order(EventStep("cart", WEB), EventStep("purchase", TOYS), Span(7), Last(30), same_item=True, absent=True),
    Order(EventStep("cart"), EventStep("purchase"), None, Beside("after", EventStep("view")), absent=True),
    Did("purchase", "mean_value", Compare("at_least", 9.5), BESIDE, WEB),
    Did("rating", "rating", Compare("between", 2, 8), Beside("after", EventStep("open"), "last", None)),
    Top("rating", 0.07, "rating", BESIDE),
    Sample(1 / 3, "third"),
    InGroup("Tastes", (0, 3)),
    InGroup("Alike", (), 500),
    Rfm(("Champions", "11"), settings=OWN_CUTS),
    Rfm(("A",), Rfm(("55",)).grid.of({"A": ["[1-5][1-4]"], "B": ["[1-5]5"]}), RfmSettings(monetary="none")),
    Abc(("A", "C"), "quantity", (0.655, 0.9), "view", BESIDE, WEB),
    Loyalty(("new", "lost"), LoyaltySettings(40, 90, None, 10)),
    Loyalty(("slipping",)),
    Sql("SELECT user_id FROM users WHERE country = 'France'"),
    Prop("joined", Test("next_days", (7,))),
    Prop("joined", Test("after", (date(2024, 1, 1),))),
    Prop("joined", Test("anniversary_within", (30,))),
    Prop("joined", Test("in_month", (2, 12))),
    Prop("country", Test("matches", ("^F|^S",))),
]


@pytest.mark.parametrize("rule", KINDS, ids=lambda rule: type(rule).__name__)
def test_every_kind_comes_back_from_its_draft(rule: Rule) -> None:
    assert read(draft_of(rule)).rule == All((rule,))
    assert read(draft_of(Not(rule))).rule == All((Not(rule),))
    assert rule_from_json(rule_to_json(rule)) == rule, "and from the address"


def test_looking_at_another_moment_comes_back() -> None:
    noon = datetime(2024, 3, 1, 12)
    for as_of in (noon, datetime(2024, 3, 1), Ago(6, "months")):
        inside = At(as_of, AnyOf((Did("view"), Did("cart"))))
        assert read(draft_of(inside)).rule == inside, "a group keeps its kind"
        assert read(draft_of(At(as_of, Did("view")))).rule == At(as_of, All((Did("view"),)))
        rule = All((Did("cart"), Not(inside), At(as_of, At(Ago(1), Not(AnyOf((Did("view"),)))))))
        found = read(draft_of(rule)).rule
        assert isinstance(found, All)
        assert found.rules[0] == Did("cart")
        assert found.rules[1] == Not(AnyOf((inside,)))
        assert found.rules[2] == At(as_of, All((At(Ago(1), Not(AnyOf((Did("view"),)))),)))
        assert read(draft_of(found)).rule == found


def test_paths_go_through_another_moment() -> None:
    rule = All((At(Ago(30), Not(AnyOf((Did("view"), Moment("first", "cart", Ever()))))),))
    draft = draft_of(rule)
    group = draft.children[0]
    assert isinstance(group, Group)
    found = read(draft)
    assert found.rule == rule
    assert found.paths[group.uid] == "all[0]"
    assert [found.paths[c.uid] for c in group.children] == ["all[0].rule.not.any[0]", "all[0].rule.not.any[1]"]
    assert found.at("all[0].rule.not.any[1].window.days") == group.children[1].uid
    assert found.at("all[0].rule") == group.uid


def test_a_moment_without_a_day_is_unfinished() -> None:
    group = Group("all", [starting("did")], as_of=Choices({"back": "day"}))
    found = read(Group("all", [group]))
    assert (found.rule, found.problems) == (None, {group.uid: "Choose a day."})


def test_switched_off_parts_count_for_nothing() -> None:
    draft = draft_of(All((Did("view"), Did("cart"), AnyOf((Did("purchase"), Did("open"))))))
    first, second, inner = draft.children
    assert isinstance(inner, Group)
    switch(draft, first.uid)
    found = read(draft)
    assert found.rule == All((Did("cart"), AnyOf((Did("purchase"), Did("open")))))
    assert found.paths[second.uid] == "all[0]"
    assert first.uid not in found.paths
    switch(draft, inner.children[0].uid)
    assert read(draft).rule == All((Did("cart"), AnyOf((Did("open"),))))
    switch(draft, inner.children[1].uid)
    assert read(draft).rule == All((Did("cart"),)), "a group in which everything is off is off"
    switch(draft, first.uid)
    assert read(draft).rule == All((Did("view"), Did("cart")))
    draft.kind = "any"
    switch(draft, first.uid)
    switch(draft, second.uid)
    assert read(draft).problems == {draft.uid: "Everything in this group is switched off: switch something on."}


def test_copies_have_names_of_their_own() -> None:
    draft = draft_of(All((Did("view", where=WEB), At(Ago(3), AnyOf((Did("cart", where=TOYS), Did("open")))))))
    for child in [*draft.children]:
        copy(draft, child.uid)
    rule = read(draft).rule
    assert isinstance(rule, All)
    assert (rule.rules[0], rule.rules[2]) == (rule.rules[1], rule.rules[3])
    uids = [*_uids(draft)]
    assert len(uids) == len(set(uids))


def _uids(part: Group | Condition) -> list[int]:
    if isinstance(part, Condition):
        return [part.uid, *(one.uid for found in part.filters.values() for one in found)]
    own = [part.uid] + ([part.as_of.uid] if part.as_of else [])
    return own + [uid for child in part.children for uid in _uids(child)]


def test_moving_and_looking_back() -> None:
    draft = draft_of(All((Did("view"), Did("cart"), AnyOf((Did("open"),)))))
    view, cart, inner = draft.children
    move(draft, cart.uid, -1)
    assert draft.children == [cart, view, inner]
    move(draft, cart.uid, -1)
    move(draft, inner.uid, 1)
    assert draft.children == [cart, view, inner], "at the ends there is nowhere to go"
    earlier(draft, inner.uid)
    assert read(draft).rule == All((Did("cart"), Did("view"), At(Ago(90), AnyOf((Did("open"),)))))


def test_every_kind_has_a_name_a_meaning_and_a_start_that_fits_the_data() -> None:
    assert set(NAMES) == set(MEANING)
    views = Schema({}, {}, {}, ("view",), timed=True)
    for kind in NAMES:
        made = starting(kind, views)
        assert made.values.get("event", "view") == "view"
        if kind in ("did", "moment", "regularly", "stopped", "resumed", "order", "top", "abc", "loyalty", "sample"):
            assert read(Group("all", [made])).rule is not None, kind


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        (Condition({"event": "view", "of_them": 5, "n": 4, "unit": "weeks"}, kind="regularly"), "5 of the last 4"),
        (Condition({"groups": ["Champions"], "recency": "30, x"}, kind="rfm"), "Write own cuts as numbers"),
        (Condition({"groups": ["Champions"], "recency": "30, 20, 10, 5"}, kind="rfm"), "Must rise"),
        (Condition({"classes": ["A"], "event": "purchase", "upto_a": 95.0, "upto_b": 80.0}, kind="abc"), "Must be two"),
        (Condition({"stages": ["lost"], "slipping_after": 9, "lost_after": 3}, kind="loyalty"), "Must be longer"),
        (Condition({"sql": "  "}, kind="sql"), "Write a SELECT"),
        (Condition({"name": "G", "limited": True}, kind="group"), "Say how many of the closest"),
        (Condition({"event": "view", "window": "before", "beside_limited": True, "beside_event": "x"}, kind="moment"),
         "Say within how long of it"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_in_words(condition: Condition, said: str) -> None:
    found = read(Group("all", [condition]))
    assert found.rule is None
    assert found.problems[condition.uid].startswith(said)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("", []),
        ("a", ["a"]),
        ("a\r\nb\n\n a \n", ["a", "b"]),
        ("a,\nb, c,\n", ["a", "b, c"]),
        ("007\n7", ["007", "7"]),
        ("a, b ,c", ["a", "b", "c"]),
        ('"a, b", c', ["a, b", "c"]),
        ("a\tb, c", ["a", "b, c"]),
        ("a;b", ["a", "b"]),
        ('"say ""hi"""\nb', ['say "hi"', "b"]),
    ],
)
def test_a_pasted_list(text: str, values: list[str]) -> None:
    assert pasted(text) == values


def test_every_test_of_a_column_has_words() -> None:
    from core.segments import OPS

    assert {op for ops in OPS.values() for op in ops} <= set(TESTS)


def test_the_strictness_of_rules_stays() -> None:
    with pytest.raises(BadRule):
        rule_from_json({"regularly": "view", "in": 5, "of": 4})
