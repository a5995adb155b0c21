"""How a CSV is written: delimiter, quote, escape, and whether its first row names the columns. Told from a sample."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from core.ingest.names import hints
from core.ingest.shapes import shape

SPACES = "  "
"""The delimiter of columns parted by one or more spaces or tabs, leading ones ignored (core.ingest.prepare)."""

LINE = "line"
"""What a person says as delimiter of a file whose lines are one cell each (a basket a line)."""

_CANDIDATES = (",", "\t", ";", "|", "::", "||", "\x01", "\x1f", "^", "~", ":", "§", SPACES)
_ENOUGH = 0.9
_PREAMBLE = 20


@dataclass(frozen=True)
class Dialect:
    """How a CSV is written.

    Attributes:
        delimiter: one or more characters; SPACES for columns parted by spaces.
        quote, escape: as DuckDB's options of these names; escape is the quote itself or a backslash.
        above: records above the header or the first row: titles (above_rows) and blank lines (above_blank).
        header: the names of the columns as they stand, or None.
        fields: how many columns the rows have.
        rows: the sample's rows without the header.
    """

    delimiter: str
    quote: str
    escape: str
    above: int
    header: tuple[str, ...] | None
    fields: int
    rows: tuple[tuple[str, ...], ...]
    above_rows: int = 0

    @property
    def above_blank(self) -> int:
        """Blank lines above the header or the first row."""
        return self.above - self.above_rows


def sniff(text: str, *, whole: bool, delimiter: str | None = None, header: bool | None = None) -> Dialect:
    """The dialect of a sample; `whole` when the sample is all of the file, else its last line is left out.

    `delimiter` and `header` are a person's word and are not questioned.
    """
    if delimiter == LINE:
        lines = tuple((line,) for line in text.splitlines() if line.strip())
        return Dialect(LINE, '"', '"', 0, None, min(len(lines), 1), lines)
    if not whole and (cut := max(text.rfind("\n"), text.rfind("\r"))) > 0:
        text = text[: cut + 1]
    quote = _quote(text)
    escape = _escape(text, quote)
    chosen = delimiter or _delimiter(text, quote, escape)
    records = split(text, chosen, quote, escape)
    if not whole and len(records) > 2:
        records = records[:-1]
    above, first = _start(records)
    rows = [row for row in records[first:] if row]
    names = _header(rows) if header is None else header
    if header is not True and not names:
        above, rows = _blank_above(records), [row for row in records if row]
    body = rows[1:] if names else rows
    head = tuple(rows[0]) if names and rows else None
    fields = max(_modal(body), len(head or ()))
    if unquoted(chosen):
        quote = escape = '"'  # of the copy, core.ingest.rewrite
    titles = sum(bool(row) for row in records[:above])
    return Dialect(chosen, quote, escape, above, head, fields, tuple(map(tuple, body)), titles)


def unquoted(delimiter: str) -> bool:
    """Columns parted by spaces or by several characters (`::`): quotes mean nothing there, and a line is a row."""
    return len(delimiter.encode()) > 1


def values(line: bytes, delimiter: str) -> list[bytes]:
    """The values of a line of such a file; none for a blank line."""
    line = line.rstrip(b"\r\n")
    if delimiter == LINE:
        return [line] if line.strip() else []
    if delimiter == SPACES:
        return line.split()
    return line.split(delimiter.encode()) if line else []


def split(text: str, delimiter: str, quote: str, escape: str) -> list[list[str]]:
    """The records of a text, values unquoted; a blank line is an empty record."""
    if unquoted(delimiter):
        return [[v.decode() for v in values(line, delimiter)] for line in text.encode().splitlines()]
    lines = re.split(r"(?<=\n)|(?<=\r)(?!\n)", text)
    if lines and not lines[-1]:
        lines.pop()
    reader = csv.reader(
        lines,
        delimiter=delimiter,
        quotechar=quote or None,
        quoting=csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE,
        doublequote=escape != "\\",
        escapechar="\\" if escape == "\\" else None,
        skipinitialspace=True,
    )
    csv.field_size_limit(1 << 30)
    try:
        return list(reader)
    except csv.Error:
        return [line.rstrip("\r\n").split(delimiter) for line in lines]


def _quote(text: str) -> str:
    """The double quote, unless only single quotes stand at both ends of values."""
    ends = r"(?:^|[,;|\t]){q}[^{q}\r\n]*{q}(?=$|[,;|\t\r\n])"
    double = len(re.findall(ends.format(q='"'), text, re.M))
    single = len(re.findall(ends.format(q="'"), text, re.M))
    return "'" if single > 2 and not double and '"' not in text else '"'


def _escape(text: str, quote: str) -> str:
    """A backslash when quotes inside values stand behind one and never behind another quote."""
    behind = len(re.findall(rf"\\{quote}(?=[^,;|\t\r\n{quote}])", text))
    doubled = len(re.findall(rf"[^,;|\t\r\n{quote}]{quote}{quote}(?=[^,;|\t\r\n{quote}])", text))
    return "\\" if behind > doubled else quote


def _delimiter(text: str, quote: str, escape: str) -> str:
    best, best_score = ",", 0.0
    lines = sum(1 for line in text.splitlines() if line.strip())
    for candidate in _CANDIDATES:
        if candidate != SPACES and candidate not in text.replace(
            2 * candidate, "" if 2 * candidate in _CANDIDATES else 2 * candidate
        ):
            continue
        if candidate == SPACES and best_score:
            continue
        records = [row for row in split(text, candidate, quote, escape) if row]
        fields = _modal(records)
        if fields < 2 or not records:
            continue
        start = 1 if len(records) > 2 else 0  # a header may be shorter or longer than the rows
        agree = sum(len(row) == fields for row in records[start:]) / len(records[start:])
        kept = len(records) / max(lines, 1)  # a wrong delimiter turns quotes into runaway values
        score = agree * (1 + min(fields, 50) / 1000) * (0.5 + 0.5 * kept) * (1 if len(records[0]) == fields else 0.9)
        need = 1.0 if candidate == SPACES else _ENOUGH if candidate not in (":", "~", "^") else 0.98
        if candidate == SPACES and not all(all(shape(v) for v in row) for row in records):
            continue
        if agree >= need and score > best_score:
            best, best_score = candidate, score
    return best


def _modal(records: Sequence[Sequence[str]]) -> int:
    counted = Counter(len(row) for row in records if row)
    return max(counted, key=lambda n: (counted[n], n), default=0)


def _start(records: list[list[str]]) -> tuple[int, int]:
    """Lines above the first record that has about as many fields as most have, and that record's index."""
    fields = _modal(records)
    for k, row in enumerate(records[: _PREAMBLE + 1]):
        if row and len(row) >= max(fields - 1, min(fields, 2)):
            return k, k
    return _blank_above(records), _blank_above(records)


