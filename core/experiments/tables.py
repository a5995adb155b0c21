"""Reading tables that people bring: one row a user, columns found by their names, every fault named by its line."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from math import isfinite
from pathlib import Path

from core.errors import Refusal

MOST_BYTES = 500_000_000
USER = (
    *("user_id", "userid", "user", "customer_id", "customerid", "customer", "client_id", "member_id", "contact_id"),
    *("visitor_id", "visitorid", "subscriber_id", "id", "email", "email_address"),
)
"""Names of the column of user ids, as `_plain` writes them, the best first."""

_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d{1,2}", re.ASCII)
_SEPARATOR = re.compile(r"sep=\W?")  # how Excel is told what parts the cells
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,2})?", re.ASCII)


def read_rows(
    path: Path, columns: Mapping[str, tuple[str, ...]], *, needs: tuple[str, ...], alone: bool = False
) -> Iterator[tuple[int, dict[str, str]]]:
    """Each row as (line in the file, {name: trimmed text}) of the columns that are there.

    Args:
        columns: name -> spellings of the header, as `_plain` writes them, the best first.
        needs: names without which the file says nothing; in every row they must not be empty.
        alone: a file of one column may have no header: its cells are then the first of `needs`.

    Raises Refusal `no_such_file`, `file_too_large`, `not_text`, `empty_file`, `no_such_column`, `bad_line`.
    """
    text = _text(path)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    header = _next(path, reader) or []
    while not any(cell.strip() for cell in header) or _SEPARATOR.fullmatch("".join(header)):
        following = _next(path, reader)
        if following is None:
            raise Refusal("empty_file", f"{path.name} is empty.", "Give a file with a header and one row a user.")
        header = following
    found = {name: _place(header, spellings) for name, spellings in columns.items()}
    places = {name: place for name, place in found.items() if place is not None}
    lacking = [name for name in needs if name not in places]
    if lacking and alone and len(header) == 1:
        yield reader.line_num, {needs[0]: header[0].strip()}
        places = {needs[0]: 0}
    elif lacking:
        hint = f"It has: {_listed(header)}. Name it {' or '.join(columns[lacking[0]][:3])}."
        raise Refusal("no_such_column", f"{path.name} has no column {lacking[0]}.", hint)
    while True:
        row = _next(path, reader)
        if row is None:
            return
        line = reader.line_num
        if not any(cell.strip() for cell in row):
            continue
        if len(row) < len(header) or any(cell.strip() for cell in row[len(header) :]):
            raise bad_line(path, line, f"has {len(row)} cells where the header has {len(header)}")
        cells = {name: row[place].strip() for name, place in places.items()}
        empty = next((name for name in needs if not cells[name]), None)
        if empty:
            raise bad_line(path, line, f"has no {empty}")
        yield line, cells


def bad_line(path: Path, line: int, wrong: str) -> Refusal:
    """The refusal of one line: `wrong` goes on from "Line 7 of FILE"."""
    end = "" if wrong.endswith(("?", ".", "!")) else "."
    return Refusal("bad_line", f"Line {line:,} of {path.name} {wrong}{end}", "Correct that line, or leave it out.")


def read_moment(path: Path, line: int, text: str) -> datetime:
    """An ISO date or time as UTC without a zone; a time that names no zone is UTC. Raises Refusal `bad_line`."""
    iso = text[:-3].rstrip() if text.upper().endswith(("UTC", "GMT")) else text
    try:
        found = datetime.fromisoformat(iso)
        return found if found.tzinfo is None else found.astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError):
        raise bad_line(path, line, f"has the time {text[:40]!r}; write 2026-08-18 or 2026-08-18T06:00") from None


def read_number(path: Path, line: int, text: str) -> float:
    """A plain number, with a decimal point, or a decimal comma before one or two digits. Raises Refusal `bad_line`.

    `1,234` is refused: it may mean either.
    """
    plain = text.replace(",", ".") if _DECIMAL_COMMA.fullmatch(text) else text
    if not _NUMBER.fullmatch(plain) or not isfinite(float(plain)) or abs(float(plain)) > 1e14:
        raise bad_line(path, line, f"has the value {text[:40]!r}, which is no plain number (12.50)")
    return float(plain)


_LONGEST = 100_000  # characters of a cell
_MOST_SHOWN = 200  # characters of a hint's list of columns


def _listed(header: list[str]) -> str:
    """The columns that there are, for a hint: as many as a person reads, and how many more there are."""
    names = [cell.strip() or "(no name)" for cell in header]
    shown = names[:1] if len(names[0]) <= _MOST_SHOWN else [names[0][: _MOST_SHOWN - 3] + "..."]
    for name in names[1:]:
        if len(", ".join([*shown, name])) > _MOST_SHOWN:
            break
        shown.append(name)
    more = len(names) - len(shown)
    return ", ".join(shown) + (f" and {more:,} more" if more else "")


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise Refusal("file_too_large", f"{path.name} is larger than {MOST_BYTES // 1_000_000} MB.", "Split it.")
        content = path.read_bytes()
    except OSError as error:
        raise Refusal("no_such_file", f"{path} cannot be read: {error.strerror}.", "Name a CSV file.") from None
    marked = next((name for mark, name in _MARKS if content.startswith(mark)), None)
    text = _decoded(content, marked) if marked else _decoded(content, "utf-8") or _decoded(content, "cp1252")
    if text is None or "\0" in text:
        hint = "Save the sheet as CSV." if content.startswith(b"PK") else "Give a CSV file in UTF-8."
        raise Refusal("not_text", f"{path.name} is not a text file.", hint)
    if not text.strip():
        raise Refusal("empty_file", f"{path.name} is empty.", "Give a file with a header and one row a user.")
    return text


def _decoded(content: bytes, encoding: str) -> str | None:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        return None


def _delimiter(text: str) -> str:
    first = next(
        (line for line in io.StringIO(text[:100_000]) if line.strip() and not _SEPARATOR.fullmatch(line.strip())), ""
    )
    return max(",;\t|", key=first.count)


def _next(path: Path, reader: Iterator[list[str]]) -> list[str] | None:
    line = 0
    try:
        row = next(reader, None)
        line = getattr(reader, "line_num", 0)
        # the csv module's own limit is one for the whole process, and the load of events raises it
        if any(len(cell) > _LONGEST for cell in row or ()):
            raise csv.Error(f"a cell has more than {_LONGEST:,} characters")
        return row
    except csv.Error as error:
        line = getattr(reader, "line_num", line)
        raise bad_line(path, line, f"cannot be read ({error}): is a quotation mark left open before it?") from None


def _place(header: list[str], spellings: tuple[str, ...]) -> int | None:
    plain = [_plain(cell) for cell in header]
    return next((plain.index(spelling) for spelling in spellings if spelling in plain), None)


def _plain(cell: str) -> str:
    """A header as it is compared: `Customer ID` and `customer-id` are `customer_id`."""
    return re.sub(r"[^0-9a-z]+", "_", cell.strip().lower()).strip("_")
