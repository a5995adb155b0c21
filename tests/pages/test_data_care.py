"""The page Data: erasing a user with a receipt, the rule on age, and taking the data away."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from io import BytesIO
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from core.errors import Refusal
from core.ingest import erased_users, retention
from core.jobs import JobSpec, runner_for
from core.progress import no_step
from core.store import Query, Store, close_workspace, list_workspaces, open_workspace
from core.takeout import restore
from pages._ui import data_care, data_takeaway, downloads, state
from tests.pages.drive import opened, selectbox, settled, words
from tests.prepared import opened_copy, workspace

NOW = datetime.combine(datetime.now(UTC).date(), time(12))
ROWS = [(f"u{k % 5}", f"i{k % 3}", NOW - timedelta(days=100 * k), "view") for k in range(10)]
"""An event each hundred days back: ten events of five users."""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home folder of the test's own."""
    folder = tmp_path / "home"
    monkeypatch.setenv("LIMELIGHT_HOME", str(folder))
    yield folder
    for name in list_workspaces():
        close_workspace(open_workspace(name, create=False))


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace of these events and two users' attributes, to be copied."""
    folder = tmp_path_factory.mktemp("files")
    events = pd.DataFrame(ROWS, columns=["user_id", "item_id", "event_time", "event"])
    events.to_csv(folder / "events.csv", index=False)
    (folder / "users.csv").write_text("user_id,country,email\nu0,DE,zero@x.example\nu1,FR,one@x.example\n")
    return workspace(tmp_path_factory, "care", [folder / "events.csv", folder / "users.csv"])


@pytest.fixture
def shop(prepared: Path, home: Path) -> Store:
    return opened_copy(prepared, "shop")


def done(at: AppTest, store: Store, kind: str, title: str, params: dict[str, object], work: object) -> AppTest:
    """Have a job done as the dialog's button would, which only a browser can press."""
    job = runner_for(store).submit(JobSpec(kind, title, params), work)  # type: ignore[arg-type]
    at.session_state[state.CARE] = (str(store.path), job.id, kind)
    return settled(at)


def erased(at: AppTest, store: Store, user: str) -> AppTest:
    def work(writer, step):  # type: ignore[no-untyped-def]
        return data_care._erase_work(writer, step, user=user)

    return done(at, store, "erase", "Erase a user", {"at": datetime.now(UTC).isoformat()}, work)


def rule(at: AppTest, store: Store, days: int, *, every: bool = False) -> AppTest:
    def work(writer, step):  # type: ignore[no-untyped-def]
        return data_care._set(writer, step, days=days, every=every)

    return done(at, store, "retention", f"Keep events for {days} days", {"days": days, "all": every}, work)


# ---- one user


def test_erasing_asks_first_and_says_what_it_means(shop: Store) -> None:
    at = opened("data", ws="shop")
    assert at.button(key="erase").disabled
    at.text_input(key="erase_id").set_value(" u0 ").run()
    at.button(key="erase").click().run()
    said = "\n".join(m.value for m in at.markdown)
    assert "**u0** goes from all loads" in said
    assert "cannot be undone" in said
    assert "Backups made earlier" in said


def test_the_receipt_says_what_is_gone_and_nothing_holds_the_id(shop: Store) -> None:
    at = erased(opened("data", ws="shop"), shop, "u0")
    gone = next(t.value for t in at.main.table if "What is gone" in t.value)
    told = dict(zip(gone["What is gone"], gone["Rows"], strict=True))
    assert told["Events"] == str(sum(user == "u0" for user, *_ in ROWS)) == "2"
    assert told["Contact data"] == "1"
    assert "1 user has been erased here" in words(at)
    assert "Download the receipt" in [getattr(d, "label", "") for d in at.main.get("download_button")]
    jobs = shop.rows(Query("SELECT title, spec::VARCHAR AS s, result::VARCHAR AS r FROM jobs"))
    assert jobs
    assert not [j for j in jobs if "u0" in f"{j['title']} {j['s']} {j['r']}".replace("u0000", "")]
    receipt = next(json.loads(str(j["r"])) for j in jobs if j["title"] == "Erase a user")
    assert set(receipt) >= {"id_hash", "erased_at", "rows", "batches", "notes"}
    assert shop.rows(Query("SELECT user_id FROM users WHERE user_id = 'u0'")) == []
    assert "command line" not in words(at)
    at.button(key="erase_clean").click().run()
    assert "has been written anew" in words(at)
    close_workspace(shop)
    assert b"zero@x.example" not in shop.path.read_bytes()


def test_an_id_that_nobody_has_is_refused_in_words(shop: Store) -> None:
    at = erased(opened("data", ws="shop"), shop, "nobody")
    assert "No user of this workspace has that id." in words(at)
    assert erased_users(shop) == 0


# ---- age


def test_a_rule_on_age_is_set_carried_out_and_lifted(shop: Store) -> None:
    at = opened("data", ws="shop")
    assert "No rule is set" in words(at)
    at.number_input(key="retention_days").set_value(450).run()
    at = rule(at, shop, 450)
    kept = sum(at_ >= datetime.combine(NOW.date(), datetime.min.time()) - timedelta(days=450) for _, _, at_, _ in ROWS)
    assert f"Dropped: {10 - kept} events." in words(at)
    assert "Events older than **450 days** are dropped." in words(at)
    assert "Nothing is older than" in words(at)
    assert shop.rows(Query("SELECT count(*) AS n FROM events")) == [{"n": kept}]
    assert at.button(key="retention_set").disabled, "the rule is set as the field says"
    at.button(key="retention_off").click().run()
    at = settled(at)
    assert retention(shop) is None
    assert "No rule is set" in words(at)


