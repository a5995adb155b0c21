"""What a killed app leaves behind: no worker, no half-done work, and jobs that say they were interrupted."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from core.jobs import JobSpec, Runner
from core.store import Store
from tests.jobs.test_compute import alive
from tests.jobs.test_sql_lane import ended, until, users

ROOT = Path(__file__).parents[2]


@pytest.fixture
def app(tmp_path: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.jobs.doomed", str(tmp_path / "shop.duckdb")],
        stdout=subprocess.PIPE, text=True, cwd=ROOT,
    )  # fmt: skip


def test_after_kill_9_jobs_are_interrupted_and_the_worker_is_gone(app: subprocess.Popen[str], tmp_path: Path) -> None:
    assert app.stdout is not None
    worker = int(app.stdout.readline())
    assert alive(worker)
    app.send_signal(signal.SIGKILL)
    app.wait()
    app.stdout.close()
    until(lambda: not alive(worker), 5)
    with Store(tmp_path / "shop.duckdb") as store:
        runner = Runner(store)
        found = {job.title: job for job in runner.jobs()}
        assert {title: job.status for title, job in found.items()} == {
            "First": "done", "Load": "interrupted", "Fit": "interrupted",
        }  # fmt: skip
        assert all(job.ended_at and not job.active for job in found.values())
        assert (users(store), store.version) == (1, 1)  # the first job's, and nothing of the second
        again = ended(runner, runner.submit(JobSpec("load", "Load"), lambda writer, step: {"again": True}))
        assert again.status == "done"
        assert runner.close()
    with Store(tmp_path / "shop.duckdb") as store:
        assert sorted(job.status for job in Runner(store).jobs()) == ["done", "done", "interrupted", "interrupted"]


@pytest.mark.skipif(sys.platform != "linux", reason="a stopped worker cannot see that stdin ended")
def test_even_a_worker_that_cannot_listen_ends_with_the_app(app: subprocess.Popen[str]) -> None:
    assert app.stdout is not None
    worker = int(app.stdout.readline())
    os.kill(worker, signal.SIGSTOP)  # as one that holds the interpreter's lock in compiled code: no thread runs
    app.send_signal(signal.SIGKILL)
    app.wait()
    app.stdout.close()
    until(lambda: not alive(worker), 5)


def test_an_app_that_ends_in_order_leaves_nothing_behind(tmp_path: Path) -> None:
    program = f"""
import time
from pathlib import Path
from core.jobs import JobSpec, runner_for
from core.store import open_workspace
runner = runner_for(open_workspace({str(tmp_path / "shop.duckdb")!r}))
runner._allowed = ("tests.jobs.",)
job = runner.compute(JobSpec("fit", "Fit"), "tests.jobs.tasks:deaf", {{}})
runner.submit(JobSpec("load", "Load"), lambda writer, step: [step.report(.5) or time.sleep(.05) for _ in range(10000)])
time.sleep(1)
print(runner.store.spool)
"""
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=30, check=True)
    assert done.stderr == ""
    assert not Path(done.stdout.strip()).exists()
    with Store(tmp_path / "shop.duckdb") as store:
        assert {job.status for job in Runner(store).jobs()} == {"interrupted"}
        assert len(Runner(store).jobs()) == 2
