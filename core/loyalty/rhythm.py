"""Everyone's own rhythm: how likely a pause as long as the present one is, for this buyer.

Pauses of one buyer are taken to be gamma distributed. How regular they are (the shape) is the shop's; how long they are
(the rate) is each buyer's own, and buyers' rates are gamma distributed as well. So what is known of a buyer is the
number and the sum of their pauses, and the chance that the next is longer than so many days has a closed form, in which
the shop's pauses stand in for those that the buyer has not had yet: with none it is the shop's, with many the buyer's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.loyalty.orders import Floats, Ints, Orders

FEWEST = 30
"""Buyers with two pauses or more, below which the shop shows no rhythm."""

_MOST = 20_000  # buyers that are fitted on: the three numbers are then known to some per cent


@dataclass(frozen=True)
class Shop:
    """The shop's rhythm.

    Attributes:
        shape: how regular pauses are: 1 = as chance would have it, larger = more regular.
        weight, scale: of the distribution of buyers' rates (gamma; per day): its shape and its rate (days).
        buyers: whom it was learned from.
    """

    shape: float
    weight: float
    scale: float
    buyers: int

    @property
    def leaning(self) -> float:
        """How many of a buyer's own pauses weigh as much as the shop's."""
        return self.weight / self.shape

    @property
    def variation(self) -> float:
        """Standard deviation of one buyer's pauses, as a share of their mean."""
        return float(self.shape**-0.5)


@dataclass(frozen=True, eq=False)
class Own:
    """What is known of each buyer with a dated order, by their place among the buyers of `Orders`.

    Attributes:
        user: int64 (n,), places. pauses: int64 (n,), how many ended. total: int64 (n,), their days together.
        logs: float64 (n,), the sum of their logarithms.
        now: int64 (n,), days since the last day with an order. since: int64 (n,), since the first.
    """

    user: Ints
    pauses: Ints
    total: Ints
    logs: Floats
    now: Ints
    since: Ints


def own_pauses(held: Orders) -> Own:
    """The pauses of each buyer as of the end of what was read, which holds a dated order."""
    days = held.days
    begins = np.flatnonzero(days.first)
    ends = np.append(begins[1:], len(days.user)) - 1
    logs = np.append(0.0, np.cumsum(np.log(np.maximum(days.pause, 1))))
    return Own(
        days.user[begins], ends - begins, days.day[ends] - days.day[begins], logs[ends] - logs[begins],
        np.maximum(held.today - days.day[ends], 0), np.maximum(held.today - days.day[begins], 0),
    )  # fmt: skip


def shop_rhythm(own: Own) -> Shop | None:
    """The shop's rhythm by maximum likelihood, from buyers with two pauses or more; None where they are too few.

    Of very many buyers every k-th is taken, so that the same data give the same answer.
    """
    from scipy.optimize import minimize

    there = np.flatnonzero(own.pauses >= 2)
    if len(there) < FEWEST:
        return None
    taken = there[:: -(-len(there) // _MOST)]
    n, total, logs = (values[taken].astype(np.float64) for values in (own.pauses, own.total, own.logs))
    mean = float(total.sum() / n.sum())
    found = minimize(
        _against, np.log([1.5, 3.0, 3.0 * mean / 1.5]), args=(n, total, logs), method="L-BFGS-B",
        bounds=[(np.log(0.05), np.log(200.0)), (np.log(0.05), np.log(1e4)), (None, None)],
    )  # fmt: skip
    shape, weight, scale = np.exp(found.x).tolist()
    return Shop(shape, weight, scale, len(there))


def chance(shop: Shop, own: Own, now: Floats | Ints | None = None) -> Floats:
    """(n,): the chance of a pause of at least `now` days (default: the present one) for each buyer, 0 to 1."""
    from scipy.special import betainc

    long = np.asarray(own.now if now is None else now, dtype=np.float64)
    known = shop.scale + own.total
    found = betainc(shop.weight + own.pauses * shop.shape, shop.shape, known / (known + long))
    return np.asarray(found, dtype=np.float64)


def _against(at: Floats, n: Floats, total: Floats, logs: Floats) -> float:
    """Minus the log likelihood per buyer of the logarithms of shape, weight and scale."""
    from scipy.special import gammaln

    shape, weight, scale = np.exp(at)
    each = (
        gammaln(weight + n * shape) - gammaln(weight) - n * gammaln(shape)
        + (shape - 1) * logs + weight * np.log(scale) - (weight + n * shape) * np.log(scale + total)
    )  # fmt: skip
    return -float(each.mean())
