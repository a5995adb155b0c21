"""From expected buyers to a size: at each size the curve is what an audience of that size counts."""

from __future__ import annotations

import pytest

from core.errors import Refusal
from core.evaluate import AudienceSpec, audience, buyers_curve
from core.recommend import spec
from core.store import Store
from tests.evaluate.audience_world import Maker


@pytest.mark.parametrize("model", ["popular", "item-knn"])
def test_the_curve_is_what_audiences_count(make: Maker, model: str) -> None:
    store = make()
    asked = AudienceSpec((spec(model),), size=10, targets=("mug",))
    curve = buyers_curve(store, asked)
    for size in (10, 11, 15, 20, 30):
        found = audience(store, AudienceSpec((spec(model),), size=size, targets=("mug",)))
        each = found.ways[0].each[0]
        assert curve.taken[each.chosen - 1] == each.taken
        assert (curve.candidates, curve.takers) == (found.targets[0].candidates, found.targets[0].takers)
    for buyers in range(1, int(curve.taken[-1]) + 1):
        size = curve.size_for(buyers)
        assert curve.taken[size - 1] == buyers
        assert size == 1 or curve.taken[size - 2] == buyers - 1


def test_more_buyers_than_there_were_are_refused(make: Maker) -> None:
    curve = buyers_curve(make(), AudienceSpec((spec("popular"),), size=10, targets=("mug",)))
    for buyers in (0, curve.takers + 1):
        with pytest.raises(Refusal) as refused:
            curve.size_for(buyers)
        assert refused.value.code == "too_many_buyers"


def test_one_model_and_one_target(make: Maker) -> None:
    store: Store = make()
    for wrong in (
        AudienceSpec((spec("popular"),)),
        AudienceSpec((spec("popular"), spec("item-knn")), targets=("mug",)),
        AudienceSpec((spec("popular"),), targets=("mug", "pot")),
    ):
        with pytest.raises(ValueError, match="one model"):
            buyers_curve(store, wrong)
