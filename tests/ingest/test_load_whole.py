"""A load as a whole: several files, repeats, the same file again, refusals that leave nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import Refusal
from core.store import Query, Store
from tests.ingest.loading import events, load_sources, load_text, mapping, reconciled, source, table, workspace


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
