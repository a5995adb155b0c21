"""Tables that are not CSV, written as a Parquet copy whose columns are all text and whose last one is the line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Self

import pyarrow as pa
import pyarrow.parquet as pq

from core.errors import Refusal
from core.ingest.records import LINE_COLUMN
from core.ingest.spool import disk_refusals, new_file

_BATCH = 20_000
_MOST_COLUMNS = 2_000
REJECTS = pa.schema(
    [
        ("line", pa.int64()),
        ("column_name", pa.string()),
        ("reason", pa.string()),
        ("message", pa.string()),
        ("raw", pa.string()),
    ]
)


class TextCopy:
    """Rows of text, appended one by one to a Parquet file of the spool; leaving the `with` on an error removes it."""

    def __init__(self, spool: Path, columns: Sequence[str]) -> None:
        if len(columns) > _MOST_COLUMNS:
            raise Refusal(
                "too_many_columns",
                f"The file has {len(columns):,} columns; at most {_MOST_COLUMNS:,} can be loaded.",
                "Keep the columns that matter and load the file again.",
            )
        self.path = new_file(spool, ".parquet")
        self.rows = 0
        self._schema = pa.schema([*((c, pa.string()) for c in columns), (LINE_COLUMN, pa.int64())])
        self._held: list[Sequence[str | int | None]] = []
        with disk_refusals():
            self._writer = pq.ParquetWriter(self.path, self._schema, compression="zstd", compression_level=1)

    def add(self, values: Sequence[str | None], line: int) -> None:
        """Append one row; `values` are in the order of the columns."""
        self._held.append((*values, line))
        self.rows += 1
        if len(self._held) >= _BATCH:
            self._flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        try:
            if kind is None:
                self._flush()
            with disk_refusals():
                self._writer.close()
        except BaseException:
            self.path.unlink(missing_ok=True)
            raise
        if kind is not None:
            self.path.unlink(missing_ok=True)

    def _flush(self) -> None:
        if not self._held:
            return
        arrays = [
            pa.array(values, t) for values, t in zip(zip(*self._held, strict=True), self._schema.types, strict=True)
        ]
        with disk_refusals():
            self._writer.write_table(pa.table(arrays, schema=self._schema))
        self._held.clear()


class RejectsCopy:
    """Rows refused while a file is recognised, gathered and written as the Parquet file of Source.rejects."""

    def __init__(self) -> None:
        self._rows: list[dict[str, object]] = []

    def add(self, line: int | None, reason: str, message: str, raw: str) -> None:
        """Note one refused row."""
        self._rows.append({"line": line, "column_name": None, "reason": reason, "message": message, "raw": raw[:1000]})

    def __len__(self) -> int:
        return len(self._rows)

    def write(self, spool: Path) -> Path | None:
        """The file, or None when nothing was refused."""
        if not self._rows:
            return None
        path = new_file(spool, ".rejects.parquet")
        with disk_refusals():
            pq.write_table(pa.Table.from_pylist(self._rows, schema=REJECTS), path)
        return path


def unique_names(names: Iterable[str]) -> tuple[str, ...]:
    """Column names trimmed, `columnN` where empty, and told apart regardless of case.

    >>> unique_names([" a", "A", "", "a"])
    ('a', 'A_2', 'column3', 'a_3')
    """
    taken: set[str] = {LINE_COLUMN}
    out: list[str] = []
    for k, name in enumerate(names, start=1):
        wanted = " ".join(name.replace("\0", "").split()) or f"column{k}"
        found, n = wanted, 1
        while found.lower() in taken:
            n += 1
            found = f"{wanted}_{n}"
        taken.add(found.lower())
        out.append(found)
    return tuple(out)
