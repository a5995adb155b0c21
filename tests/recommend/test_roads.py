"""Roads: each user and each item of a small shop gets an answer, by the road that a person would name."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

import numpy as np
import pyarrow as pa
import pytest

from core.errors import Refusal
from core.interactions import Array, Interactions, MatrixSpec
from core.interactions import build as matrix_of
from core.progress import Step, no_step
from core.recommend import FitSpec, Spec, fit, folded, make, prepare_fit, publish_fit, roads, spec
from core.recommend.base import Model
from core.recommend.folded import in_columns, load_folded
from core.recommend.roads import Roads, answer
from core.recommend.task import fit_task
from core.recommend.types import Explanation
from core.store import Query, Store
from tests.behaviour.world import E, build
from tests.recommend.test_blend import Pairs

EVENTS = [
    *(E(user, item, "view", f"2025-03-0{day}") for user in ("ann", "bob") for day, item in enumerate("abc", 1)),
    *(E("cat", item, "view", f"2025-03-0{day}") for day, item in enumerate("bcd", 1)),
    E("dan", "a", "view", "2025-03-05"),
    E("eve", "d", "view", "2025-03-06"),
    E("eve", "c", "view", "2025-03-07"),
]
BUILD = importlib.import_module("core.interactions.build")
ITEM_KNN = spec("item-knn", {"shrink": 0.0})


class Alike(Model):
    """Stands in for the models that live on attributes: score = 1 where the column "kind" is the same."""

    scores_everyone: ClassVar[bool] = True
    folds: ClassVar[Literal["exactly", "nearly", "no"]] = "no"

    def fit(self, x: Interactions, *, seed: int = 0, step: Step = no_step) -> Self:
        self.x = x
        of_items = self.spec.model == "content"
        side = x.item_side if of_items else x.user_side
        assert side is not None
        kind = np.array([value or "?" for value in side["kind"].to_pylist()])
        same = (kind[:, None] == kind[None, :]).astype(np.float64)
        once = (x.matrix > 0).astype(np.float64)
        self._scores = once @ same if of_items else same @ once
        return self

    def load(self, x: Interactions, arrays: Mapping[str, Array]) -> Self:
        return self.fit(x)

    def arrays(self) -> dict[str, Array]:
        return {}

    def _score(self, users: Array, items: Array | None) -> Array:
        found: Array = np.asarray(self._scores)[users]
        return found if items is None else found[:, items]

    def explain(self, user: int, item: int) -> Explanation:
        return self._unsaid(user, item)

    def because(self, user: int) -> list[tuple[str, str, int]]:
        assert self.x.user_side is not None
        kind = self.x.user_side["kind"][user].as_py()
        return [] if kind is None else [("kind", kind, 1)]


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """Fay is known by an attribute alone, gus by nothing; nobody took e (like a) and f (of which nothing is said)."""

    def side(store: Store, what: str, numbers: Array) -> pa.Table:
        asked = store.read(Query(f"SELECT {what}_no AS no, kind FROM {what}s ORDER BY no"))
        place = np.searchsorted(asked["no"].to_numpy(), numbers)
        return asked.select(["kind"]).take(pa.array(place))

    def pretended(of: Spec) -> Any:
        if of.model == "nmf":
            return Pairs(of)
        return Alike(of) if of.model in ("content", "demographic") else make(of)

    monkeypatch.setattr(BUILD, "side_of", side)
    monkeypatch.setattr(roads, "make", pretended)
    monkeypatch.setattr(folded, "make", pretended)
    monkeypatch.setattr("core.recommend.task.make", pretended)
    monkeypatch.setattr("core.recommend.stored.make", pretended)
    categories = {"e": "x", "f": "x"}
    with build(
        tmp_path / "w.duckdb", EVENTS, titles={"a": "An apple"}, categories=categories, silent=("fay", "gus")
    ) as w:
        with w.atomic() as writer:
            for table, values in (("users", {"ann": "man", "fay": "man"}), ("items", {"a": "fruit", "e": "fruit"})):
                writer.run(f"ALTER TABLE {table} ADD COLUMN kind VARCHAR")
                writer.run(f"INSERT INTO columns VALUES ('{table}', 'kind', 'attribute')")
                for name, kind in values.items():
                    writer.run(Query(f"UPDATE {table} SET kind = ? WHERE {table[:-1]}_id = ?", (kind, name)))
        yield w


def stored(store: Store, asked: FitSpec, folder: Path) -> str:
    """The id of the model fitted and stored."""
    given = prepare_fit(store, asked)

    class Outcome:
        result: dict[str, Any] = fit_task(asked.as_json(), given, folder, no_step)
        arrays: ClassVar[dict[str, Array]] = {p.stem: np.load(p) for p in folder.glob("*.npy")}

    Outcome.folder = folder  # type: ignore[attr-defined]
    with store.atomic(data=False) as writer:
        return str(publish_fit(writer, Outcome())["model_id"])  # type: ignore[arg-type]


def add(store: Store, user: str, item: str) -> None:
    """One event more, of a day later."""
    with store.atomic() as writer:
        writer.run(
            Query(
                "INSERT INTO events (user_no, item_no, event, at_utc, batch_no, event_no) SELECT "
                "(SELECT user_no FROM users WHERE user_id = ?), (SELECT item_no FROM items WHERE item_id = ?), 'view', "
                "TIMESTAMP '2025-03-20', 1, (SELECT max(event_no) + 1 FROM events)",
                (user, item),
            )
        )


def test_every_user_gets_an_answer_and_is_told_the_road(store: Store) -> None:
    model = fit(store, FitSpec(ITEM_KNN))
    around = Roads(store, model)
    told = {user: around.answer(user, 2) for user in ("ann", "cat", "dan", "eve", "fay", "gus")}
    assert {user: found.road for user, found in told.items()} == {
        "ann": "model",
        "cat": "model",
        "dan": "model",
        "eve": "model",
        "fay": "kind",
        "gus": "popular",
    }
    assert all(found.items for found in told.values())
    row = model.x.users.row("cat")
    best = model.recommend(np.array([row]), 1).items[0, 0]
    assert [one.item for one in told["cat"].items] == [model.x.items.raw(best)] == ["a"]
    assert told["cat"].items[0].label == "An apple"
    assert "Goes together" in told["ann"].words
    assert "3 items" in told["ann"].words
    assert "only" not in told["ann"].words
    assert "only 1 item" in told["dan"].words
    assert "only 2 items" in told["eve"].words
    assert (told["dan"].history, told["fay"].history) == (1, 0)
    assert "kind" in told["fay"].words
    assert {one.item for one in told["fay"].items} <= {"a", "b", "c"}, "what ann, of the same kind, took"
    assert [one.item for one in told["gus"].items] == ["c", "a"], "four took c, three each a and b"
    with pytest.raises(Refusal) as refused:
        around.answer("nobody")
    assert refused.value.code == "unknown_user"
    with pytest.raises(Refusal) as refused:
        around.answer("ann", 0)
    assert refused.value.code == "bad_k"


@pytest.mark.parametrize(
    "matrix",
    [
        MatrixSpec(window=60),
        MatrixSpec(until=datetime(2025, 4, 1)),
        MatrixSpec(half_life=5),
        MatrixSpec(least_item_users=9),
    ],
)
def test_nothing_that_was_ever_taken_is_listed_and_no_taker_named(tmp_path: Path, matrix: MatrixSpec) -> None:
    """Whatever the model's own matrix leaves out: what is older than its window, newer than it, or faded away."""
    rng = np.random.default_rng(7)
    taken = {(f"u{u}", f"i{i}"): int(rng.integers(1, 180)) for u in range(25) for i in rng.choice(20, 7, replace=False)}
    events = [
        E(user, item, "view", (datetime(2025, 1, 1) + timedelta(days=day)).isoformat())
        for (user, item), day in taken.items()
    ]
    with build(tmp_path / "w.duckdb", events) as store:
        around = Roads(store, make(ITEM_KNN).fit(matrix_of(store, matrix)), matrix=matrix)
        lists = {user: [one.item for one in around.answer(user, 5).items] for user in sorted({u for u, _ in taken})}
        assert not [(user, item) for user, items in lists.items() for item in items if (user, item) in taken]
        assert sum(len(items) == 5 for items in lists.values()) > 15, "lists are filled up all the same"
        for item in sorted({item for _, item in taken}):
            named = around.audience(item, 10).users
            assert named
            assert not [user for user, _ in named if (user, item) in taken]


