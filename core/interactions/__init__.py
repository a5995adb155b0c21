"""The user x item matrix: how much each user has had to do with each item."""

from core.interactions.build import build
from core.interactions.question import MatrixSpec
from core.interactions.sides import NEEDS, Need, side_columns, side_of
from core.interactions.taken import taken_by, takers_of
from core.interactions.types import (
    NO_TIME,
    Array,
    IdMap,
    Interactions,
    as_bytes,
    from_bytes,
    table_as_bytes,
    table_from_bytes,
)

__all__ = [
    "NEEDS",
    "NO_TIME",
    "Array",
    "IdMap",
    "Interactions",
    "MatrixSpec",
    "Need",
    "as_bytes",
    "build",
    "from_bytes",
    "side_columns",
    "side_of",
    "table_as_bytes",
    "table_from_bytes",
    "taken_by",
    "takers_of",
]
