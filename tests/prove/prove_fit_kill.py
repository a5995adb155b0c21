"""Proof: a worker killed while it fits or compares models costs its own job only. Writes docs/proofs/fit-kill.md.

Run by `make prove`, or alone: `pytest tests/prove/prove_fit_kill.py -m prove`. The data are the sample shop.
"""

from __future__ import annotations

import os
import platform
import random
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from core.evaluate import COMPARE_TASK, CompareSpec, list_runs, prepare_compare, publish_compare
from core.ingest import load, open_source, propose
from core.jobs import Job, JobSpec, Runner
from core.recommend import FIT_TASK, FitSpec, list_models, load_model, prepare_fit, publish_fit, spec
from core.store import Query, Store
from tests.jobs.test_compute import children
from tests.jobs.test_sql_lane import ended

PAPER = Path(__file__).parents[2] / "docs" / "proofs" / "fit-kill.md"
SHOTS = 10
FIT = FitSpec(spec("ials", {"factors": 48, "epochs": 20}))
COMPARE = CompareSpec((spec("item-knn"), spec("ials", {"factors": 48}), spec("puresvd")), most_users=2000)
"""The two kinds of work, some seconds each."""

Start = Callable[[Runner, bool], Job]


@dataclass(frozen=True)
class Shot:
    """One worker killed: its work, when (seconds after it began), how far it was, how that ended, and the next job."""

    kind: str
    at: float
    share: float
    note: str
    job: Job
    next_seconds: float


@pytest.mark.prove
@pytest.mark.timeout(1800)
def test_a_worker_killed_in_a_fit_costs_its_own_job_only(tmp_path: Path, sample: Path) -> None:
    draws = random.Random(30)
    path = tmp_path / "shop.duckdb"
    with Store(path, reads=[sample]) as store:
        put(store, sample)
        runner = Runner(store)
        starts: dict[str, Start] = {"fit": start_fit, "compare": start_compare}
        whole = {kind: timed(runner, start) for kind, start in starts.items()}
        lists = answer(store)
        shots = []
        for n in range(SHOTS):
            kind = "fit" if n % 2 else "compare"
            at = whole[kind] * (n + draws.random()) / SHOTS  # one in each tenth of a worker's life
            kept, events = stored(store), event_count(store)
            share, note, job = shoot(runner, starts[kind], at)
            assert job.status in ("failed", "done")
            if job.status == "failed":
                assert job.error is not None
                assert job.error.code == "worker_killed"
                assert job.error.message
                assert job.error.hint
                assert stored(store) == kept, "nothing is stored of a job that failed"
            else:
                assert sum(stored(store)[:2]) == sum(kept[:2]) + 1
            assert event_count(store) == events
            assert list(store.spool.glob("job-*")) == []
            shots.append(Shot(kind, at, share, note, job, timed(runner, starts[kind])))
            assert answer(store) == lists, "the next fit is the fit that was"
        assert sum(shot.job.status == "failed" for shot in shots) > SHOTS / 2, "most shots must hit a working worker"
        assert children() == []
        assert runner.close()
    with Store(path) as store:
        assert {job.status for job in Runner(store).jobs(200)} <= {"failed", "done"}
        assert answer(store) == lists, "models outlive the process"
        assert len(list_runs(store)) + len(list_models(store)) == sum(
            job.status == "done" for job in Runner(store).jobs(200)
        )
    PAPER.parent.mkdir(parents=True, exist_ok=True)
    PAPER.write_text(paper(shots, whole), encoding="utf-8")


def put(store: Store, folder: Path) -> None:
    """Load the sample's events."""
    file = folder / "events.csv.gz"
    source = open_source(file, name=file.name, spool=store.spool)
    proposal = propose(store, source)
    with store.atomic() as writer:
        load(writer, [source], proposal.mapping)


def start_fit(runner: Runner, reuse: bool = False) -> Job:
    """Fit a model and store it."""
    asked = JobSpec("fit", "Fit", FIT.as_json(), data=False, reuse=reuse)
    return runner.compute(asked, FIT_TASK, partial(prepare_fit, runner.store, FIT), publish_fit)


