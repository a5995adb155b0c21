"""Leaderboard, lists side by side, over-listed items, the diversity slider and its curve, worst-served parts."""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path

import numpy as np
import pytest

from core.errors import Refusal
from core.evaluate import (
    CompareSpec,
    Measured,
    SegmentScore,
    compare,
    comparison_to_json,
    curve_from_json,
    curve_to_json,
    diversity_curve,
    leaderboard,
    overlisted,
    save_run,
    served_words,
    side_by_side,
    worst_served,
)
from core.figures import diversity_figure, segments_figure
from core.interactions import Interactions, MatrixSpec
from core.recommend import FitSpec, diverse, fit, make, prepare_fit, publish_fit, reranked, spec, unit_columns
from core.recommend.task import fit_task
from core.store import Store
from tests.behaviour.world import build
from tests.evaluate.test_compare import taste_events


@dataclasses.dataclass
class Left:
    """What a worker left behind."""

    result: dict
    folder: Path
    arrays: dict


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return build(
        tmp_path_factory.mktemp("board") / "w.duckdb",
        taste_events(taken=4),
        categories={f"i{n:02}": "even" if n % 2 == 0 else "odd" for n in range(12)},
    )


def test_only_the_same_question_stands_on_one_board(tmp_path: Path) -> None:
    with build(tmp_path / "w.duckdb", taste_events(taken=4)) as store:
        asked = [
            CompareSpec((spec("item-knn"),), k=3),
            CompareSpec((spec("puresvd", {"factors": 2}), spec("item-knn")), k=3),
            CompareSpec((spec("item-knn"),), k=4),
        ]
        for question in asked:
            with store.atomic(data=False) as writer:
                save_run(writer, "compare", comparison_to_json(compare(store, question)))
        boards = leaderboard(store)
        assert [(board.spec.k, len(board.standings)) for board in boards] == [(4, 2), (3, 3)]
        three = boards[1]
        values = [one.score.metrics["ndcg"].value for one in three.standings]
        assert values == sorted(values, reverse=True)
        runs = {one.score.spec.model: one.run_id for one in three.standings}
        assert runs["item-knn"] == runs["puresvd"], "the newest run counts"
        assert not any(one.stale for one in three.standings)
        assert three.users == 40


def test_lists_of_two_models_for_one_user(tmp_path: Path) -> None:
    with build(tmp_path / "w.duckdb", taste_events(taken=4)) as store:
        ids = []
        for n, name in enumerate(("item-knn", "popular")):
            folder = tmp_path / str(n)
            folder.mkdir()
            told = FitSpec(spec(name))
            result = fit_task(told.as_json(), prepare_fit(store, told), folder, _step())
            arrays = {file.stem: np.load(file) for file in folder.glob("*.npy")}
            with store.atomic(data=False) as writer:
                ids.append(publish_fit(writer, Left(result, folder, arrays))["model_id"])
        found = side_by_side(store, ids, "u000", 3)
        model = fit(store, FitSpec(spec("item-knn")))
        row = model.x.users.row("u000")
        expected = [model.x.items.raw(i) for i in model.recommend(np.array([row]), 3).items[0] if i >= 0]
        assert [one.item for one in found.lists[0]] == expected
        both = {one.item for one in found.lists[0]} & {one.item for one in found.lists[1]}
        assert set(found.shared) == both
        assert found.overlap[0][1] == pytest.approx(len(both) / 3)
        assert all((one.also == (1,)) == (one.item in both) for one in found.lists[0])
        with pytest.raises(Refusal) as refusal:
            side_by_side(store, ids, "nobody", 3)
        assert refusal.value.code == "unknown_user"


def _step():  # type: ignore[no-untyped-def]
    from core.progress import no_step

    return no_step


def test_what_popularity_lists_too_often(shop: Store) -> None:
    """Counted again from the lists: places of all lists against pairs."""
    model = fit(shop, FitSpec(spec("popular")))
    found = overlisted(shop, model, 3)
    lists = model.recommend(np.arange(40), 3).items
    first = found.items[0]
    column = model.x.items.row(first.name)
    assert first.listed == pytest.approx((lists == column).sum() / (lists >= 0).sum())
    assert first.taken == pytest.approx((model.x.matrix.indices == column).mean())
    assert first.ratio == pytest.approx(first.listed / first.taken)
    gaps = [one.listed - one.taken for one in found.items]
    assert gaps == sorted(gaps, reverse=True)
    assert all(gap > 0 for gap in gaps)
    assert {one.name for one in found.categories} <= {"even", "odd"}