def test_a_user_who_has_had_everything_is_told_so(tmp_path: Path) -> None:
    events = [E("all", f"i{n}", "view", f"2025-01-{n + 1:02}") for n in range(6)]
    events += [E(f"u{n}", f"i{n % 6}", "view", "2025-01-09") for n in range(12)]
    with build(tmp_path / "w.duckdb", events) as store:
        for name in ("item-knn", "popular"):
            told = Roads(store, fit(store, FitSpec(spec(name)))).answer("all")
            assert told.items == ()
            assert "has had every item" in told.words
            assert "Nothing is known" not in told.words


def test_newer_events_are_folded_in(store: Store) -> None:
    """A model of the past, asked today: as the same model asked about a stranger with today's history."""
    early = MatrixSpec(until=None)
    model = Pairs(spec("nmf")).fit(matrix_of(store, early))
    add(store, "dan", "b")
    add(store, "gus", "d")
    around = Roads(store, model)
    dan, gus, ann = around.answer("dan", 9), around.answer("gus", 9), around.answer("ann", 9)
    assert (dan.road, gus.road, ann.road) == ("folded", "folded", "model")
    assert "without fitting again" in dan.words
    assert (dan.history, gus.history) == (2, 1)
    # by hand: users who took both, of the fit
    assert [(one.item, one.score) for one in dan.items] == [("c", 2 + 3), ("d", 0 + 1)]
    assert [(one.item, one.score) for one in gus.items] == [("c", 2), ("b", 1), ("a", 0)]


