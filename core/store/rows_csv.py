"""Small tables as CSV files that spreadsheets open without running anything."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from core.store.cells import defuse


def write_rows(head: Sequence[str], rows: Iterable[Sequence[Any]], path: Path) -> int:
    """Write `rows` under `head` (UTF-8, comma, a header line); `path` appears only when whole. The number of rows.

    None is an empty cell; texts, those of the header too, are defused (`defuse`).
    """
    part, many = path.with_name(f"{path.name}.part"), 0
    try:
        with part.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(_cells(head))
            for row in rows:
                writer.writerow(_cells(row))
                many += 1
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return many


def write_records(records: Sequence[Mapping[str, Any]], path: Path) -> int:
    """`write_rows` of records with the same names in the same order; without any record an empty file."""
    if not records:
        path.write_bytes(b"")
        return 0
    head = list(records[0])
    return write_rows(head, ([record[name] for name in head] for record in records), path)


def _cells(row: Iterable[Any]) -> list[Any]:
    return [defuse(cell) if isinstance(cell, str) else cell for cell in row]
