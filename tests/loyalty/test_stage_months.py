"""Stages by month: hand-dated people with every stage written out, and months beside core.segments on random data."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from core.behaviour import Window, count_people
from core.errors import Refusal
from core.loyalty import NOT_YET, STAGES, move_rule, stage_rule, stages, stages_users
from core.loyalty.months import _share
from core.segments import LoyaltySettings, count, loyalty
from tests.behaviour.world import E, build, ids
from tests.loyalty.people import random_shop

HAND = LoyaltySettings(slipping_after=30, lost_after=60, loyal_orders=3, new_within=30)
PEOPLE = [
    *(E("ann", "x", "purchase", day, str(n)) for n, day in enumerate(("2025-01-10", "2025-02-10", "2025-03-10"))),
    E("bob", "x", "purchase", "2025-01-10"),
    *(E("cat", "x", "purchase", day) for day in ("2025-01-01", "2025-03-20")),  # 78 days between
    E("dan", "x", "purchase", "2025-03-05"),
    E("eve", "x", "view", "2025-03-31 23:59"),
]


def test_every_stage_of_every_month(tmp_path: Path) -> None:
    with build(tmp_path / "w.duckdb", PEOPLE) as store:
        found = stages(store, HAND)
        assert found.points == (datetime(2025, 2, 1), datetime(2025, 3, 1), datetime(2025, 3, 31, 23, 59, 0, 1))
        assert found.whole == (True, True)
        wanted: list[dict[str, set[str]]] = [
            {"new": {"ann", "bob"}, "slipping": {"cat"}},  # 22 days old; cat's last order is 31 days ago
            {"active": {"ann"}, "slipping": {"bob", "cat"}},
            {"loyal": {"ann"}, "lost": {"bob"}, "returned": {"cat"}, "new": {"dan"}},
        ]
        for point, people in enumerate(wanted):
            for stage in STAGES:
                assert ids(store, stages_users(store, found, stage, point)) == people.get(stage, set()), (point, stage)
        sizes = found.sizes.pivot(index="at", columns="stage", values="users")[list(STAGES)]
        assert sizes.to_numpy().tolist() == [[2, 0, 0, 0, 1, 0], [0, 1, 0, 0, 2, 0], [1, 0, 1, 1, 0, 1]]
        assert {(r["step"], r["was"], r["now"]): r["users"] for r in found.moves.to_dict("records")} == {
            (0, "new", "active"): 1, (0, "new", "slipping"): 1, (0, "slipping", "slipping"): 1,
            (1, NOT_YET, "new"): 1, (1, "active", "loyal"): 1, (1, "slipping", "lost"): 1,
            (1, "slipping", "returned"): 1,
        }  # fmt: skip
        cells = {(row["was"], row["now"]): row for row in found.matrix.to_dict("records")}
        assert (cells["new", "active"]["share"], cells["new", "active"]["of"]) == (0.5, 2)
        for now in ("slipping", "lost", "returned"):
            cell = cells["slipping", now]
            assert (cell["users"], cell["of"]) == (1, 3)
            assert 0 < cell["low"] < cell["share"] < cell["high"] < 1
        assert cells["active", "loyal"]["share"] == 1
        assert np.isnan(cells["lost", "lost"]["share"])
        assert found.arrivals == 0.5  # none in February, dan in March
        ahead = found.outlook[found.outlook["months"] == 1].set_index("stage")
        # dan goes on as ann and bob did: half active, half slipping; ann and bob's stages keep whom they have
        assert ahead["own"].to_dict() == {"new": 0, "active": 0.125, "loyal": 0.25, "returned": 0.25,
                                          "slipping": 0.125, "lost": 0.25}  # fmt: skip
        assert ahead["users"].sum() == 4.5


def test_windows_ends_and_what_cannot_be_asked(tmp_path: Path) -> None:
    with build(tmp_path / "w.duckdb", PEOPLE) as store:
        cut = stages(store, HAND, Window(datetime(2025, 2, 1), datetime(2025, 3, 11)))
        assert cut.points == (datetime(2025, 2, 1), datetime(2025, 3, 1), datetime(2025, 3, 11))
        assert cut.whole == (True, False)
        assert ids(store, stages_users(store, cut, "loyal", 2)) == {"ann"}
        with pytest.raises(Refusal, match="no stage 'rich'"):
            stages_users(store, cut, "rich", 1)
        with pytest.raises(Refusal, match="no month 4"):
            stages_users(store, cut, "new", 3)
    with build(tmp_path / "untimed.duckdb", [E("a", "x", "purchase", None)]) as store:
        assert stages(store).problem


def test_each_month_is_what_segments_say_and_each_cell_its_rule(tmp_path: Path) -> None:
    with random_shop(tmp_path / "w.duckdb") as (store, _):
        found = stages(store)
        assert len(found.points) == 14
        for place in (2, 7, 13):
            there = loyalty(store, found.settings, found.points[place])
            own = found.sizes[found.sizes["at"] == found.points[place]]
            assert own["users"].tolist() == [stage.users for stage in there.stages]
        late = found.moves[found.moves["step"] >= 11]
        assert len(late) > 6
        for row in late.to_dict("records"):
            rule = move_rule(found, row["step"], row["was"], row["now"])
            assert count(store, rule) == row["users"]
            assert (
                count_people(store, stages_users(store, found, row["now"], row["step"] + 1, row["was"])) == row["users"]
            )
        assert count(store, stage_rule(found, 13, "lost")) == found.sizes["users"].iloc[-1]
        rows = found.matrix.groupby("was")["share"].sum(min_count=1).dropna()
        np.testing.assert_allclose(rows, 1)
        last = found.outlook[found.outlook["months"] == 12]
        assert last["own"].sum() == pytest.approx(1)
        assert last["long_run"].sum() == pytest.approx(1)


def test_a_buyers_months_are_alike() -> None:
    # two buyers, ten months each: one always moved, one never; that is the knowledge of two, not of twenty
    share, low, high = _share(np.array([10, 0]), np.array([10, 10]))
    alone = _share(np.array([1] * 10 + [0] * 10), np.array([1] * 20))
    assert share == alone[0] == 0.5
    assert low < alone[1] < alone[2] < high
