"""Fitted models in the workspace: through the worker and back, equal to the byte; stale, unknown, deleted."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.errors import Refusal
from core.interactions import Array, MatrixSpec
from core.jobs import Job, JobSpec, Runner
from core.progress import no_step
from core.recommend import (
    FIT_TASK,
    NAMES,
    FitSpec,
    Recommender,
    delete_model,
    fit,
    list_models,
    load_model,
    prepare_fit,
    publish_fit,
    spec,
)
from core.recommend import arrays as parts
from core.recommend.task import fit_task
from core.store import Query, Store
from tests.behaviour.world import SHOP, TITLES, build
from tests.prepared import new_store

POPULAR = FitSpec(spec("popular", {"count": "weight"}), MatrixSpec(weights=(("view", 2.0),), half_life=30.0), seed=7)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with build(tmp_path / "shop.duckdb", SHOP, titles=TITLES) as made:
        yield made


@pytest.fixture
def runner(store: Store) -> Iterator[Runner]:
    made = Runner(store)
    yield made
    assert made.close(seconds=20)


def fitted(runner: Runner, asked: FitSpec, *, reuse: bool = True) -> Job:
    """The job of a fit through the worker, once it has ended."""
    job = JobSpec("fit", "Fit", asked.as_json(), data=False, reuse=reuse)
    started = runner.compute(job, FIT_TASK, partial(prepare_fit, runner.store, asked), publish_fit)
    ended = runner.wait(started.id, 60)
    assert ended is not None
    return ended


def model_id(job: Job) -> str:
    assert job.result is not None, job.error
    return str(job.result["model_id"])


def lists(model: Recommender) -> tuple[bytes, bytes]:
    made = model.recommend(np.arange(model.x.shape[0]), 3)
    return made.items.tobytes(), made.scores.tobytes()


def test_a_fitted_model_comes_back_as_it_was(runner: Runner, store: Store) -> None:
    found = fitted(runner, POPULAR)
    kept = list_models(store)
    assert [(m.model_id, m.fit, m.stale, m.version) for m in kept] == [(model_id(found), POPULAR, False, 1)]
    loaded, fresh = load_model(store, model_id(found)), fit(store, POPULAR)
    assert lists(loaded) == lists(fresh)
    assert (kept[0].users, kept[0].items) == loaded.x.shape == fresh.x.shape
    assert kept[0].size == 8 * kept[0].items, "one float64 for each item"
    assert kept[0].facts == fresh.x.facts
    assert kept[0].until == store.as_of()
    assert loaded.x.users.raw(loaded.x.users.row("bob")) == "bob"
    assert store.version == 1, "a model is not data"


def test_a_second_start_is_given_the_model_and_a_deleted_one_is_fitted_again(runner: Runner, store: Store) -> None:
    first = fitted(runner, POPULAR)
    assert model_id(fitted(runner, POPULAR)) == model_id(first)
    delete_model(store, model_id(first))
    assert list_models(store) == []
    assert store.rows(Query("SELECT count(*) AS n FROM model_arrays"))[0]["n"] == 0
    with pytest.raises(Refusal) as refused:
        load_model(store, model_id(first))
    assert refused.value.code == "unknown_model_id"
    again = fitted(runner, POPULAR)
    assert model_id(again) != model_id(first)
    assert lists(load_model(store, model_id(again))) == lists(fit(store, POPULAR))


def test_newest_first_and_deleting_one_leaves_the_others(runner: Runner, store: Store) -> None:
    older = model_id(fitted(runner, POPULAR))
    newer = model_id(fitted(runner, FitSpec(spec("popular"))))
    assert [m.model_id for m in list_models(store)] == [newer, older]
    delete_model(store, newer)
    assert [m.model_id for m in list_models(store)] == [older]
    assert load_model(store, older).spec == POPULAR.model


def test_a_model_is_stale_once_the_data_change(runner: Runner, store: Store) -> None:
    found = model_id(fitted(runner, POPULAR))
    with store.atomic() as writer:
        writer.run("DELETE FROM events WHERE event = 'cart'")
    assert [m.stale for m in list_models(store)] == [True]
    with pytest.raises(Refusal) as refused:
        load_model(store, found)
    assert refused.value.code == "stale_model"
    assert "again" in refused.value.hint


def test_it_outlives_the_process(tmp_path: Path) -> None:
    path = tmp_path / "shop.duckdb"
    with build(path, SHOP) as store:
        runner = Runner(store)
        found = model_id(fitted(runner, POPULAR))
        before = lists(load_model(store, found))
        assert runner.close()
    with new_store(path) as store:
        assert lists(load_model(store, found)) == before


def test_events_without_a_time_are_in_the_matrix_again(store: Store, runner: Runner) -> None:
    with store.atomic() as writer:
        writer.run("INSERT INTO events (user_no, item_no, event, batch_no) VALUES (0, 2, 'view', 1)")
    asked = FitSpec(spec("popular"))
    loaded = load_model(store, model_id(fitted(runner, asked)))
    assert loaded.x.matrix.nnz == fit(store, asked).x.matrix.nnz


def test_a_refusal_in_the_worker_stores_nothing(runner: Runner, store: Store) -> None:
    asked = FitSpec(spec("popular"), MatrixSpec(weights=tuple((e, 0.0) for e in ("view", "cart", "purchase"))))
    asked = FitSpec(asked.model, MatrixSpec(weights=(*asked.matrix.weights, ("impression", 0.0))))
    job = fitted(runner, asked)
    assert job.status == "failed"
    assert job.error is not None
    assert job.error.code == "no_interactions"
    assert list_models(store) == []


@pytest.mark.parametrize("seed", [-1, 2**31])
def test_seeds_out_of_range_are_refused(seed: int) -> None:
    with pytest.raises(Refusal) as refused:
        FitSpec(spec("popular"), seed=seed)
    assert refused.value.code == "bad_seed"


def test_the_question_survives_json() -> None:
    assert FitSpec.from_json(POPULAR.as_json()) == POPULAR


ARRAYS: dict[str, Array] = {
    "many": np.arange(1000, dtype=np.float64),
    "fortran": np.asfortranarray(np.arange(12, dtype=np.float32).reshape(3, 4)),
    "rows": np.arange(12, dtype=np.int32).reshape(4, 3),
    "strided": np.arange(20)[::3],
    "cube": np.asfortranarray(np.arange(24, dtype=np.int16).reshape(2, 3, 4)),
    "empty": np.empty((0, 5), dtype=np.float32),
    "one": np.float64(2.5) * np.ones(()),
    "bools": np.array([True, False, True]),
    "big_endian": np.arange(3, dtype=">i4"),
}


@pytest.mark.parametrize("size", [1, 7, 100, 64_000_000])
def test_arrays_survive_being_cut_in_parts(store: Store, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    kept = ARRAYS if size > 7 else {name: a for name, a in ARRAYS.items() if name != "many"}
    monkeypatch.setattr(parts, "PART", size)
    with store.atomic(data=False) as writer:
        whole = parts.write_arrays(writer, "m", kept)
    assert whole == sum(a.nbytes for a in kept.values())
    longest = store.rows(Query("SELECT max(octet_length(content)) AS n FROM model_arrays"))[0]["n"]
    assert longest == min(size, max(a.nbytes for a in kept.values()))
    found = parts.read_arrays(store, "m")
    assert set(found) == set(kept)
    for name, array in kept.items():
        assert found[name].dtype == array.dtype
        assert found[name].shape == array.shape
        assert found[name].flags.f_contiguous == (array.flags.f_contiguous or array.ndim < 2)
        np.testing.assert_array_equal(found[name], array)
    assert parts.read_arrays(store, "other") == {}


def test_nothing_is_kept_when_the_writer_fails(store: Store) -> None:
    with pytest.raises(RuntimeError), store.atomic(data=False) as writer:
        parts.write_arrays(writer, "m", ARRAYS)
        raise RuntimeError
    assert parts.read_arrays(store, "m") == {}


def in_process(store: Store, asked: FitSpec, folder: Path) -> str:
    """The id of a model fitted by the worker's own task, in this process: a worker takes a second to start."""
    folder.mkdir()
    given = prepare_fit(store, asked)
    assert not any(a.dtype.kind in "OUS" for a in given.values()), "numbers only"

    class Outcome:
        result: dict[str, Any] = fit_task(asked.as_json(), given, folder, no_step)
        arrays = {p.stem: np.load(p) for p in folder.glob("*.npy")}  # noqa: RUF012

        def __init__(self) -> None:
            self.folder = folder

    with store.atomic(data=False) as writer:
        return publish_fit(writer, Outcome())["model_id"]


@pytest.mark.parametrize("name", NAMES)
def test_every_model_there_is_comes_back_equal(store: Store, tmp_path: Path, name: str) -> None:
    """The task in process: what it returns and leaves is all that publishing needs, no runner."""
    asked = FitSpec(spec(name))
    found = in_process(store, asked, tmp_path / "out")
    assert [m.model_id for m in list_models(store)] == [found]
    assert lists(load_model(store, found)) == lists(fit(store, asked))


@pytest.mark.parametrize("name", ["ials", "stack"])
def test_compiled_and_blended_models_come_back_from_a_worker(runner: Runner, store: Store, name: str) -> None:
    """Those that need most of a worker: a compiled library, parts of their own, what is told of items."""
    asked = FitSpec(spec(name))
    assert lists(load_model(store, model_id(fitted(runner, asked)))) == lists(fit(store, asked))