def slow(items: list[int], scores: list[float], likeness: np.ndarray, k: int, diversity: float) -> list[int]:
    """Maximal marginal relevance, literally."""
    low, high = min(scores), max(scores)
    worth = [(s - low) / (high - low) if high > low else 0.0 for s in scores]
    taken: list[int] = []
    while len(taken) < min(k, len(items)):
        left = [n for n in range(len(items)) if n not in taken]
        taken.append(
            max(
                left,
                key=lambda n: (
                    (1 - diversity) * worth[n]
                    - diversity * max((likeness[items[n], items[m]] for m in taken), default=0.0),
                    -n,
                ),
            )
        )
    return [items[n] for n in taken]


@pytest.mark.parametrize("diversity", [0.0, 0.3, 0.7, 1.0])
def test_the_slider_is_the_greedy_rule(diversity: float, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(4)
    x = Interactions.of((rng.random((50, 40)) < 0.25).astype(np.float32))
    model = make(spec("puresvd", {"factors": 5})).fit(x, seed=0)
    pool = model.recommend(np.arange(50), 15)
    units = unit_columns(x.matrix)
    likeness = (units.T @ units).toarray()
    expected = [
        slow([i for i in row if i >= 0], list(s[row >= 0]), likeness, 6, diversity)
        for row, s in zip(pool.items, pool.scores.astype(np.float64), strict=True)
    ]
    found = diverse(model, np.arange(50), 6, diversity, pool=15)
    assert [[i for i in row if i >= 0] for row in found.items] == expected
    if diversity == 0:
        np.testing.assert_array_equal(found.items, model.recommend(np.arange(50), 6).items)
    monkeypatch.setattr(sys.modules[reranked.__module__], "_UNION", 20)
    np.testing.assert_array_equal(reranked(pool, 6, diversity, units).items, found.items)


def test_a_slider_outside_its_range_is_refused(shop: Store) -> None:
    with pytest.raises(Refusal) as refusal:
        diverse(fit(shop, FitSpec(spec("popular"))), np.arange(2), 3, 1.5)
    assert refusal.value.code == "bad_diversity"


def test_the_curve_begins_with_the_models_own_lists(shop: Store) -> None:
    question = CompareSpec((spec("item-knn"),), k=2)
    curve = diversity_curve(shop, question)
    own = compare(shop, dataclasses.replace(question, beyond=True)).models[1]
    assert curve.notches[0].ndcg.value == pytest.approx(own.metrics["ndcg"].value)
    assert curve.notches[0].apart is not None
    assert curve.notches[0].apart.value == pytest.approx(own.beyond["diversity"].value)
    assert curve.notches[-1].apart is not None
    assert curve.notches[-1].apart.value >= curve.notches[0].apart.value
    assert [one.diversity for one in curve.notches] == [n / 10 for n in range(11)]
    assert curve_from_json(json.loads(json.dumps(curve_to_json(curve)))) == curve
    drawn = diversity_figure(curve)
    assert len(drawn.data[0].x) == 11


def test_the_worst_served_part_needs_enough_users_and_a_gap(shop: Store) -> None:
    found = compare(shop, CompareSpec((spec("item-knn"),), MatrixSpec(), k=2, segments=("history",)))
    knn = found.models[1]
    whole = knn.metrics["ndcg"]
    low = Measured(whole.low / 4, whole.low / 5, whole.low / 2)

    def part(name: str, users: int, value: Measured) -> SegmentScore:
        return SegmentScore("column:c", name, "item-knn", users, {"ndcg": value}, value.value - whole.value)

    parts = (part("few", 29, low), part("bad", 30, low), part("near", 500, Measured(whole.low / 2, 0, whole.value)))
    changed = dataclasses.replace(found, segments=parts)
    assert [one.part for one in worst_served(changed, "item-knn")] == ["bad"]
    assert "'bad'" in served_words(changed, "item-knn")
    assert "shown to be served worse" in served_words(dataclasses.replace(found, segments=parts[:1]), "item-knn")
    drawn = segments_figure(changed, "column:c")
    assert len(drawn.data[0].x) == 3
    assert drawn.data[0].z[list(drawn.data[0].y).index("Goes together")][0] == pytest.approx(
        100 * (low.value / whole.value - 1)
    )
