"""Repairs as JSON: there and back exactly, and what says no repair is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Refusal
from core.quality import Cap, Exclude, Fill, Merge, Repair, Returns, Selection, describe
from core.quality.codec import repair_from_json, repair_to_json
from tests.examples import examples

_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=8)
_NUMBER = st.floats(-1e15, 1e15) | st.integers(-(10**15), 10**15)
_PARAM = st.none() | st.booleans() | _NUMBER | _TEXT | st.lists(_TEXT, max_size=3).map(tuple)
_SELECTION = st.builds(
    lambda code, params: Selection.of(code, **params),
    _TEXT,
    st.dictionaries(_TEXT.filter(lambda t: t != "code"), _PARAM, max_size=3),
)
_GROUP = st.none() | _TEXT
_LIMITS = st.tuples(_NUMBER, _NUMBER).map(sorted)
_ACTION = st.one_of(
    st.just(Exclude()),
    st.just(Returns()),
    st.builds(lambda column, limits: Cap(column, *limits), _TEXT, _LIMITS),
    st.builds(lambda column, share, group: Cap(column, high=share, quantiles=True, group=group),
              _TEXT, st.floats(0, 1), _GROUP),
    st.builds(lambda column, value: Fill(column, "constant", value), _TEXT, _TEXT | _NUMBER),
    st.builds(Fill, _TEXT, st.sampled_from(["mean", "mode", "neighbours", "interpolate"]), group=_GROUP,
              using=st.lists(_TEXT, max_size=2).map(tuple), neighbours=st.integers(1, 1000)),
    st.builds(Merge, st.sampled_from(["users", "items"]), st.lists(st.tuples(_TEXT, _TEXT), max_size=3).map(tuple)),
)  # fmt: skip


@settings(max_examples=examples(60))
@given(st.builds(Repair, _SELECTION, _ACTION, st.just("") | _TEXT))
def test_there_and_back(repair: Repair) -> None:
    again = repair_from_json(json.dumps(repair_to_json(repair)))
    assert again == repair
    assert repr(again) == repr(repair)
    assert describe(repair)


SOUND = {"selection": {"code": "bot"}, "action": {"do": "exclude"}}
BAD: list[Any] = [
    "", "[]", "1", "{", "null", '{"selection": {"code": "bot"}}', '{"action": {"do": "exclude"}}', "[" * 100_000,
    '{"a": NaN}', '{"action": 1, "action": 2}', '{"a": ' + "9" * 5000 + "}", {**SOUND, "more": 1}, {**SOUND, "note": 5},
    {**SOUND, "selection": {"code": ""}}, {**SOUND, "selection": {"code": "a", "params": []}},
    {**SOUND, "selection": {"code": "a", "params": {"x": {"y": 1}}}}, {**SOUND, "selection": {"code": "a\0"}},
    {**SOUND, "selection": {"code": "a", "params": {"x": [1]}}},
    {**SOUND, "selection": {"code": "a", "params": {"x": 1e300}}},
    {**SOUND, "note": "\ud800"}, {**SOUND, "note": "x" * 10_001}, {**SOUND, "action": {"do": "drop"}},
    {**SOUND, "action": {"do": ["exclude"]}}, {**SOUND, "action": {"do": "exclude", "column": "a"}},
    {**SOUND, "action": {"do": "cap", "column": "a"}}, {**SOUND, "action": {"do": "cap", "high": 1}},
    {**SOUND, "action": {"do": "cap", "column": "a", "low": 2, "high": 1}},
    {**SOUND, "action": {"do": "cap", "column": "a", "high": 1.5, "quantiles": True}},
    {**SOUND, "action": {"do": "cap", "column": "a", "high": True}},
    {**SOUND, "action": {"do": "cap", "column": 1, "high": 1}},
    {**SOUND, "action": {"do": "cap", "column": "a", "high": 1, "group": "g"}},
    {**SOUND, "action": {"do": "fill", "column": "a", "method": "magic"}},
    {**SOUND, "action": {"do": "fill", "column": "a", "method": ["mean"]}},
    {**SOUND, "action": {"do": "fill", "column": "a", "method": "constant"}},
    {**SOUND, "action": {"do": "fill", "column": "a", "method": "mean", "value": 1}},
    {**SOUND, "action": {"do": "fill", "column": "a", "method": "neighbours", "neighbours": 0}},
    {**SOUND, "action": {"do": "merge", "table": "events"}},
    {**SOUND, "action": {"do": "merge", "table": "users", "pairs": [["a"]]}},
    {**SOUND, "action": {"do": "merge", "table": "users", "pairs": "ab"}},
]  # fmt: skip


@pytest.mark.parametrize("raw", BAD, ids=range(len(BAD)))
def test_what_says_no_repair_is_refused(raw: Any) -> None:
    with pytest.raises(Refusal) as caught:
        repair_from_json(raw)
    assert caught.value.code == "bad_repair"


WORDS = (
    (Repair(Selection.of("nobody_knows"), Exclude()), "Leave out nobody_knows"),
    (Repair(Selection.of("missing", table="users", column="age"), Fill("age", "median", group="country")),
     "Fill age with the median of its country"),
    (Repair(Selection.of("x"), Cap("price", high=1250.5)), "Hold price at 1,250.5 or below: x"),
    (Repair(Selection.of("x"), Cap("price", 0.01, 0.99, quantiles=True, group="item")),
     "Hold price between the 1 % quantile and the 99 % quantile of its item: x"),
    (Repair(Selection.of("x"), Merge("users", (("a", "b"),))), "Count 1 user as part of another user"),
    (Repair(Selection.of("where", table="users", column="country", op="is", value="FR"), Exclude()),
     "Leave out users whose country is FR"),
)  # fmt: skip


@pytest.mark.parametrize(("repair", "words"), WORDS)
def test_words(repair: Repair, words: str) -> None:
    assert describe(repair) == words
