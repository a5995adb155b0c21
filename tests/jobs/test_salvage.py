"""Jobs that keep what they finished when they are cut short; and that nothing changes for all others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.jobs import Job, JobSpec, Outcome, Runner
from core.jobs.ledger import find
from core.store import Query, Store, Writer
from tests.jobs.test_compute import look, start
from tests.jobs.test_sql_lane import ended, until, users


def pieces(folder: Path) -> dict[str, Any] | None:
    found = len(list(folder.glob("piece-*.txt")))
    return {"pieces": found} if found else None


def publish(writer: Writer, outcome: Outcome) -> dict[str, Any]:
    writer.run(Query("INSERT INTO users VALUES (1, ?)", (f"{outcome.result['pieces']}",)))
    return {**outcome.result, "why": type(outcome.cut_short).__name__}


def work(runner: Runner, **params: Any) -> Job:
    return start(runner, "piecework", params, publish=publish, salvage=pieces)


def row(store: Store, job: Job) -> Job:
    found = find(store, job.id)
    assert found is not None
    return found


def test_cancelled_in_the_middle_it_keeps_what_was_finished(runner: Runner, store: Store) -> None:
    job = work(runner)
    assert look(runner, job).keeps
    until(lambda: look(runner, job).note.startswith("piece ") and look(runner, job).note > "piece 3")
    assert runner.cancel(job.id)
    found = ended(runner, job)
    assert (found.status, found.error) == ("cancelled", None)
    assert found.result is not None
    assert found.result["pieces"] >= 3
    assert found.result["why"] == "Cancelled"
    assert (row(store, job).status, row(store, job).result) == ("cancelled", found.result)
    assert (users(store), store.version) == (1, 1)
    assert list(store.spool.glob("job-*")) == []


def test_one_that_does_not_listen_is_killed_and_keeps_it_all_the_same(runner: Runner, store: Store) -> None:
    job = work(runner, last=4, then="deaf")
    until(lambda: look(runner, job).note == "deaf")
    runner.cancel(job.id)
    assert ended(runner, job, 8).result == {"pieces": 4, "why": "Cancelled"}
    assert row(store, job).status == "cancelled"


@pytest.mark.parametrize(("then", "code"), [("die", "worker_killed"), ("refuse", "too_few_users")])
def test_a_worker_that_ends_before_its_time_fails_and_keeps_it(
    runner: Runner, store: Store, then: str, code: str
) -> None:
    job = ended(runner, work(runner, last=5, then=then))
    assert (job.status, job.result) == ("failed", {"pieces": 5, "why": "Refusal"})
    assert job.error is not None
    assert job.error.code == code
    assert "othing" not in job.error.message
    assert "What it had finished until then was kept." in job.error.message
    stored = row(store, job)
    assert (stored.status, stored.result, str(stored.error)) == ("failed", job.result, str(job.error))
    assert users(store) == 1


def test_where_nothing_was_finished_it_ends_as_any_other(runner: Runner, store: Store) -> None:
    job = ended(runner, work(runner, last=0, then="die"))
    assert (job.status, job.result, users(store), store.version) == ("failed", None, 0, 0)
    assert job.error is not None
    assert "Nothing was kept." in job.error.message


def test_done_is_done(runner: Runner, store: Store) -> None:
    job = ended(runner, work(runner, pieces=3))
    assert (job.status, job.result) == ("done", {"pieces": 3, "why": "NoneType"})


def test_a_cancel_that_comes_while_it_is_stored_keeps_the_whole(runner: Runner, store: Store) -> None:
    def late(writer: Writer, outcome: Outcome) -> dict[str, Any]:
        for job in runner.jobs():
            runner.cancel(job.id)
        return publish(writer, outcome)

    spec = JobSpec("piecework", "Pieces", {"pieces": 3})
    job = ended(runner, runner.compute(spec, "tests.jobs.tasks:piecework", {}, late, pieces))
    assert (job.status, job.result) == ("cancelled", {"pieces": 3, "why": "NoneType"})
    assert users(store) == 1


def test_a_part_is_never_handed_out_for_the_whole(runner: Runner) -> None:
    spec = JobSpec("piecework", "Pieces", {"pieces": 5, "last": 2, "then": "die"}, data=False, reuse=True)
    for _ in range(2):
        job = ended(runner, runner.compute(spec, "tests.jobs.tasks:piecework", {}, None, pieces))
        assert (job.status, job.result) == ("failed", {"pieces": 2})
    assert runner.result(spec) is None


def test_a_salvage_that_fails_leaves_the_job_as_it_was(runner: Runner, store: Store) -> None:
    def broken(folder: Path) -> dict[str, Any]:
        raise KeyError("anna@example.com")

    job = ended(runner, start(runner, "piecework", {"last": 2, "then": "die"}, publish=publish, salvage=broken))
    assert job.error is not None
    assert (job.status, job.error.code, users(store)) == ("failed", "worker_killed", 0)


def test_the_app_that_closes_keeps_it_too(runner: Runner, store: Store) -> None:
    job = work(runner)
    until(lambda: look(runner, job).note.startswith("piece ") and look(runner, job).note > "piece 3")
    assert runner.close(seconds=20)
    found = row(store, job)
    assert found.status == "interrupted"
    assert found.result is not None
    assert found.result["pieces"] >= 3
    assert users(store) == 1


def test_without_a_salvage_nothing_is_kept(runner: Runner, store: Store) -> None:
    job = start(runner, "piecework", publish=publish)
    assert not look(runner, job).keeps
    until(lambda: look(runner, job).note > "piece 2")
    runner.cancel(job.id)
    assert (ended(runner, job).status, row(store, job).result, users(store)) == ("cancelled", None, 0)

    def late(writer: Writer, outcome: Outcome) -> dict[str, Any]:
        for other in runner.jobs():
            runner.cancel(other.id)
        return {"x": 1}

    job = ended(runner, start(runner, "total", arrays={"x": np.ones(3)}, publish=late))
    assert (job.status, job.result) == ("cancelled", None)