def test_a_rule_that_drops_everything_is_refused_in_words(shop: Store) -> None:
    with shop.atomic() as writer:
        writer.run(Query("UPDATE events SET at_utc = at_utc - INTERVAL 100 DAY"))
    at = rule(opened("data", ws="shop"), shop, 1)
    assert "All 10 events with a time are older than 1 day (" in words(at)
    assert "--even-all" not in words(at)
    assert retention(shop) is None
    assert shop.rows(Query("SELECT count(*) AS n FROM events")) == [{"n": 10}]
    at = rule(at, shop, 1, every=True)
    assert "Dropped: 10 events." in words(at)


def test_events_that_do_not_count_are_told_apart(shop: Store, tmp_path: Path) -> None:
    with shop.atomic() as writer:
        writer.run(Query("UPDATE events SET at_utc = at_utc - INTERVAL 100 DAY"))
        writer.run(Query("INSERT INTO parked_events BY NAME SELECT * FROM events LIMIT 4"))
    at = rule(opened("data", ws="shop"), shop, 1)
    assert "All 10 events with a time, and 4 that are left out or replaced, are older" in words(at)
    at = rule(at, shop, 1, every=True)
    assert "Dropped: 10 events, and 4 that are left out or replaced." in words(at)


def test_what_has_passed_the_age_since_the_last_load_is_offered(shop: Store) -> None:
    at = rule(opened("data", ws="shop"), shop, 5000)
    with shop.atomic() as writer:
        writer.run(Query("UPDATE events SET at_utc = at_utc - INTERVAL 6000 DAY WHERE at_utc < ?", (ROWS[6][2],)))
    at = opened("data", ws="shop")
    assert "Past that age since the last load: 3 events." in words(at)
    at.button(key="retention_now").click().run()
    at = settled(at)
    assert "Dropped: 3 events." in words(at)


# ---- taken away


def offers(at: AppTest, monkeypatch: pytest.MonkeyPatch) -> dict[str, downloads.Offer]:
    """Key -> file, of all that the page offers."""
    found: dict[str, downloads.Offer] = {}
    real = downloads._button

    def note(label, offered, key, **more):  # type: ignore[no-untyped-def]
        found[key] = offered(state.store().exports)  # type: ignore[union-attr]
        real(label, offered, key, **more)

    monkeypatch.setattr(downloads, "_button", note)
    at.run()
    return found


def content(offer: downloads.Offer, folder: Path) -> bytes:
    path = folder / "handed-over"
    offer.write(path, no_step)
    return path.read_bytes()


def test_tables_are_read_back_by_pandas_with_every_row(
    shop: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = opened("data", ws="shop")
    assert selectbox(at, "Table").options == ["Events", "Users", "Items", "Contacts", "Loads"]
    assert "all that files say of it: 10 rows." in words(at)
    at.segmented_control(key="take_format").set_value("parquet")
    selectbox(at, "Table").set_value("events")
    parquet = offers(at, monkeypatch)
    assert (parquet["take_events_parquet"].filename, parquet["take_events_parquet"].media_type) == (
        "shop-events.parquet",
        "application/vnd.apache.parquet",
    )
    events = pd.read_parquet(BytesIO(content(parquet["take_events_parquet"], tmp_path)))
    assert len(events) == 10
    assert sorted(events["user_id"]) == sorted(user for user, *_ in ROWS)
    at.segmented_control(key="take_format").set_value("csv")
    made = offers(at, monkeypatch)
    assert len(pd.read_csv(BytesIO(content(made["take_events_csv"], tmp_path)))) == 10
    with zipfile.ZipFile(BytesIO(content(made["take_all_csv_False"], tmp_path))) as archive:
        assert len(pd.read_csv(archive.open("events.csv"))) == 10
        assert len(pd.read_csv(archive.open("users.csv"))) == 5
        assert not {"contacts.csv", "rejects.csv"} & set(archive.namelist())
    at.checkbox(key="take_personal").check()
    made = offers(at, monkeypatch)
    with zipfile.ZipFile(BytesIO(content(made["take_all_csv_True"], tmp_path))) as archive:
        assert "zero@x.example" in archive.read("contacts.csv").decode()


def test_a_backup_is_a_workspace_that_can_be_brought_back(
    shop: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = offers(opened("data", ws="shop"), monkeypatch)["take_backup"]
    assert made.filename == f"shop-{datetime.now(UTC):%Y-%m-%d}.duckdb"
    (tmp_path / "b.duckdb").write_bytes(content(made, tmp_path))
    assert restore(tmp_path / "b.duckdb", "again")["rows"]["events"] == 10
    assert data_takeaway.size_of(shop.path) >= shop.path.stat().st_size


def test_nothing_is_offered_where_nothing_was_ever_loaded() -> None:
    open_workspace("shop")
    at = opened("data", ws="shop")
    assert "There is nothing to take away yet." in words(at)
    with pytest.raises(KeyError):
        at.button(key="erase")


def test_hints_say_nothing_of_flags() -> None:
    from pages._ui.text import unflagged

    refusal = Refusal("x", "No.", "Load it again on purpose (--again), or make it a pseudonym (--pseudonym COLUMN).")
    assert unflagged(refusal.hint) == "Load it again on purpose, or make it a pseudonym."