def test_a_model_that_takes_nothing_in_says_so(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Pairs, "folds", "no")
    model = Pairs(spec("nmf")).fit(matrix_of(store))
    add(store, "dan", "b")
    add(store, "gus", "d")
    told = Roads(store, model).answer("dan")
    assert told.road == "model"
    assert "cannot take it in" in told.words
    assert Roads(store, model).answer("gus").road == "popular"


def test_a_stale_stored_model_answers_by_folding(store: Store, tmp_path: Path) -> None:
    (tmp_path / "fit").mkdir()
    asked = FitSpec(spec("nmf"))
    found = stored(store, asked, tmp_path / "fit")
    before = answer_ids(store, found, "bob")
    assert answer(store, found, "ann") == answer(store, found, "ann")
    add(store, "dan", "b")
    add(store, "dan", "e")
    model = load_folded(store, found)
    told = answer(store, found, "dan", 9)
    assert told.road == "folded"
    assert "have changed since" in told.words
    assert [(one.item, one.score) for one in told.items] == [("c", 5.0), ("d", 1.0)], "e is none of the model's items"
    assert answer_ids(store, found, "bob") == before
    assert answer(store, found, "fay").road == "kind"
    dan = model.x.users.row("dan")
    why = model.explain(dan, model.x.items.row("c"))
    assert why.score == 5.0
    assert dict(zip(why.items.rows.tolist(), why.items.values.tolist(), strict=True)) == {0: 2.0, 1: 3.0}
    assert not why.users.exact


def answer_ids(store: Store, model: str, user: str) -> list[str]:
    return [one.item for one in answer(store, model, user).items]


def test_columns_are_found_again_when_numbers_have_changed(store: Store, tmp_path: Path) -> None:
    """As if everything had been undone and loaded in another order: the same answers by raw ids."""
    (tmp_path / "fit").mkdir()
    found = stored(store, FitSpec(spec("nmf")), tmp_path / "fit")
    before = {user: answer_ids(store, found, user) for user in ("ann", "bob", "cat", "eve")}
    with store.atomic() as writer:
        for table in ("items", "events"):
            writer.run(f"UPDATE {table} SET item_no = 90 - item_no")
    model = load_folded(store, found)
    assert {user: answer_ids(store, found, user) for user in before} == before
    wanted = model.x.items.rows([90, 88])
    assert [model.x.items.raw(int(row)) for row in wanted] == ["a", "c"]
    assert model.x.items.rows([7]).tolist() == [-1]


