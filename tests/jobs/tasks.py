"""Tasks for the worker in tests: one for each way in which a computation can go or end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import threadpoolctl

from core.errors import Refusal
from core.jobs.task import Array
from core.progress import Step

Params = dict[str, Any]
Arrays = Mapping[str, Array]


def total(params: Params, arrays: Arrays, folder: Path, step: Step) -> dict[str, Any]:
    """Sums a memory map and leaves its running sums as a file."""
    step.report(0.5, "adding up")
    x = arrays["x"]
    np.save(folder / "sums.npy", np.cumsum(x))
    return {"sum": float(x.sum()), "mapped": isinstance(x, np.memmap), "writeable": bool(x.flags.writeable), **params}


def crawl(params: Params, arrays: Arrays, folder: Path, step: Step) -> dict[str, Any]:
    """Sleeps `seconds`, reporting as it goes."""
    begin, seconds = time.monotonic(), params["seconds"]
    while (passed := time.monotonic() - begin) < seconds:
        step.report(passed / seconds, f"{passed:.1f} s")
        time.sleep(0.02)
    return {"pid": os.getpid()}


def deaf(params: Params, arrays: Arrays, folder: Path, step: Step) -> dict[str, Any]:
    """Never asks whether to stop, as a kernel of a compiled library would not."""
    step.report(0.1, f"pid {os.getpid()}")
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    time.sleep(600)
    return {}


def kin(params: Params, arrays: Arrays, folder: Path, step: Step) -> dict[str, Any]:
    """Starts a child of its own and waits for it."""
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    step.report(0.1, f"child {child.pid}")
    child.wait()
    return {}


def divide(params: Params, arrays: Arrays, folder: Path, step: Step) -> dict[str, Any]:
    """Fails with a message that holds a customer's address."""
    raise KeyError("anna@example.com")


def refuse(params: Params, arrays: Arrays, folder: Path, step: Step) -> dict[str, Any]:
    """Refuses, as a task does that is given too little."""
    raise Refusal("too_few_users", "3 users are too few for 5 groups.", "Ask for 2 groups.")


def kill_itself(params: Params, arrays: Arrays, folder: Path, step: Step) -> dict[str, Any]:
    """Takes some memory and dies as by the kernel's out-of-memory killer."""
    held = np.ones(params.get("floats", 10_000_000))
    step.report(0.3, "holding memory")
    time.sleep(0.5)
    os.kill(os.getpid(), params.get("signal", signal.SIGKILL))
    return {"held": int(held.size)}


def take_all(params: Params, arrays: Arrays, folder: Path, step: Step) -> dict[str, Any]:
    """Asks for more memory than it may have."""
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (2**31, 2**31))
    return {"size": int(np.ones(2**30).size)}


def chatter(params: Params, arrays: Arrays, folder: Path, step: Step) -> dict[str, Any]:
    """Prints, from Python and from below it, as libraries do."""
    print('{"share": 0.99, "note": "not progress"}')
    subprocess.run(["echo", "from a child"], check=True)
    return {}


def surroundings(params: Params, arrays: Arrays, folder: Path, step: Step) -> dict[str, Any]:
    """What the worker finds itself in."""
    import sklearn.cluster  # noqa: F401  # brings its own thread pools

    return {
        "threads": [pool["num_threads"] for pool in threadpoolctl.threadpool_info()],
        "group": os.getpgrp() == os.getpid(),
        "main": getattr(sys.modules["__main__"], "__file__", ""),
        "streamlit": "streamlit" in sys.modules,
        "oom": Path("/proc/self/oom_score_adj").read_text().strip() if sys.platform == "linux" else "1000",
        "files": [str(fd.readlink()) for fd in Path("/proc/self/fd").glob("*") if fd.exists()],
    }


def not_json(params: Params, arrays: Arrays, folder: Path, step: Step) -> dict[str, Any]:
    """Returns what JSON has no word for."""
    return {"array": np.ones(3)}


def grind(params: Params, arrays: Arrays, folder: Path, step: Step) -> dict[str, Any]:
    """Real numeric work of a second or two: the leading eigenvector of a matrix by power iteration, left as a file."""
    a = np.asarray(arrays["a"])
    v = np.ones(a.shape[0])
    for n in range(params["rounds"]):
        v = a @ v
        v /= np.linalg.norm(v)
        step.report(n / params["rounds"], "multiplying")
    np.save(folder / "vector.npy", v)
    return {"value": float(v @ a @ v)}


def piecework(params: Params, arrays: Arrays, folder: Path, step: Step) -> dict[str, Any]:
    """Finishes one piece after the other, each a file of its own; at piece `last` it does as `then` says."""
    for n in range(params.get("pieces", 1000)):
        if n == params.get("last"):
            if params["then"] == "die":
                os.kill(os.getpid(), signal.SIGKILL)
            if params["then"] == "refuse":
                raise Refusal("too_few_users", "3 users are too few for 5 groups.", "Ask for 2 groups.")
            if params["then"] == "deaf":
                signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
                step.report(0.5, "deaf")
                time.sleep(600)
        step.report(n / 1000, f"piece {n}")
        (folder / "piece.part").write_text(str(n))
        (folder / "piece.part").rename(folder / f"piece-{n:04d}.txt")
        time.sleep(0.01)
    return {"pieces": params["pieces"]}
