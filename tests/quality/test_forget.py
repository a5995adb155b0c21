"""An erased user stands in no repair: not in rules, not in what they make of the rows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from core.ingest.erase import erase
from core.ingest.mentions import GONE, sentence_without
from core.quality import Exclude, Fill, Merge, Repair, Selection
from core.quality.forget import repair_without
from core.quality.repairs import add_repair, end_repair, repairs
from core.store import Query, Store
from tests.ingest.loading import load_text, mapping, workspace
from tests.quality.rules_of_tests import in_place

VICTIM = "Victim77"
ROWS = f"u,i,t,q\n{VICTIM},a,2024-01-01,900\nb,a,2024-01-02,950\nc,{VICTIM},2024-01-03,2\nd,a,2024-01-04,3\n"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with in_place(), workspace(tmp_path) as store:
        load_text(store, ROWS, mapping(user="u", item="i", time="t", quantity="q", event="view"))
        yield store


def test_the_id_is_in_no_rule_and_the_user_in_no_table(store: Store) -> None:
    every = Selection.of("t_every", table="users")
    rules = [
        Repair(every, Merge("users", (("c", VICTIM), (VICTIM, "d")))),
        Repair(Selection.of("t_named", table="users", ids=("b", VICTIM)), Exclude(), f"asked by '{VICTIM}'"),
        Repair(Selection.of("t_named", table="items", ids=(VICTIM,)), Exclude()),
        Repair(every, Merge("users", ((VICTIM, "d"),))),
    ]
    with store.atomic() as writer:
        add_repair(writer, rules[3])
        end_repair(writer, 1)
        for rule in rules[:3]:
            add_repair(writer, rule)
    number = store.rows(Query("SELECT user_no FROM users WHERE user_id = ?", (VICTIM,)), raw=True)[0]["user_no"]
    with store.atomic() as writer:
        receipt = erase(writer, VICTIM)
    assert receipt.rows["repairs"] == 3
    specs = [json.loads(row["spec"]) for row in store.rows(Query("SELECT spec FROM repairs ORDER BY repair_no"))]
    assert specs[1]["action"]["pairs"] == [["c", "d"]]
    assert specs[2]["selection"]["params"]["ids"] == ["b"]
    assert specs[2]["note"] == f"asked by {GONE}"
    assert specs[3]["selection"]["params"]["ids"] == [VICTIM]  # an item's
    assert "pairs" not in specs[0]["action"]
    assert all(kept.done for kept in repairs(store))
    for table in ("touched_users", "mended_users", "mended_events", "merged_users"):
        assert not store.rows(Query(f"SELECT 1 FROM {table} WHERE user_no = ?", (number,))), table
    assert store.rows(Query("SELECT user_id FROM users ORDER BY ALL")) == [{"user_id": "d"}]


def test_a_value_that_is_the_id_is_replaced_and_words_of_rules_stay() -> None:
    clean = partial(sentence_without, user_id="users")
    rule = Repair(Selection.of("where", table="users", column="user_id", op="is", value="users"), Fill("x", "median"))
    after = repair_without(rule, "users", clean, GONE)
    assert after.selection.get("table") == "users"
    assert after.selection.get("value") == GONE
