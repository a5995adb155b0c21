"""Look-alikes on real and planted data: recall against chance, and against the most active."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from core.segments import Prop, Segment, Test, rfm, save_segment
from core.segments.likeness.lookalike import lookalikes
from core.segments.likeness.types import LookalikeSpec
from core.store import Query, Store
from tests.prepared import copied

pytestmark = pytest.mark.timeout(120)


def test_the_other_half_of_a_planted_community(sample: Path, sample_workspace: Path, tmp_path: Path) -> None:
    with (sample / "truth_users.csv").open(encoding="utf-8") as file:
        planted = {row["user_id"]: row["community"] for row in csv.DictReader(file)}
    with Store(copied(sample_workspace, tmp_path)) as store:
        known = {str(row["user_id"]) for row in store.rows(Query("SELECT user_id FROM users"))}
        community = sorted(user for user in known if planted.get(user) == "3")
        seed, rest = set(community[::2]), set(community[1::2])
        save_segment(store, Segment("half", Prop("user_id", Test("is", tuple(sorted(seed))))))
        found = lookalikes(store, LookalikeSpec("half", way="taste", size=len(rest)))
        listed = found.rows.column("user_id").to_pylist()
        judged = rest & set(listed)
        back = len(judged & set(listed[: len(rest)])) / len(judged)
        assert back > 6 * len(rest) / found.candidates, f"{back:.3f}"
        held = {check.way: check for check in found.checks}
        assert held["taste"].low > 6 * held["taste"].at_random
        assert held["active"].share < 2 * held["active"].at_random


def test_champions_of_online_retail(retail_workspace: Path, tmp_path: Path) -> None:
    with Store(copied(retail_workspace, tmp_path)) as store:
        save_segment(store, Segment("Champions", rfm(store).segment("Champions").rule()))
        found = lookalikes(store, LookalikeSpec("Champions"))
        held = {check.way: check for check in found.checks}
        assert held["features"].low > 0.9, "RFM is a rule of features"
        assert held["features"].low > held["active"].share > held["active"].at_random
        assert held["taste"].low > held["taste"].at_random
        assert found.spec.way == "features"
        assert any("almost meet the rule" in note for note in found.notes), "and that is said"
