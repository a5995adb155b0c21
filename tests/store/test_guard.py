"""Every attack named in DEPENDENCIES.md and DESIGN.md, each proven to change nothing and to read nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from core.errors import Refusal
from core.store import Query, Store
from tests.prepared import new_store

SECRET = "letter-from-another-analyst"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """One for all: each attack is held against how it was before it."""
    with new_store(tmp_path_factory.mktemp("guard") / "shop.duckdb") as store:
        with store.atomic() as writer:
            writer.run("INSERT INTO users VALUES (1, 'ann'), (2, 'bob'), (3, 'cid')")
            writer.run("INSERT INTO items VALUES (7, 'lamp')")
            writer.run(
                "INSERT INTO events (user_no, item_no, event, at_utc, value, batch_no)"
                " VALUES (1, 7, 'view', TIMESTAMP '2026-01-01', 1.5, 1), (2, 7, 'purchase', NULL, 2.5, 1)"
            )
        (store.spool / "upload.csv").write_text(f"secret\n{SECRET}\n")
        yield store


def everything(store: Store) -> object:
    tables = [r["table_name"] for r in store.rows(Query("SELECT table_name FROM duckdb_tables() ORDER BY 1"))]
    return {t: store.rows(Query(f"SELECT * FROM {t}")) for t in tables}


ATTACKS = {
    # leave the transaction, or do more than one thing
    "commit then drop": "commit; drop table events",
    "rollback then delete": "rollback; delete from events; select 1",
    "two selects": "select 1; select 2",
    "begin": "begin",
    "set": "set threads = 1",
    "reset": "reset threads",
    "pragma": "pragma database_list",
    "call": "call pragma_version()",
    "use": "use main",
    # change data behind the word SELECT
    "delete": "delete from events",
    "delete in with": "with x as (delete from events returning *) select * from x",
    "insert in with": "with x as (insert into users values (9, 'x') returning *) select * from x",
    "update in with": "with x as (update users set user_id = 'x' returning *) select * from x",
    "delete in a nested with": "select * from (with x as (delete from events returning *) select * from x) y",
    "create table as": "create table t as select 1",
    "create macro": "create macro f() as 1",
    "select into nextval": "select nextval('s')",
    "prepare": "prepare p as delete from events",
    "execute": "execute p",
    "vacuum": "vacuum",
    "checkpoint": "checkpoint",
    # reach files
    "read_csv of the spool": "select * from read_csv('{spool}/upload.csv')",
    "read_csv in a subquery": "select (select secret from read_csv('{spool}/upload.csv')) from users",
    "read_csv in a where": "select 1 where 'a' in (select secret from read_csv('{spool}/upload.csv'))",
    "read_csv in a lateral join": "select * from users, lateral (select * from read_csv('{spool}/upload.csv'))",
    "read_text": "select * from read_text('{spool}/upload.csv')",
    "read_blob": "select * from read_blob('{spool}/upload.csv')",
    "read_json": "select * from read_json('{spool}/upload.csv')",
    "read_parquet": "select * from read_parquet('{spool}/*')",
    "sniff_csv": "select * from sniff_csv('{spool}/upload.csv')",
    "glob": "select * from glob('{spool}/*')",
    "file as table": "select * from '{spool}/upload.csv'",
    "file as quoted table": 'select * from "{spool}/upload.csv"',
    "file in a join": "select * from users join '{spool}/upload.csv' on true",
    "file in an order by": "select 1 order by (select count(*) from '{spool}/upload.csv')",
    "file in a limit": "select 1 limit (select count(*) from '{spool}/upload.csv')",
    "file in a window": "select sum(1) over (order by (select count(*) from '{spool}/upload.csv'))",
    "file in a filter": "select count(*) filter (where exists (from '{spool}/upload.csv')) from users",
    "file in a union": "select user_id from users union all select secret from '{spool}/upload.csv'",
    "file in values": "values ((select secret from '{spool}/upload.csv'))",
    "file behind summarize": "summarize '{spool}/upload.csv'",
    "file behind describe": "select * from (describe select * from '{spool}/upload.csv')",
    "etc passwd": "select * from read_csv('/etc/passwd')",
    "copy out": "copy users to '{spool}/out.csv'",
    "copy in": "copy users from '{spool}/upload.csv'",
    "export": "export database '{spool}/db'",
    "attach": "attach '{spool}/other.duckdb'",
    "import": "import database '{spool}'",
    # load code, reach the net
    "install": "install httpfs",
    "load": "load httpfs",
    "url": "select * from 'https://example.com/x.csv'",
    # run text as SQL
    "query": "select * from query('delete from events')",
    "query_table": "select * from query_table('users')",
    "serialised": "select * from json_execute_serialized_sql('{}')",
    "pragma function": "select * from pragma_table_info('users')",
    # look around
    "settings": "select * from duckdb_settings()",
    "settings view": "select * from duckdb_settings",
    "secrets": "select * from duckdb_secrets()",
    "catalog": "select * from information_schema.tables",
    "sqlite catalog": "select * from sqlite_master",
    "show": "show tables",
    "getenv": "select getenv('HOME')",
    "current_setting": "select current_setting('allowed_directories')",
    "rejected lines": "select * from rejects",
    "other table": "select * from jobs",
    "qualified table": "select * from shop.main.jobs",
    "function in a schema": "select main.getenv('HOME')",
    "python object": "select * from store",
    "time travel": "select * from events at (version => 1)",
    # names that lie
    "a later with lends its name": "with a as (from duckdb_settings), duckdb_settings as (select 1) select * from a",
    "an inner with lends its name": "select * from duckdb_settings, (with duckdb_settings as (select 1) select 1) y",
    "a with of another branch": "(with jobs as (select 1) from jobs) union all (select 1 from jobs)",
    # make a machine swoon
    "range": "select * from range(1000000000000)",
    "repeat": "select repeat('x', 4000000000)",
    "lpad": "select lpad('x', 2000000000, 'y')",
    "generate_series": "select unnest(generate_series(1, 10000000000))",
    # not a query
    "empty": "",
    "a comment": "-- nothing",
    "nonsense": "selec 1",
    "nul": "select 1\0; drop table events",
    "parameter": "select ?",
    "too long": "select " + "1," * 20_000 + "1",
    "explain analyze": "explain analyze delete from events",
}


@pytest.mark.parametrize("name", ATTACKS)
def test_attack_is_refused_and_changes_nothing(store: Store, name: str) -> None:
    before, version = everything(store), store.version
    with pytest.raises(Refusal) as refused:
        store.ask(ATTACKS[name].replace("{spool}", str(store.spool)))
    assert refused.value.code.startswith("sql_")
    assert SECRET not in str(refused.value)
    assert everything(store) == before
    assert store.version == version
    assert [p.name for p in store.spool.iterdir() if p.name == "upload.csv"] == ["upload.csv"]
    assert not (store.spool / "out.csv").exists()


GOOD = {
    "select user_id from users order by user_id desc": [("cid",), ("bob",), ("ann",)],
    "SELECT count(*) AS n, sum(value) FROM events;": [(2, 4)],
    "with b as (from events where event = 'purchase') select user_id from users join b using (user_no)": [("bob",)],
    "with a as (select 1 x), b as (select x + 1 y from a) select y from b": [(2,)],
    "with recursive r as (select 1 x union all select x + 1 from r where x < 3) select * from r": [(1,), (2,), (3,)],
    "from users select count(distinct user_id) filter (where user_id like 'a%')": [(1,)],
    "select user_id, row_number() over (order by user_id) from users where user_no not in (select user_no from events"
    " where user_no is not null)": [("cid", 1)],
    "select date_trunc('month', at_utc)::date::varchar from events where at_utc is not null": [("2026-01-01",)],
    "select case when value > 2 then 'big' else 'small' end k, count(*) from events group by all order by all": [
        ("big", 1),
        ("small", 1),
    ],
    "select 1 union select 2 order by 1": [(1,), (2,)],
    "values (1), (2)": [(1,), (2,)],
    "select list_transform([1, 2], lambda x: x + 1)[1]": [(2,)],
    "select user_id from users left join events using (user_no) group by user_id having count(event) = 0 limit 1": [
        ("cid",)
    ],
    "select distinct event from events order by event -- by name": [("purchase",), ("view",)],
    "select exists (select 1 from users where user_id = 'ann; drop table users')": [(False,)],
}


@pytest.mark.parametrize("sql", GOOD)
def test_what_analysts_write_runs(store: Store, sql: str) -> None:
    answer = store.ask(sql)
    assert [tuple(row.values()) for row in answer.to_pylist()] == GOOD[sql]


def test_a_long_answer_is_cut_one_row_late_so_that_it_can_be_told(store: Store) -> None:
    assert store.ask("select 1 from users a, users b", rows=5).num_rows == 6
    assert store.ask("select 1 from users", rows=5).num_rows == 3


def test_time_limit(store: Store) -> None:
    slow = "with recursive r as (select 1 x union all select x + 1 from r where x < 100000000) select count(*) from r"
    with pytest.raises(Refusal) as refused:
        store.ask(slow, seconds=0.3)
    assert refused.value.code == "too_slow"
    assert store.ask("select 1").num_rows == 1


def test_the_guard_is_what_stops_file_reading(store: Store) -> None:
    """The control: without the guard this connection can read the spool, so the attacks above are real."""
    table = store.read(Query("SELECT secret FROM read_csv(?)", (str(store.spool / "upload.csv"),)))
    assert table.to_pylist() == [{"secret": SECRET}]
