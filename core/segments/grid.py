"""The names of RFM segments: one for each of the 25 pairs of recency and frequency scores."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from core.segments.parts import BadRule, text

CELLS: tuple[str, ...] = tuple(f"{r}{f}" for r in range(1, 6) for f in range(1, 6))
"""Every cell as recency score then frequency score: "11" ... "55"."""

_PATTERN = re.compile(r"([1-5]|\[[1-5]-[1-5]\])([1-5]|\[[1-5]-[1-5]\])")


@dataclass(frozen=True)
class Grid:
    """The name of each cell, in the order of CELLS; several cells may share a name.

    Raises BadRule when there are not 25 names, or one is empty or looks like a cell ("55").
    """

    names: tuple[str, ...]

    def __post_init__(self) -> None:
        if len(self.names) != len(CELLS):
            raise BadRule(f"the grid needs {len(CELLS)} names, not {len(self.names)}", "grid")
        for name in self.names:
            text(name, "grid", most=80)
            if name in CELLS or name != name.strip():
                raise BadRule(f"{name!r} cannot be the name of an RFM segment", "grid")

    @classmethod
    def of(cls, cells: Mapping[str, Sequence[str]]) -> Grid:
        """A grid from the cells of each name, such as `{"At risk": ["[1-2][3-4]"]}`.

        Raises BadRule unless every one of the 25 cells is covered exactly once.
        """
        names: dict[str, str] = {}
        for name, patterns in cells.items():
            for cell in (c for pattern in patterns for c in _expand(pattern, name)):
                if cell in names:
                    raise BadRule(f"cell {cell} belongs to both {names[cell]!r} and {name!r}", "grid")
                names[cell] = name
        bare = [cell for cell in CELLS if cell not in names]
        if bare:
            raise BadRule(f"no segment covers cell {', '.join(bare)}", "grid", "Each of the 25 cells needs one name.")
        return cls(tuple(names[cell] for cell in CELLS))

    def name(self, recency: int, frequency: int) -> str:
        """The segment of a pair of scores, each 1 to 5."""
        return self.names[(recency - 1) * 5 + frequency - 1]

    def cells(self, name: str) -> tuple[str, ...]:
        """The cells with this name; empty when there is none."""
        return tuple(cell for cell, n in zip(CELLS, self.names, strict=True) if n == name)

    def distinct(self) -> tuple[str, ...]:
        """The names, each once, from the best customers (recent, frequent) to the most distant."""
        corners = {n: max((int(c[0]) + int(c[1]), c) for c in self.cells(n)) for n in self.names}
        usual = {name: place for place, name in enumerate(USUAL)}
        return tuple(sorted(corners, key=lambda n: (usual.get(n, len(usual)), tuple(-int(d) for d in corners[n][1]))))

    def to_json(self) -> dict[str, list[str]]:
        """The cells of each name; `Grid.of` gives an equal grid back."""
        return {name: list(self.cells(name)) for name in self.distinct()}


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
