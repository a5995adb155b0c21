"""Who is slipping against their own rhythm: buyers whose present pause is unusual for themselves."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from core.behaviour import EVERYTHING, NO_TIMES, Window, resolve, share_interval, table
from core.errors import Refusal
from core.loyalty.kept import Kept
from core.loyalty.money import net_of
from core.loyalty.orders import Bools, Floats, Orders, micros, placed_before, read_orders, these
from core.loyalty.repeat import NO_BUYERS
from core.loyalty.rhythm import FEWEST, Own, Shop, chance, own_pauses, shop_rhythm
from core.progress import Step, no_step
from core.store import Query, Store, write_rows

LEAST_DAYS = 3
"""Days with orders from which a buyer has a rhythm: two pauses."""

UNUSUAL = 0.05
"""A pause is unusual where at most this share of the buyer's pauses would last so long."""

AFTER = 60
"""Days over which the check looks at what became of those who were slipping."""

NO_RHYTHM = (
    f"Fewer than {FEWEST} buyers have ordered on {LEAST_DAYS} days or more, too few to learn how regularly people order"
    " here. Load a longer stretch of data."
)
_MONTH = 30.0
COLUMNS = (
    "user_id", "chance", "pause", "usual", "last_order", "order_days", "stake", "value",
)  # fmt: skip


@dataclass(frozen=True)
class Became:
    """What became, within AFTER days, of those who had a rhythm at an earlier moment.

    slipping, others: users by what was said of them then; back_slipping, back_others: of these, who ordered again.
    """

    at: datetime
    days: int
    slipping: int
    back_slipping: int
    others: int
    back_others: int

    def shares(self) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
        """Share who ordered again with its 95 % interval: of the slipping, and of the others (NaN without any)."""
        k, n = [self.back_slipping, self.back_others], [self.slipping, self.others]
        low, high = share_interval(k, n)
        return tuple(  # type: ignore[return-value]  # two of three
            (k[i] / n[i] if n[i] else float("nan"), float(low[i]), float(high[i])) for i in (0, 1)
        )


@dataclass(frozen=True, eq=False)
class Slipping:
    """Buyers whose present pause is unusual for themselves, at a window's end.

    Attributes:
        window: as asked, with its end filled in; all orders before its end count.
        unusual: the limit, a share.
        judged: buyers with at least LEAST_DAYS days with orders. users: of them, slipping.
        stake: what the slipping spent per 30 days together while they ordered in rhythm; None without values.
        shop: the shop's rhythm.
        listed: the `most` with most at stake: COLUMNS (chance: 0 to 1; pause, usual: days; last_order: date;
            order_days: int; stake, value: net, NaN without values).
        problem: why nothing can be shown.
    """

    window: Window
    unusual: float = UNUSUAL
    judged: int = 0
    users: int = 0
    stake: float | None = None
    shop: Shop | None = None
    listed: pd.DataFrame = field(default_factory=pd.DataFrame)
    problem: str | None = None


@dataclass(frozen=True, eq=False)
class _Judged:
    """Arrays over buyers with a rhythm."""

    held: Orders
    own: Own
    place: np.ndarray
    chance: Floats
    shop: Shop


def slipping(
    store: Store, unusual: float = UNUSUAL, window: Window = EVERYTHING, most: int = 200, *, step: Step = no_step
) -> Slipping:
    """Who is slipping at the window's end. Raises Refusal `bad_share` for a limit not between 0 and 0.5."""
    if not 0 < unusual <= 0.5:
        raise Refusal("bad_share", f"{unusual} is no share that could be called unusual.", "Take 0.01 to 0.2.")
    window = resolve(store, window)
    judged = _judge(store, window)
    if isinstance(judged, str):
        return Slipping(window, unusual, problem=judged)
    flagged = judged.chance <= unusual
    rows = _rows(store, judged, flagged, window)
    whole = rows["stake"].sum() if rows["stake"].notna().any() else None
    return Slipping(
        window, unusual, len(judged.place), int(flagged.sum()), None if whole is None else float(whole), judged.shop,
        _named(store, rows.head(most)),
    )  # fmt: skip


def slipping_users(store: Store, unusual: float = UNUSUAL, window: Window = EVERYTHING) -> Query:
    """The users (`user_no`) who are slipping at the window's end; nobody where that cannot be said."""
    judged = _judge(store, resolve(store, window))
    if isinstance(judged, str):
        return these([])
    return these(judged.held.buyers[judged.own.user[judged.place[judged.chance <= unusual]]])


