"""Decay after launch: days written out by hand, planted half-lives, items launched late, and users behind each bar."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from core.attention import LaunchQuestion, launch, launch_users
from core.attention.fading_fit import each_half_life, fade, shape, spread
from core.behaviour import EVERYTHING, Window
from core.errors import Refusal
from core.store import Store
from tests.attention.fading_world import shop, users_of
from tests.prepared import copied

FIRST = datetime(2025, 1, 1)


def view(user: int | None, item: int, day: float, event: str = "view") -> dict[str, object]:
    return {"user": user, "item": item, "event": event, "at": FIRST + timedelta(days=day)}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Item 1 is there from the beginning; 2 is launched on day 20.5, 3 on day 30, 4 three days before the end."""
    events = [
        view(1, 1, 0), view(1, 1, 25),
        view(1, 2, 20.5, "cart"), view(2, 2, 20.9), view(3, 2, 21.4), view(2, 2, 21.6), view(None, 2, 22.6),
        view(1, 3, 30), view(2, 3, 31.2), view(2, 3, 31.3),
        view(3, 4, 57), view(1, 4, 58.5), view(1, 4, 59.9),
        view(2, 1, 60.01),
    ]  # fmt: skip
    return shop(tmp_path_factory.mktemp("launch") / "w.duckdb", events, {1: "A", 2: "A", 3: "B", 4: "B"})


def test_days_since_launch_written_out(small: Store) -> None:
    found = launch(small, LaunchQuestion(days=14))
    assert found.problem is None
    assert (found.launched, found.unknown) == (3, 1)
    days = found.days.set_index("day")
    # item 4 was watched for three whole days (57 to 60), the others for all 14
    assert days["items"].tolist() == [3, 3, 3, *[2] * 11]
    assert days["events"].tolist() == [4, 4, 2, *[0] * 11]  # 57, 30, 20.9, 21.4 | 21.6, 31.2, 31.3, 58.5 | 22.6, 59.9
    assert days["users"].tolist()[:3] == [3, 2, 1], "an event without a user counts, its user does not"
    assert days["per_item"].tolist()[:4] == pytest.approx([4 / 3, 4 / 3, 2 / 3, 0])
    for day, users in enumerate(days["users"].tolist()):
        assert len(users_of(small, launch_users(small, found.question, day))) == users
    assert users_of(small, launch_users(small, found.question, 1, item_no=3)) == [2]
    assert users_of(small, launch_users(small, found.question, None, category="A")) == [2, 3]


def test_a_window_chooses_launches_and_ends_the_watching(small: Store) -> None:
    window = Window(FIRST + timedelta(days=25), FIRST + timedelta(days=32))
    found = launch(small, LaunchQuestion(days=14), window)
    assert found.launched == 1, "item 3 alone is launched in it"
    assert found.days["items"].tolist() == [1, 1]
    assert found.days["events"].tolist() == [1, 2]
    early = launch(small, LaunchQuestion(days=14), Window(FIRST, FIRST + timedelta(days=10)))
    assert early.problem is not None
    assert "not known" in early.problem


def test_one_item_beside_the_others_and_refusals(small: Store) -> None:
    one = launch(small, LaunchQuestion(days=14, item="i2"))
    assert one.one["events"].tolist()[:4] == [2, 1, 1, 0]
    assert one.one_fit is not None
    assert one.one_fit.problem is not None, "four events tell no half-life"
    assert "not known" in str(launch(small, LaunchQuestion(days=14, item="i1")).one_problem)
    for wrong in (LaunchQuestion(item="none"), LaunchQuestion(event="zoo"), LaunchQuestion(days=3),
                  LaunchQuestion(category="zoo")):  # fmt: skip
        with pytest.raises(Refusal):
            launch(small, wrong)


def planted(half: float, floor: float, items: int, level: float, days: int = 90, seed: int = 3):  # type: ignore[no-untyped-def]
    rng = np.random.default_rng(seed)
    observed = rng.integers(15, days + 1, items)
    own = rng.gamma(2.0, level / 2, items)
    counts = rng.poisson(own[:, None] * shape(days, half, floor)).astype(np.float32)
    counts[np.arange(days)[None] >= observed[:, None]] = 0
    return counts, observed.astype(np.int64)


@pytest.mark.parametrize(("half", "floor"), [(4.0, 0.1), (14.0, 0.2), (25.0, 0.0)])
def test_the_planted_half_life_lies_in_its_interval(half: float, floor: float) -> None:
    counts, observed = planted(half, floor, 150, 3.0)
    fit = fade(counts, observed)
    assert fit.half_life is not None
    assert fit.low is not None
    assert fit.high is not None
    assert fit.low <= half <= fit.high
    assert fit.floor_low is not None
    assert fit.floor_high is not None
    assert fit.floor_low - 0.015 <= floor <= fit.floor_high + 0.015
    assert abs(fit.half_life / half - 1) < 0.3
    # what is expected adds up to what was seen, from the day after launch on
    alive = (np.arange(90)[None] < observed[:, None]).sum(axis=0)
    expected = spread(90, fit, counts, observed)
    assert float(np.nansum((expected * alive)[1:])) == pytest.approx(float(counts[:, 1:].sum()), rel=1e-6)


def test_without_fading_none_is_told() -> None:
    told = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        counts = rng.poisson(rng.gamma(1.0, 0.5, (60, 1)) * np.ones(60)).astype(np.float32)
        told += fade(counts, np.full(60, 60)).half_life is not None
    assert told <= 3, "chance alone shows fading in one case of forty"


def test_items_are_drawn_towards_the_others() -> None:
    rng = np.random.default_rng(5)
    truth = np.exp(rng.normal(np.log(12), 0.4, 200))
    level = np.where(np.arange(200) < 100, 8.0, 0.7)
    counts = rng.poisson(level[:, None] * shape(90, truth, 0.1)).astype(np.float32)
    middle, low, high = each_half_life(counts, np.full(200, 90), 0.1)
    inside = (low <= truth) & (truth <= high)
    assert 0.9 <= inside.mean() <= 1.0
    assert np.std(np.log(middle[100:])) < np.std(np.log(middle[:100])), "few events move an item less from the others"


def test_the_sample_s_big_launches_are_found(sample: Path, sample_workspace: Path, tmp_path: Path) -> None:
    truth = json.loads((sample / "truth.json").read_text("utf-8"))
    with Store(copied(sample_workspace, tmp_path)) as store:
        found = launch(store, LaunchQuestion(), EVERYTHING)
        big = {row["item_id"]: row["half_life_days"] for row in truth["launches"]["big_launches"]}
        mine = found.items[found.items["item_id"].isin(list(big))]
        half = mine["item_id"].map(big).astype(float)
        inside = (mine["low"] <= half) & (half <= mine["high"])
        assert len(mine) == 24
        assert inside.sum() >= 18
        assert np.corrcoef(np.log(mine["half_life"]), np.log(half))[0, 1] > 0.7
        fit = found.fit
        assert fit.low is not None
        assert fit.high is not None
        assert 7 < fit.low < fit.high < 56, "a mixture of 7, 14, 28 and 56 days"
        assert found.unknown == 828
        day = int(np.argmax(found.days["users"].to_numpy()))
        assert len(users_of(store, launch_users(store, found.question, day))) == found.days["users"][day]
