"""Backups: a whole workspace as one file, taken while it is in use, checked before it counts."""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.errors import Refusal
from core.progress import Step, no_step
from core.store import Query, Store, ident
from core.store.copies import write_anew
from core.store.digest import content_digest
from core.store.room import room_for
from core.takeout.places import check_target


@dataclass(frozen=True)
class Backup:
    """A backup that was made.

    Attributes:
        path: the file: a workspace like any other.
        rows: table -> rows.
        bytes: size of the file.
        digest: of its content (core.store.digest).
        taken_at: UTC: what the workspace held then.
    """

    path: Path
    rows: dict[str, int]
    bytes: int
    digest: str
    taken_at: datetime

    def as_json(self) -> dict[str, Any]:
        """Plain JSON; the path as text, the moment as ISO text."""
        return {**asdict(self), "path": str(self.path), "taken_at": self.taken_at.isoformat(timespec="seconds")}


def backup(store: Store, path: Path, *, replace: bool = False, step: Step = no_step) -> Backup:
    """Write the whole workspace, as it is at this moment, to one file; others may read and write meanwhile.

    The copy is opened and its rows are counted against those of the same moment before it is put in place, at once. It
    holds nothing of what was deleted earlier. Takes the room of two copies for a moment where the folder of temporary
    files is on another disk. Cancelled or killed, it leaves nothing, and a file that was there stays as it was.

    Raises Refusal `file_exists`, `over_workspace`, `no_such_folder`, `is_a_folder`, `disk_full`, `cannot_write`,
    `encrypted_workspace`, `backup_differs`.
    """
    check_target(store, path, replace=replace)
    made = store.exports / f"backup-{secrets.token_hex(4)}.duckdb"
    try:
        now = datetime.now(UTC).replace(tzinfo=None)
        rows = store.copy_whole(made, step=step.part(0.0, 0.6))
        step.report(0.6, "Checking the copy")
        digest = _checked(made, rows)
        step.report(0.9, "Putting the copy in place")
        size = made.stat().st_size
        put_in_place(made, path, replace=replace)
    finally:
        for left in (made, made.with_name(f"{made.name}.wal")):
            left.unlink(missing_ok=True)
    step.report(1.0, "Backed up")
    return Backup(path, rows, size, digest, now)


def put_in_place(made: Path, path: Path, *, replace: bool) -> None:
    """Move a file to `path`, at once; without `replace` never over a file that is there, however late it came."""
    with write_anew(made, path, replace=replace) as put:
        put()


def _checked(made: Path, rows: dict[str, int]) -> str:
    """The digest of the copy's content, once its tables have been counted."""
    with room_for(made), Store(made) as copy:
        found = {
            table: int(copy.rows(Query(f"SELECT count(*) AS n FROM {ident(table)}"), raw=True)[0]["n"])
            for table in rows
        }
        if found != rows:
            odd = next(table for table in rows if found[table] != rows[table])
            raise Refusal(
                "backup_differs",
                f"The copy has {found[odd]:,} rows in {odd}, and the workspace {rows[odd]:,}. It was thrown away.",
                "Check the disk, and try again.",
            )
        return content_digest(copy)
