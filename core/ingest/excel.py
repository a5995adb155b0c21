"""Excel workbooks (.xlsx, .xlsm, .xlsb, .xls) and OpenDocument sheets, as a table of text."""

from __future__ import annotations

import datetime as dt
import struct
import zipfile
from dataclasses import dataclass
from pathlib import Path

from core.errors import Refusal
from core.ingest.copy import TextCopy, unique_names
from core.ingest.dialect import find_header
from core.progress import Step

_LARGEST = 8 << 30
Cell = int | float | str | bool | dt.time | dt.date | dt.datetime | dt.timedelta | None


@dataclass(frozen=True)
class Sheet:
    """One sheet as text: the Parquet copy, its columns, rows, name, and the sheet's rows above the first data row."""

    path: Path
    columns: tuple[str, ...]
    rows: int
    name: str
    header: bool
    above: int


def sheet_names(path: Path) -> list[str]:
    """The sheets of a workbook, in its order. Raises Refusal as `load_sheet`."""
    names: list[str] = _open(path, path.name).sheet_names
    return names


def load_sheet(path: Path, *, name: str, spool: Path, sheet: str | None, header: bool | None, step: Step) -> Sheet:
    """A sheet of a workbook, the first with anything in it unless one is named. Dates become ISO text.

    Numbers are written with the fewest digits that give them back, whole ones without a point. Empty rows are left out.
    Raises Refusal `protected_workbook`, `damaged_workbook`, `no_such_sheet`, `empty_sheet`.
    """
    from python_calamine import CalamineError

    book = _open(path, name)
    if sheet is not None and sheet not in book.sheet_names:
        raise Refusal("no_such_sheet", f"{name} has no sheet {sheet!r}.", f"It has: {', '.join(book.sheet_names)}.")
    for title in [sheet] if sheet is not None else book.sheet_names:
        step.report(0.1, f"Reading sheet {title}")
        try:
            found = book.get_sheet_by_name(title)
            rows = [[_text(cell) for cell in row] for row in found.iter_rows()]
        except CalamineError:
            continue
        start = (found.start or (0, 0))[0]
        if any(any(row) for row in rows):
            return _write(rows, start, title, spool, header, step)
    raise Refusal(
        "empty_sheet", f"{name} has no rows{f' in sheet {sheet!r}' if sheet else ''}.", "Choose another sheet."
    )


def _write(rows: list[list[str | None]], start: int, title: str, spool: Path, header: bool | None, step: Step) -> Sheet:
    plain = [_filled(row) for row in rows[:200]]
    above, named = find_header(plain, header)
    width = max(map(len, rows))
    names = [cell or "" for cell in rows[above]] if named else []
    columns = unique_names(names + [""] * (width - len(names)))
    first = above + 1 if named else above
    with TextCopy(spool, columns) as copy:
        for k, row in enumerate(rows[first:], start=first):
            if any(cell is not None for cell in row):
                copy.add(row + [None] * (width - len(row)), start + k + 1)
            if k % 20_000 == 0:
                step.report(0.3 + 0.7 * k / len(rows), f"Reading sheet {title}")
    return Sheet(copy.path, columns, copy.rows, title, named, start + first)


def _filled(row: list[str | None]) -> list[str]:
    """The cells up to the last one with something in it."""
    last = max((k for k, cell in enumerate(row) if cell), default=-1)
    return [cell or "" for cell in row[: last + 1]]


def _open(path: Path, name: str):  # type: ignore[no-untyped-def]  # python_calamine is imported when it is needed
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError

    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                size = sum(entry.file_size for entry in archive.infolist())
            if size > _LARGEST:
                raise Refusal("too_compressed", f"{name} unpacks to more than {_LARGEST >> 30} GB.", "Save it as CSV.")
        return CalamineWorkbook.from_path(path)
    except PasswordError:
        raise Refusal("protected_workbook", f"{name} is protected by a password.", "Save it without one.") from None
    except (CalamineError, OSError, zipfile.BadZipFile, ValueError, NotImplementedError, struct.error):
        raise Refusal(
            "damaged_workbook", f"{name} cannot be read as an Excel workbook.", "Save it again in Excel, or as CSV."
        ) from None


def _text(cell: Cell) -> str | None:
    if cell is None or cell == "":
        return None
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, dt.datetime):
        return cell.isoformat(sep=" ")
    if isinstance(cell, dt.date | dt.time):
        return cell.isoformat()
    if isinstance(cell, dt.timedelta):
        return str(cell.total_seconds())
    return str(cell).strip() or None
