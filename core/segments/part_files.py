"""Files of who is where: every buyer's scores, class or stage, clusters, look-alikes, overlap, movement.

Each function writes UTF-8 CSV that appears only when it is whole and gives the number of rows, header apart. Ids stand
as in the data; cells that a spreadsheet would run as formulas get a leading apostrophe. Missing figures are empty.
All raise Cancelled.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import pyarrow as pa

from core.progress import Step, no_step
from core.segments.abc_sql import parted
from core.segments.conditions import Setting
from core.segments.csv_cells import write_csv
from core.segments.grid import DEFAULT_GRID, Grid
from core.segments.likeness import Clustering, Lookalikes
from core.segments.loyalty_sql import staged_figures
from core.segments.rfm_sql import scored
from core.segments.rule import Abc, LoyaltySettings, RfmSettings, Segment
from core.segments.watch import NOT_SEEN, Movement, split_query
from core.segments.watch.asked import checked_segments, masks, opened
from core.segments.watch.overlap import MOST
from core.segments.worth import fitting
from core.store import Query, Store
from core.store.cells import defuse_sql

_LEARN_ALL = LoyaltySettings()
_QUINTILES = RfmSettings()
_ID = defuse_sql("u.user_id")


def rfm_csv(
    store: Store,
    out: Path,
    as_of: datetime | None = None,
    grid: Grid = DEFAULT_GRID,
    settings: RfmSettings = _QUINTILES,
    *,
    step: Step = no_step,
) -> int:
    """Every buyer: user_id, segment, recency_days, orders, net_value, and the scores.

    `second_score` is the one that names go by beside recency's: frequency's own, or its mean with money's. Nobody is a
    buyer where no event has a time. Raises BadRule where the grid does not fit the settings.
    """
    grid = fitting(grid, settings)
    names = ("user_id", "segment", "recency_days", "orders", "net_value")
    scores = ("recency_score", "orders_score", "money_score", "second_score")
    cases = "".join(f" WHEN {cell} THEN ?" for cell in grid.all_cells())
    cells = "s.recency::VARCHAR, s.frequency::VARCHAR, s.monetary::VARCHAR, s.r::VARCHAR, s.orders_score::VARCHAR, "
    cells += "s.m::VARCHAR, s.f::VARCHAR"
    end = as_of or store.as_of()
    if end is None:
        return write_csv((*names, *scores), (), out)
    segment = Query(f"SELECT *, CASE r * 10 + f{cases} END AS segment FROM (", grid.names)
    query = (
        Query(f"SELECT {_ID}, {defuse_sql('s.segment')}, {cells} FROM users u JOIN (")
        + segment
        + scored(end, settings)
        + ")) s USING (user_no) ORDER BY u.user_id"
    )
    return write_csv((*names, *scores), store.stream(query, step=step), out)


def abc_csv(store: Store, spec: Abc, out: Path, as_of: datetime | None = None, *, step: Step = no_step) -> int:
    """Every user who has the measure: user_id, class, and the amount, under the measure's name. Raises BadRule."""
    schema, end = opened(store, as_of)
    query = (
        Query(f"SELECT {_ID}, p.part, p.amount::VARCHAR FROM users u JOIN (")
        + parted(spec, Setting(schema, end), "")
        + ") p USING (user_no) ORDER BY p.amount DESC, u.user_id"
    )
    return write_csv(("user_id", "class", spec.measure), store.stream(query, step=step), out)


def loyalty_csv(
    store: Store,
    out: Path,
    settings: LoyaltySettings = _LEARN_ALL,
    as_of: datetime | None = None,
    *,
    step: Step = no_step,
) -> int:
    """Every buyer: user_id, stage, recency_days (since the last order), orders, customer_days (since the first)."""
    names = ("user_id", "stage", "recency_days", "orders", "customer_days")
    end = as_of or store.as_of()
    if end is None:
        return write_csv(names, (), out)
    query = (
        Query(f"SELECT {_ID}, s.part, s.recency::VARCHAR, s.orders::VARCHAR, s.age::VARCHAR FROM users u JOIN (")
        + staged_figures(settings, end)
        + ") s USING (user_no) ORDER BY u.user_id"
    )
    return write_csv(names, store.stream(query, step=step), out)


