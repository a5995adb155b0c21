"""The worker process: what it is given, what it returns, and every way in which it can end."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.jobs import Job, JobSpec, Outcome, Runner, machine
from core.jobs.task import ALLOWED, Array, find
from core.progress import Step
from core.store import Query, Store, Writer
from tests.jobs.test_sql_lane import ended, rows, until, users

LINUX = sys.platform == "linux"


def start(runner: Runner, task: str, params: dict[str, Any] | None = None, **more: Any) -> Job:
    spec = JobSpec(task, f"Run {task}", params or {})
    return runner.compute(spec, f"tests.jobs.tasks:{task}", **{"arrays": {}, **more})


def look(runner: Runner, job: Job) -> Job:
    found = runner.job(job.id)
    assert found is not None
    return found


def alive(pid: int) -> bool:
    """Whether a process runs; one that ended and was not yet waited for does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    return not (stat.exists() and stat.read_text().rsplit(")", 1)[1].split()[0] == "Z")


def fails(runner: Runner, task: str, params: dict[str, Any] | None = None) -> Any:
    """The refusal with which a task ends; afterwards the folder is gone and the next job succeeds."""
    job = ended(runner, start(runner, task, params))
    assert job.status == "failed"
    assert list(runner.store.spool.glob("job-*")) == []
    x = np.arange(3.0)
    assert ended(runner, start(runner, "total", arrays={"x": x})).status == "done"
    return job.error


def test_sums_a_memory_map_and_publishes_in_one_transaction(runner: Runner, store: Store) -> None:
    x = np.random.default_rng(7).normal(size=(50_000, 2))
    seen: dict[str, Any] = {}

    def publish(writer: Writer, outcome: Outcome) -> dict[str, Any]:
        seen.update(sums=np.array(outcome.arrays["sums"]), peak=outcome.peak_memory)
        writer.run(Query("INSERT INTO users VALUES (1, ?)", (str(outcome.result["sum"]),)))
        return {"sum": outcome.result["sum"], "users": 1}

    job = ended(runner, start(runner, "total", {"label": "é"}, arrays={"x": x}, publish=publish))
    assert job.status == "done", job.error
    assert job.result is not None
    assert job.result["sum"] == pytest.approx(x.sum(), rel=1e-12)
    np.testing.assert_allclose(seen["sums"], np.cumsum(x))
    assert (users(store), store.version, rows(store)[0]["status"]) == (1, 1, "done")
    assert list(store.spool.glob("job-*")) == []
    if LINUX:
        assert 20e6 < seen["peak"] < 2e9


@pytest.mark.parametrize(
    "x",
    [np.zeros(0), np.asfortranarray(np.arange(6.0).reshape(2, 3)), np.arange(10)[::3], np.float32(2.5) * np.ones(())],
    ids=["empty", "fortran", "strided", "scalar"],
)
def test_arrays_of_any_shape_arrive(runner: Runner, x: Array) -> None:
    job = ended(runner, start(runner, "total", {"label": "x"}, arrays={"x": x}))
    assert job.result == {"sum": float(x.sum()), "mapped": True, "writeable": False, "label": "x"}


def test_arrays_may_be_made_when_the_turn_comes(runner: Runner) -> None:
    def arrays(step: Step) -> Mapping[str, Array]:
        step.report(1.0, "reading")
        return {"x": np.arange(4)}

    job = ended(runner, start(runner, "total", arrays=arrays))
    assert job.result is not None
    assert job.result["sum"] == 6
    assert runner.store.version == 0  # nothing was published, so the data are as they were


def test_arrays_of_objects_are_not_sent(runner: Runner, store: Store) -> None:
    job = ended(runner, start(runner, "total", arrays={"x": np.array([{}, "a"], dtype=object)}))
    assert (job.status, list(store.spool.glob("job-*"))) == ("failed", [])
    assert ended(runner, start(runner, "total", arrays={"../x": np.zeros(1)})).status == "failed"


