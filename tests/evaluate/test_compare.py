"""The way through: question to answer, in process and in a worker; models that fail; the same figures every time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Self

import numpy as np
import pytest

from core.errors import Refusal
from core.evaluate import (
    COMPARE_TASK,
    METRICS,
    CompareSpec,
    Comparison,
    compare,
    comparison_from_json,
    comparison_to_json,
    get_run,
    prepare_compare,
    publish_compare,
)
from core.evaluate.task import compare_task
from core.interactions import Array, Interactions, MatrixSpec
from core.jobs import JobSpec, Runner
from core.progress import Cancelled, Step, no_step
from core.recommend import ModelInfo, RecTable, Spec, registry, spec
from core.store import Query, Store
from tests.behaviour.world import E, build
from tests.jobs.test_sql_lane import ended


def taste_events(users: int = 40, items: int = 12, taken: int = 6, seed: int = 0) -> list[E]:
    """Two tastes: even users take even items, odd users odd ones, in an order drawn by the seed, one a day."""
    rng = np.random.default_rng(seed)
    events = []
    for user in range(users):
        theirs = rng.permutation(np.arange(user % 2, items, 2))[:taken]
        events += [
            E(f"u{user:03}", f"i{item:02}", "purchase", f"2025-03-{day + 1:02} 10:{user % 60:02}")
            for day, item in enumerate(theirs)
        ]
    return events


@pytest.fixture(scope="module")
def tastes(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return build(tmp_path_factory.mktemp("tastes") / "tastes.duckdb", taste_events(taken=5))


QUESTION = CompareSpec((spec("item-knn"),), k=3)


def figures(found: Comparison) -> dict[str, Any]:
    """The answer without what wall clocks say."""
    told = comparison_to_json(found)
    for model in told["models"]:
        del model["seconds_fit"], model["seconds_score"]
    return told


def test_two_tastes_are_told_apart_and_the_figures_are_those_known_by_eye(tastes: Store) -> None:
    """Each user has taken four of six items of a taste, one is held out: item-kNN must list the two left, first.

    So its hit rate and recall are 1, precision 1/3 with k = 3; popularity lists both tastes alike.
    """
    found = compare(tastes, QUESTION)
    popular, knn = found.models
    assert [m.label for m in found.models] == ["popular", "item-knn"]
    assert knn.metrics["hit_rate"].value == knn.metrics["recall"].value == 1.0
    assert knn.metrics["precision"].value == pytest.approx(1 / 3)
    assert 0.63 <= knn.metrics["ndcg"].value <= 1  # second place at worst
    assert popular.metrics["hit_rate"].value < 0.9
    assert found.verdict.winner == "item-knn"
    assert knn.users == popular.users == found.facts["users"] == 40
    assert (found.facts["users_fit"], found.facts["items_fit"], found.facts["pairs_fit"]) == (40, 12, 160)
    assert found.facts["pairs_report"] == 40
    assert found.split == "leave-last-out"
    (difference,) = found.differences
    assert (difference.a, difference.b) == ("item-knn", "popular")
    means = {m.label: m.metrics["ndcg"].value for m in found.models}
    assert difference.difference == pytest.approx(means["item-knn"] - means["popular"])
    assert difference.low > 0


def test_popularity_agrees_with_a_count_by_hand(tastes: Store) -> None:
    """The same figure from the events themselves: drop each user's last item, count, list, look."""
    rows = tastes.rows(Query("SELECT user_no, item_no, at_utc FROM events ORDER BY user_no, at_utc, item_no"))
    taken: dict[int, list[int]] = {}
    for row in rows:
        taken.setdefault(row["user_no"], []).append(row["item_no"])
    counts = [sum(item in items[:-1] for items in taken.values()) for item in range(12)]
    gains = []
    for items in taken.values():
        ranked = sorted((i for i in range(12) if i not in items[:-1]), key=lambda i: (-counts[i], i))[:3]
        gains.append(1 / np.log2(ranked.index(items[-1]) + 2) if items[-1] in ranked else 0.0)
    assert compare(tastes, QUESTION).models[0].metrics["ndcg"].value == pytest.approx(np.mean(gains), rel=1e-12)


def test_the_same_question_has_the_same_answer_to_the_bit(tastes: Store) -> None:
    assert figures(compare(tastes, QUESTION)) == figures(compare(tastes, QUESTION))


