"""What the roads answer: see core.recommend.roads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from core.recommend.types import Spec

Road = Literal["model", "folded", "kind", "popular", "content", "active"]

Given = tuple[Road, str, Spec, tuple[tuple[int, float], ...], int, tuple[tuple[Spec, float], ...]]
"""road, words, model, (item_no, score) best first, items of history, which part spoke."""


@dataclass(frozen=True)
class Listed:
    """One item of a list: raw id, what people call it, and its score (comparable within the list alone)."""

    item: str
    label: str
    score: float


@dataclass(frozen=True)
class Answered:
    """What a user would want next.

    Attributes:
        user: raw id.
        items: best first.
        road: by which the answer came, and `words`: the same in a sentence or two, with how few items it rests on.
        model: the model that made the list; on the roads "kind" and "popular" not the one that was asked.
        history: items of the user's history that the model answered from; 0 on those two roads.
        spoke: of a blend on the road "model", each part's mean share over the list (Explanation.spoke); else empty.
    """

    user: str
    items: tuple[Listed, ...]
    road: Road
    words: str
    model: Spec
    history: int
    spoke: tuple[tuple[Spec, float], ...] = ()


@dataclass(frozen=True)
class Audience:
    """Whom an item suits best: (raw id, score) of users, best first; road and words as in Answered; `model` None on
    the road "active".
    """

    item: str
    users: tuple[tuple[str, float], ...]
    road: Road
    words: str
    model: Spec | None
