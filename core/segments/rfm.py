"""RFM: buyers by how recently they bought, how often, and for how much, in segments with the usual names."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from core.errors import Refusal
from core.progress import Step, no_step
from core.segments.grid import DEFAULT_GRID, Grid
from core.segments.members import members
from core.segments.rfm_sql import grouped
from core.segments.rule import Rfm, RfmSettings, Segment
from core.segments.worth import fitting
from core.store import Query, Store

_QUINTILES = RfmSettings()


@dataclass(frozen=True)
class RfmGroup:
    """Buyers of one RFM segment, or of one cell.

    Attributes:
        name: of the segment; of a cell, the segment it belongs to.
        cells: recency score then frequency score, as in "55"; one for a cell.
        users: buyers in it.
        share: of all buyers, 0 to 1.
        recency, frequency, monetary: medians: days since the last order (from 1), orders, net value. None for an
            empty group; monetary also where no purchase has a value.
        revenue: net value of the group; None like monetary.
        revenue_share: of all buyers' net value; None where that is not above zero.
    """

    name: str
    cells: tuple[str, ...]
    users: int
    share: float
    recency: float | None = None
    frequency: float | None = None
    monetary: float | None = None
    revenue: float | None = None
    revenue_share: float | None = None

    def rule(self, grid: Grid = DEFAULT_GRID, settings: RfmSettings = _QUINTILES) -> Rfm:
        """The rule for these buyers, to open or save them; of a result, with its own `grid` and `settings`."""
        grid = fitting(grid, settings)
        return Rfm((self.name,) if self.cells == grid.cells(self.name) else self.cells, grid, settings)


@dataclass(frozen=True)
class Band:
    """What one score means: the lowest and highest value it was given to, and to how many buyers."""

    score: int
    lowest: float
    highest: float
    users: int


@dataclass(frozen=True)
class RfmResult:
    """RFM of a workspace.

    Attributes:
        as_of: UTC, half-open end of the data seen; None without times.
        buyers: users with at least one dated order before as_of.
        users: all known users.
        undated: users whose purchases all lack a time; not among the buyers.
        grid: the names used.
        segments: in the order of `grid.distinct()`, empty ones included.
        cells: every cell, in the order of `grid.all_cells()`.
        recency, frequency, monetary: bands by score, only scores that occur; frequency's are of frequency alone.
        problem: why there is nothing to show, in a sentence, or None.
        settings: how the scores were made.
    """

    as_of: datetime | None
    buyers: int
    users: int
    undated: int
    grid: Grid
    segments: tuple[RfmGroup, ...] = ()
    cells: tuple[RfmGroup, ...] = ()
    recency: tuple[Band, ...] = ()
    frequency: tuple[Band, ...] = ()
    monetary: tuple[Band, ...] = ()
    problem: str | None = None
    settings: RfmSettings = _QUINTILES

    @property
    def buyer_share(self) -> float | None:
        """Buyers as a share of all known users; None where there are none."""
        return self.buyers / self.users if self.users else None

    def segment(self, name: str) -> RfmGroup:
        """The segment of that name. Raises Refusal `no_such_rfm_segment`."""
        found = next((s for s in self.segments if s.name == name), None)
        if found is None:
            known = ", ".join(s.name for s in self.segments)
            raise Refusal("no_such_rfm_segment", f"RFM has no segment {name!r}.", f"It has: {known}.")
        return found


def rfm(
    store: Store,
    as_of: datetime | None = None,
    grid: Grid = DEFAULT_GRID,
    settings: RfmSettings = _QUINTILES,
    *,
    step: Step = no_step,
) -> RfmResult:
    """RFM of every buyer as of `as_of` (default: just after the last event).

    Recency is in whole days: the least N for which the last order lies in the window "last N days". Frequency
    counts orders, returned ones too; monetary is net of returns. Scores: core.segments.rfm_sql.scored. The result
    does not depend on the order of rows. The usual grid becomes that of the settings' size; raises BadRule where a
    grid of one's own has another.
    """
    grid = fitting(grid, settings)
    end = as_of or store.as_of()
    (known,) = store.rows(_KNOWN)
    users, undated = int(str(known["users"])), int(str(known["undated"]))
    if end is None:
        problem = _NO_TIMES if undated else _NO_PURCHASES
        return RfmResult(None, 0, users, undated, grid, problem=problem, settings=settings)
    rows = store.rows(grouped(end, grid, settings), step=step)
    found = {(str(row["of"]), str(row["key"])): row for row in rows}
    names = grid.all_cells()
    cells = [found.get(("cell", cell)) for cell in names]
    buyers = sum(int(str(row["users"])) for row in cells if row)
    if not buyers:
        problem = _NO_TIMES if undated else _NO_PURCHASES
        return RfmResult(end, 0, users, undated, grid, problem=problem, settings=settings)
    revenue = sum(_float(row["revenue"]) or 0.0 for row in cells if row)
    named = [(name, grid.cells(name), found.get(("segment", name))) for name in grid.distinct()]
    return RfmResult(
        end, buyers, users, undated, grid,
        tuple(_group(*one, buyers, revenue) for one in named),
        tuple(_group(*one, buyers, revenue) for one in zip(grid.names, ((c,) for c in names), cells, strict=True)),
        _bands(rows, "r"), _bands(rows, "f"), _bands(rows, "m"), settings=settings,
    )  # fmt: skip


_NO_PURCHASES = "The data hold no purchases by known users up to this date; RFM needs some."
_NO_TIMES = "The purchases in these data have no times, so it is not known when anyone bought; RFM needs that."
_KNOWN = Query(
    "SELECT (SELECT count(*) FROM users) AS users, count(*) AS undated FROM (SELECT user_no FROM events "
    "WHERE event = 'purchase' AND user_no IS NOT NULL GROUP BY user_no HAVING max(at_utc) IS NULL)"
)


def rfm_members(
    store: Store,
    name: str,
    as_of: datetime | None = None,
    grid: Grid = DEFAULT_GRID,
    settings: RfmSettings = _QUINTILES,
) -> Query:
    """The query for the buyers of one RFM segment, or cell ("55"): one column `user_no`. Raises BadRule."""
    return members(store, Segment("rfm", Rfm((name,), grid, settings), as_of))


def _group(name: str, cells: tuple[str, ...], row: dict[str, object] | None, buyers: int, revenue: float) -> RfmGroup:
    if row is None:
        return RfmGroup(name, cells, 0, 0.0)
    users, own = int(str(row["users"])), _float(row["revenue"])
    part = own / revenue if own is not None and revenue > 0 else None
    medians = (_float(row["recency"]), _float(row["frequency"]), _float(row["monetary"]))
    return RfmGroup(name, cells, users, users / buyers, *medians, own, part)


def _bands(rows: Iterable[dict[str, object]], score: str) -> tuple[Band, ...]:
    found = (r for r in rows if r["of"] == score)
    bands = (
        Band(int(str(r["key"])), float(str(r["lowest"])), float(str(r["highest"])), int(str(r["users"]))) for r in found
    )
    return tuple(sorted(bands, key=lambda band: -band.score))


def _float(value: object) -> float | None:
    return None if value is None else float(str(value))
