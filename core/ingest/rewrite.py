"""Copies of a CSV that DuckDB can read, where it cannot read the file itself. Rows keep order and numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from core.ingest.copy import RejectsCopy
from core.ingest.count import Counts
from core.ingest.dialect import LINE, Dialect, unquoted, values
from core.ingest.records import physical_lines, records
from core.ingest.types import Source

_NUL = ("nul_bytes", "The row has NUL bytes; the file is damaged here.")
_STRAY = ("bad_quotes", "A quoted value goes on behind its closing quote; quotes inside a value must be doubled.")

Rewrite = Callable[[Iterable[bytes], Source, RejectsCopy], Iterator[bytes]]


def rewriting(dialect: Dialect, counts: Counts) -> Rewrite | None:
    """How the file must be copied for DuckDB to read it, or None when it can read the file itself."""
    if counts.nul or counts.stray:
        return _without_bad_rows
    if unquoted(dialect.delimiter):
        return _parted_by_tabs
    # DuckDB's `skip` stumbles over a CR in the header, and over any line break in it behind a byte order mark.
    odd_header = any("\r" in cell or "\n" in cell for cell in dialect.header or ())
    return _one_line_end if counts.mixed or odd_header else None


def _one_line_end(pieces: Iterable[bytes], _: Source, __: RejectsCopy) -> Iterator[bytes]:
    """Every line ends with LF."""
    held = b""
    for piece in pieces:
        data = held + piece
        held = b"\r" if data.endswith(b"\r") else b""
        yield data[: len(data) - len(held)].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if held:
        yield b"\n"


def _parted_by_tabs(pieces: Iterable[bytes], source: Source, _: RejectsCopy) -> Iterator[bytes]:
    """Columns parted by spaces or by several characters become columns parted by one tab; lines keep their numbers."""
    for line in physical_lines(pieces):
        yield _tabbed(line, source.delimiter) if source.delimiter != LINE or line.strip() else b""


def _without_bad_rows(pieces: Iterable[bytes], source: Source, rejects: RejectsCopy) -> Iterator[bytes]:
    """Rows with NUL bytes or malformed quotes are refused; a blank line takes their place, so that numbers stay."""
    plain = unquoted(source.delimiter)
    found = records(pieces, delimiter=source.delimiter, quote="" if plain else source.quote, escape=source.escape)
    for number, record in enumerate(found, start=1):
        if not record.bad:
            clean = record.raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n") + b"\n"
            yield _tabbed(record.raw, source.delimiter) if plain else clean
        elif number <= source.skip:
            yield b"\n"
        else:
            shown = record.raw[:4000].replace(b"\0", b"").decode("utf-8", "replace")
            rejects.add(record.line, *(_STRAY if record.stray else _NUL), shown)
            yield b"\n" if len(source.columns) > 1 else b""


def _tabbed(line: bytes, delimiter: str) -> bytes:
    cells = (b'"' + v.replace(b'"', b'""') + b'"' if b'"' in v or b"\t" in v else v for v in values(line, delimiter))
    return b"\t".join(cells) + b"\n"
