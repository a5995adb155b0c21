"""Fatigue: runs written out by hand, a slope against brute force, survivors told from tiring, the sample's truth."""

from __future__ import annotations

import json
import math
from datetime import timedelta
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.attention import FatigueQuestion, fatigue, fatigue_users
from core.attention.fatigue_slope import conditional_slope
from core.behaviour import Window
from core.errors import Refusal
from core.segments import EventStep, Filter, Test
from core.store import Store
from tests.attention.fading_world import at, shop, users_of
from tests.prepared import copied


def e(user: int | None, event: str, when: str, campaign: str | None = "x", item: int | None = None) -> dict[str, Any]:
    return {"user": user, "event": event, "at": at(when), "campaign": campaign, "item": item}


SHOP = [
    # user 1: shown three times, answers the first within a day, the third too late (after three days)
    e(1, "impression", "01 10:00"), e(1, "click", "01 12:00"), e(1, "click", "01 13:00"),
    e(1, "impression", "02 10:00"), e(1, "impression", "03 10:00"), e(1, "click", "06 10:01"),
    # user 2: two campaigns are counted apart; the click at the very moment belongs to the exposure
    e(2, "impression", "01 10:00"), e(2, "impression", "02 10:00", "y"), e(2, "click", "02 10:00", "y"),
    e(2, "impression", "04 10:00"), e(2, "click", "05 10:00"),
    # user 3: the data end before the time to respond to the second is over
    e(3, "impression", "05 10:00"), e(3, "impression", "19 10:00"), e(3, "click", "19 11:00"),
    e(None, "impression", "02 09:00"), e(4, "impression", "02 09:00", None), e(4, "view", "20 10:00"),
]  # fmt: skip


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return shop(tmp_path_factory.mktemp("fatigue") / "w.duckdb", SHOP)


def test_runs_written_out(small: Store) -> None:
    found = fatigue(small)
    assert (found.question.per, found.question.exposure) == ("campaign", EventStep("impression"))
    assert found.table["n"].tolist() == [1, 2, 3]
    assert found.table["exposures"].tolist() == [4, 2, 1]  # 1x, 2x, 2y, 3x | 1x, 2x | 1x
    assert found.table["responses"].tolist() == [2, 1, 0]  # 1x, 2y | 2x
    assert found.table["users"].tolist() == [3, 2, 1]
    assert (found.waiting, found.nameless, found.anonymous) == (1, 1, 1)
    # the two runs that came to a second exposure: one of two answered the first, one of two the second
    assert found.table[["runs", "first_rate", "nth_rate", "ratio"]].to_numpy()[1].tolist() == [2, 0.5, 0.5, 1.0]
    for row in found.table.to_dict("records"):
        n = row["n"]
        assert len(users_of(small, fatigue_users(small, found.question, n))) == row["users"]
    assert users_of(small, fatigue_users(small, found.question, 1, answered=True)) == [1, 2]
    assert users_of(small, fatigue_users(small, found.question, 1, answered=False)) == [2, 3]


def test_windows_keep_the_number_of_the_exposure(small: Store) -> None:
    found = fatigue(small, FatigueQuestion(), Window(at("02 00:00"), at("04 00:00")))
    assert found.table["n"].tolist() == [1, 2, 3]
    assert found.table["exposures"].tolist() == [1, 1, 1]  # 2y | 1x | 1x
    longer = fatigue(small, FatigueQuestion(days=4))
    assert longer.table["responses"].tolist() == [2, 1, 1], "four days hold the late click"
    one = fatigue(small, FatigueQuestion(per="user"))
    assert one.table["exposures"].tolist() == [4, 2, 2]  # 1, 2, 3, 4 | 1, 2 | 1, 2


def test_questions_that_cannot_be(small: Store, tmp_path: Path) -> None:
    for wrong in (FatigueQuestion(days=0), FatigueQuestion(same=9), FatigueQuestion(per="zoo"),  # type: ignore[arg-type]
                  FatigueQuestion(EventStep("click"), EventStep("click"))):  # fmt: skip
        with pytest.raises(Refusal):
            fatigue(small, wrong)
    with shop(tmp_path / "w.duckdb", [e(1, "purchase", "01 10:00")]) as store:
        assert "purchase" in str(fatigue(store).problem)


def brute(runs: list[list[int]], b: float) -> float:
    """The conditional log-likelihood by going through all arrangements."""
    total = 0.0
    for run in runs:
        n, r = len(run), sum(run)
        seen = sum((k + 1) * y for k, y in enumerate(run))
        total += b * seen - math.log(sum(math.exp(b * sum(c)) for c in combinations(range(1, n + 1), r)))
    return total


