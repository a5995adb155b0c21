"""How many users must be chosen until so many of them take it: the way from expected buyers to a size."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np

from core.errors import Refusal
from core.evaluate.audience import prepare_audience
from core.evaluate.audience_choose import World, model_scores
from core.evaluate.audience_types import AudienceSpec
from core.evaluate.split import mixed
from core.interactions import Array
from core.progress import Step, no_step
from core.recommend import make
from core.store import Store


@dataclass(frozen=True, eq=False)
class BuyersCurve:
    """What a model's choice for one item or category would have brought at each size.

    Attributes:
        taken: int64 (n,): of the first 1, 2, ... n candidates in the model's order, how many took it; rising. Those
            whom the model cannot score are not in it.
        candidates, takers: all who could have been chosen, and how many of them took it.
        event: what counted as taking it.
        cut, until: UTC; the time looked at, half-open.
    """

    taken: Array
    candidates: int
    takers: int
    event: str
    cut: datetime
    until: datetime

    @property
    def days(self) -> float:
        """Length of the time looked at."""
        return (self.until - self.cut).total_seconds() / 86400

    def size_for(self, buyers: int) -> int:
        """The smallest number of users of whom so many took it. Raises Refusal `too_many_buyers`.

        >>> curve = BuyersCurve(np.array([0, 1, 1, 2]), 9, 3, "purchase", datetime(2025, 1, 1), datetime(2025, 2, 1))
        >>> curve.size_for(2)
        4
        """
        if buyers < 1 or not len(self.taken) or buyers > self.taken[-1]:
            most = int(self.taken[-1]) if len(self.taken) else 0
            raise Refusal(
                "too_many_buyers",
                f"{buyers:,} buyers cannot be planned for: of all {self.candidates:,} users who could be chosen, "
                f"{most:,} whom the model can rank took it in the {self.days:.0f} days after {self.cut:%-d %b %Y}.",
                f"Ask for 1 to {most:,}, or give a size." if most else "Give a size, or choose another item.",
            )
        return int(np.searchsorted(self.taken, buyers)) + 1

    def words(self, buyers: int) -> str:
        """What the size follows from, in a sentence. Raises Refusal `too_many_buyers`."""
        return (
            f"The size follows from {buyers:,} expected buyers: of the first {self.size_for(buyers):,} users that the "
            f"model would have chosen on {self.cut:%-d %b %Y}, {buyers:,} took it in the {self.days:.0f} days after. "
            "How many it will be, nobody knows."
        )


def buyers_curve(store: Store, spec: AudienceSpec, *, step: Step = no_step) -> BuyersCurve:
    """The curve of the one model and the one item or category of `spec` (its size plays no part).

    At each size it is what `audience` counts for that size. Raises ValueError for several models or targets, and what
    `prepare_audience` raises.
    """
    if len(spec.models) != 1 or len(spec.targets) + len(spec.categories) != 1:
        raise ValueError("one model and one item or category")
    world = World.of(spec, prepare_audience(store, spec, step.part(0.0, 0.4)))
    fitted = make(spec.models[0]).fit(world.x, seed=spec.seed, step=step.part(0.4, 0.8))
    ((_, scores),) = model_scores(fitted, world, step.part(0.8, 1.0))
    lot = mixed(int(world.lots[0]), world.x.users.numbers, np.zeros(1, dtype=np.int64))
    can = np.flatnonzero(world.candidates(0) & np.isfinite(scores))
    order = can[np.lexsort((lot[can], -scores[can]))]
    taken = world.taken(0)
    cut, until = (datetime.fromisoformat(world.told[name]) for name in ("cut", "until"))
    return BuyersCurve(
        np.cumsum(taken[order]).astype(np.int64),
        int(world.candidates(0).sum()),
        int(taken.sum()),
        " or ".join(world.told["words"]),
        cut,
        until,
    )
