"""Rules as JSON: round trips, the schema, and refusals that name the path."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any as Json

import jsonschema  # type: ignore[import-untyped]  # no stubs here
import pytest
from hypothesis import given, settings

from core.errors import Refusal
from core.segments import (
    Abc,
    Ago,
    All,
    Any,
    At,
    BadRule,
    Beside,
    Between,
    Compare,
    Did,
    Earlier,
    EventStep,
    Filter,
    Grid,
    InGroup,
    InSegment,
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
    Span,
    Sql,
    Stopped,
    Test,
    Top,
    json_schema,
    rule_from_json,
    rule_to_json,
    rule_to_text,
)  # fmt: skip
from tests.examples import examples
from tests.segments.strategies import moved_rules

SCHEMA = json_schema()
VALID = jsonschema.Draft202012Validator(SCHEMA)


@settings(max_examples=examples(200))
@given(moved_rules)
def test_round_trip_and_schema(rule: Rule) -> None:
    written = json.loads(json.dumps(rule_to_json(rule)))
    assert rule_from_json(written) == rule
    assert rule_from_json(rule_to_text(rule)) == rule
    VALID.validate(written)


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_every_kind_reads_as_written() -> None:
    text = """{"all": [
        {"prop": "country", "test": {"is": ["France", "Spain"]}},
        {"not": {"did": "purchase", "window": {"days": 30}}},
        {"did": "purchase", "measure": "value", "compare": {"between": [10, 99.5]}, "window": {"from": "2024-01-01"},
         "where": [{"item": "category", "test": {"is": "toys"}}, {"event": "channel", "test": {"missing": false}}]},
        {"first": {"event": "cart"}, "then": {"event": "purchase"}, "within": {"hours": 48}, "same_item": true},
        {"top": "value", "share": 0.1, "window": {"earlier_than": {"weeks": 2}}},
        {"any": [{"sample": 0.5, "salt": "x"}, {"segment": "Fans"}, {"rfm": ["Champions", "33"]}]}
    ]}"""
    toys = Filter("item", "category", Test("is", ("toys",)))
    known = Filter("event", "channel", Test("missing", (False,)))
    assert rule_from_json(text) == All(
        (
            Prop("country", Test("is", ("France", "Spain"))),
            Not(Did("purchase", "orders", Compare("at_least", 1), Last(30))),
            Did("purchase", "value", Compare("between", 10, 99.5), Between(date(2024, 1, 1)), (toys, known)),
            Order(EventStep("cart"), EventStep("purchase"), Span(48, "hours"), same_item=True),
            Top("value", 0.1, window=Earlier(2, "weeks")),
            Any((Sample(0.5, "x"), InSegment("Fans"), Rfm(("Champions", "33")))),
        )
    )


def test_every_new_kind_reads_as_written() -> None:
    text = """{"all": [
        {"prop": "joined", "test": {"anniversary_within": 7}}, {"prop": "joined", "test": {"in_month": [12, 1]}},
        {"prop": "joined", "test": {"in_month": 2}}, {"prop": "joined", "test": {"next_days": 3}},
        {"prop": "joined", "test": {"after": "2024-02-29"}}, {"prop": "n", "test": {"matches": "^a\\\\.\\"$"}},
        {"did": "view", "measure": "rating", "window": {"before": {"event": "cart"}, "which": "first"}},
        {"top": "mean_value", "share": 0.5, "window": {"after": {"event": "view",
         "where": [{"event": "channel", "test": {"is": "web"}}]}, "within": {"minutes": 90}}},
        {"first": {"event": "cart"}, "then": {"event": "purchase"}, "absent": true},
        {"moment": "last", "event": "view", "window": {"days": 3}},
        {"regularly": "view", "in": 2, "of": 3, "unit": "months"}, {"regularly": "view", "in": 2, "of": 3},
        {"stopped": "view", "quiet": {"days": 9}, "before": {"weeks": 2}, "least": 2},
        {"resumed": "view", "pause": {"days": 9}, "within": {"hours": 5}},
        {"group": "Lists", "parts": [0, -1], "closest": 10},
        {"rfm": ["55"], "settings": {"cuts": {"money": [1, 2.5, 3, 4]}, "monetary": "none"}},
        {"abc": ["A", "C"], "measure": "orders", "cuts": [0.5, 0.75]},
        {"loyalty": ["lost"], "settings": {"lost_after": 90}}, {"sql": "SELECT 1 AS user_no"},
        {"as_of": {"months": 2}, "rule": {"as_of": "2024-02-29T12:30:00", "rule": {"all": []}}},
        {"as_of": "2024-02-29", "rule": {"all": []}}
    ]}"""
    view, web = EventStep("view"), Filter("event", "channel", Test("is", ("web",)))
    parts = (
        Prop("joined", Test("anniversary_within", (7,))),
        Prop("joined", Test("in_month", (12, 1))),
        Prop("joined", Test("in_month", (2,))),
        Prop("joined", Test("next_days", (3,))),
        Prop("joined", Test("after", (date(2024, 2, 29),))),
        Prop("n", Test("matches", ('^a\\."$',))),
        Did("view", "rating", window=Beside("before", EventStep("cart"), "first")),
        Top("mean_value", 0.5, window=Beside("after", EventStep("view", (web,)), "last", Span(90, "minutes"))),
        Order(EventStep("cart"), EventStep("purchase"), absent=True),
        Moment("last", view.event, Last(3)),
        Regularly("view", 2, 3, "months"),
        Regularly("view", 2, 3),
        Stopped("view", Span(9), Span(2, "weeks"), 2),
        Resumed("view", Span(9), Span(5, "hours")),
        InGroup("Lists", (0, -1), 10),
        Rfm(("55",), settings=RfmSettings(money=(1, 2.5, 3, 4), monetary="none")),
        Abc(("A", "C"), "orders", (0.5, 0.75)),
        Loyalty(("lost",), LoyaltySettings(lost_after=90)),
        Sql("SELECT 1 AS user_no"),
        At(Ago(2, "months"), At(datetime(2024, 2, 29, 12, 30), All())),
        At(datetime(2024, 2, 29), All()),
    )
    assert rule_from_json(text) == All(parts)
    written = rule_to_json(All(parts))
    VALID.validate(json.loads(text))
    VALID.validate(written)
    assert rule_from_json(json.dumps(written)) == All(parts)
    for part in parts:
        VALID.validate(rule_to_json(part))
        assert rule_from_json(rule_to_text(part)) == part


REFUSED = [
    ("{", "is not JSON"),
    ("[]", "must be an object"),
    ("{}", "exactly one condition"),
    ('{"al": []}', "has 'al'"),
    ('{"all": [], "any": []}', "'all' and 'any'"),
    ('{"all": [{"did": "view"}, {"did": "view", "window": {"days": 0}}]}', "all[1].window.days: "),
    ('{"all": [{"did": "view", "window": {"day": 3}}]}', "all[0].window.day: is not known"),
    ('{"did": "view", "window": {"days": 3, "weeks": 1}}', "window: must have exactly one key"),
    ('{"did": "view", "window": "always"}', "window: unknown window 'always'"),
    ('{"did": "view", "window": {"from": "2024-02-30"}}', "window.from: must be a date"),
    ('{"did": "view", "window": {"from": "2024-02-01", "until": "2024-02-01"}}', "window.until: must be later"),
    ('{"did": "view", "window": {"earlier_than": {"days": true}}}', "window.earlier_than.days: must be a whole number"),
    ('{"did": "view", "since": 3}', "since: is not known here"),
    ('{"did": "view", "measure": "orders"}', "measure: 'orders' is measured of purchases only"),
    ('{"did": "purchase", "measure": "sales"}', "measure: unknown measure 'sales'"),
    ('{"did": "view", "compare": {"at_least": "2"}}', "compare.at_least: must be a number"),
    ('{"did": "view", "compare": {"at_least": NaN}}', "NaN"),
    ('{"did": "view", "compare": {"at_least": 1e400}}', "compare.at_least: must be a number between"),
    ('{"did": "view", "compare": {"between": [2, 1]}}', "compare.between: the first number"),
    ('{"did": "view", "compare": {"between": 2}}', "compare.between: must be a list"),
    ('{"did": 5}', "did: must be a text"),
    ('{"did": "  "}', "did: must not be empty"),
    ('{"did": "view", "where": [{"event": "channel"}]}', "where[0].test: is missing"),
    ('{"did": "view", "where": [{"channel": "x", "test": {"is": "y"}}]}', "where[0].channel: is not known"),
    ('{"did": "view", "where": {"event": "x"}}', "where: must be a list"),
    ('{"prop": "age"}', "test: is missing"),
    ('{"prop": "age", "test": {"is": null}}', "test.is: cannot be nothing"),
    ('{"prop": "age", "test": {"is": []}}', "test.is: needs from 1"),
    ('{"prop": "age", "test": {"is": [1, "1"]}}', "test.is: the values must be of one kind"),
    ('{"prop": "age", "test": {"equals": 1}}', "test.equals: is not known"),
    ('{"prop": "n", "test": {"contains": "\\ud800"}}', "test.contains: holds a character"),
    ('{"prop": "n\\u0000", "test": {"is": "a"}}', "prop: holds a character"),
    ('{"prop": "n", "test": {"missing": 1}}', "test.missing: must be true or false"),
    ('{"not": [{"did": "view"}]}', "not: must be an object"),
    ('{"prop": "d", "test": {"anniversary_within": 367}}', "test.anniversary_within: must be a whole"),
    ('{"prop": "d", "test": {"in_month": 13}}', "test.in_month: must be a whole number from 1 to 12"),
    ('{"prop": "d", "test": {"in_month": []}}', "test.in_month: needs from 1"),
    ('{"prop": "d", "test": {"next_days": 0}}', "test.next_days: must be a whole number"),
    ('{"prop": "d", "test": {"next_days": [1, 2]}}', "test.next_days: cannot be [1, 2]"),
    ('{"prop": "d", "test": {"after": "yesterday"}}', "test.after: must be a date such as"),
    ('{"prop": "n", "test": {"matches": ""}}', "test.matches: must not be empty"),
    ('{"prop": "n", "test": {"matches": "\\u0000"}}', "test.matches: holds a character"),
    ('{"did": "view", "window": {"before": {"event": "cart"}, "after": {"event": "cart"}}}', "window.after: is not"),
    ('{"did": "view", "window": {"before": {"event": "cart"}, "days": 3}}', "window.days: is not known"),
    ('{"did": "view", "window": {"before": "cart"}}', "window.before: must be an object"),
    ('{"did": "view", "window": {"after": {}}}', "window.after.event: is missing"),
    ('{"did": "view", "window": {"after": {"event": "cart"}, "which": "third"}}', "window: unknown event to"),
    ('{"did": "view", "window": {"after": {"event": "cart"}, "within": {"months": 1}}}', "within.months: is not"),
    ('{"did": "view", "window": {"after": {"event": "cart", "where": [{"event": "x"}]}}}', "after.where[0].test: is"),
    ('{"first": {"event": "a"}, "then": {"event": "b"}, "absent": 1}', "absent: must be true or false"),
    ('{"moment": "second", "event": "view"}', "unknown moment 'second'"),
    ('{"moment": "first"}', "event: is missing"),
    ('{"regularly": "view", "in": 4, "of": 3}', "in: must not be more than 'of'"),
    ('{"regularly": "view", "in": 0, "of": 3}', "in: must be a whole number"),
    ('{"regularly": "view", "in": 1, "of": 3, "unit": "years"}', "unknown unit 'years'"),
    ('{"stopped": "view"}', "quiet: is missing"),
    ('{"stopped": "view", "quiet": {"days": 1}, "least": 0}', "least: must be a whole number"),
    ('{"resumed": "view", "pause": {"days": 1}}', "within: is missing"),
    ('{"group": "G", "parts": ["a"]}', "parts[0]: must be the number of a part"),
    ('{"group": "G", "closest": 0}', "closest: must be a whole number"),
    ('{"rfm": ["55"], "settings": {"scores": 6}}', "settings.scores: must be 3, 4 or 5"),
    ('{"rfm": ["55"], "settings": {"cuts": {"age": [1]}}}', "settings.cuts.age: is not known"),
    ('{"rfm": ["55"], "settings": {"cuts": {"money": [4, 3, 2, 1]}}}', "settings.money: must rise"),
    ('{"rfm": ["55"], "settings": {"cuts": {"money": [1]}}}', "settings.money: needs 4 cuts"),
    ('{"abc": []}', "abc: needs at least one class"),
    ('{"abc": ["D"]}', "unknown class 'D'"),
    ('{"abc": ["A"], "cuts": [0.9, 0.8]}', "cuts: must be two shares"),
    ('{"abc": ["A"], "measure": "mean_value"}', "measure: a mean has no total"),
    ('{"loyalty": ["gone"]}', "unknown stage 'gone'"),
    ('{"loyalty": ["lost"], "settings": {"lost_after": 0}}', "settings.lost_after: must be a whole number"),
    ('{"loyalty": ["lost"], "settings": {"lost": 9}}', "settings.lost: is not known"),
    ('{"loyalty": ["lost"], "settings": {"slipping_after": 9, "lost_after": 9}}', "lost_after: must be longer"),
    ('{"sql": ""}', "sql: must not be empty"),
    ('{"as_of": "2024-02-30", "rule": {"all": []}}', "as_of: must be a date or time in UTC"),
    ('{"as_of": "2024-02-01T00:00+01:00", "rule": {"all": []}}', "as_of: must be a date or time in UTC"),
    ('{"as_of": {"days": 0}, "rule": {"all": []}}', "as_of.days: must be a whole number"),
    ('{"as_of": "2024-02-01"}', "rule: is missing"),
    ('{"as_of": {"days": 1}, "rule": {"did": "view", "window": {"days": 0}}}', "rule.window.days: must be"),
    ('{"any": []}', "any: needs at least one condition"),
    ('{"first": {"event": "view"}}', "then: is missing"),
    ('{"first": {"event": "view"}, "then": {"evnt": "view"}}', "then.evnt: is not known"),
    ('{"top": "value", "share": 10}', "share: must be a share"),
    ('{"sample": 0}', "sample: must be a share"),
    ('{"rfm": ["Champs"]}', "rfm[0]: the grid has no segment 'Champs'"),
    ('{"rfm": ["A"], "grid": {"A": ["[1-5][1-4]"]}}', "grid: no segment covers cell 15, 25"),
    ('{"rfm": ["A"], "grid": {"A": ["[1-5][1-5]"], "B": ["55"]}}', "cell 55 belongs to both"),
    ('{"rfm": ["A"], "grid": {"A": ["66"]}}', "grid.A: '66' is not a cell"),
    ('{"did": "view", "did": "cart"}', "the key 'did' twice"),
    ("[" * 100_000, "too deeply"),
    ('{"not":' * 60 + '{"did":"view"}' + "}" * 60, "nested at most 40 deep"),
    (json.dumps({"any": [{"did": "view"}] * 501}), "at most 500 conditions"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "said"), REFUSED, ids=lambda v: v[:50])
def test_refusals_name_the_path(text: str, said: str) -> None:
    with pytest.raises(BadRule) as caught:
        rule_from_json(text)
    assert said in str(caught.value)
    assert caught.value.code == "bad_rule"


# What no schema can say: the order of two values, one kind of values, measures by event, the grid, sizes, characters.
_BEYOND = (
    "JSON", "twice", "NaN", "too deeply", "must be later", "the first number", "purchases only", "one kind", "grid",
    "belongs to both", "nested", "at most 500", "a character", "must be a date", "must not be empty",
    "more than 'of'", "must rise", "needs 4 cuts", "must be two shares", "a mean has no", "must be longer",
)  # fmt: skip
_WITHIN = [text for text, said in REFUSED if not any(word in said for word in _BEYOND)]


@pytest.mark.parametrize("text", _WITHIN, ids=lambda v: v[:50])
def test_most_refusals_are_refused_by_the_schema_too(text: str) -> None:
    assert list(VALID.iter_errors(json.loads(text)))


def test_grid_json_round_trips() -> None:
    grid = Grid.of({"Hot": ["5[1-5]"], "Cold": ["[1-4][1-5]"]})
    rule = Rfm(("Hot",), grid)
    written: Json = rule_to_json(rule)
    assert written["grid"]["Hot"] == ["51", "52", "53", "54", "55"]
    assert rule_from_json(written) == rule
    assert rule.cells() == ("51", "52", "53", "54", "55")


def test_a_bad_rule_is_a_refusal_with_its_hint() -> None:
    with pytest.raises(Refusal) as caught:
        rule_from_json({"did": "view", "compare": {"least": 2}})
    assert "at_least" in caught.value.hint
