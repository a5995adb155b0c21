"""Newcomers: what is taken out, what users are left with, each figure by a second road, the words, storing it."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from scipy.sparse import csr_matrix
from sklearn.metrics import roc_auc_score

from core.errors import Refusal
from core.evaluate import NewcomersSpec, delete_run, get_run, list_runs, newcomers, newcomers_task, prepare_newcomers
from core.evaluate import newcomers_items as of_items
from core.evaluate.newcomers import publish_newcomers
from core.evaluate.newcomers_items import auc, hide, lift
from core.evaluate.newcomers_task import leave_with, without
from core.evaluate.newcomers_types import newcomers_from_json, newcomers_to_json
from core.evaluate.split import hold_out
from core.interactions import Array, Interactions, MatrixSpec, from_bytes
from core.progress import no_step
from core.recommend import Spec, make, spec
from core.store import Query, Store
from tests.behaviour.world import E, build
from tests.recommend.test_blend import Pairs
from tests.recommend.test_roads import Alike

BUILD = importlib.import_module("core.interactions.build")
USERS, ITEMS = 120, 60


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """120 users and 60 items of two kinds; nearly all behaviour is within a kind, and both say which they are."""
    rng = np.random.default_rng(5)
    events = []
    for user in range(USERS):
        day = 0
        for item in rng.permutation(ITEMS):
            if rng.random() < (0.25 if user % 2 == item % 2 else 0.01):
                day += 1
                events.append(E(f"u{user:03}", f"i{item:02}", "view", f"2025-03-{1 + day:02}"))

    def side(store: Store, what: str, numbers: Array) -> pa.Table:
        asked = store.read(Query(f"SELECT {what}_id AS id FROM {what}s ORDER BY {what}_no"))
        kinds = pa.array([str(int(str(raw)[1:]) % 2) for raw in asked["id"].to_pylist()])
        return pa.table({"kind": kinds.take(pa.array(numbers))})

    def pretended(of: Spec) -> Any:
        if of.model == "nmf":
            return Pairs(of)
        return Alike(of) if of.model in ("content", "demographic") else make(of)

    monkeypatch.setattr(BUILD, "side_of", side)
    monkeypatch.setattr(newcomers_task, "make", pretended)
    monkeypatch.setattr(of_items, "make", pretended)
    with build(tmp_path / "w.duckdb", events) as made:
        yield made


ASKED = NewcomersSpec((spec("nmf"),), most_users=40, hide=0.2)


def test_a_world_of_two_kinds(store: Store) -> None:
    found = newcomers(store, ASKED)
    assert [(one.events, one.label) for one in found.users] == [
        *((0, label) for label in ("popular", "demographic")),
        *((n, label) for n in (1, 2) for label in ("popular", "demographic", "nmf")),
    ]
    assert {one.road for one in found.users} == {"popular", "kind", "folded"}
    assert (found.facts["users"], found.facts["users_kind"]) == (40, 40)
    score = {(one.events, one.label): one for one in found.users}
    for way in ((0, "demographic"), (1, "nmf"), (2, "nmf")):
        ahead, p = score[way].ahead, score[way].p_holm
        assert ahead is not None
        assert p is not None
        assert ahead.low > 0
        assert p < 0.05
    assert score[0, "popular"].ahead is None
    content, heavy, chance = found.items
    assert 0.7 < content.auc.value < 0.8  # 1 in 4 of its kind take an item: those who do not are half the wrong ones
    assert 0.3 < heavy.auc.value < 0.8
    assert (chance.auc.value, chance.lift.value) == (0.5, 1.0)
    assert found.facts["items_hidden"] == 12
    assert "Users who have done nothing yet are served better by People of the same kind" in found.verdict
    assert "surely better than chance and than asking those who do most" in found.verdict
    assert newcomers_from_json(newcomers_to_json(found)) == found
    assert newcomers(store, ASKED) == found


def test_never_more_than_a_third_is_taken_from_what_models_learn_from(store: Store) -> None:
    """Judged by default, nearly all users of a small shop would be gone."""
    given = from_bytes(prepare_newcomers(store, NewcomersSpec((spec("nmf"),)))["told"])
    facts, notes = given["facts"], " ".join(given["notes"])
    assert facts["users_possible"] > 0.9 * (facts["users"] + facts["users_fit"])
    assert facts["users"] == (facts["users"] + facts["users_fit"]) // 3
    assert f"models learnt from the other {facts['users_fit']:,} users" in notes
    assert "a third of all, so that enough are left to learn from" in notes


def test_figures_by_hand(store: Store) -> None:
    """Popularity's and the folded model's hit rate and NDCG of users with one item, from sets and loops."""
    found = {(one.events, one.label): one for one in newcomers(store, ASKED).users}
    parts = hold_out(store, MatrixSpec())
    given = prepare_newcomers(store, ASKED)
    judged = set(np.asarray(given["judged_rows"]).tolist())
    x = parts.fit
    assert x.first_seen is not None
    dense = x.matrix.toarray() > 0
    rest = dense.copy()
    rest[list(judged)] = False
    together = rest.T.astype(float) @ rest.astype(float)
    hits: dict[str, list[float]] = {"popular": [], "nmf": []}
    gains: dict[str, list[float]] = {"popular": [], "nmf": []}
    for user, row in zip(parts.users.tolist(), parts.relevant.toarray(), strict=True):
        if user not in judged:
            continue
        places = range(x.matrix.indptr[user], x.matrix.indptr[user + 1])
        first = min(places, key=lambda place: (x.first_seen[place], x.matrix.indices[place]))  # type: ignore[index]
        one = int(x.matrix.indices[first])
        right = (set(np.flatnonzero(dense[user])) | set(np.flatnonzero(row))) - {one}
        for name, scores in (("popular", rest.sum(axis=0).astype(float)), ("nmf", together[one].copy())):
            scores[one] = -1
            top = sorted(range(len(scores)), key=lambda item: (-scores[item], item))[:10]
            hit = [item in right for item in top]
            best = sum(1 / np.log2(n + 2) for n in range(min(10, len(right))))
            hits[name].append(float(any(hit)))
            gains[name].append(sum(h / np.log2(n + 2) for n, h in enumerate(hit)) / best)
    for name in ("popular", "nmf"):
        measured = found[1, name]
        assert measured.ndcg is not None
        assert measured.hit_rate is not None
        assert len(hits[name]) == 40
        assert measured.hit_rate.value == pytest.approx(np.mean(hits[name]))
        assert measured.ndcg.value == pytest.approx(np.mean(gains[name]))
    ahead = found[1, "nmf"].ahead
    assert ahead is not None
    assert ahead.value == pytest.approx(np.mean(gains["nmf"]) - np.mean(gains["popular"]))


def test_users_are_left_with_their_first_items_alone() -> None:
    matrix = csr_matrix(np.array([[1, 2, 3, 0], [0, 4, 5, 6], [7, 0, 0, 8]], dtype=np.float32))
    x = Interactions(matrix, Interactions.of(matrix).users, Interactions.of(matrix).items)
    order = np.array([30, 10, 20, 5, 5, 4, 1, 2])
    held = csr_matrix(np.array([[0, 0, 0, 1], [1, 0, 0, 0]], dtype=np.float32))
    rows = np.array([0, 1])
    told = {n: leave_with(x, rows, held, n, order, 0) for n in (0, 1, 2)}
    assert told[0].histories.nnz == 0
    assert told[1].histories.toarray().tolist() == [[0, 2, 0, 0], [0, 0, 0, 6]]
    assert told[2].histories.toarray().tolist() == [[0, 2, 3, 0], [0, 4, 0, 6]], "equal times: the smaller column"
    assert told[0].relevant.toarray().tolist() == [[1, 1, 1, 1], [1, 1, 1, 1]]
    assert told[2].relevant.toarray().tolist() == [[1, 0, 0, 1], [1, 0, 1, 0]]
    drawn = leave_with(x, rows, held, 1, None, 0)
    assert np.diff(drawn.histories.indptr).tolist() == [1, 1]
    less = without(x, rows)
    assert less.matrix.toarray().tolist() == [[0] * 4, [0] * 4, [7, 0, 0, 8]]
    assert hide(x, np.array([1, 3])).matrix.toarray().tolist() == [[1, 0, 3, 0], [0, 0, 5, 0], [7, 0, 0, 0]]


def test_auc_and_lift_by_other_roads() -> None:
    rng = np.random.default_rng(1)
    for levels in (3, 1000):
        scores, took = rng.integers(levels, size=400).astype(np.float32), rng.random(400) < 0.2
        assert auc(scores, took) == pytest.approx(roc_auc_score(took, scores))
        # equal scores drawn among: the mean over many shuffles
        found = []
        for _ in range(400):
            order = np.lexsort((rng.random(400), -scores))[:20]
            found.append(took[order].mean() / took.mean())
        assert lift(scores, took) == pytest.approx(np.mean(found), abs=0.15)


def test_what_cannot_be_done_is_told_and_the_rest_goes_on(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BUILD, "side_of", lambda store, what, numbers: pa.table({}))
    found = newcomers(store, NewcomersSpec((spec("nmf"), spec("user-knn")), most_users=20))
    assert not any(one.road == "kind" for one in found.users)
    assert found.items == ()
    assert found.items_problem is not None
    assert found.items_problem["code"] == "no_item_attributes"
    still = [one for one in found.users if one.label == "user-knn"]
    if still[0].problem is not None:  # it may fold by now
        assert still[0].problem["code"] == "cannot_fold"
    assert "there is no other road" in found.verdict
    with pytest.raises(Refusal) as refused:
        NewcomersSpec(most_users=5)
    assert refused.value.code == "bad_newcomers"
    with store.atomic() as writer:
        writer.run("DELETE FROM events WHERE user_no > 12")
    with pytest.raises(Refusal) as few:
        newcomers(store, ASKED)
    assert few.value.code == "too_few_users"


def test_it_is_stored_as_a_run(store: Store, tmp_path: Path) -> None:
    given = prepare_newcomers(store, ASKED)
    assert not any(a.dtype.kind in "OUS" for a in given.values()), "numbers only"
    answer = newcomers_task.newcomers_task(ASKED.as_json(), given, tmp_path, no_step)

    class Outcome:
        result = answer
        arrays: dict[str, Array] = {}  # noqa: RUF012

    with store.atomic(data=False) as writer:
        run_id = publish_newcomers(writer, Outcome())["run_id"]
    run = get_run(store, run_id)
    assert run.kind == "newcomers"
    assert run.answer == newcomers_from_json(answer)
    assert [one.run_id for one in list_runs(store, "newcomers")] == [run_id]
    assert list_runs(store, "compare") == []
    delete_run(store, run_id)
    assert list_runs(store) == []