def clusters_csv(store: Store, answer: Clustering, members: pa.Table, out: Path, *, step: Step = no_step) -> int:
    """Every user looked at: user_id, cluster (-1 = in none), name (empty in none), score; members as clusters() gives.

    The score is how surely the user belongs, higher = more surely.
    """
    called = pa.table({
        "part": pa.array([one.number for one in answer.clusters], pa.int32()),
        "name": pa.array([one.name for one in answer.clusters], pa.string()),
    })  # fmt: skip
    cells = f"{_ID}, u.part::VARCHAR, {defuse_sql('c.name')}, u.score::VARCHAR"
    query = Query(f"SELECT {cells} FROM members_told u LEFT JOIN parts_told c USING (part) ORDER BY u.user_id")
    with store.scratch() as scratch, scratch.table("members_told", members), scratch.table("parts_told", called):
        return write_csv(("user_id", "cluster", "name", "score"), scratch.stream(query, step=step), out)


def lookalikes_csv(store: Store, found: Lookalikes, out: Path, *, step: Step = no_step) -> int:
    """The look-alikes, as many as `found.spec.size` says, closest first: user_id, rank (from 1), closeness (0 to 1)."""
    rows = found.rows.slice(0, found.spec.size)
    query = Query(f"SELECT {_ID}, u.rank::VARCHAR, u.score::VARCHAR FROM rows_told u ORDER BY u.rank")
    with store.scratch() as scratch, scratch.table("rows_told", rows):
        return write_csv(("user_id", "rank", "closeness"), scratch.stream(query, step=step), out)


def overlap_csv(
    store: Store, segments: Sequence[Segment], out: Path, as_of: datetime | None = None, *, step: Step = no_step
) -> int:
    """Everyone in at least one of the segments: user_id, and a column for each segment with 1 (in it) or 0.

    A segment of the name user_id has the column "in user_id". Raises as core.segments.overlap does.
    """
    asked = checked_segments(segments, MOST)
    schema, end = opened(store, as_of)
    bits = "".join(f", ((m.mask >> {place}) & 1)::VARCHAR" for place in range(len(asked)))
    query = (
        Query(f"SELECT {_ID}{bits} FROM users u JOIN (")
        + masks(asked, schema, end)
        + ") m USING (user_no) WHERE m.mask > 0 ORDER BY u.user_id"
    )
    names = (f"in {one.name}" if one.name.casefold() == "user_id" else one.name for one in asked)
    return write_csv(("user_id", *names), store.stream(query, step=step), out)


def movement_csv(store: Store, found: Movement, out: Path, *, step: Step = no_step) -> int:
    """Every known user: user_id, was, now; empty = in no part. Who had no event before the start was NOT_SEEN.

    The split is asked as it was settled, so the rows of a band are as many as the movement says.
    """
    schema, _ = opened(store, None)
    query = (
        Query(
            f"SELECT {_ID}, CASE WHEN s.user_no IS NULL THEN ? ELSE {defuse_sql('w.part')} END, "
            f"{defuse_sql('n.part')} FROM users u LEFT JOIN (",
            (NOT_SEEN,),
        )
        + split_query(found.settled, schema, found.start)
        + ") w USING (user_no) LEFT JOIN ("
        + split_query(found.settled, schema, found.end)
        + ") n USING (user_no) LEFT JOIN ("
        + Query(
            "SELECT DISTINCT e.user_no FROM events e WHERE e.user_no IS NOT NULL "
            "AND (e.at_utc < ? OR e.at_utc IS NULL)) s USING (user_no) ORDER BY u.user_id",
            (found.start,),
        )
    )
    return write_csv(("user_id", "was", "now"), store.stream(query, step=step), out)
