"""Attention summed by period, area and group of users: what shares, their changes and their intervals are made of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.attention.share_areas import Area, Counts, coded
from core.behaviour import Unit, Window, period_of_event
from core.store import Query, Store

Floats = npt.NDArray[np.float64]
_GROUPS = 200
_MOST_CELLS = 2_000_000


@dataclass(frozen=True, eq=False)
class Sums:
    """Sums of attention over groups of users drawn by chance.

    Users are put into groups by a hash of their number; an event without a user goes to a group on its own account.
    Users act for themselves, so the groups' sums are independent, and how much they differ says how far chance may
    move a ratio of their totals, whatever one user does again and again (random groups: Wolter 2007, chapter 2).

    Attributes:
        starts: the periods. codes: the areas.
        part: (periods, areas, groups) attention. whole: (periods, groups) what shares are of.
    """

    starts: tuple[date, ...]
    codes: tuple[int, ...]
    part: Floats
    whole: Floats

    def shares(self) -> tuple[Floats, Floats]:
        """Each area's share of each period, and half its 95 % interval; NaN where there is nothing."""
        error, share = self._deviations()
        return share, self._half(error)

    def change(self, later: int, before: int) -> tuple[Floats, Floats]:
        """By how much each area's share moved between two periods, and half the 95 % interval of it.

        Users who come in both stand in the same group, so that what stays with them is not taken for chance twice.
        """
        error, share = self._deviations()
        return share[later] - share[before], self._half(error[later] - error[before])

    def _deviations(self) -> tuple[Floats, Floats]:
        total = self.whole.sum(axis=1)[:, None]
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.where(total > 0, self.part.sum(axis=2) / total, np.nan)
            error = (self.part - share[:, :, None] * self.whole[:, None, :]) / total[:, :, None]
        return error, share

    def _half(self, error: Floats) -> Floats:
        from scipy.special import stdtrit

        groups = int((self.whole.sum(axis=0) > 0).sum())
        if groups < 2:
            return np.full(error.shape[:-1], np.nan)
        deviation = np.sqrt((error**2).sum(axis=-1) * groups / (groups - 1))
        return np.asarray(float(stdtrit(groups - 1, 0.975)) * deviation, dtype=np.float64)


def sums(
    store: Store, area: Area, counts: Counts, unit: Unit, window: Window, leading: list[int | str], starts: list[date]
) -> tuple[Sums, dict[int, tuple[float, float]], float]:
    """The sums by period (`starts`, of a resolved window); by code all of it, and of it without a user; all of it.

    Events without a time are in the second and third only. Of counts "users" these are distinct users.
    """
    groups = max(20, min(_GROUPS, _MOST_CELLS // max(1, len(starts) * (len(leading) + 2))))
    chance = f"hash(coalesce(user_no::BIGINT, -event_no)) % {groups}"
    events = coded(area, counts, window.condition(), leading)
    start = period_of_event(unit)
    if counts == "users":
        query = _distinct(events, start, groups)
    else:
        value = "sum(dwell)" if counts == "dwell" else "count(*)"
        chance = f"hash(coalesce(user_no::BIGINT, -event_no)) % {groups}"
        query = (
            Query(f"SELECT 'each' AS kind, {start} AS start, code, user_no IS NULL AS unnamed, {chance} AS part,")
            + f" {value}::DOUBLE AS value FROM ("
            + events
            + ") GROUP BY ALL"
        )
    found = store.read(query).to_pandas(date_as_object=False)
    return _cubes(found, starts, groups, counts == "users")


def _distinct(events: Query, start: str, groups: int) -> Query:
    """Distinct users by period, area and group; by period and group; by area; and all of them.

    User, day and code are packed into one integer: counting distinct integers takes half the time of distinct rows.
    """
    packed = f"(user_no::BIGINT << 32) + (coalesce({start} - DATE '0001-01-01', 0)::BIGINT << 6) + code + 2"
    first = "CASE WHEN day > 0 THEN DATE '0001-01-01' + day END AS start"
    chance = f"hash(pack >> 32) % {groups} AS part"
    return (
        Query(f"WITH seen AS MATERIALIZED (SELECT DISTINCT {packed} AS pack FROM (")
        + events
        + ")), parts AS (SELECT pack, ((pack >> 6) & 67108863)::INTEGER AS day, (pack & 63) - 2 AS code FROM seen)"
        f" SELECT 'each' AS kind, {first}, code, false AS unnamed, {chance}, count(*)::DOUBLE AS value"
        " FROM parts GROUP BY ALL"
        f" UNION ALL SELECT 'period', {first}, NULL, false, {chance}, count(*)"
        " FROM (SELECT DISTINCT pack >> 6 << 6 AS pack, day FROM parts) GROUP BY ALL"
        " UNION ALL SELECT 'code', NULL, code, false, 0, count(DISTINCT pack >> 32) FROM parts GROUP BY code"
        " UNION ALL SELECT 'all', NULL, NULL, false, 0, count(DISTINCT pack >> 32) FROM parts"
    )


def _cubes(
    found: pd.DataFrame, starts: list[date], groups: int, users: bool
) -> tuple[Sums, dict[int, tuple[float, float]], float]:
    each = found[found["kind"] == "each"]
    present = {int(code) for code in each["code"].unique()}
    codes = [*sorted(c for c in present if c >= 0), *sorted((c for c in present if c < 0), reverse=True)]
    value, code = each["value"].to_numpy(), each["code"].to_numpy().astype(int)
    unnamed = each["unnamed"].to_numpy().astype(bool)
    totals = {c: (float(value[code == c].sum()), float(value[(code == c) & unnamed].sum())) for c in codes}
    everything = sum(part for part, _ in totals.values())
    if users:
        known = found[found["kind"] == "code"]
        totals = {int(c): (float(v), 0.0) for c, v in zip(known["code"], known["value"], strict=True)}
        everything = float(found.loc[found["kind"] == "all", "value"].sum())
    place = pd.Series(range(len(starts)), index=pd.to_datetime(starts).astype("datetime64[us]"))
    part = np.zeros((len(starts), len(codes), groups))
    whole = np.zeros((len(starts), groups))
    period = each["start"].astype("datetime64[us]").map(place).to_numpy(dtype=np.float64)
    timed = ~np.isnan(period)
    column = pd.Series(range(len(codes)), index=codes, dtype=np.int64).reindex(code).to_numpy(dtype=np.int64)
    at = (period[timed].astype(int), column[timed], each["part"].to_numpy()[timed].astype(int))
    np.add.at(part, at, value[timed])
    if users:
        rest = found[found["kind"] == "period"]
        row = rest["start"].astype("datetime64[us]").map(place).to_numpy(dtype=np.float64)
        there = ~np.isnan(row)
        at_period = (row[there].astype(int), rest["part"].to_numpy()[there].astype(int))
        np.add.at(whole, at_period, rest["value"].to_numpy()[there])
    else:
        whole = part.sum(axis=1)
    return Sums(tuple(starts), tuple(codes), part, whole), totals, everything