def test_items_that_are_gone_leave_empty_columns(store: Store) -> None:
    x = matrix_of(store)
    moved = in_columns(x, ["d", "gone", "a"])
    assert moved.matrix.toarray()[:, 0].tolist() == x.matrix.toarray()[:, 3].tolist()
    assert moved.matrix.toarray()[:, 2].tolist() == x.matrix.toarray()[:, 0].tolist()
    assert not moved.matrix.toarray()[:, 1].any()
    assert moved.items.numbers[1] < 0
    assert x.first_seen is not None
    assert moved.first_seen is not None
    eve = slice(moved.matrix.indptr[4], moved.matrix.indptr[5])
    assert moved.first_seen[eve].tolist() == x.first_seen[x.matrix.indptr[4] : x.matrix.indptr[5]][1:].tolist()


def test_a_model_made_of_users_is_refused_once_stale(store: Store, tmp_path: Path) -> None:
    (tmp_path / "fit").mkdir()
    found = stored(store, FitSpec(spec("user-knn")), tmp_path / "fit")
    assert answer(store, found, "ann").road == "model"
    add(store, "dan", "b")
    with pytest.raises(Refusal) as refused:
        answer(store, found, "ann")
    assert refused.value.code == "cannot_fold"
    assert "item-knn" in refused.value.hint
    blended = spec("blend", {"parts": "item-knn=0.5,user-knn=0.5"})
    with pytest.raises(Refusal, match="cannot answer"):
        folded._check(blended)


def test_new_items_go_to_those_who_took_what_is_alike(store: Store) -> None:
    around = Roads(store, fit(store, FitSpec(ITEM_KNN)))
    assert around.newcomer_items("dan", 1)[0].item == "e", "as a, of the same kind"
    assert around.newcomer_items("gus") == ()
    known = around.audience("d", 5)
    assert known.road == "model"
    assert {user for user, _ in known.users} == {"ann", "bob", "dan"}, "those who have not had it, with a history"
    new = around.audience("e", 3)
    assert new.road == "content"
    assert [user for user, _ in new.users] == ["ann", "bob", "dan"], "who took a"
    with pytest.raises(Refusal) as refused:
        around.audience("nothing")
    assert refused.value.code == "unknown_item"


def test_without_attributes_new_items_go_to_the_most_active(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    empty = pa.table({"kind": pa.array([], pa.string())})
    monkeypatch.setattr(
        BUILD,
        "side_of",
        lambda store, what, numbers: pa.table({"kind": pa.nulls(len(numbers), pa.string())}) if len(numbers) else empty,
    )
    around = Roads(store, fit(store, FitSpec(ITEM_KNN)))
    assert around.answer("fay").road == "popular"
    found = around.audience("e", 3)
    assert found.road == "active"
    assert found.users == (("ann", 3.0), ("bob", 3.0), ("cat", 3.0))


def test_a_blend_says_which_part_spoke(store: Store) -> None:
    model = fit(store, FitSpec(spec("blend", {"parts": "item-knn=0.5,popular=0.5"})))
    told = Roads(store, model).answer("eve", 2)
    assert [part.model for part, _ in told.spoke] == ["item-knn", "popular"]
    rows = [model.explain(model.x.users.row("eve"), model.x.items.row(one.item)).spoke for one in told.items]
    assert told.spoke[0][1] == pytest.approx(np.mean([row[0][1] for row in rows]))


def test_history_rows_keep_their_times() -> None:
    x = replace(Interactions.of(np.array([[1.0, 0], [1, 1]])), first_seen=np.array([5, 6, 7]))
    histories, seen = folded.rows_of(x, np.array([1, 0]))
    assert histories.toarray().tolist() == [[1, 1], [1, 0]]
    assert seen is not None
    assert seen.tolist() == [6, 7, 5]
