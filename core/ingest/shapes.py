"""What a complete row of a file looks like, to tell a swallowed row from a line of somebody's prose."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

_DIGITS, _LETTERS = re.compile(r"\d+"), re.compile(r"[^\W\d_]+")
_MOST_SHAPES, _LONGEST_SHAPE = 12, 24


def shape(value: str) -> str:
    """The value with each run of digits as `9` and each run of letters as `a`.

    >>> shape("12/1/2010 08:26"), shape("user_17"), shape("-4.50")
    ('9/9/9 9:9', 'a_9', '-9.9')
    """
    return _LETTERS.sub("a", _DIGITS.sub("9", value.strip()))


@dataclass(frozen=True)
class RowShape:
    """The fields of a row and, for columns of a regular form (numbers, dates, codes), the shapes seen in them.

    A file none of whose columns has a regular form with digits in it fits nothing: prose cannot be told from rows.
    """

    delimiter: bytes
    fields: int
    shapes: tuple[frozenset[str] | None, ...]

    @classmethod
    def of(cls, lines: Iterable[str], delimiter: str, fields: int) -> RowShape:
        """Learnt from sample lines, quotes ignored, so that a quote gone astray among them does no harm."""
        full = [row for line in lines if len(row := line.replace('"', "").split(delimiter)) == fields]
        return cls(delimiter.encode(), fields, tuple(_regular([row[k] for row in full]) for k in range(fields)))

    @property
    def telling(self) -> bool:
        """Some column with digits has a regular form, so a row can be recognised."""
        return self.fields > 1 and any(s and any("9" in form for form in s) for s in self.shapes)

    def fits(self, line: bytes) -> bool:
        """The physical line, its quotes ignored, reads like a complete row."""
        if line.count(self.delimiter) < self.fields - 1 or not self.telling:
            return False
        values = line.decode("utf-8", "replace").replace('"', "").split(self.delimiter.decode())
        if len(values) != self.fields:
            return False
        return all(
            s is None or not v.strip() or shape(v) in s for v, s in zip(values, self.shapes, strict=True)
        ) and any(s and v.strip() and any("9" in form for form in s) for v, s in zip(values, self.shapes, strict=True))

    def could_fit(self, line: bytes) -> bool:
        """`fits`, or, in a file of free text alone, the line has as many values as a row."""
        return self.fits(line) if self.telling else line.count(self.delimiter) == self.fields - 1 > 0


def _regular(values: list[str]) -> frozenset[str] | None:
    """The shapes of a column that has few of them, each with a digit; or its only shape; None for free text."""
    shapes = Counter(shape(v) for v in values if v.strip())
    common = frozenset(s for s, n in shapes.most_common(_MOST_SHAPES) if len(s) <= _LONGEST_SHAPE)
    few = shapes and len(shapes) <= 2 * _MOST_SHAPES
    covered = sum(n for s, n in shapes.items() if s in common) >= 0.98 * shapes.total()
    return common if few and covered and (len(shapes) == 1 or all("9" in s for s in common)) else None
