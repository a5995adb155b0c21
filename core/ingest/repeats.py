"""Rows of a load that repeat another exactly."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from core.ingest.plan import Plan
from core.progress import Step, no_step
from core.store import Query, Writer, flat

_AT_ONCE = 3_000_000  # hashes in one sorted piece: 24 MB
_THREADS = 2  # NumPy sorts without holding the interpreter
_Hashes = npt.NDArray[np.uint64]


def settle_repeats(writer: Writer, plan: Plan, step: Step = no_step) -> tuple[int, int]:
    """Rows of `load_stage` that repeat an earlier one: how many were kept, how many taken out (the mapping chooses).

    Two rows repeat each other when the hash of all cells and every value read from them are equal: the hash (64 bits)
    alone would confuse two rows in some loads of a hundred million.
    """
    twice = _twice(writer, step)
    if not len(twice):
        return 0, 0
    names = ["row_hash", *(f.name for f in plan.fields if f.staged), *(["value"] if plan.value else [])]
    later = (
        "SELECT rid FROM (SELECT s.rowid AS rid, row_number() OVER "
        f"(PARTITION BY {', '.join(f's.{name}' for name in names)} ORDER BY s.rowid) AS place "
        "FROM load_stage s SEMI JOIN load_twice t ON s.row_hash = t.row_hash) WHERE place > 1"
    )
    with writer.table("load_twice", pa.table({"row_hash": twice})):
        if plan.mapping.repeats == "drop":
            return 0, writer.run(f"DELETE FROM load_stage WHERE rowid IN ({later})", step=step)
        return int(str(writer.rows(Query(f"SELECT count(*) AS n FROM ({later})"))[0]["n"])), 0


def _twice(writer: Writer, step: Step) -> _Hashes:
    """The row hashes that more than one row has.

    Sorted in pieces of the hashes' range, two at a time, the next being read meanwhile: less than half the work of a
    GROUP BY over values that are nearly all distinct, and memory does not grow with the rows.
    """
    rows = int(str(writer.rows(Query("SELECT count(*) AS n FROM load_stage"))[0]["n"]))
    pieces = rows // _AT_ONCE + 1
    bounds = [(k << 64) // pieces for k in range(pieces + 1)]
    found: list[_Hashes] = []
    with ThreadPoolExecutor(_THREADS) as threads:
        sorting: deque[Future[_Hashes]] = deque()
        for low, high in pairwise(bounds):
            query = Query(
                "SELECT row_hash FROM load_stage WHERE row_hash BETWEEN CAST(? AS UBIGINT) AND CAST(? AS UBIGINT)",
                (low, high - 1),
            )
            hashes = flat(writer.read(query, step=step)["row_hash"])
            if len(sorting) == _THREADS:
                found.append(sorting.popleft().result())
            sorting.append(threads.submit(_more_than_once, hashes))
        found += [each.result() for each in sorting]
    return np.concatenate(found)


def _more_than_once(hashes: _Hashes) -> _Hashes:
    """Those that occur more than once, each once, in order.

    >>> _more_than_once(np.array([3, 1, 3, 2, 3, 1], dtype=np.uint64))
    array([1, 3], dtype=uint64)
    """
    ordered = np.sort(hashes)
    return np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
