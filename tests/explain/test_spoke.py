"""Which part of a blend spoke: the words, and their way through `why`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.explain import why
from core.explain.spoke import spoke_in_words
from core.recommend import Explanation, FitSpec, View, fit, spec
from tests.behaviour.world import SHOP, build

_NONE = np.empty(0)


def told(*shares: float) -> Explanation:
    items, users = View("items", _NONE, _NONE, True, "how"), View("users", _NONE, _NONE, True, "how")
    names = ("item-knn", "user-knn", "ease")
    return Explanation(0, 0, 1.0, 0.0, items, users, tuple(zip(map(spec, names), shares, strict=False)))


@pytest.mark.parametrize(
    "shares, words",
    [
        ((), ""),
        ((1.0, 0.0), "Only “Goes together” speaks here."),
        ((0.72, 0.28), "Mostly “Goes together” (72 %), with “People like you” (28 %)."),
        ((0.3, 0.6, -0.1), "Mostly “People like you” (60 %), with “Goes together” (30 %). Against it: “"),
        ((0.5, 0.5), "“Goes together” (50 %) and “People like you” (50 %) speak for it."),
        ((0.5, -0.5), "“Goes together” (50 %) speaks for it. Against it: “People like you” (50 %)."),
        ((-1.0, 0.0), "No part of the blend speaks for this item; “Goes together” (100 %) put it below"),
        ((0.0, 0.0), "No part of the blend tells this item from the others."),
    ],
)
def test_words(shares: tuple[float, ...], words: str) -> None:
    said = spoke_in_words(told(*shares))
    assert said.startswith(words)
    assert bool(said) == bool(words)


def test_why_carries_it(tmp_path: Path) -> None:
    with build(tmp_path / "shop.duckdb", SHOP) as store:
        asked = FitSpec(spec("blend", {"parts": "ease=0.5,popular=0.5"}))
        model = fit(store, asked)
        user = model.x.users.raw(0)
        found = why(store, model, user, None)
        assert [part.model.model for part in found.spoke] == ["ease", "popular"]
        assert sum(abs(part.share) for part in found.spoke) == pytest.approx(1.0)
        assert found.spoke_words
        plain = why(store, fit(store, FitSpec(spec("ease"))), user, found.item)
        assert (plain.spoke, plain.spoke_words) == ((), "")
