"""What a job is to those who start it (JobSpec) and to those who look at it (Job)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from core.errors import Refusal

LaneName = Literal["sql", "compute"]
Status = Literal["waiting", "running", "done", "failed", "cancelled", "interrupted"]

ACTIVE: tuple[Status, ...] = ("waiting", "running")
"""A job in any other status has ended."""


@dataclass(frozen=True)
class JobSpec:
    """What is to be done, as a value: two equal specs on the same data are one job.

    Attributes:
        kind: what sort of work, one word ("load", "fit").
        title: what people call it ("Load events.csv"); not part of the key.
        params: everything the outcome depends on beside the data; plain JSON, else TypeError. For a compute job, what
            its task gets.
        data: the outcome changes the data, so that the store's version rises.
        reuse: the work only reads: a second start on the same data is given the earlier result.
    """

    kind: str
    title: str
    params: Mapping[str, Any] = field(default_factory=dict)
    data: bool = True
    reuse: bool = False

    def __post_init__(self) -> None:
        as_json(self.params)
        if self.data and self.reuse:
            raise ValueError("a job that changes the data cannot be reused")

    def key(self, version: int) -> str:
        """Names this work on the data of `version`.

        >>> JobSpec("fit", "A", {"k": 2}).key(1) == JobSpec("fit", "B", {"k": 2}).key(1)
        True
        >>> JobSpec("fit", "A", {"k": 2}).key(1) == JobSpec("fit", "A", {"k": 2}).key(2)
        False
        """
        return hashlib.sha256(as_json([version, self.kind, self.params]).encode()).hexdigest()


@dataclass(frozen=True)
class Job:
    """A job as it stands at one moment.

    Attributes:
        id: its name in this workspace.
        key: hash of data version and spec; see JobSpec.key.
        kind, title, params: as in its JobSpec.
        lane: "sql" (a thread of this process) or "compute" (a worker process).
        status: waiting and running jobs are active, all others have ended.
        share: how much is done, 0 to 1.
        note: what it is doing, in a few words; may be empty.
        started_at, ended_at: UTC; None where it has not.
        elapsed: seconds since it started, or that it took.
        remaining: seconds it will still take, estimated; None while that cannot be said, or once it has ended.
        result: what the work returned, when done; what was kept of it, where it was cut short; else None.
        error: why it failed; only when failed.
        counted: how far its phase is in rows or bytes, and how fast; empty where the phase counts nothing.
        keeps: cut short, it keeps what it has finished; known while it is active.
        stopping: it was asked to stop and has not yet.
    """

    id: str
    key: str
    kind: str
    title: str
    params: Mapping[str, Any]
    lane: LaneName
    status: Status
    share: float = 0.0
    note: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    elapsed: float = 0.0
    remaining: float | None = None
    result: dict[str, Any] | None = None
    error: Refusal | None = None
    stopping: bool = False
    counted: str = ""
    keeps: bool = False

    @property
    def active(self) -> bool:
        """Whether it is waiting or running."""
        return self.status in ACTIVE


def as_json(value: object) -> str:
    """`value` as JSON text, the same for equal values. Raises TypeError or ValueError where JSON has no word."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, allow_nan=False)
