"""The names of RFM segments: one for each pair of recency and frequency scores, 3x3, 4x4 or 5x5."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import isqrt

from core.segments.parts import BadRule, text

CELLS: tuple[str, ...] = tuple(f"{r}{f}" for r in range(1, 6) for f in range(1, 6))
"""Every cell of the usual 5x5 grid as recency score then frequency score: "11" ... "55"."""

SIZES: tuple[int, ...] = (3, 4, 5)
"""How many scores a grid may have each way."""

_PATTERN = re.compile(r"([1-5]|\[[1-5]-[1-5]\])([1-5]|\[[1-5]-[1-5]\])")


@dataclass(frozen=True)
class Grid:
    """The name of each cell, in the order of `all_cells()`; several cells may share a name.

    Raises BadRule when there are not 9, 16 or 25 names, or one is empty or looks like a cell ("55").
    """

    names: tuple[str, ...]

    def __post_init__(self) -> None:
        if len(self.names) not in {n * n for n in SIZES}:
            raise BadRule(f"the grid needs 25 names (or 16, or 9), not {len(self.names)}", "grid")
        for name in self.names:
            text(name, "grid", most=80)
            if name in CELLS or name != name.strip():
                raise BadRule(f"{name!r} cannot be the name of an RFM segment", "grid")

    @classmethod
    def of(cls, cells: Mapping[str, Sequence[str]]) -> Grid:
        """A grid from the cells of each name, such as `{"At risk": ["[1-2][3-4]"]}`.

        The highest score that a cell names tells its size, 3 at the least. Raises BadRule unless every one of its 9,
        16 or 25 cells is covered exactly once.
        """
        names: dict[str, str] = {}
        for name, patterns in cells.items():
            for cell in (c for pattern in patterns for c in _expand(pattern, name)):
                if cell in names:
                    raise BadRule(f"cell {cell} belongs to both {names[cell]!r} and {name!r}", "grid")
                names[cell] = name
        every = cells_of(max((int(score) for cell in names for score in cell), default=max(SIZES)))
        bare = [cell for cell in every if cell not in names]
        if bare:
            hint = f"Each of the {len(every)} cells needs one name."
            raise BadRule(f"no segment covers cell {', '.join(bare)}", "grid", hint)
        return cls(tuple(names[cell] for cell in every))

    @property
    def size(self) -> int:
        """Scores each way: 3, 4 or 5."""
        return isqrt(len(self.names))

    def all_cells(self) -> tuple[str, ...]:
        """Every cell of the grid as recency score then frequency score: "11" ... "44" for a grid of 4x4."""
        return cells_of(self.size)

    def name(self, recency: int, frequency: int) -> str:
        """The segment of a pair of scores, each 1 to `size`."""
        return self.names[(recency - 1) * self.size + frequency - 1]

    def cells(self, name: str) -> tuple[str, ...]:
        """The cells with this name; empty when there is none."""
        return tuple(cell for cell, n in zip(self.all_cells(), self.names, strict=True) if n == name)

    def distinct(self) -> tuple[str, ...]:
        """The names, each once, from the best customers (recent, frequent) to the most distant."""
        corners = {n: max((int(c[0]) + int(c[1]), c) for c in self.cells(n)) for n in self.names}
        usual = {name: place for place, name in enumerate(USUAL)}
        return tuple(sorted(corners, key=lambda n: (usual.get(n, len(usual)), tuple(-int(d) for d in corners[n][1]))))

    def to_json(self) -> dict[str, list[str]]:
        """The cells of each name; `Grid.of` gives an equal grid back."""
        return {name: list(self.cells(name)) for name in self.distinct()}


def cells_of(size: int) -> tuple[str, ...]:
    """The cells of a grid with `size` scores each way; at least 3.

    >>> cells_of(3)
    ('11', '12', '13', '21', '22', '23', '31', '32', '33')
    """
    scores = range(1, max(size, min(SIZES)) + 1)
    return tuple(f"{r}{f}" for r in scores for f in scores)


def _expand(pattern: object, name: str) -> Iterator[str]:
    found = _PATTERN.fullmatch(pattern) if isinstance(pattern, str) else None
    if found is None:
        raise BadRule(f"{pattern!r} is not a cell", f"grid.{name}", 'Write "55", or a range of scores: "[1-2][3-4]".')
    ends = [part.strip("[]").split("-") for part in found.groups()]
    for r, f in product(*(range(int(end[0]), int(end[-1]) + 1) for end in ends)):
        yield f"{r}{f}"


USUAL: tuple[str, ...] = (
    "Champions", "Loyal customers", "Potential loyalists", "New customers", "Promising", "Need attention",
    "About to sleep", "At risk", "Can't lose them", "Hibernating",
)  # fmt: skip
"""The usual names, from the best customers to the most distant: the order in which they are listed."""

DEFAULT_GRID = Grid.of(
    {
        "Champions": ["5[4-5]"],
        "Loyal customers": ["[3-4][4-5]"],
        "Potential loyalists": ["[4-5][2-3]"],
        "New customers": ["51"],
        "Promising": ["41"],
        "Need attention": ["33"],
        "About to sleep": ["3[1-2]"],
        "At risk": ["[1-2][3-4]"],
        "Can't lose them": ["[1-2]5"],
        "Hibernating": ["[1-2][1-2]"],
    }
)
"""A convention found in many public implementations, not a standard: analysts may edit it."""

_DEFAULTS = {
    5: DEFAULT_GRID,
    4: Grid.of(
        {
            "Champions": ["44"],
            "Loyal customers": ["43", "3[3-4]"],
            "Potential loyalists": ["42", "32"],
            "New customers": ["41"],
            "Promising": ["31"],
            "About to sleep": ["2[1-2]"],
            "At risk": ["[1-2]3"],
            "Can't lose them": ["[1-2]4"],
            "Hibernating": ["1[1-2]"],
        }
    ),
    3: Grid.of(
        {
            "Champions": ["33"],
            "Loyal customers": ["23"],
            "Potential loyalists": ["32"],
            "New customers": ["31"],
            "Need attention": ["22"],
            "About to sleep": ["21"],
            "At risk": ["12"],
            "Can't lose them": ["13"],
            "Hibernating": ["11"],
        }
    ),
}


def default_grid(scores: int) -> Grid:
    """The usual names for 3, 4 or 5 scores each way.

    Those of 3 and 4 scores are ours: the convention is of five, and no two smaller grids in use are alike.
    """
    return _DEFAULTS[scores]
