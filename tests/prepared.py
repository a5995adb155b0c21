"""Workspaces of the real data sets, each loaded once for a whole test run and copied by whoever needs it.

A load of a data set takes seconds of a core, a copy of its workspace hundredths. The workers of pytest-xdist share
what the first of them to ask has made, in the run's own temporary folder.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from core.store import Store, open_workspace, workspace_path
from core.store.encryption import encryption_key


def once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """The file `name` of this test run, made by `make(path)` if no worker has made it yet; never to be written to."""
    base = factory.getbasetemp()
    folder = (base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base) / "prepared"
    folder.mkdir(exist_ok=True)
    path = folder / name
    with (folder / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # let go of by the kernel, should the worker die
        if not path.exists():
            unfinished = folder / f"unfinished-{name}"
            unfinished.unlink(missing_ok=True)
            make(unfinished)
            unfinished.rename(path)
            path.chmod(0o444)  # whoever forgets to copy it is told so
    return path


def workspace(factory: pytest.TempPathFactory, name: str, files: Sequence[Path]) -> Path:
    """A workspace file of these data files, each taken as the load proposes; to be copied, not opened."""

    def make(path: Path) -> None:
        from tests.pages.drive import loaded

        with Store(path) as store:
            loaded(store, *files)

    return once(factory, f"{name}.duckdb", make)


@cache
def _empty() -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "empty.duckdb"
        Store(path).close()
        return path.read_bytes()


def new_store(path: Path, reads: Sequence[Path] = ()) -> Store:
    """A new workspace as `Store(path)` makes it, in half the time; nothing is taken for it where a file is there."""
    if encryption_key() is None and not path.exists():
        path.write_bytes(_empty())
    return Store(path, reads=reads)


def copied(prepared: Path, to: Path) -> Path:
    """A copy of a prepared workspace that may be written to; `to` names a file or a folder that is there."""
    path = to / prepared.name if to.is_dir() else to
    return Path(shutil.copyfile(prepared, path))


def opened_copy(prepared: Path, name: str) -> Store:
    """A copy of a prepared workspace as the workspace `name` of this process."""
    copied(prepared, workspace_path(name))
    return open_workspace(name, create=False)
