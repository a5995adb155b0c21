"""The worker program, `python -m core.jobs.worker FOLDER`: carries out one order and ends.

It never opens a workspace. It reads FOLDER/order.json and FOLDER/in, writes FOLDER/out and, last, FOLDER/end.json:
`{status: done | refused | cancelled | defect, ...}`. Progress goes to stdout, one JSON object a line. SIGTERM asks it
to stop; when the app that started it is gone, so is it.
"""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import json
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any, TextIO

from threadpoolctl import threadpool_limits

from core.jobs import failures
from core.jobs.job import as_json
from core.jobs.task import Order, arrays_in, find
from core.progress import Cancelled, Step

_EVERY = 0.1  # seconds between two lines of progress with the same note
_PR_SET_PDEATHSIG = 1


class _Lines(Step):
    """Progress as lines for the app."""

    def __init__(self, lines: TextIO) -> None:
        self._lines = lines
        self._stopped = False
        self._last, self._note = 0.0, ""
        self._lock = threading.Lock()

    def stop(self, *_: object) -> None:
        self._stopped = True

    def cancelled(self) -> bool:
        return self._stopped

    def _tell(self, share: float, note: str) -> None:
        with self._lock:
            now = time.monotonic()
            if note == self._note and now - self._last < _EVERY:
                return
            self._last, self._note = now, note
            print(json.dumps({"share": share, "note": note}), file=self._lines, flush=True)


def main(folder: Path) -> int:
    """Carry out the order in `folder`; the exit code (0 whenever end.json was written)."""
    order = Order.read(folder)
    _end_with(order.parent)
    _be_killed_first()
    faulthandler.enable()
    step = _Lines(_own_stdout())
    signal.signal(signal.SIGTERM, step.stop)
    end = as_json(_carry_out(order, folder, step))
    (folder / "end.part").write_text(end, encoding="utf-8")
    (folder / "end.part").replace(folder / "end.json")
    return 0


def _carry_out(order: Order, folder: Path, step: Step) -> dict[str, Any]:
    try:
        task = find(order.task, order.allowed)
        with threadpool_limits(limits=order.threads):
            result = task(order.params, arrays_in(folder / "in"), folder / "out", step)
        return {"status": "done", "result": json.loads(as_json(result))}
    except Cancelled:
        return {"status": "cancelled"}
    except Exception as error:  # noqa: BLE001  # every end of a task is told to the app
        refusal = failures.foreseen(error)
        if refusal:
            return {"status": "refused", "error": refusal.as_json()}
        return {"status": "defect", "type": type(error).__name__, "frames": failures.frames(error)}


def _end_with(parent: int) -> None:
    """End this process when the app does: by the kernel's word on Linux, and when stdin ends anywhere."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)  # the app was gone before the kernel was told

    def watch() -> None:
        with contextlib.suppress(OSError):
            while os.read(0, 1):
                pass
        os._exit(1)

    threading.Thread(target=watch, name="limelight-parent", daemon=True).start()


def _be_killed_first() -> None:
    """When memory runs out, the kernel shall stop this process and not the app."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")


def _own_stdout() -> TextIO:
    """The pipe to the app, which nothing else can write to: what libraries print goes to stderr."""
    pipe = os.dup(1)
    os.dup2(2, 1)
    return os.fdopen(pipe, "w", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
