"""Members as a CSV file that spreadsheets open without running anything."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import pyarrow as pa

# What a spreadsheet may take for a formula; a number with its sign ("-5", "+44 20 7946 0000") is left alone.
_STARTS, _NUMBERS = r"^[=+\-@\t\r\n]", r"^[+\-][0-9][0-9 .,]*$"


def defused(sql: str) -> str:
    """SQL for the text `sql` with an apostrophe before it where a spreadsheet would run it as a formula."""
    runs = f"regexp_matches({sql}, '{_STARTS}') AND NOT regexp_matches({sql}, '{_NUMBERS}')"
    return f"CASE WHEN {runs} THEN chr(39) || {sql} ELSE {sql} END"


def defused_text(text: str) -> str:
    """The same as `defused`, for a text in hand (column names).

    >>> defused_text("=cmd|' /C calc'!A0"), defused_text("-5"), defused_text("007")
    ("'=cmd|' /C calc'!A0", '-5', '007')
    """
    return f"'{text}" if re.match(_STARTS, text) and not re.match(_NUMBERS, text) else text


def write_csv(names: Sequence[str], batches: Iterable[pa.RecordBatch], out: Path) -> int:
    """Write batches of text columns under `names`; `out` appears only when whole. The number of rows."""
    part = out.with_name(f"{out.name}.part")
    rows = 0
    try:
        with part.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow([defused_text(name) for name in names])
            for batch in batches:
                writer.writerows(zip(*(column.to_pylist() for column in batch.columns), strict=True))
                rows += batch.num_rows
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)
    return rows
