"""The waterfall of a list without a screen: each bar, where it stands, what it is called, whom it opens."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from core.campaigns import STAGES, Campaign, Members, Stage, StageName, TargetList
from core.figures import CONTACTED, STAGE_NAMES, arm_colour, waterfall_figure
from core.figures.template import PALE
from core.recommend import spec

PASSED: dict[StageName, int] = {
    "candidates": 1000,
    "consent": 700,
    "suppressed": 700,
    "bought": 650,
    "size": 112,
    "holdout": 100,
}
ASKED = Campaign("item", ("i",), model=spec("item-knn"), size=100, holdout=0.1)


def members(first: int, number: int) -> Members:
    numbers = np.arange(first, first + number, dtype=np.int32)
    return Members(numbers, numbers + 1, np.ones(number), np.zeros((number, 1), np.int32))


def target(passed: dict[StageName, int] = PASSED, words: str = "what it did") -> TargetList:
    """A list with as many users through each gate as `passed` says."""
    stages: list[Stage] = []
    dropped: dict[StageName, Any] = {}
    before, first = passed["candidates"], passed["holdout"]
    for name in STAGES:
        stages.append(Stage(name, before, passed[name], words))
        if name != "candidates":
            dropped[name] = np.arange(first, first + before - passed[name], dtype=np.int32)
            first += before - passed[name]
        before = passed[name]
    contacted = members(0, passed["holdout"])
    control = members(first - (passed["size"] - passed["holdout"]), passed["size"] - passed["holdout"])
    return TargetList(ASKED, contacted, control, tuple(stages), dropped, (), {"version": 1})


def bars(figure: Any) -> dict[str, tuple[float, float]]:
    """Stage -> where its bar begins and ends."""
    return {t.customdata[0][0]: (t.base[0], t.base[0] + t.x[0]) for t in figure.data}


def test_bars_meet_from_all_who_could_be_chosen_down_to_the_contacted() -> None:
    found = bars(waterfall_figure(target()))
    assert list(found) == [*map(str, STAGES), CONTACTED]
    assert list(found.values()) == [(0, 1000), (700, 1000), (700, 700), (650, 700), (112, 650), (100, 112), (0, 100)]
    gates: list[str] = list(STAGES[1:])
    for earlier, later in pairwise(gates):
        assert found[later][1] == found[earlier][0], "a gate begins where the one before it ends"


def test_the_first_gate_is_on_top_and_labels_tell_numbers() -> None:
    figure = waterfall_figure(target())
    names = [*STAGE_NAMES.values(), "To contact"]
    assert list(figure.layout.yaxis.categoryarray) == names[::-1], "the axis counts from below"
    said = {t.y[0]: t.text[0] for t in figure.data}
    assert said == {
        "Could be chosen": "1,000 users",
        "No consent": "− 300",
        "Suppressed": "nobody",
        "Bought already": "− 50",
        "Beyond the size": "− 538",
        "Control group": "− 12",
        "To contact": "100 users",
    }
    assert "10.0 % of all" in figure.data[-1].customdata[0][2]


def test_groups_have_the_colours_of_every_page() -> None:
    marks = {t.customdata[0][0]: (t.marker.color, t.marker.opacity) for t in waterfall_figure(target()).data}
    assert marks[CONTACTED] == (arm_colour("contacted"), 1.0)
    assert marks["holdout"] == (arm_colour("control"), 1.0)
    assert {marks[name][1] for name in ("candidates", "consent", "suppressed", "bought", "size")} == {PALE}


def test_words_of_people_are_text() -> None:
    figure = waterfall_figure(target(words="<b>agreed</b> %{x} for “=1+1”"))
    assert "<b>agreed" not in figure.data[0].customdata[0][2]
    assert "&lt;b&gt;agreed" in figure.data[0].customdata[0][2]


@pytest.mark.parametrize("number", [0, 1])
def test_nobody_and_one(number: int) -> None:
    figure = waterfall_figure(target(dict.fromkeys(STAGES, number)))
    assert bars(figure)[CONTACTED] == (0, number)
    assert figure.data[0].text[0] == ("0 users" if number == 0 else "1 user")
    assert figure.layout.xaxis.range[1] > 0
