"""A job of this process while it is active: its progress is kept in memory only."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Literal

from core.errors import Refusal
from core.jobs.job import ACTIVE, Job, JobSpec, LaneName, Status
from core.jobs.pace import Pace
from core.progress import Amount, Meter, Step


class Live(Step):
    """The step that a job's work reports to, and the state that everyone else looks at. Safe for any thread."""

    def __init__(
        self,
        spec: JobSpec,
        key: str,
        lane: LaneName,
        clock: Callable[[], float] = time.monotonic,
        *,
        keeps: bool = False,
    ) -> None:
        self.id = uuid.uuid4().hex[:12]
        self.spec, self.key, self.lane, self._keeps = spec, key, lane, keeps
        self.over = threading.Event()
        self._clock = clock
        self._lock = threading.Lock()
        self._status: Status = "waiting"
        self._stop: Literal["cancelled", "interrupted"] | None = None
        self._share, self._note, self._pace, self._meter = 0.0, "", Pace(), Meter()
        self._started_at: datetime | None = None
        self._ended_at: datetime | None = None
        self._began = self._took = 0.0
        self._result: dict[str, Any] | None = None
        self._error: Refusal | None = None

    def start(self) -> bool:
        """Waiting becomes running; False if it was stopped while it waited."""
        with self._lock:
            if self._stop or self._status != "waiting":
                return False
            self._status, self._started_at, self._began = "running", utc_now(), self._clock()
            return True

    def stop(self, status: Literal["cancelled", "interrupted"] = "cancelled") -> bool:
        """Ask it to end with `status`; False if it has ended. One that waits ends at once."""
        with self._lock:
            if self._status not in ACTIVE:
                return False
            self._stop = self._stop or status
            if self._status == "waiting":
                self._end(self._stop)
                self.over.set()
            return True

    def stopped_as(self, *, failed: bool) -> Status:
        """The status of a job that was cut short: failed, or stopped as it was asked to be."""
        return "failed" if failed else self._stop or "cancelled"

    def end(self, *, result: dict[str, Any] | None = None, error: Refusal | None = None, partly: bool = False) -> Job:
        """Done with `result`, failed with `error`, or, with neither, stopped as it was asked to be.

        `partly`: `result` is what was kept of a job that was cut short, which is then not done.

        Whoever waits for `over` goes on waiting until the runner has written the job's last row and sets it.
        """
        with self._lock:
            self._result, self._error = result, error
            done = result is not None and not partly and not error
            self._end("done" if done else self.stopped_as(failed=error is not None))
        return self.view()

    def view(self) -> Job:
        """How it stands now."""
        with self._lock:
            now = self._clock()
            return Job(
                self.id, self.key, self.spec.kind, self.spec.title, self.spec.params, self.lane,
                self._status, self._share, self._note, self._started_at, self._ended_at,
                elapsed=now - self._began if self._status == "running" else self._took,
                remaining=self._pace.remaining(now) if self._status == "running" else None,
                result=self._result, error=self._error, stopping=self._status == "running" and self._stop is not None,
                counted=self._meter.say() if self._status == "running" else "", keeps=self._keeps,
            )  # fmt: skip

    def cancelled(self) -> bool:
        """Whether someone has asked it to stop, or Limelight is closing."""
        return self._stop is not None

    def _tell(self, share: float, note: str) -> None:
        with self._lock:
            self._share, self._note = max(self._share, share), note or self._note
            self._pace.note(self._clock(), self._share)

    def _count(self, amount: Amount | None) -> None:
        with self._lock:
            self._meter.note(self._clock(), amount)

    def _end(self, status: Status) -> None:
        self._took = self._clock() - self._began if self._started_at else 0.0
        if status == "done":
            self._share, self._note = 1.0, ""
        self._status, self._ended_at = status, utc_now()


def utc_now() -> datetime:
    """The time of day in UTC, without a zone, as the workspace keeps it."""
    return datetime.now(UTC).replace(tzinfo=None)
