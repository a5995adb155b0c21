"""The records of a CSV one by one, with their physical lines: slower than counting, for copies and odd files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from core.ingest.marks import is_stray

LINE_COLUMN = "__limelight_line"
"""The last column of a prepared Parquet copy: the line (JSON lines) or row (Excel) each row came from."""


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


def without_mark(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The pieces without a UTF-8 byte order mark at the start of the first one that is not empty."""
    first = True
    for piece in pieces:
        if first and piece:
            first = False
            piece = piece.removeprefix(b"\xef\xbb\xbf")
        if piece:
            yield piece


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
