"""A model's arrays as rows of the workspace, in parts, so that none is ever held twice."""

from __future__ import annotations

import json
from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from core.interactions import Array
from core.progress import Step, no_step
from core.store import Query, Store, Writer

PART = 64_000_000
"""Bytes of an array that stand in one row at most."""


def write_arrays(writer: Writer, model_id: str, arrays: Mapping[str, Array], *, step: Step = no_step) -> int:
    """Store each array (numbers, not objects; memory maps are read a part at a time); the bytes they take together."""
    whole = sum(array.nbytes for array in arrays.values())
    done = 0
    for name in sorted(arrays):
        told, flat = _flat(np.asarray(arrays[name]))
        for part, begin in enumerate(range(0, max(1, len(flat)), PART)):
            piece = flat[begin : begin + PART]
            with writer.table("incoming_part", _row(piece)):
                writer.run(
                    Query(
                        "INSERT INTO model_arrays SELECT ?, ?, ?, ?, ?::JSON, content FROM incoming_part",
                        (model_id, name, part, arrays[name].dtype.str, told),
                    )
                )
            done += len(piece)
            step.report(done / max(1, whole), "saving the model")
    return whole


def read_arrays(store: Store, model_id: str, *, step: Step = no_step) -> dict[str, Array]:
    """What `write_arrays` stored, in dtype, shape and order in memory; empty for an unknown id."""
    known = store.rows(
        Query(
            "SELECT name, part, dtype, shape::VARCHAR AS shape, sum(octet_length(content)) OVER (PARTITION BY name) AS"
            " bytes FROM model_arrays WHERE model_id = ? ORDER BY name, part",
            (model_id,),
        )
    )
    flats: dict[str, Array] = {}
    filled: dict[str, int] = {}
    for done, row in enumerate(known):
        name = str(row["name"])
        flat = flats.setdefault(name, np.empty(int(row["bytes"]), dtype=np.uint8))
        piece = _part(store, model_id, name, int(row["part"]))
        if piece is None:
            return {}  # deleted between the two looks
        begin = filled.get(name, 0)
        flat[begin : begin + len(piece)] = piece
        filled[name] = begin + len(piece)
        step.report((done + 1) / len(known), "reading the model")
    shapes = {str(row["name"]): (str(row["dtype"]), str(row["shape"])) for row in known}
    return {name: _shaped(flat, *shapes[name]) for name, flat in flats.items()}


def _flat(array: Array) -> tuple[str, Array]:
    """Shape and order as JSON, and the array's bytes as uint8 without a copy (but for a strided one)."""
    fortran = array.ndim > 1 and array.flags.f_contiguous and not array.flags.c_contiguous
    laid = array.T if fortran else np.ascontiguousarray(array).reshape(array.shape)
    told = json.dumps({"shape": array.shape, "order": "F" if fortran else "C"})
    return told, laid.reshape(-1).view(np.uint8)


def _shaped(flat: Array, dtype: str, told: str) -> Array:
    shape = json.loads(told)
    return flat.view(np.dtype(dtype)).reshape(shape["shape"], order=shape["order"])


def _row(piece: Array) -> pa.Table:
    """A table of one row and one column `content`, around the bytes as they lie in memory."""
    offsets = pa.array([0, len(piece)], pa.int64()).buffers()[1]
    content = pa.Array.from_buffers(pa.large_binary(), 1, [None, offsets, pa.py_buffer(np.ascontiguousarray(piece))])
    return pa.table({"content": content})


def _part(store: Store, model_id: str, name: str, part: int) -> Array | None:
    wanted = Query(
        "SELECT content FROM model_arrays WHERE model_id = ? AND name = ? AND part = ?", (model_id, name, part)
    )
    found = store.read(wanted)["content"]
    return np.frombuffer(found[0].as_buffer(), dtype=np.uint8) if len(found) else None
