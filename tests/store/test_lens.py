"""What readers see where repairs have touched rows; what was loaded stays, in every kind of workspace."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.quality import Exclude, Fill, Merge, Repair, Selection, add_repair, end_repair, repairs
from core.store import Query, Store, adopt
from core.store.digest import content_digest
from core.takeout import backup, export_all, restore
from tests.ingest.loading import load_text, mapping, workspace
from tests.quality.rules_of_tests import in_place

ROWS = "u,i,t,q,c\nA,x,2024-01-01,1,red\nB,x,2024-01-02,900,\nC,y,2024-01-03,3,blue\n,y,2024-01-04,,\n"
HOW = mapping(user="u", item="i", time="t", quantity="q", context="c", event="purchase", returns="none")
RULES = (
    Repair(Selection.of("t_above", table="events", column="quantity", limit=500), Exclude()),
    Repair(Selection.of("t_empty", table="events", column="quantity"), Fill("quantity", "constant", 2)),
    Repair(Selection.of("t_every", table="users"), Merge("users", (("C", "A"),))),
)
SEEN = [("A", 1.0, "red"), ("A", 3.0, "blue"), (None, 2.0, None)]


@pytest.fixture(autouse=True)
def rules() -> Iterator[None]:
    with in_place():
        yield


def repaired(store: Store) -> Store:
    load_text(store, ROWS, HOW)
    for rule in RULES:
        with store.atomic() as writer:
            add_repair(writer, rule)
    return store


def rows(store: Store, *, raw: bool = False) -> list[tuple[object, ...]]:
    query = "SELECT user_id, quantity, c FROM events LEFT JOIN users USING (user_no) ORDER BY event_no"
    return [tuple(row.values()) for row in store.rows(Query(query), raw=raw)]


def test_every_way_of_reading_sees_the_same(tmp_path: Path) -> None:
    with workspace(tmp_path) as store:
        repaired(store)
        assert rows(store) == SEEN
        assert [row[1] for row in rows(store, raw=True)] == [1, 900, 3, None]
        count = Query("SELECT count(*) AS n FROM events")
        assert sum(batch.num_rows for batch in store.stream(Query("SELECT event_no FROM events"))) == 3
        assert store.ask("SELECT count(*) AS n, sum(quantity) AS q FROM events").to_pylist() == [{"n": 3, "q": 6.0}]
        assert store.ask("SELECT user_id FROM users ORDER BY 1").to_pylist() == [{"user_id": "A"}, {"user_id": "B"}]
        out = store.exports / "seen.csv"
        assert store.copy_out([(Query("SELECT event_no FROM events"), out, "FORMAT csv")]) == [3]
        assert store.copy_out([(Query("SELECT event_no FROM events"), out, "FORMAT csv")], raw=True) == [4]
        out.unlink()  # the folder is the process's: other tests look into it
        with store.atomic(data=False) as writer:
            assert writer.rows(count) == [{"n": 4}]
            with writer.repaired():
                assert writer.rows(count) == [{"n": 3}]
                assert writer.as_of() == store.as_of()
            assert writer.rows(count) == [{"n": 4}]


def test_what_is_left_out_does_not_move_the_end_of_the_data(tmp_path: Path) -> None:
    with workspace(tmp_path) as store:
        load_text(store, ROWS, HOW)
        before = store.as_of()
        with store.atomic() as writer:
            add_repair(writer, Repair(Selection.of("t_late"), Exclude()))
        after = store.as_of()
        assert before is not None
        assert after is not None
        assert after.day == 3
        assert before.day == 4


@pytest.mark.parametrize("key", [None, "a key of sixteen characters or more"])
def test_backup_compacting_and_reopening_keep_what_shows(
    key: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIMELIGHT_HOME", str(tmp_path / "home"))
    if key:
        monkeypatch.setenv("LIMELIGHT_ENCRYPTION_KEY", key)
        monkeypatch.setenv("LIMELIGHT_ENCRYPTION", "builtin")
    with workspace(tmp_path) as store:
        digest = content_digest(repaired(store))
        backup(store, tmp_path / "b.duckdb")
        store.compact()
        assert rows(store) == SEEN
        bare = content_digest(store, raw=True)
    assert restore(tmp_path / "b.duckdb", "again")["digest"] == digest != bare
    with Store(tmp_path / "home" / "again.duckdb", reads=[tmp_path]) as again:
        assert rows(again) == SEEN
        assert [kept.repair for kept in repairs(again)] == list(RULES)
        for number in (1, 2, 3):
            with again.atomic() as writer:
                end_repair(writer, number)
        assert content_digest(again) == bare
    with workspace(tmp_path) as store:
        assert rows(store) == SEEN


def test_a_backup_whose_repairs_cannot_be_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from core.errors import Refusal

    monkeypatch.setenv("LIMELIGHT_HOME", str(tmp_path / "home"))
    with workspace(tmp_path) as store:
        repaired(store)
        with store.atomic() as writer:
            writer.run("""UPDATE repairs SET spec = '{"selection": 1}'::JSON WHERE repair_no = 2""")
        backup(store, tmp_path / "b.duckdb")
    with pytest.raises(Refusal) as refused:
        restore(tmp_path / "b.duckdb", "again")
    assert refused.value.code == "damaged_file"
    assert adopt(tmp_path / "b.duckdb", tmp_path / "made.duckdb")["repairs"] == 3


def test_an_export_loads_to_the_digest_of_what_shows(tmp_path: Path) -> None:
    from core.ingest.types import Mapping

    with workspace(tmp_path) as store:
        repaired(store)
        (tmp_path / "new").mkdir()
        for name, as_loaded in (("seen", False), ("bare", True)):
            told = export_all(store, tmp_path / name, as_loaded=as_loaded)
            assert told.get("as_loaded", False) is as_loaded
            assert ("repairs" in told) is not as_loaded
            with Store(tmp_path / "new" / f"{name}.duckdb", reads=[tmp_path]) as again:
                for table in ("users", "items", "events"):
                    how = Mapping.from_json((tmp_path / name / f"{table}.mapping.json").read_text())
                    load_text(again, (tmp_path / name / f"{table}.csv").read_bytes(), how, f"{name}-{table}.csv")
                assert content_digest(again) == told["digest"] == content_digest(store, raw=as_loaded)