@pytest.mark.parametrize("true", [-0.6, 0.0, 0.4])
def test_the_slope_is_the_best_of_all_arrangements(true: float) -> None:
    rng = np.random.default_rng(8)
    runs = [
        (rng.random(n) < 1 / (1 + np.exp(-(u + true * np.arange(n))))).astype(int).tolist()
        for n, u in zip(rng.integers(2, 8, 150), rng.normal(0, 2, 150), strict=True)
    ]
    lengths, responses = (np.array([f(run) for run in runs]) for f in (len, sum))
    places = np.array([sum((k + 1) * y for k, y in enumerate(run)) for run in runs])
    found = conditional_slope(lengths, responses, places)
    assert found.slope is not None
    assert found.low is not None
    assert found.high is not None
    best = brute(runs, found.slope)
    assert all(best > brute(runs, found.slope + d) for d in (-1e-3, 1e-3))
    step = 1e-3
    bend = (brute(runs, found.slope + step) - 2 * best + brute(runs, found.slope - step)) / step**2
    assert (found.high - found.low) / 2 == pytest.approx(1.959964 / math.sqrt(-bend), rel=1e-3)
    assert found.low <= true <= found.high
    assert conditional_slope(np.array([3, 3]), np.array([0, 3]), np.array([0, 6])).slope is None


def test_survivors_are_told_from_tiring_and_pandas_agrees(tmp_path: Path) -> None:
    """Eager people are shown it more often and nobody tires: bars rise, the same people's odds stay."""
    rng = np.random.default_rng(2)
    events = []
    for user in range(260):
        eager = user % 2
        for k in range(6 if eager else 2):
            shown = at("01 00:00") + timedelta(days=k, minutes=user)
            events.append({"user": user, "event": "impression", "at": shown, "campaign": "x"})
            if rng.random() < (0.6 if eager else 0.1):
                events.append({"user": user, "event": "click", "at": shown + timedelta(hours=3), "campaign": "x"})
    with shop(tmp_path / "w.duckdb", [*events, e(1, "view", "29 00:00")]) as store:
        found = fatigue(store)
    assert found.table["rate"].iloc[2:].min() > found.table["rate"].iloc[0] + 0.1
    assert found.slope.low is not None
    assert found.slope.high is not None
    assert found.slope.low < 0 < found.slope.high
    assert found.cap is None
    frame = pd.DataFrame(events).sort_values(["user", "at"])
    frame["answered"] = (frame["event"].shift(-1) == "click") & (frame["user"].shift(-1) == frame["user"])
    times = frame[frame["event"] == "impression"].copy()
    times["n"] = times.groupby("user").cumcount() + 1
    by_hand = times.groupby("n")["answered"].agg(["size", "sum"])
    assert found.table["exposures"].tolist() == by_hand["size"].tolist()
    assert found.table["responses"].tolist() == by_hand["sum"].tolist()
    long = times[times.groupby("user")["n"].transform("max") >= 5]
    assert found.table["same_rate"].iloc[:5].tolist() == pytest.approx(
        long.groupby("n")["answered"].mean()[:5].tolist()
    )


def test_the_sample_s_fatigue_is_found(sample: Path, sample_workspace: Path, tmp_path: Path) -> None:
    truth = pd.DataFrame(json.loads((sample / "truth.json").read_text("utf-8"))["fatigue"])
    mail = Filter("event", "channel", Test("is", ("email",)))
    with Store(copied(sample_workspace, tmp_path)) as store:
        clicks = fatigue(store)
        opens = fatigue(store, FatigueQuestion(EventStep("impression", (mail,)), EventStep("open"), "campaign"))
    assert clicks.table["exposures"].tolist() == truth["impressions"].tolist()
    for found, column in ((clicks, "true_click_rate"), (opens, "true_open_rate_email")):
        true = truth[column]
        inside = (found.table["low"] <= true) & (true <= found.table["high"])
        assert inside.sum() >= 7, "of eight 95 % intervals"
        odds = np.log(true / (1 - true))
        slope = float(np.polyfit(truth["exposure"], odds, 1)[0])
        assert found.slope.low is not None
        assert found.slope.high is not None
        assert found.slope.low <= slope <= found.slope.high < 0
        half = 1 + float(np.interp(-true[0] / 2, -true, np.arange(8)))
        assert found.halves_low is not None
        assert found.halves_high is not None
        if half < 8:
            assert found.halves_low - 0.2 <= half <= found.halves_high + 0.2
    assert clicks.cap == 3, "12.0, 9.2, 7.0 per cent are at least half of the first, 5.4 is not"
