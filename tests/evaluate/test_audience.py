"""Audiences on a shop where every count is known by eye; what is refused; what may not leak."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from core.errors import Refusal
from core.evaluate import (
    AudienceSpec,
    audience,
    audience_from_json,
    audience_to_json,
    prepare_audience,
)
from core.evaluate import audience_task as task
from core.evaluate.audience_choose import World
from core.interactions import MatrixSpec
from core.recommend import make as make_model
from core.recommend import spec
from tests.behaviour.world import E
from tests.evaluate.audience_world import (
    CATEGORIES,
    Known,
    Maker,
    after,
    before,
    bulk,
    figures,
    refused,
    user,
    way,
)

POPULAR = spec("popular")
MUG = AudienceSpec((POPULAR,), size=10, targets=("mug",))


def test_the_yardsticks_by_eye(make: Maker) -> None:
    found = audience(make(), AudienceSpec((POPULAR,), size=10))
    assert [(t.id, t.candidates, t.takers) for t in found.targets] == [("mug", 36, 12)]
    assert found.event == "purchase"
    assert figures(found, "heavy-buyers") == pytest.approx((10, 10, 1.0, 10 / 12, 3.0))
    assert figures(found, "recent-category-buyers") == pytest.approx((10, 2, 0.2, 2 / 12, 0.6))
    assert figures(found, "chance") == pytest.approx((10, 3, 12 / 36, 10 / 36, 1.0))
    assert found.facts["users"] == 40
    assert found.facts["targets_skipped"] == 1, "the pot has three takers"
    assert found.facts["cut"].startswith("2025-04-01T00:00:00")
    assert found.facts["days"] == pytest.approx(10)
    assert [w.way for w in found.ways] == ["popular", "heavy-buyers", "recent-category-buyers", "chance"]


def test_a_model_by_eye(make: Maker, known: type[Known], monkeypatch: pytest.MonkeyPatch) -> None:
    # u00 to u03 have the mug already; of u04 ... u16 the ten best are u07 to u16: all takers
    monkeypatch.setattr(known, "by_user", {k: float(k) if k <= 16 else -1.0 for k in range(40)})
    found = audience(make(), MUG)
    assert figures(found, "popular") == pytest.approx((10, 10, 1.0, 10 / 12, 3.0))
    # now those who have it lead, and then come nobody's takers
    monkeypatch.setattr(known, "by_user", {k: 100.0 - k if k < 4 else float(k) for k in range(40)})
    found = audience(make(), MUG)
    assert figures(found, "popular") == (10, 0, 0.0, 0.0, 0.0)
    # none against two of ten may be luck, none against ten or against every third is not
    assert "no better than recent buyers of the category, as far as" in found.verdict
    assert "It does worse than heavy buyers and chance" in found.verdict


def test_none_where_few_were_to_be_expected_is_not_shown_to_be_worse(
    make: Maker, known: type[Known], monkeypatch: pytest.MonkeyPatch
) -> None:
    """None of 10 where 0.75 were to be expected: every resampling says none as well, as if that were sure."""
    monkeypatch.setattr(known, "by_user", {k: 100.0 - k for k in range(20)})
    found = audience(make(), AudienceSpec((POPULAR,), size=10, targets=("pot",)))
    ours = way(found, "popular")
    assert ours.each[0].taken == 0
    assert ours.lift
    assert ours.precision
    assert (ours.lift.value, ours.lift.low) == (0, 0)
    high = 1.96**2 / (10 + 1.96**2)  # Wilson's upper end of none of 10
    assert ours.precision.high == pytest.approx(high, rel=1e-3)
    assert ours.lift.high == pytest.approx(high / (3 / found.targets[0].candidates), rel=1e-3)
    chance = ours.against["chance"]
    assert (chance.value, chance.low) == (-1, -1)
    assert chance.high == pytest.approx(ours.lift.high - 1)
    assert "worse" not in found.verdict
    assert "no better than heavy buyers or recent buyers" in found.verdict
    assert "0.0 to 0.0" not in found.verdict


def test_users_without_a_score_are_not_chosen(make: Maker, known: type[Known], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known, "by_user", {5: 1.0, 6: 1.0, 25: 2.0, 0: 9.0})
    found = audience(make(), MUG)
    assert figures(found, "popular") == pytest.approx((3, 2, 2 / 3, 2 / 12, 2.0))
    assert any("chose fewer" in note for note in found.notes)


def test_a_size_above_the_candidates_takes_them_all(make: Maker) -> None:
    found = audience(make(), AudienceSpec((POPULAR,), size=500, targets=("mug",)))
    for name in ("popular", "heavy-buyers", "recent-category-buyers"):
        assert figures(found, name) == pytest.approx((36, 12, 1 / 3, 1.0, 1.0))
        assert way(found, "popular").lift == way(found, name).lift
    assert figures(found, "chance") == pytest.approx((36, 12, 1 / 3, 1.0, 1.0))
    assert any("fewer than 500 users to choose from" in note for note in found.notes)
    assert found.verdict.startswith("Everybody was chosen, since no item had more than 500 users to choose from")
    assert "Ask for fewer users" in found.verdict
    assert "chance" not in found.verdict


def test_a_category_keeps_its_buyers_and_counts_new_items(make: Maker) -> None:
    events = [*before(), *after(), E("u25", "bowl", "purchase", "2025-04-08")]
    store = make(events, categories={**CATEGORIES, "bowl": "kitchen"})
    found = audience(store, AudienceSpec((POPULAR,), size=10, of="category", column="category"))
    # twelve mugs, three pots, one bowl that was not sold before; u20 sent the mug back
    assert [(t.id, t.candidates, t.takers) for t in found.targets] == [("kitchen", 40, 16)]
    assert figures(found, "heavy-buyers")[:2] == (10, 10)
    assert figures(found, "recent-category-buyers")[:2] == (10, 2)


def test_an_item_in_several_categories_counts_in_each(make: Maker) -> None:
    several = {"mug": ["kitchen", "gifts"], "pot": ["kitchen"], "tea": ["food", "gifts"]}
    store = make(categories=several)
    asked = AudienceSpec((POPULAR,), size=10, of="category", column="category", categories=("gifts", "food", "kitchen"))
    found = audience(store, asked)
    assert [(t.id, t.takers) for t in found.targets] == [("kitchen", 15), ("gifts", 12)]
    assert any(note.startswith("Not judged: food") for note in found.notes)
    # the latest buyers in a category of the mug: of pots (kitchen), or of tea (gifts)
    by_item = audience(store, MUG)
    assert figures(by_item, "recent-category-buyers")[:2] == (10, 2)


def test_without_categories_recent_buyers_of_anything(make: Maker) -> None:
    found = audience(make(categories=None), MUG)
    assert figures(found, "recent-category-buyers")[:2] == (10, 2), "pots were bought last of all"
    assert any("The items have no categories" in note for note in found.notes)
    assert "recent buyers of anything" in found.verdict


def test_recent_buyers_of_the_category_are_filled_up_by_recent_buyers(make: Maker) -> None:
    events = [e for e in before() if e.item != "pot" or e.user in ("u15", "u16")]
    events += [E(user(k), "pen", "purchase", f"2025-03-{k}", None, 1, 1.0) for k in range(20, 31)]
    found = audience(make([*events, *after()]), MUG)
    # u00 to u03 bought kitchen things but have the mug; u04 too, returned; then u15, u16; then u24 to u30 by recency
    assert figures(found, "recent-category-buyers")[:2] == (10, 2)
    store = make([*events, *after()])
    arrays = prepare_audience(store, MUG)
    rows = task.yardsticks(World.of(MUG, arrays), 10)[1].rows[0]
    assert sorted(int(r) for r in rows) == [4, 15, 16, *range(24, 31)]


def test_the_most_active_where_nobody_buys(make: Maker) -> None:
    events = [e._replace(event="view", order=None) for e in [*before(), *after()] if e.event != "return"]
    store = make(events)
    found = audience(store, AudienceSpec((POPULAR,), size=10))
    assert found.event == "view"
    # u20 viewed the mug after the cut, and u04 before it: 13 of 35
    assert [(t.id, t.candidates, t.takers) for t in found.targets] == [("mug", 35, 13)]
    assert figures(found, "heavy-buyers")[:2] == (10, 10)
    assert "most active users" in found.verdict
    assert " viewed it in the 10 days after 1 Apr 2025" in found.verdict


def test_many_targets_the_most_taken_first_and_means_over_them(make: Maker) -> None:
    found = audience(make(bulk(40), categories=None), AudienceSpec((POPULAR,), size=20))
    takers = [t.takers for t in found.targets]
    assert takers == sorted(takers, reverse=True)
    assert min(takers) >= 10
    for scored in found.ways:
        assert scored.lift
        assert scored.precision
        assert scored.recall
        assert scored.lift.value == pytest.approx(np.mean([s.lift for s in scored.each]))
        assert scored.recall.value == pytest.approx(np.mean([s.recall for s in scored.each]))
        assert scored.precision.value == pytest.approx(np.mean([s.precision.value for s in scored.each]))
        assert scored.lift.low <= scored.lift.value <= scored.lift.high
    chance = way(found, "chance")
    assert chance.lift
    assert (chance.lift.value, chance.lift.low, chance.lift.high) == pytest.approx((1, 1, 1))
    popular = way(found, "popular")
    assert popular.lift
    # against chance, whose lift is 1 in every draw, the difference is the lift less 1 with the same interval
    assert popular.against["chance"].low == pytest.approx(popular.lift.low - 1)
    lifts = {name: np.array([s.lift for s in way(found, name).each]) for name in ("popular", "heavy-buyers")}
    gap = lifts["popular"] - lifts["heavy-buyers"]
    assert popular.against["heavy-buyers"].value == pytest.approx(gap.mean())
    width = 2 * 1.96 * gap.std() / np.sqrt(len(gap))  # what a normal interval would be
    measured = popular.against["heavy-buyers"]
    assert measured.high - measured.low == pytest.approx(width, rel=0.15)


def test_one_target_has_intervals_over_users(make: Maker) -> None:
    """With one target, drawing users again: the interval of the lift is about as wide as theory says."""
    found = audience(make(), MUG)
    recent = way(found, "recent-category-buyers")
    assert recent.precision
    spread = np.sqrt(0.2 * 0.8 / 10)
    assert recent.precision.high - recent.precision.low == pytest.approx(2 * 1.96 * spread, rel=0.2)
    assert any("for this one" in note for note in found.notes)


def test_the_answer_survives_json(make: Maker) -> None:
    found = audience(make(), MUG)
    text = json.dumps(audience_to_json(found), allow_nan=False)
    assert audience_from_json(json.loads(text)) == found
    assert "u05" not in text, "no user is named"


def test_a_model_that_refuses_costs_itself_only(make: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    def some(asked: Any) -> Any:
        if asked["count"] == "weight":
            raise Refusal("too_many_items", "Too many.", "Fewer.")
        return make_model(asked)

    monkeypatch.setattr(task, "make", some)
    twins = (POPULAR, spec("popular", {"count": "weight"}))
    found = audience(make(), AudienceSpec(twins, size=10, targets=("mug",)))
    assert [w.way for w in found.ways][:2] == ["popular count=users", "popular count=weight"]
    assert found.ways[0].problem is None
    assert found.ways[1].problem == {"code": "too_many_items", "message": "Too many.", "hint": "Fewer."}
    assert found.ways[1].lift is None
    assert "Could not be fitted" in found.verdict
    assert audience_from_json(json.loads(json.dumps(audience_to_json(found)))) == found


def test_refusals(make: Maker) -> None:
    store = make()
    popular = (POPULAR,)
    timeless = make([e._replace(at=None) for e in [*before(), *after()]])
    assert refused(timeless, AudienceSpec(popular)).code == "no_times"
    assert refused(store, AudienceSpec(popular, event="dance")).code == "no_such_event"
    assert refused(store, AudienceSpec(popular, event="return")).code == "no_such_event"
    assert refused(store, AudienceSpec(popular, targets=("mug", "car"))).code == "unknown_item"
    assert refused(store, AudienceSpec(popular, column="shelf")).code == "no_such_column"
    asked = AudienceSpec(popular, of="category", column="category", categories=("cars",))
    assert refused(store, asked).code == "unknown_category"
    assert refused(store, AudienceSpec(popular, targets=("tea",))).code == "too_few_takers"
    for odd in (AudienceSpec(popular, seed=-1), AudienceSpec((POPULAR, POPULAR))):
        assert refused(store, odd).code == "bad_audience"
    few = make([*before(), E("u00", "pen", "view", "2025-04-11")])
    assert refused(few, AudienceSpec(popular)).code in ("too_few_takers", "nothing_held_out")
    bad: dict[str, Any]
    for bad in ({"size": 9}, {"size": 1_000_001}, {"models": ()}, {"of": "category"}):
        with pytest.raises(Refusal) as caught:
            AudienceSpec(**({"models": popular} | bad))
        assert caught.value.code == "bad_audience"


def test_the_matrix_of_the_question_is_used(make: Maker, known: type[Known]) -> None:
    matrix = MatrixSpec(weights=(("view", 0.0),), least_user_items=3)
    found = audience(make(), AudienceSpec((POPULAR,), matrix, 10, targets=("mug",)))
    (x,) = known.seen
    assert x.shape == (16, 4), "pen and tea, and a mug (4 users) or a pot (12)"
    assert [(t.candidates, t.takers) for t in found.targets] == [(12, 2)], "u15 and u16 of the twelve buy a mug"
