"""iALS beyond the size up to which every round is solved directly: ridges in groups, the last two rounds exact."""

from __future__ import annotations

import numpy as np
import pytest

from core.interactions import Interactions
from core.recommend import ials, make, spec


def test_groups_of_ridges_end_near_the_direct_solution(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    x = Interactions.of((rng.random((300, 80)) < rng.random(80) ** 2 * 0.4).astype(np.float32))
    asked = spec("ials", {"factors": 8, "epochs": 15, "frequency": 0.75})
    direct = make(asked).fit(x)
    monkeypatch.setattr(ials, "_LARGE", 0)
    grouped = make(asked).fit(x)
    users = np.arange(300)
    far = np.abs(direct.score(users) - grouped.score(users))
    assert 0 < far.mean() < 0.02
    told = grouped.explain(0, 3)
    assert told.items.values.sum() == pytest.approx(told.score, abs=1e-6)
    assert told.users.values.sum() == pytest.approx(told.score, abs=1e-6)


def test_rows_of_a_group_have_ridges_near_each_other() -> None:
    rng = np.random.default_rng(1)
    x = Interactions.of((rng.random((200, 60)) < 0.3).astype(np.float32)).matrix
    caution = ials.Caution(20.0, 0.75)
    groups = ials._Alike.of(x, caution)
    assert np.sort(np.concatenate([group.rows for group in groups])).tolist() == list(range(200))
    for group in groups:
        own = caution.of(np.diff(x.indptr)[group.rows])
        assert own.max() / own.min() <= ials._NEAR + 1e-6
        assert own.min() <= group.ridge <= own.max()
