"""A backup holds kept groups and frozen segments with their members."""

from __future__ import annotations

from pathlib import Path

from core.segments import Did, Segment, count, freeze, get_segment, list_from_text, list_groups, save_segment
from core.store import Store
from core.takeout import backup
from tests.prepared import new_store
from tests.segments.people import PEOPLE
from tests.segments.world import prepare, put


def test_groups_and_frozen_segments_come_back(tmp_path: Path) -> None:
    with new_store(tmp_path / "w.duckdb") as store:
        prepare(store)
        put(store, PEOPLE)
        save_segment(store, Segment("Buyers", Did("purchase")))
        frozen = freeze(store, "Buyers").segment
        list_from_text(store, "List", f"{sorted(PEOPLE.user_ids())[0]}\nnobody\n")
        groups, buyers = list_groups(store), count(store, frozen.rule)
        backup(store, tmp_path / "b.duckdb")
    with Store(tmp_path / "b.duckdb") as again:
        assert list_groups(again) == groups
        assert {group.name: group.users for group in groups} == {"Buyers": buyers, "List": 2}
        assert get_segment(again, "Buyers") == frozen
        assert count(again, get_segment(again, "Buyers").rule) == buyers > 0
