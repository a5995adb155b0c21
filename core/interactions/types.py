"""The user x item matrix as a value: what models fit on, and how its rows and columns are named."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse import csr_matrix

from core.errors import Refusal

Array = npt.NDArray[Any]

NO_TIME = int(np.iinfo(np.int64).min)
"""`Interactions.first_seen` of a pair without a time, in data with times."""


@dataclass(frozen=True, eq=False)
class IdMap:
    """Row (or column) of the matrix <-> number in the workspace <-> raw id as in the file.

    Attributes:
        numbers: int32 (n,), strictly rising: the user_no or item_no of each row.
        ids: the raw ids in the same order; None in a worker, which never sees people's ids.
        what: "user" or "item", for messages.
    """

    numbers: Array
    ids: pa.StringArray | None = None
    what: str = "user"

    def __len__(self) -> int:
        return len(self.numbers)

    def row(self, raw: str) -> int:
        """The row of a raw id. Raises Refusal `unknown_user` (or `unknown_item`) where the matrix has none."""
        if self.ids is None:
            raise ValueError("this map holds no raw ids")
        found = int(pc.index(self.ids, pa.scalar(raw, pa.string())).as_py())
        if found < 0:
            raise Refusal(
                f"unknown_{self.what}",
                f"The {self.what} {raw!r} has no behaviour that models use.",
                f"Check how the id is written, or choose another {self.what}; "
                "what counts is set by the event weights, the period and the least activity.",
            )
        return found

    def rows(self, numbers: Sequence[int] | Array) -> Array:
        """int64 (len(numbers),): the row of each number; -1 where the matrix has none."""
        wanted = np.asarray(numbers, dtype=np.int64)
        if not len(self.numbers):
            return np.full(wanted.shape, -1, dtype=np.int64)
        place = np.searchsorted(self.numbers, wanted).clip(max=len(self.numbers) - 1)
        return np.where(self.numbers[place] == wanted, place, -1)

    def raw(self, row: int) -> str:
        """The raw id of a row."""
        if self.ids is None:
            raise ValueError("this map holds no raw ids")
        return str(self.ids[row].as_py())


@dataclass(frozen=True, eq=False)
class Interactions:
    """Who did something with what, and how much that weighs.

    Attributes:
        matrix: float32 CSR (n_users, n_items), every stored weight > 0, indices sorted, no duplicates.
        users, items: what rows and columns are.
        until: UTC, end of the data seen (not included); None without times.
        version: the workspace's data version it was built from.
        first_seen: int64 (nnz,), in the order of `matrix.data`: microseconds since 1970 (UTC) of the pair's first
            event; None where the data have no times.
        facts: counts made on the way (see `build`), for people.
        user_side, item_side: what is known of users and items beside their behaviour, one row for each row (column) of
            the matrix, in its order; None where no model asked for it. See core.interactions.sides.
    """

    matrix: csr_matrix
    users: IdMap
    items: IdMap
    until: datetime | None = None
    version: int = 0
    first_seen: Array | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    user_side: pa.Table | None = None
    item_side: pa.Table | None = None

    @classmethod
    def of(cls, matrix: Any) -> Interactions:
        """Interactions of a bare matrix: numbers and ids are the rows' own places ("0", "1", ...). For tests."""
        x = csr_matrix(matrix, dtype=np.float32)
        x.eliminate_zeros()
        x.sum_duplicates()
        return cls(x, _plain(x.shape[0], "user"), _plain(x.shape[1], "item"))

    @property
    def shape(self) -> tuple[int, int]:
        """(number of users, number of items)."""
        rows, columns = self.matrix.shape
        return int(rows), int(columns)

    def to_arrays(self) -> dict[str, Array]:
        """All a worker needs, as arrays for `core.jobs`: never a raw id."""
        x = self.matrix
        until = None if self.until is None else self.until.isoformat()
        told = {"shape": self.shape, "until": until, "version": self.version}
        arrays = {
            "x_indptr": x.indptr,
            "x_indices": x.indices,
            "x_data": x.data,
            "x_users": self.users.numbers,
            "x_items": self.items.numbers,
            "x_told": as_bytes(told),
        }
        if self.first_seen is not None:
            arrays["x_first_seen"] = self.first_seen
        for name, side in (("x_user_side", self.user_side), ("x_item_side", self.item_side)):
            if side is not None:
                arrays[name] = table_as_bytes(side)
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> Interactions:
        """What `to_arrays` wrote, without raw ids."""
        told = from_bytes(arrays["x_told"])
        parts = (np.asarray(arrays["x_data"]), np.asarray(arrays["x_indices"]), np.asarray(arrays["x_indptr"]))
        matrix = csr_matrix(parts, shape=tuple(told["shape"]), copy=False)
        matrix.has_sorted_indices = True
        until = None if told["until"] is None else datetime.fromisoformat(told["until"])
        return cls(
            matrix,
            IdMap(np.asarray(arrays["x_users"])),
            IdMap(np.asarray(arrays["x_items"]), what="item"),
            until,
            int(told["version"]),
            arrays.get("x_first_seen"),
            user_side=_side(arrays, "x_user_side"),
            item_side=_side(arrays, "x_item_side"),
        )


def as_bytes(value: Any) -> Array:
    """JSON as a uint8 array, so that it can travel with the arrays of a job."""
    return np.frombuffer(json.dumps(value).encode(), dtype=np.uint8)


def from_bytes(array: Array) -> Any:
    """What `as_bytes` made an array of."""
    return json.loads(np.asarray(array).tobytes())


def table_as_bytes(table: pa.Table) -> Array:
    """A table as a uint8 array (Arrow's stream format), so that it can travel with the arrays of a job."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return np.frombuffer(sink.getvalue(), dtype=np.uint8)


def table_from_bytes(array: Array) -> pa.Table:
    """What `table_as_bytes` made an array of."""
    return pa.ipc.open_stream(pa.py_buffer(np.ascontiguousarray(array))).read_all()


def _side(arrays: Mapping[str, Array], name: str) -> pa.Table | None:
    return table_from_bytes(arrays[name]) if name in arrays else None


def _plain(n: int, what: str) -> IdMap:
    return IdMap(np.arange(n, dtype=np.int32), pa.array([str(k) for k in range(n)], pa.string()), what)
