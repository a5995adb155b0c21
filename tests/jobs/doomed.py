"""A program that runs one job in each lane until it is killed: `python -m tests.jobs.doomed WORKSPACE`."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

from core.jobs import JobSpec, Runner
from core.progress import Step
from core.store import Query, Store, Writer
from tests.jobs.conftest import ALLOWED


def main(path: Path) -> None:
    """Start the jobs, say the worker's process id once both are at work, and wait for the end."""
    store = Store(path)
    runner = Runner(store, allowed=ALLOWED)
    runner.wait(runner.submit(JobSpec("first", "First"), insert(1)).id, 10)
    runner.submit(JobSpec("load", "Load"), insert(2, then_wait=True))
    deaf = runner.compute(JobSpec("fit", "Fit"), "tests.jobs.tasks:deaf", {})
    while sum(job.share > 0 for job in runner.jobs() if job.active) < 2:
        time.sleep(0.01)
    job = runner.job(deaf.id)
    assert job is not None
    print(job.note.split()[-1], flush=True)
    time.sleep(600)


def insert(user_no: int, *, then_wait: bool = False) -> Any:
    """Work that adds one user and perhaps never ends."""

    def work(writer: Writer, step: Step) -> dict[str, Any]:
        writer.run(Query("INSERT INTO users VALUES (?, 'x' || ?)", (user_no, user_no)))
        step.report(0.5)
        while then_wait:
            time.sleep(0.05)
        return {}

    return work


if __name__ == "__main__":
    main(Path(sys.argv[1]))