def test_the_order_of_events_plays_no_part(tmp_path: Path, tastes: Store) -> None:
    """The same events in another order, under the same numbers."""
    with tastes.atomic(data=False) as writer:
        rows = writer.read(Query("SELECT * FROM events"))
    shuffled = rows.take(np.random.default_rng(1).permutation(len(rows)))
    again = build(tmp_path / "again.duckdb", taste_events(taken=5))
    version = again.version
    with again.atomic(data=False) as writer, writer.table("incoming", shuffled):
        writer.run("DELETE FROM events")
        writer.run("INSERT INTO events BY NAME SELECT * FROM incoming")
    assert again.version == version
    for split in ("leave-last-out", "time", "random"):
        question = CompareSpec(QUESTION.models, split=split, k=3)
        assert figures(compare(again, question)) == figures(compare(tastes, question))


def test_json_round_trip(tastes: Store) -> None:
    found = compare(tastes, CompareSpec((spec("item-knn"), spec("item-knn", {"neighbours": 7})), k=3))
    told = json.loads(json.dumps(comparison_to_json(found), allow_nan=False, sort_keys=True))
    assert comparison_from_json(told) == found
    assert list(comparison_from_json(told).models[0].metrics) == list(METRICS)


def test_a_worker_gives_the_same_answer_and_it_is_stored_with_each_users_figures(tmp_path: Path) -> None:
    with build(tmp_path / "tastes.duckdb", taste_events(taken=5)) as store:
        expected = compare(store, QUESTION)
        runner = Runner(store)
        told = JobSpec("compare", "Compare 2 models", QUESTION.as_json(), data=False, reuse=True)
        job = runner.compute(told, COMPARE_TASK, lambda step: prepare_compare(store, QUESTION, step), publish_compare)
        done = ended(runner, job, 60)
        assert done.status == "done", done.error
        assert done.result is not None
        run = get_run(store, done.result["run_id"])
        assert isinstance(run.answer, Comparison)
        mine, theirs = figures(run.answer), figures(expected)
        assert mine["verdict"] == theirs["verdict"]
        assert mine["facts"] == theirs["facts"]
        for a, b in zip(mine["models"], theirs["models"], strict=True):
            np.testing.assert_allclose(list(a["metrics"].values()), list(b["metrics"].values()), rtol=1e-12)
        hit = store.rows(
            Query(
                "SELECT label, count(*) AS n, avg(hit_rate) AS hit FROM run_users WHERE run_id = ? "
                "GROUP BY label ORDER BY label",
                (run.run_id,),
            )
        )
        assert [row["label"] for row in hit] == ["item-knn", "popular"]
        for row, model in zip(hit, reversed(expected.models), strict=True):
            assert row["n"] == model.users
            assert row["hit"] == pytest.approx(model.metrics["hit_rate"].value)
        assert runner.close()


def test_the_folder_holds_each_judged_users_figures(tmp_path: Path, tastes: Store) -> None:
    told = compare_task(QUESTION.as_json(), prepare_compare(tastes, QUESTION), tmp_path)
    users = np.load(tmp_path / "users.npy")
    each = np.load(tmp_path / "metrics_1.npy")
    assert (users.dtype, each.dtype, each.shape) == (np.int32, np.float32, (40, len(METRICS)))
    numbers = {row["user_no"] for row in tastes.rows(Query("SELECT user_no FROM users"))}
    assert set(users.tolist()) <= numbers
    stated = [told["models"][1]["metrics"][name][0] for name in METRICS]
    np.testing.assert_allclose(each.mean(axis=0, dtype=np.float64), stated, rtol=1e-6)


def test_what_a_worker_is_given_names_nobody(tastes: Store) -> None:
    for name, array in prepare_compare(tastes, QUESTION).items():
        assert array.dtype.kind in "iuf", name
        assert b"u001" not in array.tobytes()


class Odd:
    """A model that cannot: refuses, or needs too much memory; or lists nothing at all."""

    scores_everyone = False

    def __init__(self, spec: Spec) -> None:
        self.spec = spec

    def fit(self, x: Interactions, *, seed: int = 0, step: Step = no_step) -> Self:
        step.report(0.5)
        if self.spec.model == "refuses":
            raise Refusal("too_many_items", "There are too many items.", "Choose fewer.")
        if self.spec.model == "hungry":
            raise MemoryError
        if self.spec.model == "faulty":
            raise ZeroDivisionError
        return self

    def recommend(self, users: Array, k: int, **_: object) -> RecTable:
        none = np.full((len(users), k), -1, dtype=np.int32)
        return RecTable(np.asarray(users), none, np.full(none.shape, np.nan))


