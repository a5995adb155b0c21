"""The same work on the same data is one job; work that only reads is not done twice."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from core.jobs import Job, JobSpec, Runner
from core.progress import Step
from core.store import Store, Writer
from tests.jobs.test_sql_lane import Gate, ended, insert

SAME = JobSpec("fit", "Fit", {"k": 2, "name": "ä"})


def test_a_second_start_joins_the_first_while_it_is_active(runner: Runner) -> None:
    gate = Gate()
    first = runner.submit(SAME, gate)
    assert gate.begun.wait(5)
    second = runner.submit(JobSpec("fit", "Another title", {"name": "ä", "k": 2}), insert)
    other = runner.submit(JobSpec("fit", "Fit", {"k": 3, "name": "ä"}), Gate({"n": 1}))
    assert (second.id, second.title) == (first.id, "Fit")
    assert other.id != first.id
    runner.cancel(other.id)
    gate.go.set()
    assert ended(runner, first).status == "done"
    assert runner.submit(SAME, insert).id != first.id


def test_one_that_is_being_cancelled_is_not_joined(runner: Runner) -> None:
    held = threading.Event()
    first = runner.submit(SAME, lambda writer, step: {"waited": held.wait(5)})
    runner.cancel(first.id)
    second = runner.submit(SAME, insert)
    held.set()
    assert second.id != first.id
    assert (ended(runner, first).status, ended(runner, second).status) == ("cancelled", "done")


def test_two_clicks_at_once_start_one_job(runner: Runner) -> None:
    gate, barrier, calls = Gate(), threading.Barrier(8), []
    found: list[Job] = []

    def work(writer: Writer, step: Step) -> dict[str, Any]:
        calls.append(1)
        return gate(writer, step)

    def click() -> None:
        barrier.wait()
        found.append(runner.submit(SAME, work))

    threads = [threading.Thread(target=click) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    gate.go.set()
    assert len({job.id for job in found}) == 1
    assert ended(runner, found[0]).status == "done"
    assert calls == [1]


def test_a_read_is_reused_until_the_data_change(runner: Runner, store: Store) -> None:
    calls = []

    def work(writer: Writer, step: Step) -> dict[str, Any]:
        calls.append(1)
        return {"call": len(calls)}

    read = JobSpec("profile", "Profile", {"k": 2}, data=False, reuse=True)
    assert runner.result(read) is None
    first = ended(runner, runner.submit(read, work))
    again = runner.submit(read, work)
    assert (again.id, again.result, calls) == (first.id, {"call": 1}, [1])
    assert runner.result(read) == again
    ended(runner, runner.submit(JobSpec("load", "Load"), insert))
    assert runner.result(read) is None
    assert ended(runner, runner.submit(read, work)).result == {"call": 2}


def test_what_failed_is_not_reused(runner: Runner) -> None:
    read = JobSpec("profile", "Profile", data=False, reuse=True)
    assert ended(runner, runner.submit(read, lambda writer, step: {"x": 1 / 0})).status == "failed"
    assert ended(runner, runner.submit(read, lambda writer, step: {"x": 1})).result == {"x": 1}


def test_params_are_json() -> None:
    with pytest.raises(TypeError):
        JobSpec("load", "Load", {"columns": {1, 2}})


def test_work_that_changes_the_data_cannot_be_reused() -> None:
    with pytest.raises(ValueError, match="cannot be reused"):
        JobSpec("load", "Load", reuse=True)
