"""Every split keeps its three parts apart; shares and folds hold out what they say; segments and JSON of before."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from core.errors import Refusal
from core.evaluate import (
    BEYOND,
    METRICS,
    SPLITS,
    CompareSpec,
    Comparison,
    Parts,
    Portion,
    by_user,
    compare,
    comparison_from_json,
    comparison_to_json,
    get_run,
    hold_out,
    prepare_compare,
    segment_rows,
)
from core.evaluate.compare import publish_compare
from core.evaluate.task import compare_task
from core.interactions import IdMap, Interactions, MatrixSpec
from core.jobs import Outcome
from core.recommend import spec
from core.segments import Prop, Segment, Test, save_segment
from core.store import Query, Store
from tests.behaviour.world import build
from tests.evaluate.test_compare import taste_events
from tests.examples import examples


def pairs_of(parts: Parts) -> tuple[set[tuple[int, int]], set[tuple[int, int]]]:
    """(user_no, item_no) of what models fit on, and of what is held out."""

    def named(matrix: csr_matrix, users: np.ndarray) -> set[tuple[int, int]]:
        found = matrix.tocoo()
        return set(zip(users[found.row].tolist(), parts.fit.items.numbers[found.col].tolist(), strict=True))

    numbers = parts.fit.users.numbers
    return named(parts.fit.matrix, numbers), named(parts.relevant, numbers[parts.users])


@st.composite
def histories(draw: st.DrawFn) -> Interactions:
    """Up to 8 users with 1 to 12 of 12 items, some at the same moment; maybe without times."""
    users = draw(st.integers(1, 8))
    rows = [draw(st.lists(st.integers(0, 11), min_size=1, max_size=12, unique=True)) for _ in range(users)]
    dense = np.zeros((users, 12), dtype=np.float32)
    for user, items in enumerate(rows):
        dense[user, items] = 1
    x = Interactions.of(dense)
    if draw(st.booleans()):
        moments = draw(st.lists(st.integers(0, 5), min_size=x.matrix.nnz, max_size=x.matrix.nnz))
        x = Interactions(x.matrix, x.users, IdMap(x.items.numbers, what="item"), first_seen=np.array(moments))
    return x


@given(
    histories(),
    st.sampled_from([s for s in SPLITS if s != "time"]),
    st.integers(0, 3),
    st.floats(0.05, 0.45),
    st.integers(3, 6),
    st.integers(0, 2),
)
@settings(max_examples=examples(150))
def test_fit_choose_and_report_are_apart(
    x: Interactions, split: str, seed: int, share: float, folds: int, fold: int
) -> None:
    portion = Portion(share, folds, fold)
    try:
        report = by_user(x, split, seed=seed, portion=portion)  # type: ignore[arg-type]
        choose = by_user(x, split, seed=seed, portion=portion, part="choose")  # type: ignore[arg-type]
    except Refusal as refusal:
        if refusal.code != "nothing_held_out":
            raise
        return
    learnt, told = pairs_of(report)
    before, chosen = pairs_of(choose)
    assert not learnt & told
    assert not before & chosen
    assert not chosen & told, "tuning never judges by what is reported on"
    assert not before & told, "nor learns from it"
    assert before <= learnt
    # every user that is judged keeps something to be known by
    assert (np.diff(choose.fit.matrix.indptr) > 0).all()


@pytest.mark.parametrize("split", SPLITS)
def test_the_parts_of_a_workspace_are_apart(split: str, tmp_path: Path) -> None:
    with build(tmp_path / "tastes.duckdb", taste_events(taken=6)) as store:
        report = hold_out(store, MatrixSpec(), split, seed=1)  # type: ignore[arg-type]
        choose = hold_out(store, MatrixSpec(), split, seed=1, part="choose")  # type: ignore[arg-type]
        (learnt, told), (before, chosen) = pairs_of(report), pairs_of(choose)
        assert told
        assert chosen
        assert not told & (learnt | before | chosen)
        assert not chosen & before


def seen(counts: list[int]) -> Interactions:
    """Users with so many items each, taken in the order of their numbers, one a day."""
    rows = np.repeat(np.arange(len(counts)), counts)
    columns = np.concatenate([np.arange(n) for n in counts])
    matrix = csr_matrix((np.ones(len(rows), dtype=np.float32), (rows, columns)))
    x = Interactions.of(matrix)
    return Interactions(x.matrix, x.users, x.items, first_seen=x.matrix.indices.astype(np.int64))


def test_a_share_is_the_last_of_each_user_and_as_many_before_are_for_choosing() -> None:
    """20 % of 20, 10, 4, 3 items: 4, 2, 1, 1; of two items nothing. With pandas, each user's last by time."""
    x = seen([20, 10, 4, 3, 2, 30])
    report, choose = by_user(x, "share"), by_user(x, "share", part="choose")
    assert np.diff(report.relevant.indptr).tolist() == [4, 2, 1, 1]
    assert np.diff(choose.relevant.indptr).tolist() == [4, 2, 1, 1]
    assert report.facts["users_skipped"] == 1
    assert report.split == "share"
    told = sorted(pairs_of(report)[1])
    table = pd.DataFrame({"u": np.repeat([0, 1, 2, 3, 5], (many := [20, 10, 4, 3, 30]))})
    table["i"] = np.concatenate([np.arange(n) for n in many])
    table["n"] = table.groupby("u")["i"].transform("size")
    table["from_end"] = table["n"] - 1 - table["i"]
    late = table[table["from_end"] < (0.2 * table["n"]).astype(int).clip(lower=1)]
    # what nobody took before the cut cannot be judged: it is counted
    wanted = {(u, i) for u, i in zip(late["u"], late["i"], strict=True)}
    assert set(told) == {(u, i) for u, i in wanted if i in report.fit.items.numbers}
    assert report.facts["pairs_unknown"] == len(wanted) - len(told)


