"""Work on the writer's thread: kept with its job row or not at all, cancelled by interrupting the statement."""

from __future__ import annotations

import logging
import threading
import time
from typing import Any

import pytest

from core.errors import Refusal
from core.jobs import Job, JobSpec, Runner, ledger, runner_for
from core.progress import Step
from core.store import Query, Store, Writer

LOAD = JobSpec("load", "Load events.csv", {"file": "events.csv"})
ENDLESS = Query("SELECT count(*) FROM range(100000000) a, range(100000000) b WHERE a.range * b.range % 7 = 1")


def insert(writer: Writer, step: Step) -> dict[str, Any]:
    writer.run(Query("INSERT INTO users VALUES (1, 'anna'), (2, 'ben')"), step=step)
    return {"users": 2}


def users(store: Store) -> int:
    return int(store.rows(Query("SELECT count(*) AS n FROM users"))[0]["n"])


def rows(store: Store) -> list[dict[str, Any]]:
    return store.rows(Query("SELECT * FROM jobs ORDER BY started_at"))


def ended(runner: Runner, job: Job, seconds: float = 20) -> Job:
    found = runner.wait(job.id, seconds)
    assert found is not None
    assert not found.active, f"still {found.status} after {seconds} s"
    return found


def until(condition: Any, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


class Gate:
    """Work that says it has begun and goes on when it is let."""

    def __init__(self, result: dict[str, Any] | None = None) -> None:
        self.begun, self.go = threading.Event(), threading.Event()
        self.result = result or {}

    def __call__(self, writer: Writer, step: Step) -> dict[str, Any]:
        step.report(0.25, "at the gate")
        self.begun.set()
        while not self.go.wait(0.01):
            step.check()
        return self.result


def test_done_with_result_version_and_row(runner: Runner, store: Store) -> None:
    job = ended(runner, runner.submit(LOAD, insert))
    assert (job.status, job.result, job.share, job.lane) == ("done", {"users": 2}, 1.0, "sql")
    assert (users(store), store.version) == (2, 1)
    (row,) = rows(store)
    assert (row["job_id"], row["status"], row["kind"], row["title"]) == (job.id, "done", "load", "Load events.csv")
    assert row["ended_at"] >= row["started_at"]


def test_work_that_changes_no_data_leaves_the_version(runner: Runner, store: Store) -> None:
    ended(runner, runner.submit(JobSpec("note", "Note", data=False), lambda writer, step: {}))
    assert store.version == 0


def test_progress_is_seen_while_it_runs_and_kept_in_memory_only(runner: Runner, store: Store) -> None:
    gate = Gate()
    job_id = runner.submit(LOAD, gate).id
    assert gate.begun.wait(5)
    job = runner.job(job_id)
    assert job is not None
    assert (job.status, job.share, job.note, job.remaining) == ("running", 0.25, "at the gate", None)
    (row,) = rows(store)
    assert (row["status"], row["result"], row["ended_at"]) == ("running", None, None)
    gate.go.set()
    runner.wait(job_id, 5)


def test_cancelling_interrupts_a_statement_that_would_take_hours(runner: Runner, store: Store) -> None:
    def work(writer: Writer, step: Step) -> dict[str, Any]:
        insert(writer, step)
        writer.read(ENDLESS, step=step)
        return {}

    job = runner.submit(LOAD, work)
    time.sleep(0.5)
    looked = runner.job(job.id)
    assert looked is not None
    assert looked.status == "running"
    asked = time.monotonic()
    assert runner.cancel(job.id)
    job = ended(runner, job)
    assert time.monotonic() - asked < 3
    assert (job.status, job.result, job.error) == ("cancelled", None, None)
    assert (users(store), store.version, rows(store)[0]["status"]) == (0, 0, "cancelled")
    assert ended(runner, runner.submit(LOAD, insert)).status == "done"


def test_cancelled_at_the_very_end_keeps_nothing(runner: Runner, store: Store) -> None:
    finished, go = threading.Event(), threading.Event()

    def work(writer: Writer, step: Step) -> dict[str, Any]:
        result = insert(writer, step)
        finished.set()
        go.wait(5)
        return result

    job = runner.submit(LOAD, work)
    assert finished.wait(5)
    assert runner.cancel(job.id)
    looked = runner.job(job.id)
    assert looked is not None
    assert looked.stopping
    go.set()
    assert ended(runner, job).status == "cancelled"
    assert (users(store), store.version) == (0, 0)


def test_work_is_not_kept_without_its_row(runner: Runner, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> dict[str, Any]:
        raise RuntimeError

    monkeypatch.setattr(ledger, "finish", fail)
    assert ended(runner, runner.submit(LOAD, insert)).status == "failed"
    assert (users(store), store.version) == (0, 0)


def test_a_refusal_is_the_jobs_error(runner: Runner, store: Store) -> None:
    def work(writer: Writer, step: Step) -> dict[str, Any]:
        insert(writer, step)
        raise Refusal("no_user_column", "No column names the user.", "Map one.")

    job = ended(runner, runner.submit(LOAD, work))
    assert job.error is not None
    assert (job.status, job.error.code, job.error.hint) == ("failed", "no_user_column", "Map one.")
    assert users(store) == 0
    kept = ledger.find(store, job.id)
    assert kept is not None
    assert kept.error is not None
    assert kept.error.as_json() == job.error.as_json()


def test_a_defect_is_explained_and_logged_without_personal_data(
    runner: Runner, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    def work(writer: Writer, step: Step) -> dict[str, Any]:
        raise KeyError("anna@example.com")

    with caplog.at_level(logging.ERROR, logger="limelight.jobs"):
        job = ended(runner, runner.submit(LOAD, work))
    assert job.error is not None
    assert job.error.code == "defect"
    assert job.id in job.error.hint
    assert "KeyError" in caplog.text
    assert "test_sql_lane.py" in caplog.text
    for text in (caplog.text, str(job.error), str(rows(store))):
        assert "anna" not in text


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (MemoryError(), "out_of_memory"),
        (OSError(28, "No space left on device"), "disk_full"),
        (OSError(13, "Permission denied"), "defect"),
        (SystemExit(3), "defect"),
    ],
)
def test_what_the_machine_lacks_is_said(runner: Runner, fault: BaseException, code: str) -> None:
    def work(writer: Writer, step: Step) -> dict[str, Any]:
        raise fault

    job = ended(runner, runner.submit(LOAD, work))
    assert job.error is not None
    assert job.error.code == code
    assert ended(runner, runner.submit(JobSpec("next", "Next"), insert)).status == "done"


@pytest.mark.parametrize("result", [{"a": {1, 2}}, {"a": float("nan")}])
def test_a_result_that_is_not_json_keeps_nothing(runner: Runner, store: Store, result: dict[str, Any]) -> None:
    def work(writer: Writer, step: Step) -> dict[str, Any]:
        insert(writer, step)
        return result

    job = ended(runner, runner.submit(LOAD, work))
    assert (job.status, users(store)) == ("failed", 0)


def test_the_result_is_the_same_now_and_after_a_restart(runner: Runner, store: Store) -> None:
    job = ended(runner, runner.submit(LOAD, lambda writer, step: {"pair": (1, 2), "word": "é – 名"}))
    assert job.result == {"pair": [1, 2], "word": "é – 名"}
    kept = ledger.find(store, job.id)
    assert kept is not None
    assert kept.result == job.result


def test_jobs_run_one_after_the_other_and_a_waiting_one_can_be_cancelled(runner: Runner, store: Store) -> None:
    gate, third = Gate(), Gate()
    third.go.set()
    first = runner.submit(JobSpec("a", "A"), gate)
    second = runner.submit(JobSpec("b", "B"), insert)
    last = runner.submit(JobSpec("c", "C"), third)
    assert gate.begun.wait(5)
    assert [(job.title, job.status) for job in runner.jobs()] == [("A", "running"), ("B", "waiting"), ("C", "waiting")]
    assert [row["title"] for row in rows(store)] == ["A"]
    assert runner.cancel(second.id)
    assert ended(runner, second, 1).status == "cancelled"
    assert not runner.cancel(second.id)
    gate.go.set()
    assert [ended(runner, job).status for job in (first, last)] == ["done", "done"]
    assert users(store) == 0


def test_hostile_text_is_only_text(runner: Runner, store: Store) -> None:
    evil = "x'); DROP TABLE users; --\0"
    job = ended(runner, runner.submit(JobSpec("load", evil, {"file": evil}), lambda writer, step: {"file": evil}))
    assert job.status == "done"
    kept = ledger.find(store, job.id)
    assert kept is not None
    assert (kept.title, kept.params, kept.result, users(store)) == (evil, {"file": evil}, {"file": evil}, 0)


def test_closing_interrupts_and_starts_nothing_more(store: Store) -> None:
    runner, gate = runner_for(store), Gate()
    assert runner_for(store) is runner
    job, waiting = runner.submit(JobSpec("a", "A"), gate), runner.submit(JobSpec("b", "B"), insert)
    assert gate.begun.wait(5)
    assert runner.close(seconds=10)
    assert [ended(runner, j, 0).status for j in (job, waiting)] == ["interrupted", "interrupted"]
    assert [(row["title"], row["status"]) for row in rows(store)] == [("A", "interrupted")]
    with pytest.raises(Refusal, match="closing"):
        runner.submit(LOAD, insert)
    again = runner_for(store)
    assert again is not runner
    assert ended(again, again.submit(LOAD, insert)).status == "done"
    again.close()


def test_ended_jobs_are_found_beyond_those_held_in_memory(
    runner: Runner, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.jobs.runner._KEPT", 2)
    jobs = [ended(runner, runner.submit(JobSpec("n", f"N{n}", data=False), lambda w, s: {})) for n in range(4)]
    assert [job.title for job in runner.jobs()] == ["N3", "N2"]
    first = runner.job(jobs[0].id)
    assert first is not None
    assert (first.title, first.status) == ("N0", "done")
    assert runner.job("nobody") is None
    assert runner.wait("nobody", 0) is None
    assert [job.title for job in Runner(store).jobs()] == ["N3", "N2"]
