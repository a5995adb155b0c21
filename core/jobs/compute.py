"""The app's side of a worker: start it, listen to it, stop it, and explain how it ended."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.errors import Refusal
from core.jobs import failures, machine
from core.jobs.task import Array, Order, arrays_in
from core.progress import Cancelled, Step

GRACE = 2.0
"""Seconds that a worker asked to stop has before it is killed. It has nothing to tidy: its folder is removed anyway."""

_ROOT = Path(__file__).parents[2]
_TICK = 0.1


@dataclass(frozen=True)
class Outcome:
    """What a worker left behind. Its files are gone once it has been published.

    Attributes:
        result: what the task returned.
        folder: where it wrote files; SQL may read them (`read_parquet`) while the outcome is being published.
        arrays: the `*.npy` among them, as read-only memory maps.
        peak_memory: bytes the worker held at most; None where the system does not tell.
        cut_short: why the task did not come to its end (Cancelled, or a Refusal), where `result` is what could be
            saved of it; None where it did.
    """

    result: dict[str, Any]
    folder: Path
    arrays: Mapping[str, Array] = field(repr=False)
    peak_memory: int | None = None
    cut_short: Cancelled | Refusal | None = None


Salvage = Callable[[Path], dict[str, Any] | None]
"""`salvage(folder) -> result`: what a task that was cut short would have returned for the work that it finished, going
by the files it left in its folder (each put there whole, by renaming); None where it finished nothing worth keeping."""


@contextmanager
def carried_out(
    folder: Path, order: Order, arrays: Mapping[str, Array], step: Step, salvage: Salvage | None = None
) -> Iterator[Outcome]:
    """Have a worker carry out `order` in `folder`, which is made here and removed at the end of the `with`.

    With `salvage` a task that was cut short gives what it finished, if anything: see `Outcome.cut_short`.
    Raises Cancelled when `step` is cancelled, and Refusal: the task's own, `out_of_memory`, `worker_killed`,
    `worker_crashed`, `defect`.
    """
    folder.mkdir(mode=0o700)
    try:
        order.write(folder, arrays)
        step.check()
        code, peak = _run(folder, order, step)
        cut_short: Cancelled | Refusal | None = None
        try:
            result = _judge(folder, order.job_id, code, peak, step)
        except (Cancelled, Refusal) as why:
            saved = _saved(folder / "out", salvage, order.job_id)
            if saved is None:
                raise
            result, cut_short = saved, why
        yield Outcome(result, folder / "out", arrays_in(folder / "out"), peak, cut_short)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _saved(folder: Path, salvage: Salvage | None, job_id: str) -> dict[str, Any] | None:
    try:
        return salvage(folder) if salvage else None
    except Exception as fault:  # noqa: BLE001  # why the task ended matters more than that nothing could be saved
        failures.explain(fault, job_id)
        return None


def _run(folder: Path, order: Order, step: Step) -> tuple[int, int | None]:
    """Exit code and peak memory of the worker; negative codes are signals."""
    with (folder / "worker.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "core.jobs.worker", str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            cwd=_ROOT,
            env={**os.environ, **machine.thread_variables(order.threads), "PYTHONPATH": _python_path()},
            start_new_session=True,  # a process group of its own: it is killed whole, and Ctrl-C is the app's alone
        )
    listener = threading.Thread(target=_listen, args=(process, step), name="limelight-listen", daemon=True)
    peak: int | None = None
    try:
        listener.start()
        asked: float | None = None
        while listener.is_alive():
            listener.join(_TICK)
            peak = machine.peak_memory(process.pid) or peak
            if asked is None and step.cancelled():
                asked = time.monotonic()
                process.terminate()
            elif asked is not None and time.monotonic() - asked > GRACE:
                _kill(process)
        return process.wait(GRACE), peak  # it closed its pipe, so it is ending
    except subprocess.TimeoutExpired:
        _kill(process)
        return process.wait(), peak
    finally:
        _kill(process)
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe:
                pipe.close()


def _listen(process: subprocess.Popen[bytes], step: Step) -> None:
    assert process.stdout
    for line in process.stdout:
        with contextlib.suppress(ValueError, KeyError, TypeError, Cancelled):
            told = json.loads(line)
            step.report(float(told["share"]), str(told["note"]))


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill the worker with whatever it has started."""
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()


def _judge(folder: Path, job_id: str, code: int, peak: int | None, step: Step) -> dict[str, Any]:
    """The worker's result, or why there is none."""
    try:
        end = json.loads((folder / "end.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        end = {"status": "gone"}
    step.check()
    match end["status"]:
        case "done":
            result: dict[str, Any] = end["result"]
            return result
        case "refused":
            raise Refusal(**end["error"])
        case "defect":
            raise failures.defect(end["type"], end["frames"], job_id)
    raise _gone(folder, code, peak, job_id)


def _gone(folder: Path, code: int, peak: int | None, job_id: str) -> Refusal:
    """A worker that ended without a word."""
    printed = (folder / "worker.log").read_text(encoding="utf-8", errors="replace").splitlines()
    frames = [line.strip() for line in printed if line.startswith('  File "')]  # all that is surely not about a person
    used = f" It had used {peak / 1e9:.1f} GB of memory at most." if peak else ""
    failures.log.error("job %s: worker ended with %s, peak memory %s, %s", job_id, code, peak, frames[:10])
    if code in (0, -signal.SIGKILL, -signal.SIGTERM):  # 0: it was asked to stop, by someone who is not Limelight
        return Refusal(
            "worker_killed",
            f"The computation was stopped by the system, most likely because memory ran out.{used} Nothing was kept.",
            failures.out_of_memory().hint,
        )
    how = signal.Signals(-code).name if code < 0 and -code in set(signal.Signals) else f"exit code {code}"
    return Refusal(
        "worker_crashed",
        f"The computation crashed ({how}).{used} Nothing of it was kept, and the rest of Limelight is unharmed.",
        f"Please report it with the job's number, {job_id}. With fewer users or items it may go through.",
    )


def _python_path() -> str:
    return os.pathsep.join(filter(None, (str(_ROOT), os.environ.get("PYTHONPATH"))))