@pytest.fixture
def odd(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [ModelInfo(n, n.title(), n, "", "", (), __name__, "Odd") for n in ("refuses", "hungry", "faulty", "silent")]
    monkeypatch.setattr(registry, "MODELS", (*registry.MODELS, *lines))
    monkeypatch.setattr(registry, "_class", lambda module, name: Odd if name == "Odd" else _class(module, name))


_class = registry._class


@pytest.mark.usefixtures("odd")
def test_a_model_that_cannot_does_not_stop_the_others(tastes: Store) -> None:
    found = compare(tastes, CompareSpec((spec("refuses"), spec("hungry"), spec("silent"), spec("item-knn")), k=3))
    by = {m.label: m for m in found.models}
    assert list(by) == ["popular", "refuses", "hungry", "silent", "item-knn"]
    assert by["refuses"].problem == {
        "code": "too_many_items",
        "message": "There are too many items.",
        "hint": "Choose fewer.",
    }
    assert by["hungry"].problem is not None
    assert by["hungry"].problem["code"] == "out_of_memory"
    assert (by["hungry"].metrics, by["hungry"].coverage, by["hungry"].seconds_fit) == ({}, None, None)
    silent = by["silent"]
    assert (silent.coverage, silent.novelty, silent.metrics["ndcg"].high) == (0.0, None, 0.0)
    assert {d.a for d in found.differences} | {d.b for d in found.differences} == {"popular", "silent", "item-knn"}
    assert found.verdict.winner == "item-knn"
    assert comparison_from_json(json.loads(json.dumps(comparison_to_json(found)))) == found


@pytest.mark.usefixtures("odd")
def test_a_fault_of_the_program_is_not_hidden(tastes: Store) -> None:
    with pytest.raises(ZeroDivisionError):
        compare(tastes, CompareSpec((spec("faulty"),)))


class Told(Step):
    """Remembers what it is told; stops at `stop_at`."""

    def __init__(self, stop_at: str | None = None) -> None:
        self.said: list[tuple[float, str]] = []
        self._stop_at = stop_at

    def cancelled(self) -> bool:
        return self._stop_at is not None and any(self._stop_at in note for _, note in self.said)

    def _tell(self, share: float, note: str) -> None:
        self.said.append((share, note))


def test_progress_names_the_model_and_never_goes_back(tastes: Store) -> None:
    step = Told()
    compare(tastes, QUESTION, step=step)
    notes = [note for _, note in step.said]
    assert "Most popular: fitting" in notes
    assert "Goes together (item-based nearest neighbours): fitting" in notes
    shares = [share for share, _ in step.said]
    assert shares == sorted(shares)
    assert 0.95 <= shares[-1] <= 1


def test_it_can_be_stopped(tastes: Store) -> None:
    with pytest.raises(Cancelled):
        compare(tastes, QUESTION, step=Told(stop_at="Most popular: fitting"))


def test_a_draw_of_users_is_said_and_the_same_for_all_models(tastes: Store) -> None:
    found = compare(tastes, CompareSpec((spec("item-knn"),), k=3, most_users=15))
    assert {m.users for m in found.models} == {15}
    assert found.facts["users"] == found.facts["pairs_report"] == 15
    assert found.facts["users_possible"] == 40
    assert found.facts["users_fit"] == 40
    assert "15 of 40 users were drawn to be judged." in found.notes


def test_without_times_the_answer_says_so(tmp_path: Path) -> None:
    store = build(tmp_path / "timeless.duckdb", [e._replace(at=None) for e in taste_events()])
    found = compare(store, CompareSpec((spec("item-knn"),), split="time"))
    assert found.split == "random"
    assert found.notes[0].startswith("These data have no times, so one item of each user was held out at random")
    assert (found.facts["cut"], found.facts["until"]) == (None, None)


def test_users_and_items_left_out_are_said(tmp_path: Path) -> None:
    events = [*taste_events(), E("two", "i00", "purchase", "2025-03-01"), E("two", "i02", "purchase", "2025-03-02")]
    events += [E("u000", "new", "purchase", "2025-03-20")]
    found = compare(build(tmp_path / "more.duckdb", events), QUESTION)
    assert found.facts["users_skipped"] == 1
    assert found.facts["items_unknown"] == 1
    assert found.notes == (
        "1 user with fewer than three items was learnt from, but not judged.",
        "1 held-out pair of user and item is not judged: 1 item had not been seen before, in the part that models "
        "learn from.",
    )


def test_what_leaves_nothing_to_compare_is_refused(tastes: Store) -> None:
    with pytest.raises(Refusal) as refusal:
        compare(tastes, CompareSpec((), MatrixSpec(weights=(("purchase", 0.0),))))
    assert refusal.value.code == "no_interactions"
    with pytest.raises(Refusal) as refusal:
        compare(tastes, CompareSpec((), MatrixSpec(least_user_items=50)))
    assert refusal.value.code == "nothing_held_out"
