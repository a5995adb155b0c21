"""The rule in the address: packed and unpacked it is the same, and hostile addresses are refused in words."""

from __future__ import annotations

import base64
import json
import zlib

import pytest
from hypothesis import given, settings

from core.errors import Refusal
from core.segments import Prop, Rule, Test
from pages._ui.segments_address import LONGEST, packed, unpacked
from tests.examples import examples
from tests.segments.strategies import rules


@settings(max_examples=examples(60))
@given(rules)
def test_a_rule_comes_back(rule: Rule) -> None:
    text = packed(rule)
    assert unpacked(text) == rule
    assert text.replace("-", "").replace("_", "").isalnum()


def test_an_ordinary_rule_is_short_and_a_long_list_is_not() -> None:
    assert len(packed(Prop("country", Test("is", ("France", "Spain", "Île"))))) < 100
    assert len(packed(Prop("user_id", Test("is", tuple(str(n * 7919 % 100_003) for n in range(3000)))))) > LONGEST


def _of(raw: bytes) -> str:
    return base64.urlsafe_b64encode(zlib.compress(raw, 9)).decode().rstrip("=")


DEEP = b'{"not":' * 20_000 + b'{"did":"view"}' + b"}" * 20_000


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("%%%", "cannot be read"),
        ("A", "cannot be read"),
        ("abc=", "cannot be read"),
        ("Ünïcode", "cannot be read"),
        ("bm90IHppcA", "cannot be read"),
        (_of(b'{"did":"view"}')[:-6], "cannot be read"),
        (_of(b"\xff\xfe"), "cannot be read"),
        (_of(b"{"), "not JSON"),
        (_of(b"[]"), "must be"),
        (_of(b'{"did":"view","x":1}'), "not known"),
        (_of(b"0" * 9_000_000), "too large"),
        (_of(DEEP), "nested"),
        ("A" * 20_000, "too long"),
        (_of(json.dumps({"all": [{"did": "view", "window": {"days": 10**400}}]}).encode()), "whole number"),
    ],
)
def test_hostile_addresses_are_refused(text: str, said: str) -> None:
    with pytest.raises(Refusal, match=said):
        unpacked(text)
