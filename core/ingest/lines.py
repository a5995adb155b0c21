"""Where rows stand in the file: from what DuckDB loaded or refused back to lines and text."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow.parquet as pq

from core.ingest.count import Counter
from core.ingest.dialect import unquoted, values
from core.ingest.encoding import to_utf8
from core.ingest.marks import Positions, Truths
from core.ingest.records import LINE_COLUMN, physical_lines, without_mark
from core.ingest.spool import chunks, gunzipped
from core.ingest.types import Source
from core.progress import Step, no_step

_RAW = 1000


@dataclass(frozen=True)
class RawRow:
    """Where a row stands in the file: its line (None where the format has none), its text cut at 1,000 characters."""

    line: int | None
    raw: str


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
    wanted = _Wanted(ordinals=set(ordinals), refused=set(refused))
    _look(source, wanted, step)
    return [wanted.by_ordinal.get(k, RawRow(None, "")) for k in ordinals]


def refused_lines(source: Source, refused: Sequence[int], *, step: Step = no_step) -> list[RawRow]:
    """Where the records stand whose `reject_errors.line` is given (it counts records and blank lines, not lines)."""
    wanted = _Wanted(numbers=set(refused))
    _look(source, wanted, step)
    return [wanted.by_number.get(k, RawRow(None, "")) for k in refused]


def text_chunks(source: Source, step: Step = no_step) -> Iterator[bytes]:
    """The original file of a CSV or JSON lines source as UTF-8, without a byte order mark."""
    pieces: Iterator[bytes] = chunks(source.path, step, "Reading the file again")
    if source.compression == "gzip":
        pieces = gunzipped(pieces, source.name)
    if source.encoding != "utf-8":
        pieces = to_utf8(pieces, source.encoding)
    yield from without_mark(pieces)


@dataclass
class _Wanted:
    """What is looked for: rows by ordinal, records by DuckDB's line number; and what was found."""

    ordinals: set[int] = field(default_factory=set)
    numbers: set[int] = field(default_factory=set)
    refused: set[int] = field(default_factory=set)
    by_ordinal: dict[int, RawRow] = field(default_factory=dict)
    by_number: dict[int, RawRow] = field(default_factory=dict)

    def done(self) -> bool:
        """All is found."""
        return len(self.by_ordinal) == len(self.ordinals) and len(self.by_number) == len(self.numbers)


def _look(source: Source, wanted: _Wanted, step: Step) -> None:
    if wanted.done():
        return
    gone = _rejected_lines(source)
    if unquoted(source.delimiter):
        _look_by_line(source, wanted, gone, step)
        return
    locator = _Locator(source, wanted, gone)
    for piece in text_chunks(source, step):
        locator.feed(piece)
        if wanted.done():
            return
    locator.finish()


class _Locator(Counter):
    """The counter of rows, noting where the wanted ones stand as it passes them."""

    def __init__(self, source: Source, wanted: _Wanted, gone: Collection[int]) -> None:
        super().__init__(delimiter=source.delimiter, quote=source.quote, escape=source.escape)
        self._wanted, self._skip, self._one = wanted, source.skip, len(source.columns) == 1
        self._gone = np.fromiter(gone, np.int64)
        self._refused = np.fromiter(wanted.refused, np.int64)
        self._ordinals, self._numbers = (np.fromiter(s, np.int64) for s in (wanted.ordinals, wanted.numbers))
        self._number = self._rows = self._first = 0
        self._head = b""  # of a row that began in an earlier chunk

    def _count(self, data: bytes) -> None:
        self._count_exactly(data, np.frombuffer(data, np.uint8))

    def _ended(self, data: bytes, ends: Positions, stops: Positions, blank: Truths) -> None:
        starts = np.concatenate(([0], stops + 1))
        first = self.counts.lines + np.searchsorted(ends, starts) + 1
        if self._midrow:
            first[0] = self._first
        self._note(data, starts[:-1], stops, blank, first[:-1])
        self._head = (self._head if not len(stops) else b"") + data[starts[-1] : starts[-1] + 4 * _RAW]
        self._first = int(first[-1])

    def _note(self, data: bytes, starts: Positions, stops: Positions, blank: Truths, first: Positions) -> None:
        here = ~np.isin(first, self._gone)
        numbers = self._number + (np.cumsum(here) if self._one else np.arange(1, len(first) + 1))
        loaded = here & (numbers > self._skip) & ~np.isin(numbers, self._refused)
        if not self._one:
            loaded[: len(blank)] &= ~blank
        ordinals = self._rows + np.cumsum(loaded) - 1
        for k in np.flatnonzero(loaded & np.isin(ordinals, self._ordinals)).tolist():
            self._wanted.by_ordinal[int(ordinals[k])] = self._raw(data, starts[k], stops[k], first[k], k)
        for k in np.flatnonzero(here & np.isin(numbers, self._numbers)).tolist():
            self._wanted.by_number[int(numbers[k])] = self._raw(data, starts[k], stops[k], first[k], k)
        if len(first):
            self._number, self._rows = int(numbers[-1]), int(ordinals[-1]) + 1

    def _raw(self, data: bytes, start: int, stop: int, first: int, k: int) -> RawRow:
        text = (self._head if k == 0 else b"") + data[start : min(stop, start + 4 * _RAW)]
        return RawRow(int(first), text.rstrip(b"\r\n").decode("utf-8", "replace")[:_RAW])


def _look_by_line(source: Source, wanted: _Wanted, gone: Collection[int], step: Step) -> None:
    """The same for a file in which quotes mean nothing, and a line is a row."""
    ordinal = -1
    for number, line in enumerate(physical_lines(text_chunks(source, step)), start=1):
        row = RawRow(number, line.rstrip(b"\r\n")[: 4 * _RAW].decode("utf-8", "replace")[:_RAW])
        if number in wanted.numbers:
            wanted.by_number[number] = row
        if number <= source.skip or number in gone or number in wanted.refused or not values(line, source.delimiter):
            continue
        ordinal += 1
        if ordinal in wanted.ordinals:
            wanted.by_ordinal[ordinal] = row
        if wanted.done():
            return


def _rejected_lines(source: Source) -> set[int]:
    """Lines of the rows that recognising the file refused already."""
    return set(pq.read_table(source.rejects, columns=["line"])["line"].to_pylist()) if source.rejects else set()


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