def test_every_pair_is_reported_on_in_just_one_fold() -> None:
    rng = np.random.default_rng(0)
    x = Interactions.of((rng.random((50, 30)) < 0.5).astype(np.float32))
    folds = [pairs_of(by_user(x, "k-fold", seed=2, portion=Portion(fold=n)))[1] for n in range(5)]
    every = set(zip(*(axis.tolist() for axis in x.matrix.nonzero()), strict=True))
    assert set().union(*folds) == every
    assert sum(map(len, folds)) == len(every)
    sizes = [len(fold) for fold in folds]
    assert max(sizes) - min(sizes) < 0.25 * np.mean(sizes), "what is left over falls into all folds alike"
    again = pairs_of(by_user(x, "k-fold", seed=3, portion=Portion(fold=0)))[1]
    assert again != folds[0]


@pytest.fixture(scope="module")
def tastes(tmp_path_factory: pytest.TempPathFactory) -> Store:
    store = build(
        tmp_path_factory.mktemp("protocols") / "tastes.duckdb",
        taste_events(taken=4),
        categories={f"i{n:02}": "even" if n % 2 == 0 else "odd" for n in range(12)},
    )
    with store.atomic() as writer:
        writer.run("ALTER TABLE users ADD COLUMN side VARCHAR")
        writer.run("INSERT INTO columns VALUES ('users', 'side', 'attribute')")
        writer.run("UPDATE users SET side = 'even' WHERE user_no % 2 = 0")
    save_segment(store, Segment("Evens", Prop("side", Test("is", ("even",)))))
    return store


def test_k_fold_is_the_mean_of_each_users_folds(tastes: Store) -> None:
    """Against the folds one by one: hold out, fit, list, measure, and average by user."""
    from core.evaluate.metrics import per_user
    from core.recommend import make

    question = CompareSpec((spec("item-knn"),), split="k-fold", folds=3, k=3, seed=5)
    found = compare(tastes, question)
    each: dict[int, list[np.ndarray]] = {}
    for fold in range(3):
        parts = hold_out(tastes, MatrixSpec(), "k-fold", seed=5, portion=Portion(folds=3, fold=fold))
        lists = make(spec("item-knn")).fit(parts.fit, seed=5).recommend(parts.users, 3).items
        for user, figures in zip(parts.fit.users.numbers[parts.users], per_user(lists, parts.relevant), strict=True):
            each.setdefault(int(user), []).append(figures)
    expected = np.mean([np.mean(figures, axis=0) for figures in each.values()], axis=0)
    got = [found.models[1].metrics[name].value for name in METRICS]
    np.testing.assert_allclose(got, expected, rtol=1e-12)
    assert found.facts["users"] == 40
    assert found.facts["pairs_report"] == 160
    assert "fitted 3 times" in found.notes[0]


def test_sampled_candidates_are_said_to_be_biased(tastes: Store) -> None:
    found = compare(tastes, CompareSpec((spec("item-knn"),), k=3, candidates="sampled"))
    assert "biased" in found.notes[0]
    assert found.models[1].metrics["hit_rate"].value == 1.0


FULL = CompareSpec((spec("item-knn"),), k=2, beyond=True, segments=("history", "column:side", "segment:Evens"))


