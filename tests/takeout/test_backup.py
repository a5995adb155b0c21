"""Backups are whole and consistent; restoring one touches nothing until it is, and takes nothing but rows."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest

from core.errors import Refusal
from core.progress import Cancelled, Step
from core.store import Query, Store, close_workspace, home, list_workspaces, open_workspace, workspace_path
from core.store.digest import content_digest
from core.store.schema import MIGRATIONS
from core.takeout import KEPT, backup, restore
from tests.ingest.loading import load_text, mapping

EVENTS = mapping("events", event="view", user="u", item="i", context="store")
ROOT = Path(__file__).parents[2]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LIMELIGHT_HOME", str(tmp_path / "home"))
    return tmp_path


@pytest.fixture
def store(here: Path) -> Iterator[Store]:
    store = open_workspace("shop", reads=[here])
    load_text(store, "u,i,store\n1,a,x\n2,b,\n", EVENTS)
    yield store
    close_workspace(store)


def code(of: Callable[[], object]) -> str:
    with pytest.raises(Refusal) as refused:
        of()
    return refused.value.code


def test_there_and_back(store: Store, here: Path) -> None:
    digest = content_digest(store)
    made = backup(store, here / "b.duckdb")
    assert (made.digest, made.rows["events"], made.bytes) == (digest, 2, (here / "b.duckdb").stat().st_size)
    told = restore(here / "b.duckdb", "again")
    assert told["rows"] == made.rows
    assert (told["digest"], told["kept"], told["version"]) == (digest, None, store.version)
    assert list_workspaces() == ["again", "shop"]
    with Store(workspace_path("again"), reads=[here]) as again:
        assert content_digest(again) == digest
        load_text(again, "u,i,store\n3,c,z\n", EVENTS, "more.csv")  # it can be worked with
        assert again.rows(Query("SELECT store FROM events ORDER BY 1")) == [
            {"store": "x"},
            {"store": "z"},
            {"store": None},
        ]
    assert not [p for p in (*here.iterdir(), *home().iterdir()) if p.name.startswith(".")]


def test_a_backup_taken_while_others_write_is_of_one_moment(store: Store, here: Path) -> None:
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            with store.atomic() as writer:
                writer.run("INSERT INTO events (event, batch_no) VALUES ('pair', 1)")
                writer.run("INSERT INTO items VALUES (100 + (SELECT count(*) FROM items), 'x')")

    thread = threading.Thread(target=write)
    thread.start()
    try:
        made = [backup(store, here / f"b{k}.duckdb") for k in range(2)]
    finally:
        stop.set()
        thread.join()
    for one in made:
        assert one.rows["events"] - 2 == one.rows["items"] - 2
    assert made[0].rows["events"] < made[1].rows["events"]


def test_where_no_backup_goes(store: Store, here: Path) -> None:
    (here / "there.duckdb").write_bytes(b"precious")
    assert code(lambda: backup(store, store.path, replace=True)) == "over_workspace"
    assert code(lambda: backup(store, here / "there.duckdb")) == "file_exists"
    assert code(lambda: backup(store, here / "none" / "b.duckdb")) == "no_such_folder"

    class Cancel(Step):
        def cancelled(self) -> bool:
            return True

    with pytest.raises(Cancelled):
        backup(store, here / "there.duckdb", replace=True, step=Cancel())
    assert (here / "there.duckdb").read_bytes() == b"precious"
    assert not list(store.exports.glob("backup-*"))
    killed = here / ".there.duckdb.999999999-ab.part"  # what a killed process could not clear up
    killed.write_bytes(b"half")
    backup(store, here / "there.duckdb", replace=True)
    assert not killed.exists()
    assert (here / "there.duckdb").read_bytes()[8:12] == b"DUCK"


def test_a_name_that_is_taken(store: Store, here: Path) -> None:
    file = backup(store, here / "b.duckdb").path
    load_text(store, "u,i,store\n9,z,\n", EVENTS, "later.csv")
    later = content_digest(store)
    assert code(lambda: restore(file, "shop")) == "workspace_exists"
    assert code(lambda: restore(file, "shop", replace=True)) == "workspace_open"
    close_workspace(store)
    assert code(lambda: restore(store.path, "shop", replace=True)) == "over_workspace"
    told = restore(file, "shop", replace=True)
    assert list_workspaces() == ["shop"]
    kept = Path(told["kept"])
    assert kept.parent == home() / KEPT
    assert kept.name.startswith("shop.before-restore-20")
    with Store(kept) as old, Store(workspace_path("shop")) as new:
        assert content_digest(old) == later
        assert content_digest(new) == told["digest"] != later


def test_files_that_are_no_backup(store: Store, here: Path) -> None:
    good = backup(store, here / "b.duckdb").path
    data = good.read_bytes()
    cases: dict[str, tuple[bytes, set[str]]] = {
        "empty": (b"", {"not_a_workspace"}),
        "text": (b"u,i\n1,a\n" * 100, {"not_a_workspace"}),
        "only the beginning": (data[:4096], {"damaged_file"}),
        "half": (data[: len(data) // 2], {"damaged_file"}),
        "zeros in the middle": (data[:12288] + bytes(len(data) - 12288), {"damaged_file", "not_a_workspace"}),
    }
    for name, (content, codes) in cases.items():
        bad = here / f"{name}.duckdb"
        bad.write_bytes(content)
        assert code(lambda bad=bad: restore(bad, "new")) in codes, name  # type: ignore[misc]
    assert code(lambda: restore(here / "none.duckdb", "new")) == "no_such_file"
    assert code(lambda: restore(good, "../new")) == "bad_workspace_name"
    assert list_workspaces() == ["shop"]
    assert not list(store.exports.glob("restore-*"))


HOSTILE = {
    "a view of its own": "CREATE VIEW spy AS SELECT * FROM read_csv('/etc/passwd')",
    "another live_batches": "CREATE OR REPLACE VIEW live_batches AS SELECT 1 AS batch_no, 'events' AS kind",
    "a macro": "CREATE MACRO sum(x) AS 7",
    "a table": "CREATE TABLE more (x INTEGER)",
    "a table gone": "DROP TABLE rejects",
    "an index": "CREATE INDEX odd ON events (event)",
    "a sequence": "CREATE SEQUENCE odd",
    "a schema": "CREATE SCHEMA odd; CREATE TABLE odd.events (x INTEGER)",
    "a computed column": "DROP TABLE segments; CREATE TABLE segments (name VARCHAR PRIMARY KEY, rule JSON NOT NULL, "
    "as_of TIMESTAMP, created_at TIMESTAMP NOT NULL, updated_at TIMESTAMP GENERATED ALWAYS AS (created_at))",
    "a default": "ALTER TABLE jobs ALTER COLUMN title SET DEFAULT version()",
    "another type": "DROP TABLE erased; CREATE TABLE erased (id_hash INTEGER NOT NULL, erased_at TIMESTAMP NOT NULL)",
    "a column too many": "ALTER TABLE meta ADD COLUMN odd VARCHAR",
    "a check": "DROP TABLE erased; CREATE TABLE erased (id_hash VARCHAR CHECK (id_hash <> 'x'), erased_at TIMESTAMP)",
    "history": "UPDATE migrations SET name = 'other' WHERE number = 1",
}


def test_files_with_more_than_rows_in_them(store: Store, here: Path) -> None:
    good = backup(store, here / "b.duckdb").path.read_bytes()
    bad = here / "bad.duckdb"
    for name, sql in HOSTILE.items():
        bad.write_bytes(good)
        with duckdb.connect(str(bad)) as connection:
            connection.execute(sql)
        assert code(lambda: restore(bad, "new")) == "foreign_objects", name
    bad.write_bytes(good)
    with duckdb.connect(str(bad)) as connection:
        connection.execute(f"INSERT INTO migrations VALUES ({len(MIGRATIONS) + 1}, 'to come')")
    assert code(lambda: restore(bad, "new")) == "workspace_from_newer_version"
    bad.unlink()
    with duckdb.connect(str(bad)) as connection:
        connection.execute("CREATE TABLE events (x INTEGER)")
    assert code(lambda: restore(bad, "new")) == "not_a_workspace"
    assert list_workspaces() == ["shop"]


def test_a_backup_of_an_older_version_is_brought_up_to_date(here: Path) -> None:
    old = here / "old.duckdb"
    with duckdb.connect(str(old)) as connection:
        connection.execute("CREATE TABLE migrations (number INTEGER PRIMARY KEY, name VARCHAR NOT NULL)")
        for number, (name, sql) in enumerate(MIGRATIONS[:3], start=1):
            assert isinstance(sql, str)
            connection.execute(sql)
            connection.execute("INSERT INTO migrations VALUES (?, ?)", (number, name))
        connection.execute('ALTER TABLE events ADD COLUMN "Store\'s no" DOUBLE')
        connection.execute("INSERT INTO events (event, batch_no, \"Store's no\") VALUES ('view', 1, 7)")
    told = restore(old, "old")
    assert told["rows"]["events"] == 1
    with Store(workspace_path("old")) as store:
        assert store.rows(Query('SELECT event, "Store\'s no" AS s, row_no FROM events')) == [
            {"event": "view", "s": 7.0, "row_no": None}
        ]


# A limit on file size stands for a full disk, as in tests/ingest/test_load_disk.py.
PROGRAM = """
import json, resource, signal, sys
from pathlib import Path
from core.errors import Refusal
from core.store import Query, Store
from core.takeout import backup, export_all, export_table, restore
from tests.prepared import new_store

