"""Bringing a workspace back from a file."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from core.errors import Refusal
from core.progress import Step, no_step
from core.quality.repairs import repairs
from core.store import Store, adopt, is_open, kept_closed, workspace_path
from core.store.connect import connect
from core.store.copies import write_anew
from core.store.digest import content_digest
from core.store.folders import open_folders
from core.store.room import room_for

KEPT = "before-restore"
"""The folder beside the workspaces, outside their list, in which those lie whose place a restored one took."""


def restore(
    file: Path,
    name: str,
    *,
    replace: bool = False,
    let_go: Callable[[Store], object] | None = None,
    step: Step = no_step,
) -> dict[str, Any]:
    """Make the workspace `name` (a bare name of `home()`, or a path) from a backup, which is only read.

    The file may come from anywhere: the rows of its tables are taken over into tables of our own making, and a file
    that holds anything else is refused (core.store.adopt). Nothing is touched until the new workspace is whole.
    With `replace`, a workspace of that name is kept as
    `before-restore/NAME.before-restore-YYYYmmdd-HHMMSS.duckdb` beside it. It must be closed; or give `let_go`, which is
    called with the open Store when the new one is whole, to stop what works on it, and then it is closed here.

    Returns `{"workspace", "path", "rows": {table: n}, "bytes", "digest", "version", "kept": path or None}`.
    Raises Refusal `no_such_file`, `not_a_workspace`, `damaged_file`, `foreign_objects`, `encrypted_file`,
    `key_missing`, `wrong_key`, `workspace_from_newer_version`, `workspace_exists`, `workspace_open`,
    `workspace_locked`, `bad_workspace_name`, `no_such_folder`, `disk_full`, `cannot_write`; Cancelled.
    """
    path = workspace_path(name)
    if path.suffix != ".duckdb":
        raise Refusal("bad_workspace_name", f"{name!r} is no name of a workspace.", "Give a bare name, or FILE.duckdb.")
    if not file.is_file():
        raise Refusal("no_such_file", f"There is no file {file}.", "Check the path.")
    if is_open(file):
        raise Refusal("workspace_open", f"{file} is a workspace in use.", "Take a backup of it, and restore that.")
    _check_place(file, path, replace=replace, may_be_open=let_go is not None)
    made = open_folders()[1] / f"restore-{secrets.token_hex(4)}.duckdb"
    try:
        rows = adopt(file, made, step=step.part(0.0, 0.8))
        digest, version = _opened(file, made)
        step.report(0.9, "Putting the workspace in place")
        size = made.stat().st_size
        closed = kept_closed(path, let_go) if let_go and replace else nullcontext()
        with write_anew(made, path, replace=replace) as put, closed:
            _check_place(file, path, replace=replace)
            kept = _keep(path) if path.exists() else None
            put()
            path.with_name(f"{path.name}.wal").unlink(missing_ok=True)  # of the one that was there
    finally:
        for left in (made, made.with_name(f"{made.name}.wal")):
            left.unlink(missing_ok=True)
    step.report(1.0, "Restored")
    return {
        "workspace": path.stem,
        "path": str(path),
        "rows": rows,
        "bytes": size,
        "digest": digest,
        "version": version,
        "kept": str(kept) if kept else None,
    }


def _check_place(file: Path, path: Path, *, replace: bool, may_be_open: bool = False) -> None:
    if not path.parent.is_dir():
        raise Refusal("no_such_folder", f"The folder {path.parent} does not exist.", "Make it first, or name another.")
    if not path.exists():
        return
    if path.samefile(file):
        raise Refusal("over_workspace", f"{file} is that workspace itself.", "Name a backup of it.")
    if not replace:
        raise Refusal(
            "workspace_exists",
            f"There is a workspace {path.stem!r} already.",
            "Name another, or replace it (--replace).",
        )
    if is_open(path):
        if may_be_open:
            return
        raise Refusal("workspace_open", f"The workspace {path.stem!r} is open.", "Close it first.", exit_code=4)
    try:
        connect(path, reads=[]).close()  # nobody else has it open, and its log is folded in
    except Refusal as refusal:
        if refusal.code == "workspace_locked":
            raise


def _opened(file: Path, made: Path) -> tuple[str, int]:
    """Digest and version of the new workspace: it can be opened, brought up to date and read."""
    try:
        with room_for(made), Store(made) as store:
            repairs(store)  # rules that cannot be read would stop every load later
            return content_digest(store), store.version
    except (duckdb.Error, Refusal, TypeError, ValueError) as error:
        if isinstance(error, Refusal) and error.code != "bad_repair":
            raise
        raise Refusal("damaged_file", f"{file} cannot be read as a workspace.", "Take another backup.") from None


def _keep(path: Path) -> Path:
    """A second name for the file that is there, under which it stays when the new one takes its place."""
    folder = path.parent / KEPT
    folder.mkdir(exist_ok=True)
    now = datetime.now(UTC)
    kept = folder / f"{path.stem}.before-restore-{now:%Y%m%d-%H%M%S}.duckdb"
    if kept.exists():
        kept = kept.with_stem(f"{kept.stem}-{secrets.token_hex(2)}")
    try:
        os.link(path, kept)
    except OSError:  # a disk that knows no links
        with room_for(kept):
            shutil.copyfile(path, kept)
    log = path.with_name(f"{path.name}.wal")
    if log.exists():  # of a damaged workspace, which could not be opened
        shutil.copyfile(log, kept.with_name(f"{kept.name}.wal"))
    return kept
