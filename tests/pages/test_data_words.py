"""What the page calls things, and what it says is missing from a mapping."""

from __future__ import annotations

from typing import get_args

import pytest

from core.errors import Refusal
from core.ingest import ROLES, ColumnMap, Kind, Mapping, Role, Type
from pages._ui import data_words as words

USER, ITEM = ColumnMap("u", "user"), ColumnMap("i", "item")


def test_every_role_type_and_kind_has_plain_words() -> None:
    assert set(words.ROLES) == set(get_args(Role))
    assert set(words.TYPES) == set(get_args(Type))
    assert set(words.KINDS) == set(get_args(Kind)) == set(ROLES)
    for kind, roles in ROLES.items():
        named = [words.role_word(role, kind) for role in roles]
        assert len(set(named)) == len(named)


@pytest.mark.parametrize(
    ("pattern", "word"),
    [
        ("%d.%m.%Y", "31.12.2011, day first"),
        ("%m/%d/%y %I:%M %p", "12/31/11 01:05 PM, month first"),
        ("%Y%m%d", "20111231, year first"),
        ("iso", "2011-12-31 13:05, year first"),
        ("epoch_ms", "1325336700000, milliseconds since 1970"),
    ],
)
def test_a_time_format_is_shown_by_an_example(pattern: str, word: str) -> None:
    assert words.time_word(pattern) == word


@pytest.mark.parametrize(
    ("mapping", "said"),
    [
        (Mapping("events", (USER, ITEM), event="view"), ""),
        (Mapping("events", (USER, ITEM)), "what each row records"),
        (Mapping("events", (USER, ColumnMap("r", "rating"))), ""),
        (Mapping("events", (ColumnMap("r", "rating"),)), "at least one of them"),
        (Mapping("events", (USER, ColumnMap("c", "count"))), "what c counts"),
        (Mapping("events", (USER, ColumnMap("c", "count", event="click"))), ""),
        (Mapping("events", (USER, ColumnMap("t", "time")), event="view"), "how the times in t"),
        (Mapping("events", (USER, ColumnMap("v", "user")), event="view"), "only one can be"),
        (Mapping("events", (USER,), event="purchase", returns="pattern:^C"), "order number"),
        (Mapping("events", (USER, ColumnMap("o", "order")), event="purchase", returns="pattern:"), "begin"),
        (Mapping("items", (ColumnMap("t", "title"),)), "item's id"),
        (Mapping("users", (ColumnMap("t", "attribute"),)), "user's id"),
        (Mapping("users", (USER, ColumnMap("c", "consent"))), "which channel"),
        (Mapping("users", (USER, ColumnMap("c", "consent", event="email"))), ""),
    ],
)
def test_what_is_missing_is_said(mapping: Mapping, said: str) -> None:
    found = words.problems(mapping)
    assert [said in text for text in found] == [True] if said else not found


def test_what_the_page_lets_through_the_load_does_not_refuse_for_its_roles() -> None:
    """The page's check and the load's: the same mappings pass both (core.ingest.fitting)."""
    from core.ingest.fitting import _check_events, _check_roles

    cases = test_what_is_missing_is_said.pytestmark[0].args[1]  # type: ignore[attr-defined]
    for mapping, said in cases:
        refused = False
        try:
            _check_roles(mapping)
            if mapping.kind == "events":
                _check_events(mapping)
        except Refusal:
            refused = True
        if not said:
            assert not refused, mapping
