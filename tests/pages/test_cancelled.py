"""Stopping while files are looked at, or loaded, leaves nothing behind."""

from __future__ import annotations

import gc
import gzip
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.ingest import batches, load
from core.jobs import JobSpec, runner_for
from core.store import Query, Store, close_workspace, open_workspace
from pages._ui.draft import Draft
from pages._ui.uploads import Box

ROWS = 400_000


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_workspace(str(tmp_path / "shop.duckdb"))
    yield opened
    runner_for(opened).close(10)
    close_workspace(opened)


def until(seen: Callable[[], object], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not seen():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.002)


def uploaded(store: Store, content: bytes, name: str) -> Draft:
    box, draft = Box(store.spool), Draft(store)
    (one,) = box.begin([(name, len(content))])
    box.append(one, 0, content)
    box.ready([one.id])
    (file,) = box.take()
    draft.add_arrived(file.path, file.name)
    return draft


def shop(rows: int) -> bytes:
    lines = (f"u{n % 5_003},i{n % 997},2024-01-{n % 28 + 1:02d} 10:00:00,{n % 5}\n" for n in range(rows))
    return ("user_id,item_id,event_time,rating\n" + "".join(lines)).encode()


def test_stopping_while_looking_leaves_nothing_in_the_spool(store: Store) -> None:
    gc.collect()  # what other tests' sessions have left goes with them
    before = set(store.spool.iterdir())
    look_and_stop(store, before)
    gc.collect()
    assert set(store.spool.iterdir()) <= before


def look_and_stop(store: Store, before: set[Path]) -> None:
    draft = uploaded(store, gzip.compress(shop(ROWS), 1), "shop.csv.gz")
    looking = draft.look()
    assert looking is not None
    until(lambda: looking.share > 0.1)
    assert "shop.csv.gz" in looking.said()
    assert " MB" in looking.said()
    assert len(set(store.spool.iterdir()) - before) >= 2, "the upload, and its unpacked copy in the making"
    looking.stop()
    assert looking.over.wait(20)
    assert not draft.looked
    assert not draft.refused


def test_a_load_says_its_rows_and_cancelled_leaves_nothing(store: Store) -> None:
    before, version = set(store.spool.iterdir()), store.version
    load_and_cancel(store)
    assert (store.version, batches(store)) == (version, [])
    tables = store.rows(Query("SELECT table_name FROM duckdb_tables() WHERE temporary"))
    assert [t for t in tables if str(t["table_name"]).startswith(("load_", "reject_"))] == []
    gc.collect()
    with store.atomic(data=False):
        pass  # another writer finds its way
    assert set(store.spool.iterdir()) == before


def load_and_cancel(store: Store) -> None:
    draft = uploaded(store, shop(ROWS), "shop.csv")
    looking = draft.look()
    assert looking is None or looking.over.wait(60)
    (file,) = draft.looked
    runner = runner_for(store)
    job = runner.submit(
        JobSpec("load", "Load shop.csv"),
        lambda writer, step: {"rows": load(writer, [file.source], file.proposal.mapping, step=step).rows_read},
    )

    def counted() -> str:
        found = runner.job(job.id)
        assert found is not None
        assert found.active, "it ended before it said its rows"
        return found.counted

    said: list[str] = []

    def says() -> str:
        said.append(counted())
        return said[-1]

    until(says)
    assert f" of {ROWS:,} rows" in said[-1]
    runner.cancel(job.id)
    ended = runner.wait(job.id, 30)
    assert ended is not None
    assert (ended.status, ended.counted) == ("cancelled", "")
