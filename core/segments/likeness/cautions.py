"""Which notes of an answer warn of taking it for more than it is: people must read these first."""

from __future__ import annotations

from core.segments.likeness.types import Clustering, Lookalikes

_WARNING = (
    "not clearly apart",
    "almost without error",
    "says nothing",
    "not better than chance",
    "not clearly better",
    "rather active than alike",
    "nothing in common",
)


def cautions(answer: Clustering | Lookalikes) -> tuple[str, ...]:
    """Those of its notes that warn, in their order."""
    return tuple(note for note in answer.notes if any(said in note for said in _WARNING))
