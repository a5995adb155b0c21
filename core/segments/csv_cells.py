"""Members as a CSV file that spreadsheets open without running anything."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

import pyarrow as pa

from core.store.cells import defuse


def write_csv(names: Sequence[str], batches: Iterable[pa.RecordBatch], out: Path) -> int:
    """Write batches of text columns under `names`; `out` appears only when whole. The number of rows."""
    part = out.with_name(f"{out.name}.part")
    rows = 0
    try:
        with part.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow([defuse(name) for name in names])
            for batch in batches:
                writer.writerows(zip(*(column.to_pylist() for column in batch.columns), strict=True))
                rows += batch.num_rows
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)
    return rows
