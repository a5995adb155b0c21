"""Users from a figure as a group, and rules' filters as conditions on events."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from core.errors import Refusal
from core.segments import BadRule, EventStep, Filter, InGroup, Test, count, event_query, keep_users, read_schema
from core.store import Query
from tests.prepared import new_store


def test_users_of_a_figure_become_a_group(tmp_path: Path) -> None:
    store = new_store(tmp_path / "w.duckdb")
    with store.atomic() as writer:
        writer.run("INSERT INTO users SELECT i, 'u' || i FROM range(5) AS rows(i)")
    with store:
        users = Query("SELECT unnest([1, 3, 3]) AS user_no")
        assert keep_users(store, "odd ones", users, "Users who are odd") == 2
        assert count(store, InGroup("odd ones")) == 2
        with pytest.raises(Refusal) as taken:
            keep_users(store, "odd ones", users, "Users who are odd")
        assert taken.value.code == "group_exists"
        with pytest.raises(Refusal) as nobody:
            keep_users(store, "none", Query("SELECT 99 AS user_no"), "Nobody")
        assert nobody.value.code == "nobody"


def test_a_step_is_the_condition_that_a_rule_would_ask(tmp_path: Path) -> None:
    store = new_store(tmp_path / "w.duckdb")
    with store.atomic() as writer:
        writer.run(
            "INSERT INTO events BY NAME SELECT i AS user_no, ['view', 'cart'][1 + i % 2] AS event, i AS event_no, "
            "['web', 'mail', NULL][1 + i % 3] AS channel, 1 AS batch_no, TIMESTAMP '2025-01-01' AS at_utc "
            "FROM range(12) AS rows(i)"
        )
    with store:
        schema = read_schema(store)
        step = EventStep("cart", (Filter("event", "channel", Test("is", ("mail",))),))
        asked = Query("SELECT user_no FROM events e WHERE ") + event_query(step, schema, datetime(2026, 1, 1))
        found = {int(str(row["user_no"])) for row in store.rows(asked)}
        assert found == {i for i in range(12) if i % 2 == 1 and i % 3 == 1}
        with pytest.raises(BadRule):
            event_query(
                EventStep("cart", (Filter("event", "colour", Test("is", ("red",))),)), schema, datetime(2026, 1, 1)
            )
