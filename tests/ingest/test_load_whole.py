"""A load as a whole: several files, repeats, the same file again, refusals that leave nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from core.errors import Refusal
from core.ingest.load import load
from core.ingest.source import open_source
from core.progress import Cancelled, Step
from core.store import Query, Store
from tests.bench.shop_file import write_shop_file
from tests.ingest.loading import events, load_sources, load_text, mapping, reconciled, source, table, workspace
from tests.prepared import copied, once


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with workspace(tmp_path) as store:
        yield store


def test_repeats_are_counted_across_the_files_of_a_load(store: Store) -> None:
    one = source(store, "u,i,note\n1,a,x\n1,a,x\n1,a,y\n", "one.csv")
    two = source(store, "i,u,note\na,1,x\nb,1,x\n", "two.csv")
    how = mapping(event="view", user="u", item="i")
    report = reconciled(load_sources(store, [one, two], how))
    assert (report.rows_read, report.rows_loaded, report.rows_repeated, report.rows_duplicate) == (5, 5, 2, 0)
    report = reconciled(load_sources(store, [one, two], replace(how, repeats="drop"), again=True))
    assert (report.rows_read, report.rows_loaded, report.rows_repeated, report.rows_duplicate) == (5, 3, 0, 2)
    assert report.events == {"view": 3}


def test_the_same_file_is_not_loaded_twice(store: Store) -> None:
    how = mapping(event="view", user="u", item="i")
    load_text(store, "u,i\n1,a\n", how)
    with pytest.raises(Refusal, match=r"batch 1 of .* holds the same file") as refused:
        load_text(store, "u,i\n1,a\n", how, "copy.csv")
    assert refused.value.code == "already_loaded"
    assert len(events(store, "event")) == 1
    load_text(store, "u,i\n1,a\n", how, again=True)
    assert len(events(store, "event")) == 2
    twice = source(store, "u,i\n2,a\n", "twice.csv")
    with pytest.raises(Refusal, match="given twice"):
        load_sources(store, [twice, twice], how)


def test_a_refused_load_leaves_nothing_behind(store: Store) -> None:
    version = store.version
    with pytest.raises(Refusal) as refused:
        load_text(store, "u,t,extra\n1,never,\n2,soon,\n", mapping(event="view", user="u", time="t", context="extra"))
    assert refused.value.code == "all_rejected"
    assert "line 2" in refused.value.message
    assert "'never'" in refused.value.message
    assert store.version == version
    assert store.rows(Query("SELECT * FROM batches")) == []
    assert table(store, "users") == []
    assert "extra" not in store.read(Query("SELECT * FROM events")).column_names


# ---- progress and cancelling


class Watcher(Step):
    """Keeps what it is told; says stop once `stop` appears in a note."""

    def __init__(self, stop: str | None = None) -> None:
        self.told: list[tuple[float, str]] = []
        self._stop, self._stopped = stop, False

    def _tell(self, share: float, note: str) -> None:
        self.told.append((share, note))
        self._stopped = self._stopped or (self._stop is not None and self._stop in note)

    def cancelled(self) -> bool:
        return self._stopped


SHOP = mapping(
    user="user_id", item="item_id", event__="event_type", time="event_time", quantity="quantity", price="price"
)


@pytest.fixture(scope="module")
def million(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return once(tmp_path_factory, "shop-1000000.csv", partial(write_shop_file, rows=1_000_000))


@pytest.mark.slow
def test_progress_rises_and_says_what_is_done(store: Store, million: Path) -> None:
    path = copied(million, store.path.parent / "shop.csv")
    file, step = open_source(path, spool=store.spool), Watcher()
    with store.atomic() as writer:
        load(writer, [file], SHOP, step=step)
    shares = [share for share, _ in step.told]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    reading = [share for share, note in step.told if note == "Reading shop.csv"]
    assert len(set(reading)) > 3
    assert {"Reading shop.csv", "Looking for repeated rows", "Writing events", "Loaded"} <= {n for _, n in step.told}


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["Reading", "Looking for repeated rows", "Numbering", "Writing events"])
def test_a_cancelled_load_leaves_nothing(store: Store, million: Path, moment: str) -> None:
    path = copied(million, store.path.parent / "shop.csv")
    file, version = open_source(path, spool=store.spool), store.version
    with pytest.raises(Cancelled), store.atomic() as writer:
        load(writer, [file], SHOP, step=Watcher(moment))
    assert store.version == version
    for name in ("events", "users", "items", "batches", "rejects"):
        assert store.rows(Query(f"SELECT count(*) AS n FROM {name}")) == [{"n": 0}]
    load_text(store, "u,i\n1,a\n", mapping(event="view", user="u", item="i"))
