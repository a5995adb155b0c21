"""Folders of a process: its own from the first moment, though other processes tidy up at the same one."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import pytest

from core.store import folders

FLOCK = fcntl.flock


@pytest.fixture(autouse=True)
def _none_yet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Folders are made anew, in `tmp_path`; those of this process are back after the test."""
    locks: list[IO[str]] = []
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(folders, "_locks", locks)
    monkeypatch.setattr(folders, "_made", {})
    yield
    for lock in locks:
        lock.close()


def tidy(folder: Path) -> None:
    for base in folder.glob("limelight-*"):
        folders._remove_if_left(base)


def between(monkeypatch: pytest.MonkeyPatch, does: Callable[[], None]) -> None:
    """Does it once, in the moment after the first folder and its lock are made and before the lock is taken."""
    done: list[bool] = []

    def flock(file: IO[str], how: int) -> None:
        if not done:
            done.append(True)
            does()
        FLOCK(file, how)

    monkeypatch.setattr(fcntl, "flock", flock)


def test_another_process_that_tidies_before_the_lock_is_taken_removes_nothing_in_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    removed: list[Path] = []

    def other() -> None:
        removed.extend(tmp_path.glob("limelight-*"))
        tidy(tmp_path)

    between(monkeypatch, other)
    spool, exports = folders.open_folders()
    assert len(removed) == 1
    assert not removed[0].exists()
    assert spool.is_dir()
    assert exports.is_dir()
    tidy(tmp_path)
    assert (spool.is_dir(), exports.is_dir()) == (True, True), "what is in use is locked"
    assert list(tmp_path.glob("limelight-*")) == [spool.parent]


def test_another_process_that_is_about_to_remove_the_folder_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other holds the lock and has not removed anything yet: it does so while this one waits."""
    threads: list[threading.Thread] = []
    held = threading.Event()

    def remove(base: Path) -> None:
        with (base / "lock").open("r+") as lock:
            FLOCK(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            held.set()
            threading.Event().wait(0.3)
            shutil.rmtree(base)

    def other() -> None:
        threads.append(threading.Thread(target=remove, args=tuple(tmp_path.glob("limelight-*"))))
        threads[0].start()
        assert held.wait(10)

    between(monkeypatch, other)
    spool, exports = folders.open_folders()
    threads[0].join()
    assert spool.is_dir()
    assert exports.is_dir()
    assert list(tmp_path.glob("limelight-*")) == [spool.parent]


def test_what_another_process_did_is_known_by_the_lock_file(tmp_path: Path) -> None:
    """A left folder goes, one whose lock is held stays, one without a lock (being made this moment) stays."""
    left, held, new = (tmp_path / f"limelight-{name}" for name in ("left", "held", "new"))
    for base in (left, held, new):
        base.mkdir()
        (base / "upload.csv").write_text("personal")
    for base in (left, held):
        (base / "lock").touch()
    with (held / "lock").open("w") as lock:
        FLOCK(lock, fcntl.LOCK_EX)
        folders.open_folders()
        assert [base.exists() for base in (left, held, new)] == [False, True, True]
        assert (held / "upload.csv").read_text() == "personal"


def test_threads_that_ask_first_at_once_get_the_same_folders(tmp_path: Path) -> None:
    answers: list[tuple[Path, Path]] = []
    ready = threading.Barrier(8)

    def ask() -> None:
        ready.wait()
        answers.append(folders.open_folders())

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 8
    assert len(set(answers)) == 1
    assert len(list(tmp_path.glob("limelight-*"))) == 1


@pytest.mark.slow
def test_processes_that_start_and_end_at_once_each_have_their_own(tmp_path: Path) -> None:
    """Each forks children that make folders, write into them and are killed, all tidying up after each other."""
    code = (
        "import os, sys\n"
        "from core.store import folders\n"
        "failed = 0\n"
        "for n in range(150):\n"
        "    child = os.fork()\n"
        "    if not child:\n"
        "        try:\n"
        "            for folder in folders.open_folders():\n"
        "                (folder / 'mine').write_text(str(os.getpid()))\n"
        "            for folder in folders.open_folders():\n"
        "                assert (folder / 'mine').read_text() == str(os.getpid())\n"
        "        except BaseException as error:\n"
        "            print(repr(error), file=sys.stderr, flush=True)\n"
        "            os._exit(1)\n"
        "        os._exit(0)\n"
        "    failed += os.waitpid(child, 0)[1] != 0\n"
        "print(failed)"
    )
    at_once = [
        subprocess.Popen(
            [sys.executable, "-c", code],
            env={**os.environ, "TMPDIR": str(tmp_path)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    said = [process.communicate(timeout=120) for process in at_once]
    assert [out.strip() for out, _ in said] == ["0"] * 4, [err for _, err in said]
    assert len(list(tmp_path.glob("limelight-*"))) <= 4
