"""By default every model beats popularity on the sample: on the choose part, which the defaults may be chosen on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.interactions import NEEDS, build
from core.recommend import NAMES, make, spec
from core.store import Store
from tests.prepared import copied
from tests.recommend.held_out import HeldOut, choose_part, ndcg

BAND = {"user-knn": 0.080, "item-knn": 0.070, "ease": 0.070}
"""What the defaults reach, less about two standard errors of the mean over 6,744 users (0.0025)."""


@pytest.fixture(scope="module")
def held(sample_workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> HeldOut:
    with Store(copied(sample_workspace, tmp_path_factory.mktemp("sample"))) as store:
        x = build(store, needs=NEEDS)
    return choose_part(x)


@pytest.fixture(scope="module")
def by_popularity(held: HeldOut) -> float:
    return ndcg(make(spec("popular")).fit(held.fit), held)


def test_the_yardstick_itself(held: HeldOut, by_popularity: float) -> None:
    assert held.fit.shape == (7538, 1203)
    assert len(held.users) == 6744
    assert by_popularity == pytest.approx(0.0329, abs=0.0002)  # computed apart from the models, with dense ranks


def test_descriptions_alone_beat_chance(held: HeldOut) -> None:
    """They are for items that nobody took: of those that many took, popularity knows more (0.033 against 0.013)."""
    by_chance = float((1 / np.log2(np.arange(10) + 2)).sum()) / held.fit.shape[1]
    assert ndcg(make(spec("content")).fit(held.fit), held) > 2.5 * by_chance


SLOW = ("stack", "slim")
"""Half of the time of all; what they are made of, and what they compute, is tested in every run."""


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.prove if name in SLOW else ())
        for name in NAMES
        if name not in ("popular", "content")
    ],
)
def test_each_model_beats_popularity(name: str, held: HeldOut, by_popularity: float) -> None:
    reached = ndcg(make(spec(name)).fit(held.fit), held)
    assert reached > by_popularity
    assert reached > BAND.get(name, 0.0)