def _blank_above(records: list[list[str]]) -> int:
    return next((k for k, row in enumerate(records) if row), 0)


def _header(rows: list[list[str]]) -> bool:
    """Whether the first row names the columns: by known names, and by what it does not share with the rows below."""
    if not rows:
        return False
    first, body = rows[0], rows[1:]
    cells = [cell.strip() for cell in first]
    if sum(bool(c) for c in cells) <= len(cells) / 2 or any(re.fullmatch(r"[-+]?[\d.,:/ -]+", c) for c in cells if c):
        return False
    known = sum(bool(hints(cell)) for cell in cells)
    repeated = len({c.lower() for c in cells if c}) < sum(bool(c) for c in cells)
    if not body:
        return bool(known) or not repeated
    for_header = against = 0
    for k, cell in enumerate(cells):
        values = [row[k].strip() for row in body if len(row) > k and row[k].strip()]
        if not values or not cell:
            continue
        usual, often = Counter(map(shape, values)).most_common(1)[0]
        regular = often >= 0.9 * len(values) and "9" in usual
        if regular and shape(cell) != usual:
            for_header += 1
        elif regular or cell in values:
            against += 1
    return known + for_header > against or not (against or repeated)


def find_header(records: list[list[str]], header: bool | None) -> tuple[int, bool]:
    """(records above the header or first row, whether that row names the columns), for rows already split."""
    above, first = _start(records)
    rows = [row for row in records[first:] if row]
    named = _header(rows) if header is None else header
    return (above, True) if named else (_blank_above(records), False)
