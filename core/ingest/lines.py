"""The records of a CSV one by one, with their physical lines: slower than counting, for the few rows that matter."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

import pyarrow.parquet as pq

from core.ingest.count import is_stray
from core.ingest.dialect import unquoted, values
from core.ingest.encoding import to_utf8
from core.ingest.spool import chunks, gunzipped
from core.ingest.types import Source
from core.progress import Step, no_step

LINE_COLUMN = "__limelight_line"
"""The last column of a prepared Parquet copy: the line (JSON lines) or row (Excel) each row came from."""

_RAW = 1000


@dataclass(frozen=True)
class Record:
    """One record of a CSV: its first physical line (1 = the file's first), how many lines it has, its bytes.

    `stray`: a quoted value goes on behind its closing quote, or is never closed; the row is malformed.
    """

    line: int
    lines: int
    raw: bytes
    stray: bool = False

    @property
    def bad(self) -> bool:
        """The row is refused when the file is recognised (Source.rejects)."""
        return self.stray or b"\0" in self.raw


@dataclass(frozen=True)
class RawRow:
    """Where a row stands in the file: its line (None where the format has none), its text cut at 1,000 characters."""

    line: int | None
    raw: str


def records(pieces: Iterable[bytes], *, delimiter: str, quote: str, escape: str) -> Iterator[Record]:
    """Every record and blank line of UTF-8 pieces, by the rules of core.ingest.count; line ends are left out."""
    rules = _Rules(delimiter.encode()[-1:] + b"\r\n", delimiter.encode()[:1] + b"\r\n", quote.encode(), escape == "\\")
    line = first = 1
    held = b""
    for text in physical_lines(pieces):
        held = held + text if held else text
        still_open, stray = rules.look(held) if quote and rules.quote in held else (False, False)
        if not still_open:
            yield Record(first, line - first + 1, held.rstrip(b"\r\n"), stray)
            held, first = b"", line + 1
        line += 1
    if held:
        yield Record(first, line - first, held, True)


def record_lines(
    source: Source, ordinals: Collection[int], *, refused: Collection[int] = (), step: Step = no_step
) -> list[RawRow]:
    """Where rows that DuckDB read stand in the file, in the order of `ordinals`.

    `ordinals` count the rows of relation(source) from 0 in file order. `refused` are the values of
    `reject_errors.line` for this file: records that relation(source) left out, so that the ordinals skip them.
    The file is read again up to the last row asked for.
    """
    if source.format != "csv":
        return _prepared_rows(source, list(ordinals))
    wanted, out, plain = set(ordinals), {}, unquoted(source.delimiter)
    left, ordinal = set(refused), -1
    for number, record in _rows(source, step):
        blank = not values(record.raw, source.delimiter) if plain else len(source.columns) > 1 and not record.raw
        if number in left or blank:
            continue
        ordinal += 1
        if ordinal in wanted:
            out[ordinal] = _raw(record)
            if len(out) == len(wanted):
                break
    return [out[k] for k in ordinals]


def refused_lines(source: Source, refused: Sequence[int], *, step: Step = no_step) -> list[RawRow]:
    """Where the records stand whose `reject_errors.line` is given (it counts records and blank lines, not lines)."""
    wanted, out = set(refused), {}
    for number, record in _rows(source, step):
        if number in wanted:
            out[number] = _raw(record)
            if len(out) == len(wanted):
                break
    return [out.get(k, RawRow(None, "")) for k in refused]


def text_chunks(source: Source, step: Step = no_step) -> Iterator[bytes]:
    """The original file of a CSV or JSON lines source as UTF-8, without a byte order mark."""
    pieces: Iterator[bytes] = chunks(source.path, step, "Reading the file again")
    if source.compression == "gzip":
        pieces = gunzipped(pieces, source.name)
    if source.encoding != "utf-8":
        pieces = to_utf8(pieces, source.encoding)
    yield from without_mark(pieces)


def without_mark(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The pieces without a UTF-8 byte order mark at the start of the first one that is not empty."""
    first = True
    for piece in pieces:
        if first and piece:
            first = False
            piece = piece.removeprefix(b"\xef\xbb\xbf")
        if piece:
            yield piece


def _rows(source: Source, step: Step) -> Iterator[tuple[int, Record]]:
    """(DuckDB's line number, record) of the data rows and blank lines that `readable` holds."""
    number = 0
    for record in records(
        text_chunks(source, step),
        delimiter=source.delimiter,
        quote="" if unquoted(source.delimiter) else source.quote,
        escape=source.escape,
    ):
        number += 1
        if number <= source.skip:
            continue
        if source.rejected and record.bad:
            number -= len(source.columns) == 1
            continue
        yield number, record


def _raw(record: Record) -> RawRow:
    return RawRow(record.line, record.raw[: 4 * _RAW].decode("utf-8", "replace")[:_RAW])


def physical_lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Lines with their ends (LF, CR LF or a lone CR), of pieces of any size."""
    tail = b""
    for piece in pieces:
        data = tail + piece if tail else piece
        lines = data.splitlines(keepends=True)
        tail = lines.pop() if lines and (not lines[-1].endswith(b"\n")) else b""
        yield from lines
    if tail:
        yield tail


@dataclass(frozen=True)
class _Rules:
    """How quotes work: the bytes a value may begin behind and end before, the quote, whether a backslash escapes it."""

    starts: bytes
    ends: bytes
    quote: bytes
    backslash: bool

    def look(self, record: bytes) -> tuple[bool, bool]:
        """(a quoted value is still open at the end, one goes on behind its closing quote)."""
        at, inside, stray = record.find(self.quote), False, False
        while at >= 0:
            if not inside:
                inside = self._opens(record, at)
            elif self.backslash and (at - len(record[:at].rstrip(b"\\"))) % 2:
                pass
            elif record[at + 1 : at + 2] == self.quote:
                at += 1
            else:
                inside = False
                stray = stray or is_stray(record, at + 1, self.ends)
            at = record.find(self.quote, at + 1)
        return inside, stray

    def _opens(self, record: bytes, at: int) -> bool:
        if at == 0 or record[at - 1] in self.starts:
            return True
        return record[at - 1 : at] == b" " and (at == 1 or record[at - 2] in self.starts)


def _prepared_rows(source: Source, ordinals: list[int]) -> list[RawRow]:
    """Rows of a Parquet file, native or prepared: values parted by tabs, and the line where the copy keeps it."""
    if not ordinals:
        return []
    out: dict[int, RawRow] = {}
    wanted = sorted(set(ordinals))
    start = k = 0
    with pq.ParquetFile(source.readable) as file:
        for batch in file.iter_batches(batch_size=50_000):
            while k < len(wanted) and wanted[k] < start + batch.num_rows:
                row = batch.slice(wanted[k] - start, 1).to_pylist()[0]
                line = row.pop(LINE_COLUMN, None)
                text = "\t".join("" if v is None else str(v) for v in row.values())
                out[wanted[k]] = RawRow(line, text[:_RAW])
                k += 1
            start += batch.num_rows
            if k == len(wanted):
                break
    return [out[k] for k in ordinals]
