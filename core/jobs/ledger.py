"""The rows of table `jobs`: one written when a job starts, changed once when it ends."""

from __future__ import annotations

import json
from typing import Any, cast

from core.errors import Refusal
from core.jobs.job import Job, Status, as_json
from core.jobs.live import utc_now
from core.store import Query, Store, Writer

_COLUMNS = "job_id, key, kind, title, lane, status, spec, result, error, started_at, ended_at"


def begin(store: Store, job: Job) -> None:
    """Write that `job` runs. Does not wait for a writer at work."""
    store.note(
        Query(
            "INSERT INTO jobs (job_id, key, kind, title, lane, status, spec, started_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (job.id, job.key, job.kind, job.title, job.lane, job.status, as_json(job.params), job.started_at),
        )
    )


def finish(
    writer: Writer, job_id: str, result: dict[str, Any], status: Status = "done", error: Refusal | None = None
) -> dict[str, Any]:
    """Write that a job is done (or was cut short, and keeps this), in the same transaction as its work; the result as
    it will be read back.
    """
    text, why = as_json(result), as_json(error.as_json()) if error else None
    writer.run(
        Query(
            "UPDATE jobs SET status = ?, result = ?, error = ?, ended_at = ? WHERE job_id = ?",
            (status, text, why, utc_now(), job_id),
        )
    )
    return cast(dict[str, Any], json.loads(text))


def end(store: Store, job: Job) -> None:
    """Write how a job ended that was not done. Does not wait for a writer at work."""
    error = as_json(job.error.as_json()) if job.error else None
    store.note(
        Query(
            "UPDATE jobs SET status = ?, error = ?, ended_at = ? WHERE job_id = ?",
            (job.status, error, job.ended_at, job.id),
        )
    )


def interrupt(store: Store) -> int:
    """Jobs still `running` when the workspace is opened were cut off; how many there were."""
    with store.atomic(data=False) as writer:
        return writer.run(
            Query("UPDATE jobs SET status = 'interrupted', ended_at = ? WHERE status = 'running'", (utc_now(),))
        )


def latest(store: Store, limit: int) -> list[Job]:
    """The jobs last started, the newest first."""
    return _read(store, Query(f"SELECT {_COLUMNS} FROM jobs ORDER BY started_at DESC, job_id LIMIT ?", (limit,)))


def find(store: Store, job_id: str) -> Job | None:
    """One job, or None."""
    return next(iter(_read(store, Query(f"SELECT {_COLUMNS} FROM jobs WHERE job_id = ?", (job_id,)))), None)


def done(store: Store, key: str) -> Job | None:
    """The latest job with this key that was done, or None."""
    query = Query(
        f"SELECT {_COLUMNS} FROM jobs WHERE key = ? AND status = 'done' ORDER BY ended_at DESC LIMIT 1", (key,)
    )
    return next(iter(_read(store, query)), None)


def _read(store: Store, query: Query) -> list[Job]:
    return [_job(row) for row in store.rows(query)]


def _job(row: dict[str, Any]) -> Job:
    started, ended = row["started_at"], row["ended_at"]
    return Job(
        id=row["job_id"], key=row["key"], kind=row["kind"], title=row["title"],
        params=json.loads(row["spec"]), lane=row["lane"], status=row["status"],
        share=1.0 if row["status"] == "done" else 0.0,
        started_at=started, ended_at=ended,
        elapsed=(ended - started).total_seconds() if ended else 0.0,
        result=json.loads(row["result"]) if row["result"] else None,
        error=Refusal(**json.loads(row["error"])) if row["error"] else None,
    )  # fmt: skip