def slipping_csv(store: Store, path: Path, unusual: float = UNUSUAL, window: Window = EVERYTHING) -> int:
    """All who are slipping, most at stake first, under COLUMNS; how many."""
    window = resolve(store, window)
    judged = _judge(store, window)
    if isinstance(judged, str):
        raise Refusal("no_rhythm", judged)
    rows = _named(store, _rows(store, judged, judged.chance <= unusual, window))
    rows = rows.round({"chance": 6, "usual": 1, "stake": 2, "value": 2})
    cells = rows.astype(object).where(rows.notna(), None)
    return write_rows(COLUMNS, cells[list(COLUMNS)].itertuples(index=False, name=None), path)


def slipping_check(store: Store, unusual: float = UNUSUAL, window: Window = EVERYTHING) -> Became | None:
    """The same question AFTER days before the window's end, and who has ordered since; None: it could not be said then.

    Nothing after that moment enters what is said as of it, the shop's rhythm neither.
    """
    window = resolve(store, window)
    if window.end is None:
        return None
    moment = window.end - timedelta(days=AFTER)
    held = read_orders(store, Window(None, window.end))
    then = _judged(placed_before(held, moment))
    if isinstance(then, str):
        return None
    since = held.buyers[np.unique(held.user[held.at >= micros(moment)])]
    back = np.isin(then.held.buyers[then.own.user[then.place]], since)
    flagged = then.chance <= unusual
    return Became(
        moment, AFTER, int(flagged.sum()), int((back & flagged).sum()), int((~flagged).sum()),
        int((back & ~flagged).sum()),
    )  # fmt: skip


def _judge(store: Store, window: Window) -> _Judged | str:
    if window.end is None:
        return NO_TIMES
    return _kept.get(store, window, lambda: _judged(read_orders(store, Window(None, window.end))))


def _judged(held: Orders) -> _Judged | str:
    if not len(held.days.user):
        return NO_BUYERS
    own = own_pauses(held)
    shop = shop_rhythm(own)
    if shop is None:
        return NO_RHYTHM
    place = np.flatnonzero(own.pauses >= LEAST_DAYS - 1)
    return _Judged(held, own, place, chance(shop, own)[place], shop)


_kept: Kept[_Judged | str] = Kept()


def _rows(store: Store, judged: _Judged, flagged: Bools, window: Window) -> pd.DataFrame:
    """The flagged, most at stake first, then the least likely pause; by user_no. Money as of the window's end."""
    place = judged.place[flagged]
    own, user = judged.own, judged.own.user[place]
    numbers = judged.held.buyers[user]
    value = net_of(store, judged.held, Window(None, window.end))[user]
    mean = own.total[place] / own.pauses[place]
    rows = pd.DataFrame(
        {
            "user_no": numbers,
            "chance": judged.chance[flagged],
            "pause": own.now[place],
            "usual": _medians(judged.held, user),
            "last_day": judged.held.today - own.now[place],
            "order_days": own.pauses[place] + 1,
            # one usual pause belongs to each day with an order, the last one's included
            "stake": value / ((own.pauses[place] + 1) * mean) * _MONTH,
            "value": value,
        }
    )
    return rows.sort_values(["stake", "chance", "user_no"], ascending=[False, True, True], na_position="last")


def _medians(held: Orders, user: np.ndarray) -> Floats:
    """The median of each user's own pauses, days."""
    days = held.days
    wanted = np.zeros(len(held.buyers), dtype=np.bool_)
    wanted[user] = True
    there = ~days.last & wanted[days.user]
    found = pd.Series(days.pause[there]).groupby(days.user[there]).median()
    return found.reindex(user).to_numpy(dtype=np.float64)


def _named(store: Store, rows: pd.DataFrame) -> pd.DataFrame:
    if rows.empty:
        return pd.DataFrame(columns=list(COLUMNS))
    query = Query("SELECT user_no, user_id FROM users WHERE user_no IN (") + these(rows["user_no"].to_numpy()) + ")"
    named = rows.merge(table(store, query), on="user_no", how="left")
    named["last_order"] = pd.to_datetime(named["last_day"], unit="D").dt.date
    return named[list(COLUMNS)].round({"stake": 2, "value": 2})
