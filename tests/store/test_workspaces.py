"""Names, paths and the one open store of each workspace."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import Refusal
from core.store import close_workspace, home, list_workspaces, open_workspace, workspace_path


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LIMELIGHT_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_a_name_or_a_path(own_home: Path, tmp_path: Path) -> None:
    assert home() == own_home
    assert workspace_path("shop") == own_home / "shop.duckdb"
    assert workspace_path("Läden 2026 (no)".replace("(no)", "b")) == own_home / "Läden 2026 b.duckdb"
    assert workspace_path(str(tmp_path / "x.duckdb")) == tmp_path / "x.duckdb"


@pytest.mark.parametrize("name", ["", "..", ".hidden", "a:b", "a\0b", "x" * 81, "-rf"])
def test_names_that_could_leave_the_folder_are_refused(name: str) -> None:
    with pytest.raises(Refusal) as refused:
        workspace_path(name)
    assert refused.value.code == "bad_workspace_name"


def test_one_store_per_file() -> None:
    one = open_workspace("shop")
    try:
        assert open_workspace(str(home() / "shop.duckdb")) is one
        assert list_workspaces() == ["shop"]
    finally:
        close_workspace(one)
    again = open_workspace("shop", create=False)
    assert again is not one
    close_workspace(again)


def test_absent_workspace_is_not_made_by_asking() -> None:
    with pytest.raises(Refusal) as refused:
        open_workspace("nothing", create=False)
    assert refused.value.code == "no_such_workspace"
    assert list_workspaces() == []
