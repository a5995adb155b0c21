"""An analyst's own SELECT as a condition: who it names, up to when it sees, and that it cannot get out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from core.errors import Refusal
from core.segments import (
    All,
    At,
    BadRule,
    Did,
    InSegment,
    Not,
    Rule,
    Segment,
    Sql,
    compile_rule,
    count,
    explain_counts,
    members_csv,
    read_schema,
    rule_from_json,
    rule_to_json,
    sample,
    save_segment,
)
from core.segments import Any as AnyOf
from core.store import Query, Store, checked_select, guarded
from tests.prepared import new_store
from tests.segments.people import AS_OF, BUYERS, EVERYONE, PEOPLE
from tests.segments.world import ids, prepare, put
from tests.store.test_guard import ATTACKS, SECRET, everything

EARLY = datetime(2024, 3, 1)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with new_store(tmp_path_factory.mktemp("sql") / "w.duckdb") as store:
        prepare(store)
        put(store, PEOPLE)
        (store.spool / "upload.csv").write_text(f"secret\n{SECRET}\n")
        yield store


def answer(store: Store, rule: Rule, as_of: datetime | None = AS_OF) -> set[str]:
    return ids(store, compile_rule(rule, read_schema(store), as_of))


ANSWERS: dict[str, set[str]] = {
    "select user_no from events where event = 'purchase'": BUYERS,
    "select user_no from events where event = 'purchase';": BUYERS,
    "from users select user_id where age > 20 -- grown up": {"ann", "ben"},
    "select user_id /* ) OR true */ from users where country = 'France'": {"ann"},
    "select USER_ID, count(*) from users join events using (user_no) group by all having count(*) >= 4": {"ben"},
    "select user_no, user_id from users where user_id = 'eve'": {"eve"},  # user_id wins
    "select 1 as user_no, 'eve' as user_id": {"eve"},
    "select user_id, 'x' as user_id from users where user_id = 'eve'": {"eve"},  # two of one name: the first
    "select 7::bigint as user_id": set(),
    "select lpad_free as user_id from (select '00' || 7 as lpad_free)": {"007"},
    "select null as user_id": set(),
    "select user_no from events where false": set(),
    "select user_no from events where user_no is null": set(),
    "with events as (from events where event = 'view') select user_no from events": {"ann", "cat", "dan"},
    "with b as (from events where event = 'return') select user_no from users anti join b using (user_no)": (
        EVERYONE - {"ben"}
    ),
    "select user_no from events where event = 'view' except select user_no from events where channel = 'web'": {"cat"},
    "(select user_no from events where event = 'view') order by user_no limit 1": {"ann"},
    "select user_no from events where event = 'view' qualify row_number() over (order by at_utc) = 1": {"ann"},
    "select user_no from users u where exists (select 1 from events e where e.user_no = u.user_no and value > 20)": {
        "ann"
    },
    "select unnest(list(user_no)) as user_no from users where list_contains(tags, 'vip')": {"ann"},
    "select user_id from (values ('ann'), ('nobody')) v(user_id)": {"ann"},
    "select user_id from users where user_id <> $$ ') -- ? $$ and user_id = 'ann'": {"ann"},
    "select user_id from users where user_id <> E'\\') -- ?' and user_id = 'ann'": {"ann"},
    "select user_id from users where user_id in ('ann', '?', '\"', 'x'') or true --')": {"ann"},
    "select user_no from events join items using (item_no) where category = 'books' and event = 'view'": {"cat"},
    "select u.user_no, e.user_no from users u join events e using (user_no) where u.user_id = 'ann'": {"ann"},
    "select max(user_no) as user_no from users where user_id < 'b'": {"ann"},
}


@pytest.mark.parametrize("sql", ANSWERS)
def test_members_are_those_it_names(shop: Store, sql: str) -> None:
    rule = rule_from_json(rule_to_json(Sql(sql)))
    assert answer(shop, rule) == ANSWERS[sql]
    assert answer(shop, Not(rule)) == EVERYONE - ANSWERS[sql]
    assert answer(shop, Not(Not(rule))) == ANSWERS[sql]
    other = Did("view")
    assert answer(shop, AnyOf((other, rule))) == answer(shop, other) | ANSWERS[sql]
    assert count(shop, All((rule, rule)), AS_OF) == len(ANSWERS[sql])


def test_it_sees_nothing_from_as_of_on(shop: Store) -> None:
    everyone_seen = Sql("select user_no from events")
    assert answer(shop, everyone_seen) == EVERYONE - {"eve"}
    assert answer(shop, everyone_seen, EARLY) == {"cat"}
    assert answer(shop, At(EARLY, everyone_seen)) == {"cat"}
    late = Sql("select user_no from events where at_utc >= '2024-03-31'")
    assert answer(shop, late) == set()
    assert answer(shop, late, datetime(2024, 4, 1)) == {"dan"}
    inner = (
        "select user_no from (with x as (from events) select * from x) where user_no in (select user_no from events)"
    )
    assert answer(shop, Sql(inner), EARLY) == {"cat"}
    assert answer(shop, Sql("with all_of_it as (from events) select user_no from all_of_it"), EARLY) == {"cat"}


def test_repairs_show(tmp_path: Path) -> None:
    with new_store(tmp_path / "w.duckdb") as store:
        prepare(store)
        put(store, PEOPLE)
        with store.atomic() as writer:
            writer.forget_repairs()  # the tables of repaired rows get the columns that worlds have
        with store.atomic() as writer:  # as a repair does that excludes all of ann's purchases
            writer.run("UPDATE events SET event_no = 1000 + rowid")
            writer.run(
                "INSERT INTO touched_events SELECT event_no FROM events JOIN users USING (user_no) "
                "WHERE user_id = 'ann' AND event = 'purchase'"
            )
            writer.show_repairs()
        rule = Sql("select user_no from events where event = 'purchase'")
        assert answer(store, rule) == BUYERS - {"ann"} == answer(store, Did("purchase"))


REFUSED = {
    "a column of the users around it": ("select user_id from events", "user_id"),
    "an alias of the users around it": ("select user_no from events e where e.user_no = u.user_no", "u"),
    "the table without its limit": ("select user_no from events_of_all_time", "events_of_all_time"),
    "the table by its schema": ("select user_no from main.events", "main.events"),
    "the outer end": ("select q.c0 as user_no from events", "q"),
    "no user": ("select event, count(*) as n from events group by all", "it gives event, n"),
    "a star of items": ("select * exclude (user_no) from events", "it gives item_no"),
    "a name that is no number": ("select user_id as user_no from users", "VARCHAR"),
    "an unknown column": ("select user_no from events where nope = 1", "nope"),
    "an unknown column, deep": ("select user_no from users where exists (select 1 from events where nope = 1)", "nope"),
    "wrong types": ("select user_no from events where event + 1 > 2", "+"),
    "closing the bracket": ("select user_no from events) or (true", ""),
    "closing it behind a comment": ("select user_no from events) or true --", ""),
    "an open comment": ("select user_no from events /* ", ""),
    "an open quote": ("select user_no from events where event = 'x", ""),
    "an open bracket": ("select user_no from (select user_no from events", ""),
    "an open dollar quote": ("select user_no from events where event = $$x", ""),
    "two": ("select user_no from events; select 1", "2 statements"),
    "a parameter": ("select user_no from events where event = ?", "parameter"),
    "a numbered parameter": ("select user_no from events where event = $1", "parameter"),
    "contacts": ("select user_no from contact_facts", "contact_facts"),
    "other people's segments": ("select 1 as user_no from segments", "segments"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_asked_is_refused_in_words(shop: Store, name: str) -> None:
    sql, said = REFUSED[name]
    with pytest.raises(BadRule) as refused:
        answer(shop, rule_from_json({"all": [{"not": {"sql": sql}}]}))
    assert refused.value.path == "all[0].not.sql"
    assert said in refused.value.message
    assert "LINE 1" not in refused.value.message


@pytest.mark.parametrize("name", ATTACKS)
@pytest.mark.parametrize(
    "shape", ["{}", "with x as ({}) select 1 as user_no", "select user_no from users where 1 in ({})"]
)
def test_attack_is_refused_and_changes_nothing(shop: Store, name: str, shape: str) -> None:
    before = everything(shop) if shape == "{}" else None
    if name == "empty" and shape.endswith("in ({})"):
        return  # "1 in ()" is a plain false
    sql = shape.replace("{}", ATTACKS[name].replace("{spool}", str(shop.spool)))
    with pytest.raises(BadRule) as refused:
        shop.read(compile_rule(rule_from_json({"sql": sql}), read_schema(shop), AS_OF))
    assert SECRET not in str(refused.value)
    if before is not None:
        assert everything(shop) == before


def test_what_fails_only_with_the_data_is_a_refusal_too(shop: Store, tmp_path: Path) -> None:
    rule = Not(Sql("select user_no from users where user_id::int > 3"))
    with pytest.raises(Refusal, match="Could not convert string 'ann' to INT32") as refused:
        count(shop, rule, AS_OF)
    assert refused.value.code == "sql_error"
    assert "LINE 1" not in refused.value.message
    for ask in (
        lambda: explain_counts(shop, rule, AS_OF),
        lambda: sample(shop, rule, 3, AS_OF),
        lambda: members_csv(shop, rule, tmp_path / "out.csv", AS_OF),
    ):
        with pytest.raises(Refusal, match="Could not convert"):
            ask()
    assert not (tmp_path / "out.csv").exists()


ENDLESS = (
    "with recursive r as (select 1 x union all select x + 1 from r where x < 1000000000) "
    "select user_no from users where user_no in (select x from r)"
)


def test_it_has_so_much_time_wherever_it_stands(shop: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guarded, "LIMIT", 0.2)
    save_segment(shop, Segment("endless", Not(Sql(ENDLESS))))
    rule = AnyOf((Did("view"), InSegment("endless")))
    asks = {
        "count": lambda: count(shop, rule, AS_OF),
        "parts": lambda: explain_counts(shop, rule, AS_OF),
        "sample": lambda: sample(shop, rule, 3, AS_OF),
        "file": lambda: members_csv(shop, rule, tmp_path / "out.csv", AS_OF),
    }
    for name, ask in asks.items():
        with pytest.raises(Refusal) as refused:
            ask()
        assert refused.value.code == "too_slow", name
    assert not (tmp_path / "out.csv").exists()
    assert count(shop, Did("view"), AS_OF) == 3


def test_it_runs_where_nothing_can_be_changed(shop: Store) -> None:
    """The second lock: even a text that the guard had let pass could not write."""
    with pytest.raises(Refusal, match="read-only"):
        shop.read(Query("DELETE FROM main.events", (), guarded=True))
    with shop.scratch() as scratch, scratch.keep("kept", compile_rule(Sql("from users"), read_schema(shop), AS_OF)):
        assert scratch.rows(Query("SELECT count(*) AS n FROM kept")) == [{"n": len(EVERYONE)}]


def test_files_and_samples_hold_its_members(shop: Store, tmp_path: Path) -> None:
    rule = Sql("select user_id from users where country is not null")
    assert members_csv(shop, rule, tmp_path / "out.csv", AS_OF) == 3
    assert {m.user_id for m in sample(shop, rule, 10, AS_OF)} == {"ann", "ben", "eve"}
    assert explain_counts(shop, Not(rule), AS_OF).users == len(EVERYONE) - 3


def test_what_is_written_anew_means_the_same(shop: Store) -> None:
    for sql, members in ANSWERS.items():
        assert answer(shop, Sql(checked_select(sql))) == members


def test_without_times_it_sees_all(tmp_path: Path) -> None:
    with new_store(tmp_path / "w.duckdb") as store:
        prepare(store)
        with store.atomic() as writer:
            writer.run("INSERT INTO users (user_no, user_id) VALUES (1, 'ann'), (2, 'bob')")
            writer.run("INSERT INTO events (user_no, event, batch_no) VALUES (1, 'view', 1)")
        assert answer(store, Sql("select user_no from events"), None) == {"ann"}
