"""The registry's lines, family by family."""

from core.recommend.roster import attention, blends, factors, linear, neighbours, newcomers, popular
from core.recommend.types import ModelInfo

MODELS: tuple[ModelInfo, ...] = (
    *popular.LINES,
    *neighbours.LINES,
    *linear.LINES,
    *factors.LINES,
    *attention.LINES,
    *newcomers.LINES,
    *blends.LINES,
)
"""In the order in which pages list them; popularity first, since it is in every comparison."""

__all__ = ["MODELS"]
