"""Files of one shape that settle together how their dates are written."""

from __future__ import annotations

from pathlib import Path

from core.ingest.propose import propose
from core.ingest.siblings import settle_days
from core.ingest.types import Evidence, Proposal
from tests.ingest.loading import source, workspace


def proposed(folder: Path, *days: str) -> tuple[Proposal, Evidence]:
    """What is proposed for files of one day each, with the evidence of the time."""
    with workspace(folder) as store:
        files = [
            source(store, "user,item,date\n" + "".join(f"u{k},i{k},{day}\n" for k in range(5)), f"{n}.csv")
            for n, day in enumerate(days)
        ]
        found = settle_days(store, propose(store, files[0], "events"), files)
    return found, next(e for e in found.evidence if e.column == "date")


def way(found: Proposal) -> str | None:
    time = found.mapping.column("time")
    return time.time_format if time else None


def test_one_file_settles_it_for_the_others(tmp_path: Path) -> None:
    found, told = proposed(tmp_path, "05/03/2026", "06/03/2026", "13/03/2026")
    assert way(found) == "%d/%m/%Y"
    assert told.sure
    assert told.why == "day first, since 15 values of 3 files parse so, and 33 % fail month first"


def test_times_lie_closer_together_one_way(tmp_path: Path) -> None:
    found, told = proposed(tmp_path, "05/03/2026", "06/03/2026", "07/03/2026")
    assert way(found) == "%d/%m/%Y"
    assert not told.sure
    assert told.why == "day first: in all 3 files times read so span 2 days, month first 61; please check"


def test_nothing_to_go_by(tmp_path: Path) -> None:
    alone, told = proposed(tmp_path, "05/03/2026")
    assert not told.sure
    assert way(alone) in ("%d/%m/%Y", "%m/%d/%Y")
    sure, told = proposed(tmp_path, "2026-03-05", "2026-03-06")
    assert told.sure
    assert way(sure) == "iso"
