"""The workspace file: all or nothing, one writer, cancel, versions, migrations, refusals."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from core.errors import Refusal
from core.progress import Cancelled, Step
from core.store import Query, Store
from core.store.schema import MIGRATIONS

ENDLESS = Query("SELECT sum(a.range * b.range) FROM range(10000000) a, range(1000000) b")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "shop.duckdb") as store:
        yield store


class After(Step):
    """Cancelled `seconds` after it was made."""

    def __init__(self, seconds: float) -> None:
        self._at = time.monotonic() + seconds

    def cancelled(self) -> bool:
        return time.monotonic() > self._at


def users(store: Store) -> int:
    return store.read(Query("SELECT count(*) AS n FROM users")).to_pylist()[0]["n"]


def test_atomic_keeps_all(store: Store) -> None:
    with store.atomic() as writer:
        assert writer.run(Query("INSERT INTO users VALUES (?, ?), (2, 'b')", (1, "o'brien"))) == 2
        assert writer.rows(Query("SELECT user_id FROM users ORDER BY 1")) == [{"user_id": "b"}, {"user_id": "o'brien"}]
        assert users(store) == 0, "readers see the state before, until the writer is done"
    assert users(store) == 2


def test_atomic_keeps_nothing_after_an_error(store: Store) -> None:
    with pytest.raises(KeyError), store.atomic() as writer:
        writer.run("INSERT INTO users VALUES (1, 'a')")
        writer.run("ALTER TABLE users ADD COLUMN city VARCHAR")
        raise KeyError
    assert (users(store), store.version) == (0, 0)
    columns = store.rows(Query("SELECT column_name FROM duckdb_columns() WHERE table_name = 'users'"))
    assert [c["column_name"] for c in columns] == ["user_no", "user_id"]


def test_version_rises_with_data_only_and_outlives_the_process(tmp_path: Path) -> None:
    path = tmp_path / "w.duckdb"
    with Store(path) as store:
        with store.atomic() as writer:
            writer.run("INSERT INTO users VALUES (1, 'a')")
        with store.atomic(data=False) as writer:
            writer.run("INSERT INTO segments VALUES ('s', '{}', NULL, now(), now(), NULL)")
        assert store.version == 1
    with Store(path) as store:
        assert store.version == 1
        assert users(store) == 1


def test_arrow_table_is_readable_inside_its_with_only(store: Store) -> None:
    with store.atomic() as writer, writer.table("incoming", pa.table({"user_no": [1, 2], "user_id": ["a", "b"]})):
        assert writer.run("INSERT INTO users SELECT * FROM incoming") == 2
    with pytest.raises(duckdb.CatalogException), store.atomic() as writer:
        writer.run("SELECT * FROM incoming")
    assert users(store) == 2
    hidden = pa.table({"a": [1]})
    with (
        pytest.raises(duckdb.BinderException, match="nonsense"),  # the cause, not what comes of it
        store.atomic() as writer,
        writer.table("incoming", hidden),
    ):
        writer.run("SELECT nonsense FROM incoming")


def test_writers_take_turns(store: Store) -> None:
    order: list[str] = []
    inside = threading.Event()

    def first() -> None:
        with store.atomic() as writer:
            inside.set()
            time.sleep(0.4)
            writer.run("INSERT INTO users VALUES (1, 'a')")
            order.append("first")

    thread = threading.Thread(target=first)
    thread.start()
    inside.wait()
    with store.atomic() as writer:
        order.append("second")
        assert writer.rows(Query("SELECT count(*) AS n FROM users")) == [{"n": 1}]
    thread.join()
    assert order == ["first", "second"]


def test_waiting_for_the_writer_can_be_cancelled(store: Store) -> None:
    with store.atomic(), pytest.raises(Cancelled), store.atomic(step=After(0.2)):
        pytest.fail("two writers at once")
    with store.atomic():
        pass  # the lock is free again


def test_read_is_cancelled_by_interrupt(store: Store) -> None:
    started = time.monotonic()
    with pytest.raises(Cancelled):
        store.read(ENDLESS, step=After(0.3))
    assert time.monotonic() - started < 10
    assert users(store) == 0, "the store goes on"


def test_a_cancelled_write_keeps_nothing(store: Store) -> None:
    with pytest.raises(Cancelled), store.atomic() as writer:
        writer.run("INSERT INTO users VALUES (1, 'a')")
        writer.run(ENDLESS, step=After(0.3))
    assert users(store) == 0


def test_time_limit(store: Store) -> None:
    with pytest.raises(Refusal) as refused:
        store.read(ENDLESS, seconds=0.2)
    assert refused.value.code == "too_slow"


def test_stream_gives_every_row_in_batches(store: Store) -> None:
    batches = list(store.stream(Query("SELECT range AS n FROM range(10000)"), rows=3000))
    assert [n for b in batches for n in b.column(0).to_pylist()] == list(range(10_000))
    assert max(b.num_rows for b in batches) <= 3000


def test_many_threads_read_while_one_writes(store: Store) -> None:
    seen: list[int] = []
    stop = threading.Event()

    def reader() -> None:
        while not stop.is_set():
            seen.append(users(store))

    threads = [threading.Thread(target=reader) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(0, 100, 10):
        with store.atomic() as writer:
            for n in range(number, number + 10):
                writer.run(Query("INSERT INTO users VALUES (?, ?)", (n, str(n))))
    stop.set()
    for thread in threads:
        thread.join()
    assert users(store) == 100
    assert all(n % 10 == 0 for n in seen), "no reader ever saw half of a write"


def test_as_of_is_just_after_the_last_event(store: Store) -> None:
    assert store.as_of() is None
    with store.atomic() as writer:
        writer.run(
            "INSERT INTO batches BY NAME SELECT 1 AS batch_no, 'events' AS kind, '[]' AS files, '{}' AS mapping, "
            "2 AS rows_read, 2 AS rows_loaded, 0 AS rows_rejected, 0 AS rows_duplicate, 0 AS rows_repeated, "
            "0 AS rows_anonymous, 2 AS events_added, TIMESTAMP '2026-05-01' AS loaded_at"
        )
        writer.run("INSERT INTO events (event, at_utc, batch_no) VALUES ('view', TIMESTAMP '2026-04-30 10:00', 1)")
    assert store.as_of() == datetime(2026, 4, 30, 10, 0, 0, 1)
    with store.atomic() as writer:
        writer.run("INSERT INTO events (event, at_utc, batch_no) VALUES ('view', TIMESTAMP '2099-01-01', 1)")
    assert store.as_of() == datetime(2026, 4, 30, 10, 0, 0, 1), "a mistyped year does not move it"


def test_another_process_is_refused_with_the_reason(store: Store) -> None:
    code = (
        "import sys; from pathlib import Path; from core.errors import Refusal; from core.store import Store\n"
        "try: Store(Path(sys.argv[1]))\n"
        "except Refusal as r: print(r.code, r.exit_code); print(r)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(store.path)], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.splitlines()[0] == "workspace_locked 4"
    assert str(store.path) in done.stdout


def test_what_is_not_a_workspace_is_refused_and_left_as_it_was(tmp_path: Path) -> None:
    text = tmp_path / "notes.duckdb"
    text.write_text("not a database, just some notes that are long enough to be read as a header " * 100)
    other = tmp_path / "other.duckdb"
    with duckdb.connect(str(other)) as connection:
        connection.execute("CREATE TABLE mine (a INTEGER)")
    for path in (text, other):
        with pytest.raises(Refusal) as refused:
            Store(path)
        assert refused.value.code == "not_a_workspace"
    assert text.read_text().startswith("not a database")
    with duckdb.connect(str(other)) as connection:
        assert [t for (t,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()] == ["mine"]
    with pytest.raises(Refusal) as refused:
        Store(tmp_path / "nowhere" / "w.duckdb")
    assert refused.value.code == "no_such_folder"


def test_a_workspace_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "w.duckdb"
    Store(path).close()
    with duckdb.connect(str(path)) as connection:
        connection.execute("INSERT INTO migrations VALUES (?, 'from the future')", [len(MIGRATIONS) + 1])
    with pytest.raises(Refusal) as refused:
        Store(path)
    assert refused.value.code == "workspace_from_newer_version"


def test_migrations_run_once_each_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "w.duckdb"
    Store(path).close()
    later = (*MIGRATIONS, ("a note", "CREATE TABLE note (a INTEGER); INSERT INTO note VALUES (1)"))
    monkeypatch.setattr("core.store.store.MIGRATIONS", later)
    monkeypatch.setattr("core.store.connect.MIGRATIONS", later)
    for _ in range(2):
        with Store(path) as store:
            assert store.rows(Query("SELECT * FROM note")) == [{"a": 1}]
            names = [r["name"] for r in store.rows(Query("SELECT name FROM migrations ORDER BY number"))]
            assert names == [name for name, _ in later]


def test_nothing_outside_the_named_folders_can_be_read(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("a\n1\n")
    (tmp_path / "other.csv").write_text("a\n2\n")
    with Store(tmp_path / "w.duckdb", reads=[tmp_path / "mine.csv"]) as store:
        read = "SELECT a FROM read_csv(?)"
        assert store.rows(Query(read, (str(tmp_path / "mine.csv"),))) == [{"a": 1}]
        with pytest.raises(duckdb.PermissionException):
            store.read(Query(read, (str(tmp_path / "other.csv"),)))
        with pytest.raises(duckdb.InvalidInputException, match="locked"), store.atomic() as writer:
            writer.run("SET enable_external_access = true")


def test_killed_while_writing_leaves_the_state_before(tmp_path: Path) -> None:
    path = tmp_path / "w.duckdb"
    code = (
        "import sys, os; from pathlib import Path; from core.store import Store\n"
        "store = Store(Path(sys.argv[1]))\n"
        "with store.atomic() as w: w.run(\"INSERT INTO users VALUES (1, 'kept')\")\n"
        "with store.atomic() as w:\n"
        "    w.run('INSERT INTO users SELECT range + 10, range::VARCHAR FROM range(300000)')\n"
        "    os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], check=False, timeout=60)
    assert done.returncode == -9
    with Store(path) as store:
        assert store.rows(Query("SELECT * FROM users")) == [{"user_no": 1, "user_id": "kept"}]
        assert store.version == 1


def test_uploads_left_by_a_killed_process_are_removed_those_of_a_living_one_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = (
        "import sys, os, time; from core.store.folders import open_folders\n"
        "spool, _ = open_folders(); (spool / 'upload.csv').write_text('personal'); print(spool, flush=True)\n"
        "os.kill(os.getpid(), 9) if sys.argv[1] == 'die' else time.sleep(60)"
    )
    monkeypatch.setenv("TMPDIR", str(tmp_path))

    def start(how: str) -> tuple[subprocess.Popen[str], Path]:
        process = subprocess.Popen([sys.executable, "-c", code, how], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        return process, Path(process.stdout.readline().strip())

    living, kept = start("live")
    try:
        dead, left = start("die")
        dead.wait()
        assert (left / "upload.csv").exists()
        other, _ = start("die")
        other.wait()
        assert not left.exists()
        assert (kept / "upload.csv").read_text() == "personal"
    finally:
        living.kill()
        living.wait()
