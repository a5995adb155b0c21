"""The users behind the figures of the future: cells by orders and time since the last one, bands of value, files."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.predict.lifetime.check import MOST_PAST, ValueCheck
from core.predict.lifetime.draws import SURE, play
from core.predict.lifetime.orders import DAYS, Bools
from core.predict.lifetime.value import FutureValue
from core.store import Query, Store, write_rows

_ORDERS = (1, 2, 3, 4, 5, 7, 10)
_SINCE = (0, 8, 15, 31, 61, 91, 181, 366)
_BANDS = (("Top 1 %", 0.01), ("Next 4 %", 0.05), ("Next 15 %", 0.20), ("Next 30 %", 0.50), ("The other half", 1.0))
_PLAYS = 1_000


@dataclass(frozen=True)
class Cell:
    """Buyers with so many days with an order, the last of them so many days ago; bounds included, None = open."""

    orders: tuple[int, int | None]
    since: tuple[int, int | None]


@dataclass(frozen=True)
class ValueBand:
    """Buyers by what is expected of them, from the best down; equal users are in the same band.

    Attributes:
        name: as "Top 1 %". low: the least of it. high: the most. users: in it. total: what they are expected to bring
            (value, or purchases where there are no values); share: of all, 0 to 1.
    """

    name: str
    low: float
    high: float
    users: int
    total: float
    share: float


def value_cells(found: FutureValue) -> pd.DataFrame:
    """Buyers by orders and days since the last: cell (Cell), row, column (place, 0 = fewest), users, alive, expected.

    `alive` and `expected` are means per user. Only cells with users.
    """
    orders, since = _places(found)
    frame = pd.DataFrame({"row": orders, "column": since})
    frame["alive"], frame["expected"] = found.table["alive"], found.table["expected"]
    made = frame.groupby(["row", "column"]).agg(
        users=("alive", "size"), alive=("alive", "mean"), expected=("expected", "mean")
    )
    made = made.reset_index()
    made.insert(0, "cell", [_cell(row, column) for row, column in zip(made["row"], made["column"], strict=True)])
    return made


def value_bands(found: FutureValue) -> tuple[ValueBand, ...]:
    """Top 1 %, next 4 %, 15 %, 30 %, the other half; a band that equal users leave empty is not there."""
    worth = _worth(found)
    whole, bands = float(worth.sum()), []
    for (name, _), chosen in zip(_BANDS, _in_bands(worth), strict=True):
        mine = worth[chosen]
        if len(mine):
            total = float(mine.sum())
            share = total / whole if whole else 0.0
            bands.append(ValueBand(name, float(mine.min()), float(mine.max()), len(mine), total, share))
    return tuple(bands)


def value_users(found: FutureValue, part: Cell | ValueBand | None = None) -> Query:
    """user_no of the buyers of a cell or a band; of all buyers without."""
    if part is None:
        return _listed(found.table["user_no"])
    if isinstance(part, ValueBand):
        chosen = _in_bands(_worth(found))[[name for name, _ in _BANDS].index(part.name)]
    else:
        chosen = _between(found.table["orders"], part.orders) & _between(found.table["since"], part.since)
    return _listed(found.table["user_no"][chosen])


def check_users(found: ValueCheck, *, past: int | None = None, group: int | None = None) -> Query:
    """user_no behind a bar of the check: by repeat purchases before the cut, or by group of the chance to buy."""
    if found.who is None or found.groups is None:
        return _listed(pd.Series(dtype="int64"))
    chosen = np.ones(len(found.who), dtype=np.bool_)
    if past is not None:
        chosen &= np.minimum(found.who.x, MOST_PAST) == past
    if group is not None:
        chosen &= found.groups == group
    return _listed(pd.Series(found.who.users[chosen]))


def value_likely(found: FutureValue, rows: int) -> pd.DataFrame:
    """For the first `rows` users of the table what one of them may do: user_no, low, high (purchases, 95 %).

    Their future is played through a thousand times by the model, parameters as fitted: so much is chance.
    """
    first = found.table.head(rows)
    who = found.who
    if who is None or found.fitted is None or first.empty:
        return pd.DataFrame({"user_no": [], "low": [], "high": []})
    place = np.searchsorted(who.users, first["user_no"].to_numpy())
    chosen = who.rows(place)
    rng, spec = np.random.default_rng(found.spec.seed + 3), found.spec
    rates, chance = found.fitted.rates, first["alive"].to_numpy()
    plays = [play(rng, rates, None, chosen, chance, DAYS[spec.unit], spec.horizon).purchases for _ in range(_PLAYS)]
    low, high = np.percentile(np.stack(plays), SURE, axis=0)
    return pd.DataFrame({"user_no": first["user_no"].to_numpy(), "low": np.floor(low), "high": np.ceil(high)})


def value_ids(store: Store, found: FutureValue, rows: int) -> pd.DataFrame:
    """The first `rows` of the table with the raw user_id in front instead of user_no."""
    first = found.table.head(rows)
    ids = store.read(
        Query("SELECT user_no, user_id FROM users WHERE user_no IN (") + _listed(first["user_no"]) + ")"
    ).to_pandas()
    merged = first.merge(ids, on="user_no", how="left")
    return merged[["user_id", *[name for name in first.columns if name != "user_no"]]]


def write_values(store: Store, found: FutureValue, path: Path) -> int:
    """A CSV of all buyers, most value first; the number of rows.

    Columns as FutureValue.table, with user_id instead of user_no; rounded to what figures deserve; amounts are empty
    without values, intervals without resampling.
    """
    table = value_ids(store, found, len(found.table))
    columns = []
    for name in table.columns:
        column = table[name]
        if name == "last_order":
            columns.append(column.dt.strftime("%Y-%m-%d").tolist())
        elif column.dtype.kind == "f":
            digits = 2 if "value" in name else 6
            columns.append([None if np.isnan(value) else round(value, digits) for value in column.tolist()])
        else:
            columns.append(column.tolist())
    return write_rows(list(table.columns), zip(*columns, strict=True), path)


def _worth(found: FutureValue) -> npt.NDArray[np.float64]:
    name = "expected" if found.value is None else "value"
    return found.table[name].to_numpy(dtype=np.float64)


def _in_bands(worth: npt.NDArray[np.float64]) -> list[Bools]:
    """For each band who is in it: from the value of the user at its end, so that equal users stay together."""
    falling = np.sort(worth)[::-1]
    above = np.zeros(len(worth), dtype=np.bool_)
    bands = []
    for _, share in _BANDS:
        least = falling[min(max(int(np.ceil(share * len(worth))), 1), len(worth)) - 1]
        reached = worth >= least
        bands.append(reached & ~above)
        above |= reached
    return bands


def _places(found: FutureValue) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    orders = np.searchsorted(_ORDERS, found.table["orders"], side="right") - 1
    return orders, np.searchsorted(_SINCE, found.table["since"], side="right") - 1


def _cell(row: int, column: int) -> Cell:
    return Cell(_bounds(_ORDERS, row), _bounds(_SINCE, column))


def _bounds(edges: tuple[int, ...], place: int) -> tuple[int, int | None]:
    return edges[place], edges[place + 1] - 1 if place + 1 < len(edges) else None


def _between(values: pd.Series, bounds: tuple[int, int | None]) -> Bools:
    low, high = bounds
    mine = values.to_numpy()
    return np.asarray((mine >= low) & (mine <= (high if high is not None else np.inf)))


def _listed(users: pd.Series) -> Query:
    return Query("SELECT unnest(from_json(?, '[\"INTEGER\"]')) AS user_no", (json.dumps(sorted(users.tolist())),))
