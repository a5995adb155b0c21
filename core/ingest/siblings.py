"""Files of one shape that are loaded together settle for each other what one of them leaves open.

A file of one day reads as well day first as month first ("05.03.2026"); the file of the 13th does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from core.ingest import typed
from core.ingest.relation import relation
from core.ingest.times import spoken, swapped
from core.ingest.types import ColumnMap, Evidence, Mapping, Proposal, Source
from core.progress import Step, no_step
from core.store import Query, Store, ident

MOST = 400
"""Files that are looked at for it, at most."""


def settle_days(store: Store, proposal: Proposal, sources: Sequence[Source], *, step: Step = no_step) -> Proposal:
    """The proposal, day and month of its unsure time column as all files of the load together say.

    Where more values can be read one way, that way is taken, and it is sure where the other fails a value. Where all
    can be read both ways, the way in which the times lie closer together is taken (a third of the span or less), and
    stays unsure.
    """
    time = proposal.mapping.column("time")
    twin = swapped(time.time_format or "iso") if time else None
    doubtful = [e for e in proposal.evidence if time and e.column == time.column and not e.sure]
    if time is None or twin is None or not doubtful or len(sources) < 2:
        return proposal
    mine, other = (_read(store, sources[:MOST], time, way, step) for way in (time.time_format or "iso", twin))
    tie = mine.values == other.values
    if other.values > mine.values or (tie and other.days * 3 <= mine.days):
        mine, other = other, mine
    files = f"{min(len(sources), MOST):,} files"
    if tie:
        if mine.days == other.days:
            return proposal
        why = f"{spoken(mine.way)}: in all {files} times read so span {mine.days:,} days"
        return _told(proposal, time, mine.way, f"{why}, {spoken(other.way)} {other.days:,}; please check", sure=False)
    share = (mine.values - other.values) / mine.values
    said = "under 1 %" if share < 0.01 else f"{share:.0%}".replace("%", " %")
    why = f"{spoken(mine.way)}, since {mine.values:,} values of {files} parse so, and {said} fail {spoken(other.way)}"
    return _told(proposal, time, mine.way, why, sure=True)


class _Way:
    """How many values can be read one way, and the days from the first to the last of them."""

    def __init__(self, way: str, values: int, days: int) -> None:
        self.way, self.values, self.days = way, values, days


def _read(store: Store, sources: Sequence[Source], time: ColumnMap, way: str, step: Step) -> _Way:
    moment = typed.moment(ident(time.column), way)
    firsts, lasts, values = [], [], 0
    for source in sources:
        query = Query(f"SELECT count(t) AS n, min(t) AS first, max(t) AS last FROM (SELECT {moment} AS t FROM ")
        row = store.rows(query + relation(source) + ")", step=step)[0]
        values += int(str(row["n"]))
        if row["first"] is not None:
            firsts.append(row["first"])
            lasts.append(row["last"])
    return _Way(way, values, (max(lasts) - min(firsts)).days if firsts else 0)


def _told(proposal: Proposal, time: ColumnMap, way: str, why: str, *, sure: bool) -> Proposal:
    def mapped(column: ColumnMap) -> ColumnMap:
        return replace(column, time_format=way) if column == time else column

    def said(evidence: Evidence) -> Evidence:
        return replace(evidence, why=why, sure=sure) if evidence.column == time.column else evidence

    mapping: Mapping = replace(proposal.mapping, columns=tuple(map(mapped, proposal.mapping.columns)))
    return replace(proposal, mapping=mapping, evidence=tuple(map(said, proposal.evidence)))
