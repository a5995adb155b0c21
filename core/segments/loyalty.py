"""Stages of loyalty: who is new, active, loyal, returned, slipping or lost, by thresholds that the data show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import Literal

from core.progress import Step, no_step
from core.segments.loyalty_sql import FEWEST, pauses, summed, thresholds
from core.segments.parts import BadRule
from core.segments.rule import Loyalty, LoyaltySettings
from core.segments.worth import STAGES, Stage
from core.store import Query, Store

How = Literal["learned", "by hand", "usual"]
_LEARN_ALL = LoyaltySettings()
_MOST_BARS = 60


@dataclass(frozen=True)
class Threshold:
    """One number that parts the stages.

    Attributes:
        name: as in LoyaltySettings.
        value: days, or orders.
        how: learned from the data, set by hand, or the usual one where the data do not show it.
        words: how it came, in a sentence.
    """

    name: str
    value: int
    how: How
    words: str


@dataclass(frozen=True)
class LoyaltyStage:
    """Buyers in one stage.

    Attributes:
        name: of the stage.
        users: in it; share: of all buyers, 0 to 1.
        recency, orders: medians: days since the last order (from 1), dated orders. None for an empty stage.
        revenue: net value, returns taken off; None for an empty stage and where no purchase has a value.
        revenue_share: of all buyers' net value; None where that is not above zero.
    """

    name: Stage
    users: int
    share: float
    recency: float | None = None
    orders: float | None = None
    revenue: float | None = None
    revenue_share: float | None = None


@dataclass(frozen=True)
class Pauses:
    """Pauses between two orders that lasted from `start` to `end` days, both included.

    `ended`: with another order; `going_on`: of customers who have not ordered since, so far.
    """

    start: int
    end: int
    ended: int
    going_on: int


@dataclass(frozen=True)
class LoyaltyResult:
    """Stages of loyalty of a workspace.

    Attributes:
        as_of: UTC, half-open end of the data seen; None without times.
        settings: as asked; `settled`: with every number filled in, to hold them fixed at other moments.
        buyers: users with a dated order before as_of, each in exactly one stage; users: all known users.
        thresholds: the four, in the order of LoyaltySettings.
        stages: in the order of STAGES, empty ones included.
        pauses: a histogram of pauses between orders, at most 60 bars of equal width, shortest first.
        ended: pauses that ended in an order: what is learned from.
        note: why something could not be learned, and what to do, in a sentence, or None.
        problem: why there is nothing to show, in a sentence, or None.
    """

    as_of: datetime | None
    settings: LoyaltySettings
    settled: LoyaltySettings
    buyers: int
    users: int
    thresholds: tuple[Threshold, ...] = ()
    stages: tuple[LoyaltyStage, ...] = ()
    pauses: tuple[Pauses, ...] = ()
    ended: int = 0
    note: str | None = None
    problem: str | None = None

    def rule(self, stage: Stage, *, fixed: bool = False) -> Loyalty:
        """The rule for one stage: with the thresholds learned anew each time, or `fixed` at those of this result."""
        return Loyalty((stage,), self.settled if fixed else self.settings)


def loyalty(
    store: Store, settings: LoyaltySettings = _LEARN_ALL, as_of: datetime | None = None, *, step: Step = no_step
) -> LoyaltyResult:
    """The stages of every buyer as of `as_of` (default: just after the last event).

    How thresholds are learned: docs/segments.md. The result does not depend on the order of rows.
    """
    end = as_of or store.as_of()
    (known,) = store.rows(_KNOWN)
    users, undated = int(str(known["users"])), bool(known["undated"])
    if end is None:
        return LoyaltyResult(None, settings, settings, 0, users, problem=_NO_TIMES if undated else _NO_ORDERS)
    (learned,) = store.rows(thresholds(settings, end), step=step.part(0, 0.4))
    fixed = _filled(learned)
    rows = {str(row["part"]): row for row in store.rows(summed(fixed, end), step=step.part(0.4, 0.8))}
    buyers = sum(int(str(row["users"])) for row in rows.values())
    if not buyers:
        return LoyaltyResult(end, settings, fixed, 0, users, problem=_NO_TIMES if undated else _NO_ORDERS)
    revenue = sum(_float(row["revenue"]) or 0.0 for row in rows.values())
    lengths = store.rows(pauses(end), step=step.part(0.8, 1))
    return LoyaltyResult(
        end, settings, fixed, buyers, users, _thresholds(settings, fixed, learned),
        tuple(_stage(name, rows.get(name), buyers, revenue) for name in STAGES),
        _histogram(lengths), int(str(learned["pauses"])), _note(settings, learned),
    )  # fmt: skip


def settled(store: Store, settings: LoyaltySettings, as_of: datetime | None = None) -> LoyaltySettings:
    """The settings with what they leave open learned as of `as_of`, so that two moments can be held to the same.

    Raises BadRule where no event has a time.
    """
    end = as_of or store.as_of()
    if end is None:
        raise BadRule("loyalty needs event times, and these data have none", "loyalty")
    if None not in (settings.slipping_after, settings.lost_after, settings.loyal_orders, settings.new_within):
        return settings
    return _filled(store.rows(thresholds(settings, end))[0])


_NO_ORDERS = "The data hold no purchases by known users up to this date; stages of loyalty need some."
_NO_TIMES = (
    "The purchases in these data have no times, so it is not known when anyone bought; stages of loyalty need that."
)
_KNOWN = Query(
    "SELECT (SELECT count(*) FROM users) AS users, count(*) > 0 AND count(at_utc) = 0 AS undated FROM events "
    "WHERE event = 'purchase' AND user_no IS NOT NULL"
)


def _filled(row: Mapping[str, object]) -> LoyaltySettings:
    names = ("slipping_after", "lost_after", "loyal_orders", "new_within")
    return LoyaltySettings(**{name: int(str(row[name])) for name in names})


def _thresholds(asked: LoyaltySettings, fixed: LoyaltySettings, learned: Mapping[str, object]) -> tuple[Threshold, ...]:
    enough, reached = bool(learned["enough"]), bool(learned["reached"])
    ended, going_on = int(str(learned["pauses"])), int(str(learned["open"]))
    short = f"The usual number: only {ended:,} pauses between orders have ended, too few to learn from."
    seen = f"of {ended:,} pauses that ended and {going_on:,} that still go on"
    plain = {
        "slipping_after": f"Learned: of pauses that end, 80 % are over by then ({seen}).",
        "lost_after": f"Learned: of pauses that end, 95 % are over by then ({seen}).",
        "loyal_orders": "Learned: the least number of orders after which at least 80 % ordered again before they "
        "would have counted as slipping.",
        "new_within": "As long as customers are not slipping.",
    }
    found = []
    for name, words in plain.items():
        value = int(getattr(fixed, name))
        own = getattr(asked, name) is not None or (name == "new_within" and asked.slipping_after is not None)
        if own:
            found.append(Threshold(name, value, "by hand", "Set by hand." if getattr(asked, name) else words))
        elif not enough:
            found.append(Threshold(name, value, "usual", short))
        elif name == "loyal_orders" and not reached:
            why = "The usual number: after none of 2 to 10 orders did 80 % order again in time."
            found.append(Threshold(name, value, "usual", why))
        else:
            found.append(Threshold(name, value, "learned", words))
    return tuple(found)


def _note(asked: LoyaltySettings, learned: Mapping[str, object]) -> str | None:
    if bool(learned["enough"]) or None not in (asked.slipping_after, asked.lost_after, asked.loyal_orders):
        return None
    return (
        f"Only {int(str(learned['pauses'])):,} pauses between two orders have ended; {FEWEST} are needed to learn the "
        "thresholds. The usual ones are taken; set your own where you know better."
    )


def _stage(name: Stage, row: Mapping[str, object] | None, buyers: int, revenue: float) -> LoyaltyStage:
    if row is None:
        return LoyaltyStage(name, 0, 0.0)
    users, own = int(str(row["users"])), _float(row["revenue"])
    part = own / revenue if own is not None and revenue > 0 else None
    return LoyaltyStage(name, users, users / buyers, _float(row["recency"]), _float(row["orders"]), own, part)


def _histogram(rows: list[dict[str, object]]) -> tuple[Pauses, ...]:
    counts = [(max(1, int(str(r["days"]))), int(str(r["ended"])), int(str(r["open"]))) for r in rows]
    longest = max(days for days, _, _ in counts)
    width = ceil(longest / _MOST_BARS)
    bars = [[0, 0] for _ in range(ceil(longest / width))]
    for days, ended, going_on in counts:
        bar = bars[(days - 1) // width]
        bar[0] += ended
        bar[1] += going_on
    return tuple(Pauses(n * width + 1, (n + 1) * width, *bar) for n, bar in enumerate(bars))


def _float(value: object) -> float | None:
    return None if value is None else float(str(value))
