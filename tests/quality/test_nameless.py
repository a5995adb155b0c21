"""Papers that leave the house name the repairs, and no user."""

from __future__ import annotations

import json

import pytest

from core.quality import Exclude, Merge, Repair, Selection
from core.quality.nameless import without_ids

OF_USERS = Selection.of("ids", table="users", ids=("anna-1", "bob-2"))


@pytest.mark.parametrize(
    "repair",
    [
        Repair(OF_USERS, Exclude()),
        Repair(Selection.of("ids", table="users", ids=("anna-1",)), Merge("users", (("anna-1", "bob-2"),))),
        Repair(Selection.of("where", table="users", column="user_id", op="=", value="anna-1"), Exclude()),
        Repair(Selection.of("where", table="events", column="user", op="in", value=("anna-1", "bob-2")), Exclude()),
    ],
)
def test_no_id_of_a_user_is_left(repair: Repair) -> None:
    told, words = without_ids(repair)
    text = json.dumps(told) + words
    assert "anna" not in text
    assert "bob" not in text
    assert "not shown, SHA-256" in text


def test_other_ids_make_another_seal_and_items_stay() -> None:
    other = Selection.of("ids", table="users", ids=("anna-1", "bob-3"))
    assert without_ids(Repair(OF_USERS, Exclude()))[0] != without_ids(Repair(other, Exclude()))[0]
    told, words = without_ids(Repair(Selection.of("ids", table="items", ids=("POST",)), Exclude()))
    assert "POST" in json.dumps(told)
    assert "POST" in words