def test_beyond_accuracy_and_by_segment(tastes: Store) -> None:
    found = compare(tastes, FULL)
    popular, knn = found.models
    assert list(knn.beyond) == list(BEYOND)
    assert knn.beyond["auc"].value > popular.beyond["auc"].value
    assert knn.beyond["category_diversity"].value == 0, "each list is of one taste"
    assert knn.beyond["calibration"].value == pytest.approx(0)
    assert knn.beyond["serendipity"].value > popular.beyond["serendipity"].value == 0
    assert set(knn.whole) == {"gini", "popularity_bias"}
    parts = {(one.by, one.part): one for one in found.segments if one.model == "item-knn"}
    assert list(parts) == [
        ("history", "all histories (3 items)"),
        ("column:side", "even"),
        ("column:side", "(missing)"),
        ("segment:Evens", "Evens"),
        ("segment:Evens", "not in Evens"),
    ]
    even, odd = parts["column:side", "even"], parts["column:side", "(missing)"]
    assert (even.users, odd.users) == (20, 20)
    assert even.metrics == parts["segment:Evens", "Evens"].metrics
    mean = (even.metrics["ndcg"].value + odd.metrics["ndcg"].value) / 2
    assert mean == pytest.approx(knn.metrics["ndcg"].value)
    assert even.difference == pytest.approx(even.metrics["ndcg"].value - mean)
    assert even.metrics["ndcg"].low <= even.metrics["ndcg"].value <= even.metrics["ndcg"].high
    assert len(segment_rows(found)) == len(found.segments) == 10
    assert comparison_from_json(json.loads(json.dumps(comparison_to_json(found), allow_nan=False))) == found


def test_asking_for_more_does_not_change_the_figures(tastes: Store) -> None:
    plain, full = compare(tastes, CompareSpec(FULL.models, k=2)), compare(tastes, FULL)
    assert [m.metrics for m in plain.models] == [m.metrics for m in full.models]
    assert plain.differences == full.differences
    assert plain.models[0].beyond == {}


def test_each_users_figures_are_stored_missing_ones_as_null(tmp_path: Path) -> None:
    with build(tmp_path / "w.duckdb", taste_events(taken=6)) as store:
        folder = tmp_path / "out"
        folder.mkdir()
        told = compare_task(FULL_HISTORY.as_json(), prepare_compare(store, FULL_HISTORY), folder)
        with store.atomic(data=False) as writer:
            run_id = publish_compare(
                writer, Outcome(told, folder, {file.stem: np.load(file) for file in folder.glob("*.npy")})
            )["run_id"]
        assert isinstance(get_run(store, run_id).answer, Comparison)
        rows = store.rows(
            Query(
                "SELECT avg(auc) AS auc, avg(diversity) AS diversity, count(calibration) AS calibrated FROM run_users "
                "WHERE run_id = ? AND label = 'item-knn'",
                (run_id,),
            )
        )
        knn = told["models"][1]
        assert rows[0]["auc"] == pytest.approx(knn["beyond"]["auc"][0], rel=1e-6)
        assert rows[0]["diversity"] == pytest.approx(knn["beyond"]["diversity"][0], rel=1e-6)
        assert rows[0]["calibrated"] == 0, "these items have no category"


FULL_HISTORY = CompareSpec((spec("item-knn"),), k=2, beyond=True, segments=("history",))


def test_a_run_of_before_is_still_read(tastes: Store) -> None:
    """JSON without the keys that came later."""
    told = comparison_to_json(compare(tastes, CompareSpec((spec("item-knn"),), k=3)))
    for key in ("share", "folds", "candidates", "beyond", "segments"):
        del told["spec"][key]
    del told["segments"]
    for model in told["models"]:
        del model["beyond"], model["whole"]
    found = comparison_from_json(json.loads(json.dumps(told)))
    assert (found.spec.candidates, found.spec.share, found.segments) == ("all", 0.2, ())


@pytest.mark.parametrize(
    "bad",
    [
        {"share": 0.5},
        {"folds": 2},
        {"candidates": "some"},
        {"segments": ("country",)},
        {"segments": ("history", "history")},
        {"candidates": "sampled", "beyond": True},
    ],
)
def test_what_cannot_be_asked_is_refused(bad: dict[str, object]) -> None:
    with pytest.raises(Refusal) as refusal:
        CompareSpec((), **bad)  # type: ignore[arg-type]
    assert refusal.value.code == "bad_comparison"


def test_a_column_that_is_not_there_is_refused(tastes: Store) -> None:
    with pytest.raises(Refusal) as refusal:
        compare(tastes, CompareSpec((), segments=("column:colour",)))
    assert refusal.value.code == "no_such_column"
    assert "side" in refusal.value.hint
