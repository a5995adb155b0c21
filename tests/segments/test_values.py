"""The values that pages offer to choose from."""

from __future__ import annotations

import pytest

from core.segments import BadRule
from core.segments.values import Value, common_values
from core.store import Store
from tests.segments.people import PEOPLE
from tests.segments.world import put


def test_most_frequent_first(store: Store) -> None:
    put(store, PEOPLE)
    assert common_values(store, "event", "channel") == (Value("email", 2), Value("web", 2))
    assert common_values(store, "user", "tags") == (Value("new", 1), Value("old", 1), Value("vip", 1))
    assert common_values(store, "item", "category", 1) == (Value("books", 1),)
    assert [v.value for v in common_values(store, "user", "age")] == [18.0, 30.0, 41.5]
    with pytest.raises(BadRule, match="users have no column 'shoe size'"):
        common_values(store, "user", "shoe size")
