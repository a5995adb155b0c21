"""Parameters that several models have."""

from __future__ import annotations

from core.recommend.types import Param

VALUES = Param(
    "values",
    "choice",
    "log",
    "Repeated behaviour",
    "How much more a pair with many events counts: once (yes or no), log (a little more each time), sum (in full).",
    choices=("once", "log", "sum"),
)


def shrink(default: float, what: str) -> Param:
    """Caution towards the likeness of things with little behaviour."""
    return Param(
        "shrink",
        "float",
        default,
        "Caution",
        f"Larger values trust likeness less where {what}; 0 is the plain measure.",
        low=0.0,
        high=1000.0,
        tune_high=300.0,
    )


def neighbours(default: int, plain: str, text: str) -> Param:
    """How many neighbours are kept."""
    return Param("neighbours", "int", default, plain, text, low=5, high=1000, scale="log", tune_low=10, tune_high=500)


def factors(default: int, text: str, *, low: float = 4, high: float = 512) -> Param:
    """How many hidden tastes."""
    return Param("factors", "int", default, "Tastes", text, low=low, high=high, scale="log", tune_low=8, tune_high=256)


def epochs(default: int, text: str, *, high: float = 200, tuned: bool = False) -> Param:
    """Rounds of an iterative fit."""
    return Param("epochs", "int", default, "Rounds", text, low=1, high=high, tuned=tuned)
