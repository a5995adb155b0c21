"""The parts of the loyalty score: one number a buyer each, and their ranks among all buyers."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import datetime

import numpy as np
import numpy.typing as npt

from core.behaviour import Window
from core.errors import Refusal
from core.loyalty.kept import Kept
from core.loyalty.money import advocacy_by_user, breadth_by_user, net_of
from core.loyalty.orders import Floats, read_orders
from core.loyalty.rhythm import chance, own_pauses, shop_rhythm
from core.store import Store

PARTS = ("recency", "rhythm", "breadth", "tenure", "value", "advocacy")


@dataclass(frozen=True)
class Weights:
    """How much each part counts; shares of their sum are what matters. Default: all the same.

    Equal weights are the honest default: weights that somebody feels, and even weights that are fitted on little data,
    seldom do better on new data than equal ones (Dawes 1979, "The robust beauty of improper linear models").
    Raises Refusal `bad_weights` for negative ones, and where all are 0.
    """

    recency: float = 1.0
    rhythm: float = 1.0
    breadth: float = 1.0
    tenure: float = 1.0
    value: float = 1.0
    advocacy: float = 1.0

    def __post_init__(self) -> None:
        own = [getattr(self, f.name) for f in fields(self)]
        if not all(np.isfinite(w) and w >= 0 for w in own) or sum(own) <= 0:
            raise Refusal(
                "bad_weights",
                "Weights must be 0 or more, and at least one above 0.",
                "Leave a part out with 0; the others then share the whole.",
            )

    def of(self, part: str) -> float:
        """The weight of one part."""
        return float(getattr(self, part))


@dataclass(frozen=True, eq=False)
class Measured:
    """The parts of every buyer with a dated order before `end`.

    Attributes:
        end: UTC, half-open.
        buyers: int32 (b,), user_no, rising.
        raw: for each part that can be said (b,): days since the last order, chance of the present pause (0 to 1),
            distinct categories or items, days since the first order, net value (NaN: no values), events of advocacy.
        ranks: the same as ranks among the buyers, 0 (lowest) to 1: the share below plus half the share equal.
        missing: for each part that cannot be said, why, in a sentence.
        breadth: what breadth counts: the category column's name, or "items". advocacy: the event types counted.
    """

    end: datetime
    buyers: npt.NDArray[np.int32]
    raw: dict[str, Floats]
    ranks: dict[str, Floats]
    missing: dict[str, str] = field(default_factory=dict)
    breadth: str = "items"
    advocacy: tuple[str, ...] = ()

    def score(self, weights: Weights) -> Floats:
        """(b,): 0 to 100; parts missing for a buyer are left out. NaN where all weight lies on missing parts."""
        total, weight = np.zeros(len(self.buyers)), np.zeros(len(self.buyers))
        for part, rank in self.ranks.items():
            known = ~np.isnan(rank)
            total[known] += weights.of(part) * rank[known]
            weight[known] += weights.of(part)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(weight > 0, 100 * total / weight, np.nan)


def measure(store: Store, end: datetime) -> Measured | None:
    """The parts as of `end`, from what was there before it alone; None where nobody had ordered. Kept."""
    return _kept.get(store, Window(None, end), lambda: _measure(store, end))


def midranks(values: Floats) -> Floats:
    """Each value's rank among the known ones: the share below it plus half the share equal to it; NaN stays NaN.

    >>> midranks(np.array([5.0, 1.0, 5.0, 9.0])).tolist()
    [0.5, 0.125, 0.5, 0.875]
    """
    out = np.full(len(values), np.nan)
    known = ~np.isnan(values)
    if known.any():
        _, place, counts = np.unique(values[known], return_inverse=True, return_counts=True)
        out[known] = ((np.cumsum(counts) - 0.5 * counts) / known.sum())[place]
    return out


_kept: Kept[Measured | None] = Kept(4)


def _measure(store: Store, end: datetime) -> Measured | None:
    window = Window(None, end)
    held = read_orders(store, window)
    if not len(held.days.user):
        return None
    own = own_pauses(held)
    buyers = held.buyers[own.user]
    shop = shop_rhythm(own)
    breadth, counted = breadth_by_user(store, window, buyers)
    advocacy, kinds = advocacy_by_user(store, window, buyers)
    value = net_of(store, held, window)[own.user]
    raw: dict[str, Floats] = {"recency": own.now.astype(np.float64)}
    missing = {}
    if shop is None:
        missing["rhythm"] = "Too few buyers have ordered on three days or more to know a rhythm."
    else:
        raw["rhythm"] = chance(shop, own)
    raw |= {"breadth": breadth, "tenure": own.since.astype(np.float64)}
    if np.isnan(value).all():
        missing["value"] = "No purchase has a value."
    else:
        raw["value"] = value
    if kinds:
        raw["advocacy"] = advocacy
    else:
        missing["advocacy"] = "The data hold no shares, comments, reviews, ratings or referrals."
    ranks = {part: midranks(-values if part == "recency" else values) for part, values in raw.items()}
    return Measured(end, buyers, raw, ranks, missing, counted, kinds)
