"""Memory of a workspace: a limit that fits the machine, spilling into a private folder, what a person is told."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from core.errors import Refusal
from core.store import Query, Store
from core.store.memory import MOST, machine_memory, memory_limit
from core.store.room import room_refusal


@pytest.mark.parametrize(
    ("said", "meant"), [("6GB", 6e9), ("800 MB", 8e8), ("512", 512e6), ("1.5gb", 1.5e9), ("1GiB", 2**30)]
)
def test_the_limit_may_be_named(monkeypatch: pytest.MonkeyPatch, said: str, meant: float) -> None:
    monkeypatch.setenv("LIMELIGHT_MEMORY", said)
    assert memory_limit() == meant


@pytest.mark.parametrize("said", ["much", "6 XB", "-1GB", "10MB", "6e9"])
def test_a_limit_that_cannot_be_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, said: str) -> None:
    monkeypatch.setenv("LIMELIGHT_MEMORY", said)
    with pytest.raises(Refusal, match="LIMELIGHT_MEMORY") as refused:
        Store(tmp_path / "w.duckdb")
    assert refused.value.code == "bad_memory"


def test_threads_may_be_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with duckdb.connect() as bare:  # not os.cpu_count: DuckDB knows of a container's share of the machine
        (usual,) = bare.execute("SELECT current_setting('threads')").fetchone() or (0,)
    for said in ("1", "3", ""):
        monkeypatch.setenv("LIMELIGHT_THREADS", said)
        with Store(tmp_path / f"w{said}.duckdb") as store:
            (row,) = store.rows(Query("SELECT current_setting('threads') AS n"))
            assert row["n"] == (int(said) if said else usual)
    for said in ("0", "two", "-1", "1.5", "1e3", "99999"):
        monkeypatch.setenv("LIMELIGHT_THREADS", said)
        with pytest.raises(Refusal, match="LIMELIGHT_THREADS") as refused:
            Store(tmp_path / "no.duckdb")
        assert refused.value.code == "bad_threads"


def test_a_container_may_have_less_than_the_machine(tmp_path: Path) -> None:
    (tmp_path / "none").write_text("max\n")
    (tmp_path / "some").write_text("2000000000\n")
    whole = machine_memory((tmp_path / "none", tmp_path / "absent"))
    assert whole is None or whole > 0
    assert machine_memory((tmp_path / "some",)) == (2_000_000_000 if whole is None else min(whole, 2_000_000_000))


def test_the_limit_is_three_gigabytes_or_a_part_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LIMELIGHT_MEMORY", raising=False)
    for has, gets in ((32_000_000_000, MOST), (2_000_000_000, 1_200_000_000), (None, MOST)):
        monkeypatch.setattr("core.store.memory.machine_memory", lambda has=has: has)
        assert memory_limit() == gets


def test_what_does_not_fit_is_spilled_and_removed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LIMELIGHT_MEMORY", "200MB")
    with Store(tmp_path / "a.duckdb") as store, Store(tmp_path / "b.duckdb") as other:
        spill = [
            Path(str(s.rows(Query("SELECT current_setting('temp_directory') AS t"))[0]["t"])) for s in (store, other)
        ]
        assert spill[0] != spill[1], "two workspaces never share their files"
        assert all(folder.parent == store.spool.parent for folder in spill)
        for one in (store, other):
            with one.atomic() as writer:
                writer.run(
                    "CREATE TEMP TABLE big AS SELECT hash(range) AS a, hash(range + 1) AS b FROM range(20000000)"
                )
                assert (
                    writer.rows(Query("SELECT count(*) AS n, max(a) = max(b) AS same FROM big"))[0]["n"] == 20_000_000
                )
        assert any(folder.is_dir() and any(folder.iterdir()) for folder in spill), "320 MB do not fit into 200"
    assert not any(folder.exists() and any(folder.iterdir()) for folder in spill)


def test_what_is_told_when_room_is_lacking(tmp_path: Path) -> None:
    path = tmp_path / "w.duckdb"
    full = room_refusal(path, duckdb.IOException('Could not write file "/x/w.duckdb": No space left on device'))
    assert full is not None
    assert (full.code, "w.duckdb" in full.message) == ("disk_full", True)
    spill = '"/tmp/limelight-1/limelight_spill_0/duckdb_temp_storage-0.tmp": No space left on device'
    spilling = room_refusal(path, duckdb.IOException(f"Could not write file {spill}"))
    assert spilling is not None
    assert (spilling.code, "TMPDIR" in spilling.hint) == ("disk_full", True)
    memory = room_refusal(path, duckdb.OutOfMemoryException("failed to allocate data of size 16.0 KiB"))
    assert memory is not None
    assert (memory.code, "LIMELIGHT_MEMORY" in memory.hint) == ("out_of_memory", True)
    assert room_refusal(path, duckdb.CatalogException("no such table")) is None
