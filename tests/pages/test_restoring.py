"""The page Settings: bringing a workspace back from a backup, in the place of one that is open, stopped, refused."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.errors import Refusal
from core.progress import Cancelled, Step
from core.store import Query, Store, close_workspace, home, list_workspaces, open_workspace
from core.takeout import KEPT, backup, restore
from pages._ui import restoring
from tests.pages.drive import loaded, opened, upload, words
from tests.prepared import copied, new_store, opened_copy

EVENTS = "user_id,item_id,event_time,event\nu1,i1,2026-01-01,view\nu2,i1,2026-01-02,view\n"


@pytest.fixture(autouse=True)
def home_(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home folder of the test's own."""
    monkeypatch.setenv("LIMELIGHT_HOME", str(tmp_path / "home"))
    yield tmp_path / "home"
    for name in list_workspaces():
        close_workspace(open_workspace(name, create=False))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A backup of a workspace of two events, and the workspace as it became with a third."""
    folder = tmp_path_factory.mktemp("files")
    (folder / "events.csv").write_text(EVENTS)
    (folder / "more.csv").write_text("user_id,item_id,event_time,event\nu3,i1,2026-01-03,view\n")
    with new_store(folder / "shop.duckdb") as store:
        loaded(store, folder / "events.csv")
        file = backup(store, folder / "shop-2026-01-31.duckdb").path
        loaded(store, folder / "more.csv")
    return file, folder / "shop.duckdb"


@pytest.fixture
def copy(made: tuple[Path, Path], home_: Path, tmp_path: Path) -> Path:
    """The backup; the workspace "shop" is open."""
    opened_copy(made[1], "shop")
    return copied(made[0], tmp_path)


def events(name: str) -> int:
    return int(str(open_workspace(name).rows(Query("SELECT count(*) AS n FROM events"))[0]["n"]))


def given(file: Path, name: str | None = None) -> AppTest:
    """The page with a backup given to it, and the name it shall have."""
    at = upload(
        opened("settings", ws=list_workspaces()[0] if list_workspaces() else None), (file.name, file.read_bytes())
    )
    assert file.name in words(at)
    return at.text_input(key="restore_name").set_value(name).run() if name else at


def over(at: AppTest) -> AppTest:
    """The page once the restoring has ended: its next run."""
    work = at.session_state[restoring._AT_WORK]
    assert work.over.wait(30)
    return at.run()


def brought(at: AppTest) -> AppTest:
    at.button(key="restore_go").click().run()
    return over(at) if restoring._AT_WORK in at.session_state else at


def test_a_backup_comes_back_under_a_new_name_and_is_opened(copy: Path) -> None:
    at = brought(given(copy, "again"))
    assert "The workspace again is back: 2 events, 2 users, 1 item." in words(at)
    assert (events("again"), events("shop")) == (2, 3)
    at.run()
    assert "is back" in words(at), "it stays to be read"
    at.button(key="restore_open").click().run()
    assert at.session_state["ws"] == "again"


def test_an_open_workspace_gives_its_place_and_is_kept(copy: Path) -> None:
    at = given(copy, "shop")
    assert at.button(key="restore_go").disabled, "not without a word"
    assert "is interrupted" in words(at)
    at.checkbox(key="restore_replace").check().run()
    at = brought(at)
    assert "The workspace shop is back: 2 events" in words(at)
    assert events("shop") == 2
    (kept,) = (home() / KEPT).glob("*.duckdb")
    assert kept.name in words(at)
    with Store(kept) as old:
        assert old.rows(Query("SELECT count(*) AS n FROM events")) == [{"n": 3}]


def test_a_file_that_is_no_backup_is_refused_by_its_own_name(copy: Path, tmp_path: Path) -> None:
    bad = tmp_path / "photos.duckdb"
    bad.write_bytes(b"not a database" * 500)
    at = given(bad)
    at.button(key="restore_go").click().run()
    said = words(at)
    if restoring._AT_WORK in at.session_state:
        said = words(over(at))
    assert "photos.duckdb is not a DuckDB file." in said
    assert "Give a file that a backup has made." in said
    assert "upload-" not in said
    at.button(key="restore_away").click().run()
    assert "photos.duckdb" not in words(at)
    assert list_workspaces() == ["shop"]


def test_a_name_that_is_no_name_is_refused_in_words(
    copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the command line may name a file outside the home folder."""
    monkeypatch.chdir(tmp_path)
    at = given(copy)
    for name in ("../out", "a/b", ".hidden", f"{tmp_path}/out.duckdb", "out.duckdb"):
        at.text_input(key="restore_name").set_value(name)
        at.button(key="restore_go").click().run()
        assert at.main.error, name
        assert "Traceback" not in words(at)
    assert list_workspaces() == ["shop"]
    assert not list(tmp_path.rglob("out.duckdb"))


def test_a_restoring_can_be_stopped_and_nothing_has_changed(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = threading.Event()

    def slow(file: Path, name: str, *, step: Step, **more: object) -> None:
        """Stands for a file of many gigabytes: goes on until it is stopped."""
        begun.set()
        while True:
            step.report(0.4, "Taking over the rows")
            threading.Event().wait(0.01)

    monkeypatch.setattr(restoring, "restore", slow)
    at = given(copy, "again")
    at.button(key="restore_go").click().run()
    assert begun.wait(5)
    assert [b.label for b in at.main.button if b.key == "restore_stop"] == ["Stop"]
    at.button(key="restore_stop").click().run()
    at = over(at)
    assert "Stopped; nothing was changed." in words(at)
    assert list_workspaces() == ["shop"]
    assert at.button(key="restore_go").label == "Bring it back", "the file is still there, to be brought back after all"


def test_a_backup_in_the_server_folder_need_not_be_uploaded(
    copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIMELIGHT_SERVER_FOLDER", str(tmp_path))
    at = opened("settings", ws="shop")
    at.selectbox(key="restore_server").select_index(0).run()
    at.button(key="restore_take").click().run()
    at.text_input(key="restore_name").set_value("again").run()
    assert "2 events" in words(brought(at))
    assert copy.exists(), "it is only read"


def test_the_open_workspace_is_let_go_only_when_the_new_one_is_whole(copy: Path, tmp_path: Path) -> None:
    """And whoever asks for it meanwhile waits, rather than having the old one open again (core.store.kept_closed)."""
    bad = tmp_path / "bad.duckdb"
    let_go: list[Store] = []
    bad.write_bytes(b"x" * 5000)
    store = open_workspace("shop")
    with pytest.raises(Refusal, match="not a DuckDB"):
        restore(bad, "shop", replace=True, let_go=let_go.append)
    assert not let_go
    assert store.rows(Query("SELECT count(*) AS n FROM events")) == [{"n": 3}]

    class Stop(Step):
        def cancelled(self) -> bool:
            return True

    with pytest.raises(Cancelled):
        restore(copy, "shop", replace=True, let_go=let_go.append, step=Stop())
    assert not let_go
    seen: list[int] = []
    asking = threading.Thread(target=lambda: seen.append(events("shop")))

    def meanwhile(open_: Store) -> None:
        let_go.append(open_)
        open_workspace("shop")  # as another visitor's page does, between letting go and putting in place

    restore(copy, "shop", replace=True, let_go=meanwhile)
    asking.start()
    asking.join(20)
    assert let_go == [store]
    assert seen == [2]
