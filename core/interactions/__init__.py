"""The user x item matrix: how much each user has had to do with each item."""

from core.interactions.build import build
from core.interactions.question import MatrixSpec
from core.interactions.types import Array, IdMap, Interactions, as_bytes, from_bytes

__all__ = ["Array", "IdMap", "Interactions", "MatrixSpec", "as_bytes", "build", "from_bytes"]
