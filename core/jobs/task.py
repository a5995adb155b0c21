"""What a worker is asked to do: a function by name, what it is given, and how it answers."""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from core.progress import Step

Array = npt.NDArray[Any]
Task = Callable[[dict[str, Any], Mapping[str, Array], Path, Step], dict[str, Any]]
"""`task(params, arrays, folder, step) -> result`. `arrays` are read-only memory maps. The result is plain JSON; larger
answers are files in `folder` (`np.save(folder / "labels.npy", labels)`). It uses threads, never processes."""

ALLOWED = ("core.",)
"""Modules whose functions a worker may be asked to run begin with one of these."""

_NAME = re.compile(r"((?:[a-z_]\w*)(?:\.[a-z_]\w*)+):([a-z]\w*)")
_ARRAY = re.compile(r"[A-Za-z]\w{0,63}")


@dataclass(frozen=True)
class Order:
    """All that a worker is told; written to its folder as `order.json` beside `in/NAME.npy`.

    Attributes:
        job_id: the job, for its log.
        task: "core.module:function".
        allowed: beginnings of the modules that a task may come from.
        params: the task's first argument.
        threads: the most that numeric libraries may use.
        parent: process id of the app; the worker ends when that is gone.
    """

    job_id: str
    task: str
    allowed: tuple[str, ...]
    params: dict[str, Any]
    threads: int
    parent: int

    def write(self, folder: Path, arrays: Mapping[str, Array]) -> None:
        """Write order and arrays into `folder`. Raises ValueError for arrays of Python objects."""
        (folder / "in").mkdir()
        (folder / "out").mkdir()
        for name, array in arrays.items():
            if not _ARRAY.fullmatch(name):
                raise ValueError(f"{name!r} cannot be the name of an array")
            np.save(folder / "in" / f"{name}.npy", array, allow_pickle=False)
        (folder / "order.json").write_text(json.dumps(self.__dict__, allow_nan=False), encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> Order:
        """The order that `write` wrote."""
        told = json.loads((folder / "order.json").read_text(encoding="utf-8"))
        return cls(**{**told, "allowed": tuple(told["allowed"])})


def arrays_in(folder: Path) -> dict[str, Array]:
    """The arrays (`*.npy`) of a folder, as read-only memory maps."""
    return {path.stem: np.load(path, mmap_mode="r", allow_pickle=False) for path in sorted(folder.glob("*.npy"))}


def split_name(task: str, allowed: Sequence[str]) -> tuple[str, str]:
    """Module and function of "module:function". Raises ValueError unless the module is an allowed one.

    >>> split_name("core.segments.clusters:kmeans", ALLOWED)
    ('core.segments.clusters', 'kmeans')
    >>> split_name("os:system", ALLOWED)
    Traceback (most recent call last):
    ...
    ValueError: 'os:system' does not name a function that a worker may run
    """
    match = _NAME.fullmatch(task)
    if not match or not match[1].startswith(tuple(allowed)):
        raise ValueError(f"{task!r} does not name a function that a worker may run")
    return match[1], match[2]


def find(task: str, allowed: Sequence[str]) -> Task:
    """The function that `task` names, defined in that very module. Raises ValueError for anything else."""
    module, name = split_name(task, allowed)
    function = getattr(importlib.import_module(module), name, None)
    if not callable(function) or getattr(function, "__module__", "") != module:
        raise ValueError(f"{task!r} does not name a function that a worker may run")
    return cast(Task, function)
