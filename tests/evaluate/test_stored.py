"""Runs in the workspace: saved, listed, stale, deleted, with their users; older workspaces are brought up to date."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import pytest

from core import __version__
from core.errors import Refusal
from core.evaluate import (
    BEYOND,
    METRICS,
    Audience,
    AudienceSpec,
    CompareSpec,
    Comparison,
    Measured,
    ModelScore,
    Target,
    TargetScore,
    Verdict,
    WayScore,
    audience_to_json,
    comparison_to_json,
    delete_run,
    get_run,
    list_runs,
    run_users,
    save_run,
)
from core.interactions import Array
from core.jobs import JobSpec, Outcome, Runner
from core.recommend import FIT_TASK, FitSpec, prepare_fit, spec
from core.store import Query, Store, Writer
from core.store.schema import MIGRATIONS
from tests.behaviour.world import SHOP, build, ids
from tests.prepared import new_store

HALF = Measured(0.5, 0.25, 0.75)
COMPARISON = Comparison(
    CompareSpec((spec("popular"),), seed=3),
    "leave-last-out",
    ("A note.",),
    (ModelScore("popular", spec("popular"), dict.fromkeys(METRICS, HALF), 0.1, 2.0, 0.0, 0.1, 3),),
    (),
    Verdict(None, ("popular",), (), "There is one model."),
    {"users": 3},
)
AUDIENCE = Audience(
    AudienceSpec((spec("popular"),), size=10),
    "purchase",
    (),
    (Target("mug", "A mug", 40, 10),),
    (
        WayScore(
            "popular",
            spec("popular"),
            HALF,
            HALF,
            HALF,
            {"chance": HALF},
            (TargetScore(0, 10, 5, HALF, 0.5, 2.0),),
            1.0,
        ),
    ),
    "So so.",
    {"users": 40},
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with build(tmp_path / "shop.duckdb", SHOP) as made:
        yield made


def saved(store: Store) -> str:
    """A comparison of ann, bob and cat (users 0, 1, 2), of whom bob alone was served well."""
    metrics = np.zeros((3, len(METRICS)), dtype=np.float32)
    metrics[1] = np.linspace(0.1, 1, len(METRICS))
    with store.atomic(data=False) as writer:
        users: Array = np.array([0, 1, 2])
        return save_run(writer, "compare", comparison_to_json(COMPARISON), users=users, metrics={"popular": metrics})


def test_a_run_comes_back_as_it_was(store: Store) -> None:
    found = get_run(store, saved(store))
    assert found.answer == COMPARISON
    assert (found.kind, found.version, found.stale, found.limelight) == ("compare", 1, False, __version__)
    assert store.version == 1, "a run is not data"
    with store.atomic(data=False) as writer:
        audience_id = save_run(writer, "audience", audience_to_json(AUDIENCE))
    assert get_run(store, audience_id).answer == AUDIENCE


def test_the_users_behind_it(store: Store) -> None:
    run_id = saved(store)
    assert ids(store, run_users(run_id, "popular", hit=True)) == {"bob"}
    assert ids(store, run_users(run_id, "popular", hit=False)) == {"ann", "cat"}
    assert ids(store, run_users(run_id, "other", hit=True)) == set()
    columns = ", ".join(f'"{name}"' for name in METRICS)
    kept = store.rows(Query(f"SELECT {columns} FROM run_users WHERE user_no = 1"))
    assert list(kept[0]) == list(METRICS)
    assert list(kept[0].values()) == pytest.approx(np.linspace(0.1, 1, len(METRICS)))


def test_newest_first_and_by_kind(store: Store) -> None:
    first = saved(store)
    with store.atomic(data=False) as writer:
        second = save_run(writer, "audience", audience_to_json(AUDIENCE))
    third = saved(store)
    assert [run.run_id for run in list_runs(store)] == [third, second, first]
    assert [run.run_id for run in list_runs(store, "audience")] == [second]
    assert [run.run_id for run in list_runs(store, "compare")] == [third, first]


def test_stale_once_the_data_change(store: Store) -> None:
    before = saved(store)
    with store.atomic() as writer:
        writer.run("DELETE FROM events WHERE event = 'cart'")
    after = saved(store)
    assert {run.run_id: run.stale for run in list_runs(store)} == {before: True, after: False}


def test_a_load_while_it_was_computed_makes_it_stale_from_the_start(store: Store) -> None:
    told = comparison_to_json(COMPARISON)
    with store.atomic() as writer:
        writer.run("DELETE FROM events WHERE event = 'cart'")
    with store.atomic(data=False) as writer:
        by_facts = save_run(writer, "compare", {**told, "facts": {**told["facts"], "version": 1}})
        by_hand = save_run(writer, "compare", told, version=1)
    assert get_run(store, by_facts).stale
    assert get_run(store, by_hand).stale


def test_deleted_with_its_users_and_made_anew_when_asked_again(store: Store) -> None:
    runner = Runner(store)
    fit = FitSpec(spec("popular"))
    asked = JobSpec("compare", "Compare", fit.as_json(), data=False, reuse=True)

    def publish(writer: Writer, outcome: Outcome) -> dict[str, str]:
        return {"run_id": save_run(writer, "compare", comparison_to_json(COMPARISON))}

    found = []
    for _ in range(2):
        job = runner.wait(runner.compute(asked, FIT_TASK, prepare_fit(store, fit), publish).id, 60)
        assert job is not None
        assert job.result is not None, job.error
        found.append(job.result["run_id"])
    assert found[0] == found[1], "the same question is not computed twice"
    keep = saved(store)
    delete_run(store, found[0])
    assert [run.run_id for run in list_runs(store)] == [keep]
    assert runner.result(asked) is None, "the deleted answer is not handed out"
    delete_run(store, keep)
    assert store.rows(Query("SELECT count(*) AS n FROM run_users"))[0]["n"] == 0
    assert runner.close(seconds=20)


def test_unknown_runs_are_refused(store: Store) -> None:
    for act in (get_run, delete_run):
        with pytest.raises(Refusal) as refused:
            act(store, "nothing")
        assert refused.value.code == "unknown_run_id"


def test_metrics_that_do_not_fit_keep_nothing(store: Store) -> None:
    told = comparison_to_json(COMPARISON)
    with pytest.raises(ValueError, match="do not fit"), store.atomic(data=False) as writer:
        save_run(writer, "compare", told, users=np.arange(3), metrics={"popular": np.zeros((2, len(METRICS)))})
    assert list_runs(store) == []


def test_the_table_has_a_column_for_every_metric(store: Store) -> None:
    found = store.rows(Query("SELECT column_name FROM duckdb_columns() WHERE table_name = 'run_users'"))
    assert [row["column_name"] for row in found] == [
        *("run_id", "label", "user_no", *METRICS),
        *(name for name in BEYOND if name != "category_diversity"),
    ]


def test_a_workspace_of_the_first_version_is_brought_up_to_date(tmp_path: Path) -> None:
    path = tmp_path / "old.duckdb"
    name, first = MIGRATIONS[0]
    assert isinstance(first, str)
    with duckdb.connect(str(path)) as old:
        old.execute("CREATE TABLE migrations (number INTEGER PRIMARY KEY, name VARCHAR NOT NULL)")
        old.execute(first)
        old.execute("INSERT INTO migrations VALUES (1, ?)", [name])
        old.execute("UPDATE meta SET value = '1' WHERE key = 'version'")
        old.execute("INSERT INTO users VALUES (1, 'u1'), (2, 'u2')")
        old.execute("INSERT INTO events (user_no, event, batch_no) SELECT 1 + n % 2, 'view', 1 FROM range(5) t(n)")
        assert old.execute("SELECT 1 FROM duckdb_tables() WHERE table_name = 'runs'").fetchall() == []
    with new_store(path) as store:
        assert store.version == 1
        told = store.rows(Query("SELECT count(*) AS n, count(DISTINCT event_no) AS numbers FROM events"))
        assert told == [{"n": 5, "numbers": 5}]
        run_id = saved(store)
    with new_store(path) as store:
        assert get_run(store, run_id).answer == COMPARISON
        assert store.rows(Query("SELECT count(*) AS n FROM migrations"))[0]["n"] == len(MIGRATIONS)


def test_a_run_of_a_model_that_is_gone_hides_no_other(store: Store) -> None:
    gone, kept = saved(store), saved(store)
    with store.atomic(data=False) as writer:
        writer.run(
            Query(
                "UPDATE runs SET answer = replace(answer::VARCHAR, 'popular', 'oracle')::JSON WHERE run_id = ?", (gone,)
            )
        )
    assert [run.run_id for run in list_runs(store)] == [kept]
    with pytest.raises(Refusal):
        get_run(store, gone)
