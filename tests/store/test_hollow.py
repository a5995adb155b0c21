"""An insert of no row before a large one: DuckDB 2.0.0 loses the rows of the second from sight; the writer does not."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from core.store import Query, Store
from core.store.hollow import fill

ROWS = 130_000
NONE = "INSERT INTO events (event, batch_no) SELECT event, batch_no FROM parked_events"
MANY = "INSERT INTO events (event, batch_no) SELECT 'view', 2 FROM many"


def seen(store: Store) -> list[int]:
    by = "SELECT batch_no, count(*) AS n FROM events GROUP BY batch_no ORDER BY batch_no"
    return [int(row["n"]) for row in store.rows(Query(by))]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(tmp_path / "w.duckdb")
    with store.atomic() as writer:
        writer.run("INSERT INTO events (event, batch_no) SELECT 'view', 1 FROM range(1000)")
    return store


def test_the_writer_keeps_sight_of_all_rows(store: Store) -> None:
    with store.atomic() as writer:
        writer.run(f"CREATE TEMP TABLE many AS SELECT * FROM range({ROWS})")
        assert writer.run(NONE) == 0
        assert writer.run(MANY) == ROWS
        assert int(writer.rows(Query("SELECT count(event) AS n FROM events WHERE batch_no = 2"))[0]["n"]) == ROWS
    assert seen(store) == [1000, ROWS]
    store.close()


def test_nothing_is_left_of_the_row_between(store: Store) -> None:
    with store.atomic() as writer:
        for table in ("events", "user_facts", "contact_facts", "rejects", "users", "saved_members", "runs"):
            fill(writer._cursor, table)
            rows = writer.rows(Query(f"SELECT count(*) AS n FROM {table}"))[0]["n"]
            assert rows == (1000 if table == "events" else 0)
    assert seen(store) == [1000]
    store.close()


def test_rows_of_the_same_transaction_stay(store: Store) -> None:
    """Found by a browser test: the row between was taken out with all that the transaction had put in before."""
    with store.atomic() as writer:
        writer.run(f"CREATE TEMP TABLE many AS SELECT * FROM range({ROWS})")
        writer.run("INSERT INTO events (event, batch_no) VALUES ('view', 0)")
        assert writer.run(NONE) == 0
        writer.run(MANY)
        assert writer.run(NONE) == 0
        writer.run(MANY)
    assert seen(store) == [1, 1000, 2 * ROWS]
    store.close()


def test_duckdb_still_has_the_defect(tmp_path: Path) -> None:
    """When this fails, DuckDB has been mended: core.store.hollow can go."""
    with duckdb.connect(str(tmp_path / "bare.duckdb"), config={"threads": 2}) as connection:
        connection.execute("CREATE TABLE events (event VARCHAR, batch_no INTEGER)")
        connection.execute("INSERT INTO events SELECT 'view', 1 FROM range(1000)")
        connection.execute("CREATE TABLE parked_events AS SELECT * FROM events LIMIT 0")
        connection.execute("BEGIN")
        connection.execute(f"CREATE TEMP TABLE many AS SELECT * FROM range({ROWS})")
        connection.execute(NONE)
        connection.execute(MANY)
        found = connection.execute("SELECT count(*) FROM events WHERE batch_no = 2").fetchall()[0][0]
        connection.execute("ROLLBACK")
    assert found == 0