here, limit = Path(sys.argv[1]), 1_500_000
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
with new_store(here / "w.duckdb") as store:
    with store.atomic() as writer:
        rows = "SELECT 'view', random(), i, 1 FROM range(300_000) t(i)"
        writer.run("INSERT INTO events (event, dwell, value, batch_no) " + rows)
    store.checkpoint()
    backup(store, here / "good.duckdb")
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    out = {}
    tasks = {
        "backup": lambda: backup(store, here / "b.duckdb"),
        "csv": lambda: export_table(store, "events", here / "e.csv"),
        "parquet": lambda: export_table(store, "events", here / "e.parquet", format="parquet"),
        "all": lambda: export_all(store, here / "all.zip"),
        "compact": lambda: store.compact(),
        "restore": lambda: restore(here / "good.duckdb", str(here / "new.duckdb")),
    }
    for name, task in tasks.items():
        try:
            out[name] = str(task())
        except Refusal as refusal:
            out[name] = refusal.code
    left = [p.name for p in store.exports.iterdir()]
    count = store.rows(Query("SELECT count(*) AS n FROM events"))[0]["n"]
    with store.atomic() as writer:
        writer.run("INSERT INTO events (event, batch_no) VALUES ('view', 1)")
print(json.dumps({"out": out, "left": left, "count": count, "files": sorted(p.name for p in here.iterdir())}))
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="limits on file size are not known there")
def test_a_full_disk_leaves_nothing_behind(tmp_path: Path) -> None:
    words = [sys.executable, "-c", PROGRAM, str(tmp_path)]
    done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert set(found["out"].values()) == {"disk_full"}, found["out"]
    assert (found["left"], found["count"]) == ([], 300_000)
    assert set(found["files"]) - {"w.duckdb.wal"} == {"good.duckdb", "w.duckdb"}


def test_compacting_waits_for_readers_and_gives_up(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.store.copies.Gate.SECONDS", 0.2)
    digest = content_digest(store)
    answer = store.stream(Query("SELECT * FROM range(1_000_000) t(i)"), rows=10)
    next(answer)
    assert code(store.compact) == "workspace_busy"
    del answer
    store.compact()
    assert content_digest(store) == digest
