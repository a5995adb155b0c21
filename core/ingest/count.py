"""Counting the rows of a CSV from its bytes, apart from the loader that will read them.

What a row is, agreed with DuckDB's reader (tests hold the agreement):

- A quote opens a quoted value only as the first byte of a value, or behind one space that is; anywhere else outside
  quotes it is an ordinary byte.
- Behind a closing quote only spaces may follow up to the next delimiter; other rows are malformed. DuckDB rejects
  them too, but now and then makes a row of what follows, so it is never shown them (core.ingest.text).
- Line breaks inside a quoted value do not end a row; LF, CR LF and a lone CR outside one do.
- A blank line is no row, except in a file of one column, where it is a row whose value is missing.

Most chunks have no quote and are counted with `bytes.count`. In the others quotes alternate between opening and
closing (a doubled quote closes and opens again), so the parity of the quotes before a line break tells whether it
ends a row; NumPy checks that every quote stands where its turn says it should, and only from one that does not
(`12" disk`) is the exact rule applied, quote by quote, until the turns fit again.

An unterminated quote swallows the rows behind it in silence, so it is refused with the line where it opened: at the
end of the file, or as soon as a line inside a quoted value reads like a complete row (core.ingest.shapes); of a line
on which the value is properly closed, only what stands before the closing quote is looked at. Where all
columns are free text, a row cannot be told from prose; there a value of several lines is refused when it goes on behind
its closing quote and one of its lines has as many values as a row.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass

import numpy as np

from core.errors import Refusal
from core.ingest.marks import Bytes, Positions, Truths, byte_table, is_stray, line_ends, not_escaped
from core.ingest.shapes import RowShape

_LF, _CR, _SPACE = 10, 13, 32
_LONGEST_LINE = 64 << 20


@dataclass
class Counts:
    """What the bytes of a CSV hold.

    Attributes:
        rows: records, the header included where there is one; blank lines are not rows (but see `blank`).
        blank: blank lines outside quotes.
        lines: physical lines.
        broken: line breaks inside quoted values: 0 means one line is one row.
        ends: how rows end: LF, CR LF, lone CR -> how often. More than one kind is beyond DuckDB's strict reader.
        nul: NUL bytes are present.
        stray: quoted values that go on behind their closing quote (`"5" x`); their rows are malformed.
    """

    rows: int = 0
    blank: int = 0
    lines: int = 0
    broken: int = 0
    lf: int = 0
    crlf: int = 0
    cr: int = 0
    nul: bool = False
    stray: int = 0

    @property
    def mixed(self) -> bool:
        """Rows end in more than one way."""
        return (self.lf > 0) + (self.crlf > 0) + (self.cr > 0) > 1


class Counter:
    """Counts a CSV fed to it in chunks of any size; give the bytes from the first one after a byte order mark on.

    >>> counter = Counter(delimiter=",", quote='"', escape='"')
    >>> counter.feed(b'a,b\\n1,"two\\nlines"\\n\\n3,4')
    >>> counts = counter.finish()
    >>> counts.rows, counts.blank, counts.broken
    (3, 1, 1)
    """

    def __init__(self, *, delimiter: str, quote: str, escape: str, shape: RowShape | None = None) -> None:
        """`shape` is what a complete row looks like; without it only a quote open at the end is refused."""
        self.counts = Counts()
        self._quote = quote.encode()[:1]
        self._backslash = escape == "\\"
        starts = [*delimiter.encode()[-1:], _LF, _CR]
        before = [*starts, *self._quote]
        after = [*delimiter.encode()[:1], _LF, _CR, *self._quote]
        self._may_open, self._may_close = byte_table(before), byte_table(after)
        self._may_space = byte_table(starts)
        self._ends = delimiter.encode()[:1] + b"\r\n"
        self._shape = shape
        self._tail = b""
        self._inside = False  # a quoted value is open at the start of the next chunk
        self._midrow = False  # ... so the row began in an earlier chunk
        self._opened = 0  # physical line of the quote that opened it

    def feed(self, chunk: bytes) -> None:
        """Count a chunk. Raises Refusal `unterminated_quote`, `line_too_long`."""
        data = self._tail + chunk if self._tail else chunk
        cut = data.rfind(b"\n") + 1 or data.rfind(b"\r", 0, len(data) - 1) + 1
        if not cut and len(data) > _LONGEST_LINE:
            raise Refusal(
                "line_too_long",
                f"Line {self.counts.lines + 1:,} is longer than {_LONGEST_LINE >> 20} MB.",
                "This does not look like a table of text; name a CSV, Parquet, Excel or JSON lines file.",
            )
        self._tail = data[cut:]
        if cut:
            self._count(data if cut == len(data) else data[:cut])

    def finish(self) -> Counts:
        """The counts of all that was fed. Raises Refusal `unterminated_quote`."""
        if self._tail:
            tail, self._tail = self._tail, b""
            self._count(tail)
        if self._inside:
            self._refuse(self._opened)
        return self.counts

    # ---- one chunk, which ends with a line break or with the file

    def _count(self, data: bytes) -> None:
        counts = self.counts
        counts.nul = counts.nul or b"\0" in data
        raw = np.frombuffer(data, np.uint8)
        if not self._inside and (not self._quote or self._quote not in data) and b"\r" not in data:
            breaks = raw == _LF
            if not breaks[0] and not (breaks[1:] & breaks[:-1]).any():
                ends = int(np.count_nonzero(breaks))
                counts.lf += ends
                counts.lines += ends + (data[-1] != _LF)
                counts.rows += ends + (data[-1] != _LF)
                return
        self._count_exactly(data, raw)

    def _count_exactly(self, data: bytes, raw: Bytes) -> None:
        counts = self.counts
        ends, crlf, cr = line_ends(raw, data)
        if self._quote and (self._inside or self._quote in data):
            kept = self._toggles(raw, data)
            inside = (np.searchsorted(kept, ends) + self._inside) & 1 == 1
            self._watch(data, ends, kept, inside)
            outside = ends[~inside]
            crlf, cr = crlf[~inside], cr[~inside]
            still = bool((len(kept) + self._inside) & 1)
        else:
            kept, outside, still = np.empty(0, np.int64), ends, False
        unended = len(data) - 1 - (int(ends[-1]) if len(ends) else -1)
        starts = np.concatenate(([-1], outside[:-1])) if len(outside) else outside
        lengths = outside - starts - 1 - crlf
        if len(lengths) and self._midrow:
            lengths[0] = 1
        self._ended(data, ends, np.append(outside, len(data)) if unended and not still else outside, lengths == 0)
        blank = int(np.count_nonzero(lengths == 0))
        counts.blank += blank
        counts.rows += len(outside) - blank
        counts.crlf += int(np.count_nonzero(crlf))
        counts.cr += int(np.count_nonzero(cr))
        counts.lf += int(len(outside) - np.count_nonzero(crlf) - np.count_nonzero(cr))
        counts.broken += len(ends) - len(outside)
        if unended and not still:
            counts.rows += 1
        if still and len(kept):
            self._opened = self._line_of(ends, int(kept[-1]))
        counts.lines += len(ends) + (unended > 0)
        self._inside = self._midrow = still

    def _ended(self, data: bytes, ends: Positions, stops: Positions, blank: Truths) -> None:
        """For those who look for rows: rows end at `stops`, the first `blank` of them are blank lines."""

    def _toggles(self, raw: Bytes, data: bytes) -> Positions:
        """Positions of the quotes that open or close a value, in order; the ordinary ones are left out."""
        quotes = np.flatnonzero(raw == self._quote[0])
        if self._backslash:
            quotes = not_escaped(quotes, raw)
        openers, closers = quotes[int(self._inside) :: 2], quotes[1 - int(self._inside) :: 2]
        if self._before(raw, openers).all() and self._after(raw, closers).all():
            return quotes
        return self._exactly(data, quotes, self._before(raw, quotes), self._after(raw, quotes))

    def _before(self, raw: Bytes, quotes: Positions) -> Truths:
        """Which quotes stand where a value may open."""
        fine = self._may_open[raw[quotes - 1]]  # at the chunk's first byte this looks at its last: a line break, or set
        behind_space = np.flatnonzero(raw[quotes - 1] == _SPACE)
        if len(behind_space):
            at = quotes[behind_space]
            fine[behind_space] |= self._may_space[raw[at - 2]] | (at == 1)
        if len(quotes) and quotes[0] == 0:
            fine[0] = True
        return fine

    def _after(self, raw: Bytes, quotes: Positions) -> Truths:
        """Which quotes stand where a value may close."""
        last = len(quotes) and quotes[-1] == len(raw) - 1
        fine = self._may_close[raw[quotes[:-1] + 1 if last else quotes + 1]]
        return np.append(fine, True) if last else fine

    def _exactly(self, data: bytes, quotes: Positions, opens: Truths, closes: Truths) -> Positions:
        """Go from one quote out of turn to the next; an ordinary quote shifts the turns of all behind it."""
        turn = (np.arange(len(quotes)) + self._inside) & 1 == 1  # True: its turn is to close
        candidates = tuple(np.flatnonzero(np.where(turn == (phase == 0), ~closes, ~opens)).tolist() for phase in (0, 1))
        ordinary: list[int] = []
        phase, at = 0, 0
        while True:
            found = candidates[phase]
            k = bisect_left(found, at)
            if k == len(found):
                break
            i = found[k]
            at = i + 1
            if bool(turn[i]) != (phase == 1):  # a closing quote with something behind it
                if is_stray(data, int(quotes[i]) + 1, self._ends):
                    self.counts.stray += 1
                    self._doubt(data, int(quotes[i - 1]) if i else -1, int(quotes[i]))
            else:  # outside, and it may not open: an ordinary byte
                ordinary.append(i)
                phase ^= 1
                while at < len(quotes) and quotes[at] == quotes[at - 1] + 1:
                    ordinary.append(at)
                    phase ^= 1
                    at += 1
        return np.delete(quotes, ordinary)

    # ---- quotes that swallow rows

    def _watch(self, data: bytes, ends: Positions, kept: Positions, inside: Truths) -> None:
        """Refuse when a line that begins inside a quoted value reads like a complete row."""
        if self._shape is None:
            return
        if self._inside and len(ends) and self._swallowed(data, 0, int(ends[0]), kept, None):
            self._refuse(self._opened)
        for k in np.flatnonzero(inside).tolist():
            start = int(ends[k]) + 1
            stop = int(ends[k + 1]) if k + 1 < len(ends) else len(data)
            before = ends[:k][~inside[:k]]
            record = int(before[-1]) + 1 if len(before) else (None if self._midrow else 0)
            if start < stop and self._swallowed(data, start, stop, kept, record):
                opener = int(np.searchsorted(kept, start)) - 1
                self._refuse(self._line_of(ends, int(kept[opener])) if opener >= 0 else self._opened)

    def _swallowed(self, data: bytes, start: int, stop: int, kept: Positions, record: int | None) -> bool:
        """A line that begins inside a quoted value reads like a complete row.

        Where the value is properly closed on this line, and its record (from `record` on; None: it began in an earlier
        chunk) has the right number of cells, only what the value holds of the line can be a swallowed row: in
        `"two LF lines",5,2024-01-05` the second line is none, though it has all the cells of a row.
        """
        shape = self._shape
        if shape is None or not shape.fits(data[start:stop]):
            return False
        first = int(np.searchsorted(kept, start))
        while first + 1 < len(kept) and kept[first + 1] == kept[first] + 1:
            first += 2  # a doubled quote
        if first >= len(kept) or kept[first] >= stop or is_stray(data, int(kept[first]) + 1, self._ends):
            return True
        if record is not None:
            marks = np.flatnonzero(np.frombuffer(data[record:stop], np.uint8) == shape.delimiter[0]) + record
            outside = (np.searchsorted(kept, marks) - np.searchsorted(kept, record)) & 1 == 0
            open_again = (int(np.searchsorted(kept, stop)) - first) & 1 == 0
            if not open_again and int(np.count_nonzero(outside)) != shape.fields - 1:
                return True
        return shape.fits(data[start : int(kept[first])])

    def _doubt(self, data: bytes, opened: int, closed: int) -> None:
        """A value that goes on behind its quote, and has lines that could be rows: its quote was never closed."""
        if self._shape is None or data.find(b"\n", opened + 1, closed) < 0:
            return
        stop = data.find(b"\n", closed)
        lines = data[opened + 1 : stop if stop >= 0 else len(data)].splitlines()
        if any(self._shape.could_fit(line) for line in lines[1:]):
            self._refuse(self.counts.lines + data.count(b"\n", 0, opened) + 1 if opened >= 0 else self._opened)

    def _line_of(self, ends: Positions, position: int) -> int:
        return self.counts.lines + int(np.searchsorted(ends, position)) + 1

    def _refuse(self, line: int) -> None:
        raise Refusal(
            "unterminated_quote",
            f"Line {line:,}: a quoted value opens here and is not closed before the following rows.",
            f"Close the quote on line {line:,}, or remove it, and load the file again.",
        )