def test_a_publish_that_fails_keeps_nothing(runner: Runner, store: Store) -> None:
    def publish(writer: Writer, outcome: Outcome) -> dict[str, Any]:
        writer.run(Query("INSERT INTO users VALUES (1, 'x')"))
        return {"bad": 1 / 0}

    job = ended(runner, start(runner, "total", arrays={"x": np.ones(3)}, publish=publish))
    assert (job.status, users(store), store.version) == ("failed", 0, 0)


def test_progress_comes_over_and_cancelling_is_quick(runner: Runner) -> None:
    job = start(runner, "crawl", {"seconds": 60})
    until(lambda: look(runner, job).note.endswith(" s"))
    first = look(runner, job)
    until(lambda: look(runner, job).share > first.share)
    assert 0 < first.share < 0.5
    asked = time.monotonic()
    assert runner.cancel(job.id)
    assert ended(runner, job).status == "cancelled"
    assert time.monotonic() - asked < 1.5


def test_remaining_time_is_told_after_a_while(runner: Runner) -> None:
    job = start(runner, "crawl", {"seconds": 12})
    assert look(runner, job).remaining is None
    until(lambda: look(runner, job).remaining is not None)
    found = look(runner, job)
    assert found.remaining is not None
    assert found.elapsed + found.remaining == pytest.approx(12.5, abs=2.5)
    runner.cancel(job.id)
    ended(runner, job)


@pytest.mark.parametrize("task", ["deaf", "kin"])
def test_one_that_does_not_listen_is_killed_with_its_children(runner: Runner, task: str) -> None:
    job = start(runner, task)
    until(lambda: look(runner, job).note)
    pid = int(look(runner, job).note.split()[-1])
    assert alive(pid)
    runner.cancel(job.id)
    assert ended(runner, job, 6).status == "cancelled"
    until(lambda: not alive(pid), 3)


def test_cancelled_before_it_has_begun(runner: Runner) -> None:
    for delay in (0.0, 0.02, 0.1, 0.2):
        job = start(runner, "crawl", {"seconds": 60, "delay": delay})
        time.sleep(delay)
        runner.cancel(job.id)
        assert ended(runner, job, 6).status == "cancelled"


def test_its_refusal_is_the_jobs(runner: Runner) -> None:
    error = fails(runner, "refuse")
    assert (error.code, error.hint) == ("too_few_users", "Ask for 2 groups.")


@pytest.mark.parametrize(
    ("task", "kind"), [("divide", "KeyError"), ("not_json", "TypeError"), ("absent", "ValueError")]
)
def test_a_defect_is_logged_without_personal_data(
    runner: Runner, store: Store, caplog: pytest.LogCaptureFixture, task: str, kind: str
) -> None:
    with caplog.at_level(logging.ERROR, logger="limelight.jobs"):
        error = fails(runner, task)
    assert error.code == "defect"
    assert kind in caplog.text
    assert "anna" not in caplog.text + str(error) + str(rows(store))


def test_killed_as_if_memory_ran_out(runner: Runner, caplog: pytest.LogCaptureFixture) -> None:
    error = fails(runner, "kill_itself")
    assert error.code == "worker_killed"
    assert "most likely because memory ran out" in error.message
    if LINUX:
        assert "It had used 0.1 GB" in error.message or "It had used 0.2 GB" in error.message
    assert "ended with -9" in caplog.text


def test_a_crash_in_compiled_code(runner: Runner, caplog: pytest.LogCaptureFixture) -> None:
    error = fails(runner, "kill_itself", {"signal": int(signal.SIGSEGV), "floats": 10})
    assert (error.code, "SIGSEGV" in error.message) == ("worker_crashed", True)
    assert "in kill_itself" in caplog.text  # where it happened, for whoever mends it


def test_asked_to_stop_by_someone_else(runner: Runner) -> None:
    job = start(runner, "crawl", {"seconds": 60})
    until(lambda: look(runner, job).note)
    (pid,) = [p for p in children() if alive(p)]
    os.kill(pid, signal.SIGTERM)
    error = ended(runner, job).error
    assert error is not None
    assert error.code == "worker_killed"


