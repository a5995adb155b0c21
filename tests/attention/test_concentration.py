"""Concentration: values worked out by hand, chance by simulation, trend, and who stands behind it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.attention import concentration, concentration_users, measured
from core.behaviour import count_people
from tests.behaviour.world import E, build


def test_measures_by_hand() -> None:
    one = measured(np.array([4.0, 1.0, 3.0, 2.0]))
    # mean difference over all ordered pairs: 2 x (1+2+3+1+2+1) / 16 = 1.25; over twice the mean 2.5
    assert one.gini == pytest.approx(1.25 / 5)
    assert one.hhi == pytest.approx((16 + 1 + 9 + 4) / 100)
    assert one.as_if == pytest.approx(100 / 30)
    assert (one.top1, one.top10, one.in_top1, one.half) == (0.4, 0.4, 1, 2)
    alone = measured(np.array([0.0] * 9 + [5.0]))
    assert alone.gini == pytest.approx(0.9)
    assert alone.hhi == 1
    assert alone.half == 1
    assert alone.few
    assert measured(np.zeros(3)).gini is None
    hundred = measured(np.arange(1.0, 201.0))
    assert hundred.in_top1 == 2
    assert hundred.top1 == pytest.approx((199 + 200) / 20100)
    assert not hundred.few


@pytest.mark.parametrize("mean", [0.3, 2.0, 30.0])
def test_gini_by_chance_alone(mean: float) -> None:
    drawn = np.random.default_rng(5).poisson(mean, 40_000).astype(float)
    one = measured(drawn)
    assert one.gini_by_chance == pytest.approx(one.gini, abs=0.01)


def test_over_seen_and_over_all_there_are(tmp_path: Path) -> None:
    views = {"a": 6, "b": 3, "c": 1}
    events = [E(f"{item}{n}", item, "view", "2025-01-01") for item, many in views.items() for n in range(many)]
    events += [E("last", "a", "view", "2025-02-10"), E("last", "b", "view", "2025-02-10")]
    with build(tmp_path / "w.duckdb", events, categories={"d": "x", "e": "y", "a": "x"}) as store:
        found = concentration(store, unit="month")
        seen, known = found.seen, found.known
        assert known is not None
        assert (seen.things, known.things) == (3, 5)
        # 7, 4, 1 of 12: (-2 x 1 + 0 x 4 + 2 x 7) / (3 x 12); with two zeros: (0 x 1 + 2 x 4 + 4 x 7) / (5 x 12)
        assert seen.gini == pytest.approx(12 / 36)
        assert known.gini == pytest.approx(36 / 60)
        assert seen.hhi == known.hhi == pytest.approx((49 + 16 + 1) / 144)
        assert [seen.half, seen.top10] == pytest.approx([1, 7 / 12])
        trend = found.trend.set_index("start")
        assert trend["things"].tolist() == [3, 2]
        assert trend["complete"].tolist() == [True, False]
        assert trend["gini"].tolist() == [pytest.approx(10 / 30), 0]
        curve = found.curve[found.curve["over"] == "known"]
        assert curve["attention"].tolist() == pytest.approx([0, 0, 0, 1 / 12, 5 / 12, 1])
        assert count_people(store, concentration_users(store, found, "top1")) == 7
        assert count_people(store, concentration_users(store, found, "half")) == 7
        assert count_people(store, concentration_users(store, found, "rest")) == 3 + 1 + 1
        july = concentration_users(store, found, "half", found.trend["start"].iloc[1])
        assert count_people(store, july) == 1


def test_nothing_to_spread(tmp_path: Path) -> None:
    with build(tmp_path / "w.duckdb", [E("a", None, "search", "2025-01-05")]) as store:
        assert concentration(store).problem
