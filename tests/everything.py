"""All checks and tests at once: `python -m tests.everything make`, which is what `make test` runs.

The unit tests keep the cores busy and the browser tests mostly wait, so that side by side they take little longer
than the former alone. Lint comes first: it takes seconds, and where it fails the rest need not be waited for. Tests are
collected once, beside the types, so that all workers find them compiled.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).parents[1]
FIRST = ("lint",)
TOGETHER = ("types", "collect")
AFTER = ("unit", "browser-tests")
"""Begun when the last of those before has ended."""


class Part:
    """One target of the Makefile in a process group of its own; its lines are shown as they come, after its name."""

    def __init__(self, make: str, name: str) -> None:
        self.name, self.seconds = name, 0.0
        self._began = time.monotonic()
        self._process = subprocess.Popen(
            [make, "--no-print-directory", name],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._show, daemon=True)
        self._reader.start()

    def _show(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            print(f"{self.name:13} | {line.rstrip()}", flush=True)

    def wait(self) -> int:
        """The exit code, when it has ended."""
        code = self._process.wait()
        self.seconds = time.monotonic() - self._began
        self._reader.join(5)
        if not self._reader.is_alive() and self._process.stdout:  # alive: a child of it still holds the pipe
            self._process.stdout.close()
        return code

    def stop(self, seconds: float = 20) -> None:
        """End it as Ctrl-C would, which lets tests stop the apps they started; by force where that does not help."""
        for number in (signal.SIGINT, signal.SIGKILL):
            if self._process.poll() is not None:
                return
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(seconds)


def run(
    make: str, names: tuple[str, ...], after: tuple[str, ...] = (), ended: threading.Event | None = None
) -> dict[str, int]:
    """The exit codes of these targets, run side by side; those `after` begin when the last of the others has ended.

    Once `ended` is set nothing begins any more, and what has begun is ended.
    """
    ended = ended or threading.Event()
    parts = [Part(make, name) for name in names]
    try:
        codes = _all({parts[-1]} if after else set(parts), ended)
        if not ended.is_set():
            parts += [Part(make, name) for name in after]
            codes |= _all({part for part in parts if part.name not in codes}, ended)
    finally:
        for part in parts:
            part.stop()
    if ended.is_set():
        raise KeyboardInterrupt
    for part in parts:
        print(f"{part.name:13} {part.seconds:4.0f} s  {'passed' if codes[part.name] == 0 else 'FAILED'}", flush=True)
    return codes


def _all(parts: set[Part], ended: threading.Event) -> dict[str, int]:
    """The exit codes of these parts when all have ended, or of those that have when `ended` is set."""
    codes: dict[str, int] = {}
    threads = [threading.Thread(target=lambda p=part: codes.update({p.name: p.wait()}), daemon=True) for part in parts]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads) and not ended.wait(0.1):
        pass
    return dict(codes)


def main(make: str) -> int:
    """0 when every part passed, else 1; 130 when it was ended."""
    # A signal only sets a mark: an exception would come at any point, also between a part's start and its being noted.
    ended = threading.Event()
    before = {number: signal.signal(number, lambda *_: ended.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        failed = any(run(make, FIRST, (), ended).values()) or any(run(make, TOGETHER, AFTER, ended).values())
        return int(failed)
    except KeyboardInterrupt:
        return 130
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