@pytest.mark.skipif(not LINUX, reason="RLIMIT_AS is kept by Linux only")
def test_more_memory_than_there_is(runner: Runner) -> None:
    assert fails(runner, "take_all").code == "out_of_memory"


def test_what_libraries_print_is_not_progress(runner: Runner) -> None:
    job = start(runner, "chatter")
    assert ended(runner, job).status == "done"


def test_the_worker_is_a_program_of_its_own(runner: Runner, store: Store) -> None:
    found = ended(runner, start(runner, "surroundings")).result
    assert found is not None
    assert Path(found["main"]).parts[-3:] == ("core", "jobs", "worker.py")
    assert (found["streamlit"], found["group"], found["oom"]) == (False, True, "1000")
    assert found["threads"]
    assert max(found["threads"]) <= machine.cores()
    assert not [path for path in found["files"] if path.endswith((".duckdb", ".wal"))]


def test_one_computes_at_a_time(runner: Runner) -> None:
    first, second = start(runner, "crawl", {"seconds": 60}), start(runner, "crawl", {"seconds": 61})
    until(lambda: look(runner, first).status == "running")
    assert look(runner, second).status == "waiting"
    assert start(runner, "crawl", {"seconds": 60}).id == first.id
    runner.cancel(first.id)
    until(lambda: look(runner, second).status == "running")
    runner.cancel(second.id)
    ended(runner, second)


def test_it_starts_and_computes_while_a_long_load_writes(runner: Runner, store: Store) -> None:
    with store.atomic() as writer:
        writer.run("INSERT INTO users VALUES (1, 'anna')")
        job = start(runner, "total", arrays={"x": np.ones(3)})
        until(lambda: look(runner, job).note == "saving")
        assert [row["status"] for row in rows(store)] == ["running"]
        failed = ended(runner, start(runner, "refuse")) if runner.cancel(job.id) else None
        assert failed is not None
        assert {row["status"] for row in rows(store)} == {"cancelled", "failed"}
        waiting = start(runner, "total", arrays={"x": np.ones(3)})
        until(lambda: look(runner, waiting).note == "saving")
    assert ended(runner, waiting).status == "done"
    assert (users(store), store.version) == (1, 1)


@pytest.mark.parametrize(
    "task",
    ["os:system", "subprocess:run", "core:x", "corex.y:z", "core.jobs.worker", "core.jobs.worker:_carry_out",
     "core.jobs.task:find;x", "core.jobs..task:find", "tests.jobs.tasks:total", "core.jobs.task:__import__"],
)  # fmt: skip
def test_only_named_functions_may_be_run(store: Store, task: str) -> None:
    runner = Runner(store)
    with pytest.raises(ValueError, match="does not name a function"):
        runner.compute(JobSpec("x", "X"), task, {})
    assert runner.jobs() == []


@pytest.mark.parametrize("task", ["core.jobs.compute:shutil", "core.jobs.runner:partial", "core.jobs.worker:signal",
                                  "core.jobs.task:nothing", "core.jobs:runner_for"])  # fmt: skip
def test_what_a_module_only_imports_may_not_be_run(task: str) -> None:
    with pytest.raises(ValueError, match="does not name a function"):
        find(task, ALLOWED)


@pytest.mark.parametrize(
    ("text", "most"), [("150000 100000", 1), ("max 100000", 999), ("1000000000 100000", 999), ("", 999)]
)
def test_cores_keep_to_a_containers_quota(tmp_path: Path, text: str, most: int) -> None:
    (tmp_path / "cpu.max").write_text(text)
    assert 1 <= machine.cores(tmp_path / "cpu.max") <= most
    assert machine.cores(tmp_path / "nothing") >= 1


def children() -> list[int]:
    """Process ids of this process's own workers."""
    listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,args="], capture_output=True, text=True, check=True).stdout
    pairs = [line.split(None, 2) for line in listed.splitlines()]
    return [int(pid) for pid, parent, command in pairs if int(parent) == os.getpid() and "core.jobs.worker" in command]
