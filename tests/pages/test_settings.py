"""The page Settings: where the data live, and deleting a workspace."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.errors import Refusal
from core.store import Query, close_workspace, delete_workspace, list_workspaces, open_workspace
from tests.pages.drive import opened, words


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home folder of the test's own."""
    folder = tmp_path / "home"
    monkeypatch.setenv("LIMELIGHT_HOME", str(folder))
    yield folder
    for name in list_workspaces():
        close_workspace(open_workspace(name, create=False))


def test_it_says_that_nothing_leaves_the_machine_and_where_files_live(home: Path) -> None:
    open_workspace("shop")
    at = opened("settings", ws="shop")
    assert "Nothing leaves this machine." in words(at)
    workspaces, folders = (table.value for table in at.main.table)
    assert list(workspaces["Workspace"]) == ["shop"]
    assert list(workspaces["File"].str.replace("\\", "")) == [str(home / "shop.duckdb")]
    assert str(home) in folders["Where"].str.replace("\\", "").tolist()


def test_without_a_workspace_it_says_how_to_get_one() -> None:
    assert "There is none yet" in words(opened("settings"))


def test_deleting_needs_a_choice_first() -> None:
    open_workspace("shop")
    at = opened("settings")
    assert at.button(key="delete").disabled
    at.selectbox(key="delete_name").set_value("shop").run()
    assert not at.button(key="delete").disabled


def test_a_deleted_workspace_is_gone_and_its_name_free(home: Path) -> None:
    store = open_workspace("shop")
    with store.atomic() as writer:
        writer.run("INSERT INTO items VALUES (1, 'i1')")
    delete_workspace("shop")
    assert not list(home.iterdir())
    assert open_workspace("shop").rows(Query("SELECT * FROM items")) == []


def test_only_a_workspace_of_the_home_folder_can_be_deleted(tmp_path: Path) -> None:
    outside = open_workspace(str(tmp_path / "out.duckdb"))
    for name in (str(tmp_path / "out.duckdb"), "absent", "../out"):
        with pytest.raises(Refusal):
            delete_workspace(name)
    assert outside.path.exists()
    close_workspace(outside)
