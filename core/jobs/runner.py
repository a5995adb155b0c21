"""The runner of a workspace: starts jobs, joins equal ones, tells how they stand, cancels them."""

from __future__ import annotations

import atexit
import os
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from core.errors import Refusal
from core.jobs import failures, ledger, machine
from core.jobs.compute import Outcome, Salvage, carried_out
from core.jobs.job import Job, JobSpec, LaneName
from core.jobs.lane import Lane
from core.jobs.live import Live
from core.jobs.task import ALLOWED, Array, Order, split_name
from core.progress import Cancelled, Step, no_step
from core.store import Store, Writer

Work = Callable[[Writer, Step], dict[str, Any]]
Arrays = Mapping[str, Array]
Publish = Callable[[Writer, Outcome], dict[str, Any]]


class _PartlyKept(Exception):
    """How a job speaks that was cut short, and has stored what it finished."""

    def __init__(self, result: dict[str, Any], error: Refusal | None) -> None:
        super().__init__()
        self.result, self.error = result, error


_KEPT = 200  # ended jobs held in memory; the workspace holds them all


class Runner:
    """Carries out the jobs of one workspace in this process; `runner_for` keeps the one of each store.

    Jobs belong to the process, not to the tab that started them. Opening one turns jobs that an earlier process
    left `running` into `interrupted`.
    """

    def __init__(
        self,
        store: Store,
        *,
        workers: int = 1,
        allowed: tuple[str, ...] = ALLOWED,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`workers` may compute at a time; tasks come from modules that begin with one of `allowed`."""
        self.store = store
        self._clock = clock
        self._lock = threading.Lock()
        self._live: dict[str, Live] = {}
        self._allowed = allowed
        self._sql, self._workers = Lane("sql"), Lane("compute", workers)
        self._closed = False
        ledger.interrupt(store)
        self._ended = {job.id: job for job in reversed(ledger.latest(store, _KEPT))}

    # ---- starting

    def submit(self, spec: JobSpec, work: Work) -> Job:
        """Start `work` on the thread that writes to the workspace; returns at once.

        `work(writer, step)` runs inside Store.atomic together with the job's last row: all of it is kept, or none.
        It passes `step` to the writer, so that cancelling interrupts the statement at work, and returns JSON.
        A job with the same key that is active is joined; with `spec.reuse`, one that is done is returned.
        """
        return self._start(spec, "sql", self._sql, partial(self._write, work=work, data=spec.data))

    def compute(
        self,
        spec: JobSpec,
        task: str,
        arrays: Arrays | Callable[[Step], Arrays],
        publish: Publish | None = None,
        salvage: Salvage | None = None,
    ) -> Job:
        """Have a worker process run `task` ("core.module:function", see core.jobs.task.Task); returns at once.

        It gets `spec.params` and `arrays` (numbers, not objects; a function is called when the job's turn comes, on a
        thread beside the page). `publish(writer, outcome)` then runs in one transaction with the job's last row, and
        returns the job's result; without it that is the task's, and the data stay as they are. Joins and reuses like
        `submit`.
        With `salvage` (see compute.Salvage) a job that is cancelled, or whose worker dies or gives up, keeps what it
        finished: `publish` runs on that, and the job ends "cancelled" ("interrupted", "failed") with a result. Such a
        result is never reused.
        Raises ValueError for a task that may not be run.
        """
        split_name(task, self._allowed)
        return self._start(
            spec,
            "compute",
            self._workers,
            partial(self._compute, task=task, arrays=arrays, publish=publish, salvage=salvage),
            keeps=salvage is not None,
        )

    # ---- looking

    def jobs(self, limit: int = 20) -> list[Job]:
        """The active jobs in the order they were started, then those that ended, the latest first."""
        with self._lock:
            live, ended = list(self._live.values()), list(self._ended.values())
        found = [job.view() for job in live] + ended[::-1]
        return found[:limit]

    def job(self, job_id: str) -> Job | None:
        """One job, or None if this workspace has none of that id."""
        with self._lock:
            live, ended = self._live.get(job_id), self._ended.get(job_id)
        if live:
            return live.view()
        return ended or ledger.find(self.store, job_id)

    def result(self, spec: JobSpec) -> Job | None:
        """The latest job that did exactly this on the data as they are and was done; None unless `spec.reuse`."""
        return ledger.done(self.store, spec.key(self.store.version)) if spec.reuse else None

    def wait(self, job_id: str, seconds: float) -> Job | None:
        """The job once it has ended, or as it stands after `seconds`; None if there is none of that id."""
        with self._lock:
            live = self._live.get(job_id)
        if live:
            live.over.wait(seconds)
        return self.job(job_id)

    # ---- stopping

    def cancel(self, job_id: str) -> bool:
        """Ask a job to stop; False if it has ended already. What it did is undone, unless it can be salvaged."""
        with self._lock:
            live = self._live.get(job_id)
        if live is None or not live.stop():
            return False
        if live.over.is_set():
            self._retire(live)
        return True

    def close(self, seconds: float = 30.0) -> bool:
        """Stop every job (`interrupted`) and the threads; whether all have ended within `seconds`.

        Nothing starts after it; `runner_for` makes a new runner.
        """
        with self._lock:
            self._closed = True
            live = list(self._live.values())
        for job in live:
            job.stop("interrupted")
        deadline = time.monotonic() + seconds
        ended = self._sql.close(seconds)
        ended = self._workers.close(max(0.0, deadline - time.monotonic())) and ended
        with _keeping:
            if _runners.get(self.store) is self:
                del _runners[self.store]
        return ended

    # ---- inside

    def _start(
        self, spec: JobSpec, name: LaneName, lane: Lane, act: Callable[[Live], dict[str, Any]], *, keeps: bool = False
    ) -> Job:
        earlier = self.result(spec)
        if earlier:
            return earlier
        with self._lock:
            if self._closed:
                raise Refusal("closing", "Limelight is closing, so nothing new is started.", "Open it again.")
            key = spec.key(self.store.version)
            same = next((job for job in self._live.values() if job.key == key and not job.cancelled()), None)
            if same:
                return same.view()
            live = Live(spec, key, name, self._clock, keeps=keeps)
            self._live[live.id] = live
            lane.add(partial(self._carry_out, live, act))
        return live.view()

    def _carry_out(self, live: Live, act: Callable[[Live], dict[str, Any]]) -> None:
        if not live.start():
            self._retire(live)
            return
        result, error, partly = None, None, False
        try:
            ledger.begin(self.store, live.view())
            result = act(live)
        except Cancelled:
            pass
        except _PartlyKept as kept:
            result, error, partly = kept.result, kept.error, True
        except BaseException as fault:  # noqa: BLE001  # the thread must live on, even if a library says SystemExit
            error = failures.explain(fault, live.id)
        self._conclude(live, result, error, partly)

    def _write(self, live: Live, work: Work, data: bool) -> dict[str, Any]:
        with self.store.atomic(data=data, step=live) as writer:
            result = work(writer, live)
            live.check()
            return ledger.finish(writer, live.id, result)

    def _compute(
        self,
        live: Live,
        task: str,
        arrays: Arrays | Callable[[Step], Arrays],
        publish: Publish | None,
        salvage: Salvage | None,
    ) -> dict[str, Any]:
        given = arrays(live.part(0.0, 0.02)) if callable(arrays) else arrays
        order = Order(live.id, task, self._allowed, dict(live.spec.params), machine.cores(), os.getpid())
        folder = self.store.spool / f"job-{live.id}"
        with carried_out(folder, order, given, live.part(0.02, 0.98), salvage) as outcome:
            data = publish is not None and live.spec.data  # without it only the job's own row is written

            def work(writer: Writer, step: Step) -> dict[str, Any]:
                return outcome.result if publish is None else publish(writer, outcome)

            why = outcome.cut_short
            if why is None:
                try:
                    live.report(0.98, "saving")
                    return self._write(live, work, data=data)
                except Cancelled as asked:
                    if salvage is None:
                        raise
                    why = asked
            raise self._keep(live, work, data, why)

    def _keep(self, live: Live, work: Work, data: bool, why: Cancelled | Refusal) -> _PartlyKept:
        """Store what a job finished that was cut short; nothing can stop it any more."""
        error = failures.kept_of(why) if isinstance(why, Refusal) else None
        status = live.stopped_as(failed=error is not None)
        with self.store.atomic(data=data) as writer:
            result = ledger.finish(writer, live.id, work(writer, no_step), status, error)
        return _PartlyKept(result, error)

    def _conclude(self, live: Live, result: dict[str, Any] | None, error: Refusal | None, partly: bool) -> None:
        ended = live.end(result=result, error=error, partly=partly)
        try:
            if ended.status != "done":
                ledger.end(self.store, ended)
        except Exception as fault:  # noqa: BLE001  # a full disk, a closed file: the next start calls it interrupted
            failures.explain(fault, live.id)
        self._retire(live)
        live.over.set()

    def _retire(self, live: Live) -> None:
        with self._lock:
            if self._live.pop(live.id, None):
                self._ended[live.id] = live.view()
            while len(self._ended) > _KEPT:
                del self._ended[next(iter(self._ended))]


_runners: dict[Store, Runner] = {}
_keeping = threading.Lock()


def runner_for(store: Store) -> Runner:
    """The runner of `store` in this process, made when first asked for. Close it before the store."""
    with _keeping:
        runner = _runners.get(store)
        if runner is None:
            runner = _runners[store] = Runner(store)
        return runner


@atexit.register
def _close_all() -> None:
    for runner in list(_runners.values()):
        runner.close(seconds=5.0)
