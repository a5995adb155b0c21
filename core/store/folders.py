"""The spool and export folders of a process: private, gone with it, and its own though others start at that moment."""

from __future__ import annotations

import atexit
import fcntl
import os
import shutil
import tempfile
import threading
from pathlib import Path
from typing import IO

_PREFIX = "limelight-"
_made: dict[str, tuple[Path, Path]] = {}  # one entry, once made
_making = threading.Lock()  # two threads that ask first at once get the same folders
_locks: list[IO[str]] = []  # held open for as long as the process lives


def open_folders() -> tuple[Path, Path]:
    """The spool and export folders of this process, private to its user, removed when it ends.

    A killed process leaves its folders, with people's uploads in them, behind: the next one to start removes them.
    """
    with _making:
        if "folders" not in _made:
            _made["folders"] = _make()
        return _made["folders"]


def _make() -> tuple[Path, Path]:
    folder = Path(tempfile.gettempdir())
    for left in folder.glob(f"{_PREFIX}*"):
        _remove_if_left(left)
    base = _locked(folder)
    atexit.register(shutil.rmtree, base, ignore_errors=True)
    spool, exports = base / "spool", base / "exports"
    for part in (spool, exports):
        part.mkdir(mode=0o700)
    return spool, exports


def _locked(folder: Path) -> Path:
    """A new folder in `folder` that is this process's own.

    Another process may tidy up between the making of the lock and the taking of it, and remove the folder as one
    that was left. So the lock is waited for, and counts only if the file that it holds is still there; a folder whose
    lock is held is never removed.
    """
    while True:
        base = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=folder))
        lock = (base / "lock").open("w")
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (base / "lock").exists():
            _locks.append(lock)
            return base
        lock.close()


def _remove_if_left(base: Path) -> None:
    """Remove a folder of `open_folders` whose process is gone: the kernel has let go of its lock."""
    try:
        if base.is_symlink() or base.stat().st_uid != os.getuid():
            return
        with (base / "lock").open("r+") as lock:  # a folder without one is being made this moment, or is not ours
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(base, ignore_errors=True)
    except OSError:
        return
