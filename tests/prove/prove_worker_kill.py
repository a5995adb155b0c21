"""Proof: a worker killed at 20 random moments costs its own job only. Writes docs/proofs/worker-kill.md.

Run by `make prove`, or alone: `pytest tests/prove/prove_worker_kill.py -m prove`.
"""

from __future__ import annotations

import os
import platform
import random
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.jobs import Job, JobSpec, Outcome, Runner
from core.store import Query, Store, Writer
from tests.jobs.conftest import ALLOWED
from tests.jobs.test_compute import children
from tests.jobs.test_sql_lane import ended, users

PAPER = Path(__file__).parents[2] / "docs" / "proofs" / "worker-kill.md"
MOMENTS = 20
SIZE, ROUNDS = 1500, 1500


@dataclass(frozen=True)
class Shot:
    """One worker killed: when (seconds after the start), how far its job was, how that ended, and the job after it."""

    at: float
    share: float
    job: Job
    next_seconds: float


@pytest.mark.prove
@pytest.mark.timeout(1800)
def test_a_worker_killed_at_any_moment_costs_its_own_job_only(tmp_path: Path) -> None:
    matrix = np.random.default_rng(1).normal(size=(SIZE, SIZE))
    matrix += matrix.T
    draws = random.Random(20)
    with Store(tmp_path / "shop.duckdb") as store:
        runner = Runner(store, allowed=ALLOWED)
        begin = time.monotonic()
        expected = succeed(runner, matrix, "calm")
        whole = time.monotonic() - begin
        shots = []
        for n in range(MOMENTS):
            kept = users(store)
            at = whole * (n + draws.random()) / MOMENTS  # one in each twentieth of a worker's life
            share, job = shoot(runner, matrix, n, at)
            assert (job.status == "done") == (users(store) == kept + 1), "the work is kept if and only if it is done"
            if job.status == "failed":
                assert job.error is not None
                assert job.error.code == "worker_killed"
            assert job.status in ("failed", "done")
            assert list(store.spool.glob("job-*")) == []
            begin = time.monotonic()
            assert succeed(runner, matrix, f"after {n}") == expected
            shots.append(Shot(at, share, job, time.monotonic() - begin))
        assert sum(shot.job.status == "failed" for shot in shots) > MOMENTS / 2, "most shots must hit a working worker"
        assert children() == []
        assert runner.close()
    with Store(tmp_path / "shop.duckdb") as store:
        assert {job.status for job in Runner(store).jobs(200)} <= {"failed", "done"}
        assert users(store) == sum(job.status == "done" for job in Runner(store).jobs(200))
    PAPER.parent.mkdir(parents=True, exist_ok=True)
    PAPER.write_text(paper(shots, whole), encoding="utf-8")


def start(runner: Runner, matrix: np.ndarray, name: str) -> Job:
    """A job of its own name that adds one user when it is done."""

    def publish(writer: Writer, outcome: Outcome) -> dict[str, Any]:
        assert outcome.arrays["vector"].shape == (SIZE,)
        writer.run(Query("INSERT INTO users SELECT count(*), ? FROM users", (name,)))
        return outcome.result

    spec = JobSpec("grind", name, {"rounds": ROUNDS, "name": name})
    return runner.compute(spec, "tests.jobs.tasks:grind", {"a": matrix}, publish)


def succeed(runner: Runner, matrix: np.ndarray, name: str) -> float:
    """Run one job undisturbed; its value."""
    job = ended(runner, start(runner, matrix, name), 120)
    assert job.status == "done", job.error
    assert job.result is not None
    return round(float(job.result["value"]), 6)


def shoot(runner: Runner, matrix: np.ndarray, n: int, at: float) -> tuple[float, Job]:
    """Start a job, kill its worker `at` seconds later (or as soon as there is one); how far it was, how it ended."""
    begin = time.monotonic()
    job = start(runner, matrix, f"shot {n}")
    time.sleep(max(0.0, begin + at - time.monotonic()))
    looked = runner.job(job.id)
    assert looked is not None
    while looked.active and not (found := children()):
        time.sleep(0.005)
        looked = runner.job(job.id)
        assert looked is not None
    for pid in found if looked.active else []:
        with suppress(ProcessLookupError):  # it ended in between
            os.kill(pid, signal.SIGKILL)
    return looked.share, ended(runner, job, 120)


def paper(shots: list[Shot], whole: float) -> str:
    """The proof as it is committed."""
    failed = [shot for shot in shots if shot.job.status == "failed"]
    lines = [
        "# A killed worker costs its own job only",
        "",
        f"{datetime.now(UTC):%d %B %Y}, {platform.system()} {platform.machine()}, Python {platform.python_version()}, "
        f"{os.cpu_count()} cores. Written by `tests/prove/prove_worker_kill.py` (`make prove`).",
        "",
        f"A compute job (power iteration on a {SIZE:,} x {SIZE:,} matrix, {whole:.1f} s undisturbed) was started "
        f"{len(shots)} times, and its worker sent SIGKILL at one random moment in each twentieth of that time. "
        f"{len(failed)} jobs failed, each with `worker_killed` and an explanation; {len(shots) - len(failed)} were "
        "done, their result having been handed over before. Each time: what the job publishes was kept if and only if "
        "it was done, the app's process lived, its temporary files were gone, and the next job gave the same result "
        "as an undisturbed one.",
        "",
        "| # | killed after (s) | share then | the job ended | told to the person | next job done in (s) |",
        "|---|---|---|---|---|---|",
    ]
    for n, shot in enumerate(shots, 1):
        told = f"`{shot.job.error.code}`" if shot.job.error else "–"
        lines.append(
            f"| {n} | {shot.at:.2f} | {shot.share:.0%} | {shot.job.status} | {told} | {shot.next_seconds:.2f} |"
        )
    if failed and failed[-1].job.error:
        lines += ["", f"> {failed[-1].job.error}"]
    return "\n".join(lines) + "\n"
