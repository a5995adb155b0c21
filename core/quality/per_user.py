"""What each user did, in one row a user: worked out once for every detector that looks at people."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from core.quality.ask import one, remember
from core.quality.figures import ORDER
from core.quality.types import KEY, Asked, Scope
from core.store import Query, ident

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

# What users do by themselves at a site, but for choosing to buy: messages are sent to them, orders are another matter.
LOOKS = "event NOT IN ('purchase', 'return', 'cart', 'impression', 'open')"
QUIET_HOURS = 6


@dataclass(frozen=True)
class Clock:
    """What the times of the data can tell.

    Attributes:
        known: there are times of day (not dates alone).
        quiet: the hour of UTC, 0 to 23, with which the six quietest hours of the day begin.
        usual: their share, 0 to 1, if each user counts once in each hour of the day in which the user ever looked (to
            about 2 %); None without looks that have a time.
        tick: the finest step of the times in seconds: 60, 1 or 0 (finer than a second).
    """

    known: bool
    quiet: int
    usual: float | None
    tick: float


@dataclass(frozen=True)
class Place:
    """Where others stand, so that a value can be placed among them: by logarithms, median and median deviation."""

    centre: float
    spread: float

    @staticmethod
    def of(values: Floats) -> Place | None:
        """Of positive values, NaN left out; None for fewer than 20 of them: too few to say what is usual."""
        known = np.log(values[np.isfinite(values) & (values > 0)])
        if len(known) < 20:
            return None
        centre = float(np.median(known))
        return Place(centre, max(1.4826 * float(np.median(np.abs(known - centre))), 0.1))

    def far(self, values: Floats) -> Floats:
        """How many spreads a value is above (+) or below (-) the usual; 0 where it is not known or not positive."""
        with np.errstate(divide="ignore", invalid="ignore"):
            placed = (np.log(values) - self.centre) / self.spread
        return np.where(np.isfinite(placed), placed, 0.0)

    @property
    def usual(self) -> float:
        """The median of the others."""
        return float(np.exp(self.centre))

    def above(self, values: Floats, far: float) -> Bools:
        """Which values are at least `far` spreads above the usual, and at least twice the usual."""
        return np.asarray((self.far(values) >= far) & (values >= 2 * self.usual), np.bool_)

    def below(self, values: Floats, far: float) -> Bools:
        """Which values are at least `far` spreads below the usual, and at most half the usual; 0 is not placed."""
        return np.asarray((self.far(values) <= -far) & (values <= self.usual / 2), np.bool_)

    def limit(self, far: float) -> float:
        """The least value that is `above`."""
        return float(max(np.exp(self.centre + far * self.spread), 2 * self.usual))


def clock(asked: Asked) -> Clock:
    """What the times of the data can tell; asked once."""
    return remember(asked, "clock", lambda: _clock(asked))


def per_user(asked: Asked) -> pa.Table:
    """One row a user with at least one event, in order of user_no; asked once.

    Columns: user_no; n = events; looks = what the user did but for buying (LOOKS); kept = carts and purchases; bought =
    purchases; quiet = looks in the quiet hours; views = looks with a dwell time; dwell, dwell2 = sum of dwell seconds
    and their squares.
    """
    return remember(asked, "users", lambda: _per_user(asked))


def per_item(asked: Asked) -> pa.Table:
    """One row an item with at least one event, in order of item_no; asked once.

    Columns: item_no; n = events; views = of them looks at its page (event "view"); one_user = all by one known user.
    """
    return remember(asked, "items", lambda: asked.reader.read(_PER_ITEM, step=asked.step))


def buying(asked: Asked) -> pa.Table:
    """One row a user who bought, in order of user_no; asked once.

    Columns: user_no; orders; units, money = median order's (units NULL where no row has a quantity); line = median over
    orders of units a line; total = money of all purchases; pieces = units of all purchases. Purchases of zero or below
    are left out: they are returns or corrections.
    """
    return remember(asked, "buying", lambda: asked.reader.read(_BUYING, step=asked.step))


def column(table: pa.Table, name: str) -> Floats:
    """A column of numbers; missing = NaN."""
    return np.asarray(table[name].to_numpy(), np.float64)


def numbers(table: pa.Table, name: str) -> Ints:
    """A column of whole numbers without missing values."""
    return np.asarray(table[name].to_numpy(), np.int64)


def listed(keys: Iterable[int]) -> str:
    """Numbers as one parameter, for `IN (SELECT unnest(CAST(? AS BIGINT[])))`."""
    return "[" + ",".join(str(int(key)) for key in keys) + "]"


def raw_ids(asked: Asked, table: Scope, keys: Iterable[int]) -> dict[int, str]:
    """The raw ids of some users or items, by their number; the number itself for one that no table names."""
    keys = [int(each) for each in keys]
    name, key = ident(f"{table[:-1]}_id"), KEY[table]
    query = Query(
        f"SELECT {key} AS k, {name} AS id FROM {table} WHERE {key} IN (SELECT unnest(CAST(? AS BIGINT[])))",
        (listed(keys),),
    )
    known = {int(row["k"]): str(row["id"]) for row in asked.reader.rows(query, step=asked.step)}
    return {each: known.get(each, str(each)) for each in keys}


def percent(part: float, of: float) -> str:
    """A share for people: "12.3 %"."""
    return f"{100 * part / of:,.1f} %" if of else "0 %"


def _clock(asked: Asked) -> Clock:
    hours = {int(row["h"]): row for row in asked.reader.rows(_HOURS, step=asked.step)}
    # by people, not by looks: one bot at night must not make the night a busy time
    people = np.array([hours[h]["people"] if h in hours else 0 for h in range(24)], np.float64)
    total = sum(row["n"] for row in hours.values())
    if not total:
        return Clock(False, 0, None, 0)
    form = one(asked, _FORM)
    rolled = np.array([np.take(people, range(h, h + QUIET_HOURS), mode="wrap").sum() for h in range(24)])
    quiet = int(rolled.argmin())
    usual = float(rolled[quiet] / people.sum()) if people.sum() else None
    tick = 60.0 if form["minutes"] > 0.99 else 1.0 if form["seconds"] > 0.99 else 0.0
    return Clock(form["midnight"] < 0.9, quiet, usual, tick)


def _per_user(asked: Asked) -> pa.Table:
    # counts of what is not NULL: several FILTERs that read the same words cost half as much again
    query = Query(
        "SELECT user_no, count(*) AS n, count(looks) AS looks, count(kept) AS kept, count(bought) AS bought, "
        "count(quiet) AS quiet, count(dwell) AS views, sum(dwell) AS dwell, sum(dwell * dwell) AS dwell2 FROM ("
        "SELECT user_no, CASE WHEN looks THEN 1 END AS looks, CASE WHEN bought OR event = 'cart' THEN 1 END AS kept, "
        "CASE WHEN bought THEN 1 END AS bought, "
        f"CASE WHEN looks AND (hour(at_utc) + 24 - ?) % 24 < {QUIET_HOURS} THEN 1 END AS quiet, "
        "CASE WHEN looks THEN dwell END AS dwell FROM ("
        f"SELECT user_no, event, at_utc, dwell, {LOOKS} AS looks, event = 'purchase' AS bought FROM events "
        "WHERE user_no IS NOT NULL)) GROUP BY user_no ORDER BY user_no",
        (clock(asked).quiet,),
    )
    return asked.reader.read(query, step=asked.step)


_HOURS = Query(
    f"SELECT hour(at_utc) AS h, count(*) AS n, approx_count_distinct(CASE WHEN {LOOKS} THEN user_no END) AS people "
    "FROM events WHERE at_utc IS NOT NULL GROUP BY h"
)
_FORM = Query(
    "SELECT avg((s % 86400000000 = 0)::INT) AS midnight, avg((s % 60000000 = 0)::INT) AS minutes, "
    "avg((s % 1000000 = 0)::INT) AS seconds "
    "FROM (SELECT epoch_us(at_utc) AS s FROM events WHERE at_utc IS NOT NULL LIMIT 200000)"
)
_PER_ITEM = Query(
    "SELECT item_no, count(*) AS n, count(*) FILTER (event = 'view') AS views, "
    "min(coalesce(user_no, -1)) = max(coalesce(user_no, -2)) AS one_user "
    "FROM events WHERE item_no IS NOT NULL GROUP BY item_no ORDER BY item_no"
)
_BUYING = Query(
    "WITH placed AS (SELECT user_no, sum(quantity) AS units, sum(value)::DOUBLE AS money, "
    "sum(quantity) / count(quantity) AS line FROM events WHERE event = 'purchase' AND user_no IS NOT NULL "
    "AND coalesce(quantity, 1) > 0 AND coalesce(value, 1) > 0 "
    f"GROUP BY {ORDER}) SELECT user_no, count(*) AS orders, median(units) AS units, median(money) AS money, "
    "median(line) AS line, sum(money) AS total, sum(units) AS pieces FROM placed GROUP BY user_no ORDER BY user_no"
)