def start_compare(runner: Runner, reuse: bool = False) -> Job:
    """Compare four models and store the answer."""
    asked = JobSpec("compare", "Compare", COMPARE.as_json(), data=False, reuse=reuse)
    return runner.compute(asked, COMPARE_TASK, partial(prepare_compare, runner.store, COMPARE), publish_compare)


def timed(runner: Runner, start: Start) -> float:
    """Run one job undisturbed; seconds from the worker's start (or the job's, if that was not seen) to its end."""
    job = start(runner, False)
    begin = born(runner, job)
    over = ended(runner, job, 300)
    assert over.status == "done", over.error
    return time.monotonic() - begin


def born(runner: Runner, job: Job) -> float:
    """Wait until the job has a worker, or has ended; the moment."""
    while not children():
        looked = runner.job(job.id)
        assert looked is not None
        if not looked.active:
            break
        time.sleep(0.005)
    return time.monotonic()


def shoot(runner: Runner, start: Start, at: float) -> tuple[float, str, Job]:
    """Start a job and kill its worker `at` seconds after that has begun; how far it was, and how the job ended."""
    job = start(runner, False)
    begin = born(runner, job)
    time.sleep(max(0.0, begin + at - time.monotonic()))
    looked = runner.job(job.id)
    assert looked is not None
    for pid in children() if looked.active else []:
        with suppress(ProcessLookupError):  # it ended in between
            os.kill(pid, signal.SIGKILL)
    return looked.share, looked.note, ended(runner, job, 300)


def stored(store: Store) -> tuple[int, ...]:
    """Rows of models, runs, model_arrays, run_users."""
    tables = ("models", "runs", "model_arrays", "run_users")
    return tuple(int(store.rows(Query(f"SELECT count(*) AS n FROM {table}"))[0]["n"]) for table in tables)


def event_count(store: Store) -> int:
    """Events in the workspace."""
    return int(store.rows(Query("SELECT count(*) AS n FROM events"))[0]["n"])


def answer(store: Store) -> bytes:
    """The lists of the first 200 users by the model stored last."""
    model = load_model(store, list_models(store)[0].model_id)
    return model.recommend(np.arange(200), 10).items.tobytes()


def paper(shots: list[Shot], whole: dict[str, float]) -> str:
    """The proof as it is committed."""
    failed = [shot for shot in shots if shot.job.status == "failed"]
    lines = [
        "# A worker killed in the middle of a fit costs its own job only",
        "",
        f"{datetime.now(UTC):%d %B %Y}, {platform.system()} {platform.machine()}, Python {platform.python_version()}, "
        f"{os.cpu_count()} cores. Written by `tests/prove/prove_fit_kill.py` (`make prove`).",
        "",
        f"On the sample shop, a model was fitted (iALS, 48 factors, 20 rounds: {whole['fit']:.1f} s in the worker) and "
        f"four models were compared ({whole['compare']:.1f} s), in turn, {len(shots)} times; each time the worker was "
        f"sent SIGKILL at one random moment in each tenth of that time. {len(failed)} jobs failed, each with "
        f"`worker_killed` and an explanation; done, their result having been handed over before: "
        f"{len(shots) - len(failed)}. Each time: the app's process lived, nothing of a failed job was stored (no "
        "model, no run, no array, no user's figures), its temporary files were gone, the events were as before, and "
        "the next job of the same kind went through. Fits after it gave the same lists as the fit before it, byte for "
        "byte, also when the workspace was opened again.",
        "",
        "| # | work | killed after (s) | share then | it was | the job ended | told to the person | next done in (s) |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for n, shot in enumerate(shots, 1):
        told = f"`{shot.job.error.code}`" if shot.job.error else "–"
        doing = shot.note or ("over" if shot.share == 1 else "starting")
        lines.append(
            f"| {n} | {shot.kind} | {shot.at:.2f} | {shot.share:.0%} | {doing} | {shot.job.status} | "
            f"{told} | {shot.next_seconds:.2f} |"
        )
    if failed and failed[-1].job.error:
        lines += ["", f"> {failed[-1].job.error}"]
    return "\n".join(lines) + "\n"
