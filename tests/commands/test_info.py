"""`python -m core info`: what a workspace holds."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from core.__main__ import main
from core.store import close_workspace, open_workspace

EVENTS = (
    "u,i,t,v,e\n1,a,2024-01-01 10:00:00,5,purchase\n1,a,2024-01-01 11:00:00,7,purchase\n"
    "1,a,2024-01-02,-2,purchase\n,b,2024-01-03,,view\n"
)


def info(capsys: pytest.CaptureFixture[str], workspace: Path) -> dict[str, Any]:
    assert main(["info", "--workspace", str(workspace), "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


@pytest.fixture
def workspace(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    (tmp_path / "events.csv").write_text(EVENTS, encoding="utf-8")
    path = tmp_path / "w.duckdb"
    words = ["--map", "user=u,item=i,time=t,value=v,event=e"]
    assert main(["load", "--workspace", str(path), "--events", str(tmp_path / "events.csv"), *words]) == 0
    capsys.readouterr()
    return path


def test_what_a_small_workspace_holds(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = info(capsys, workspace)
    assert {key: found[key] for key in ("users", "items", "rows", "anonymous", "orders", "net_revenue")} == {
        "users": 1, "items": 2, "rows": 4, "anonymous": 1, "orders": 1, "net_revenue": 10.0,
    }  # fmt: skip
    assert (found["first"], found["last"]) == ("2024-01-01T10:00:00", "2024-01-03T00:00:00")
    assert found["as_of"] == "2024-01-03T00:00:00.000001"
    assert found["events"] == {"purchase": 2, "return": 1, "view": 1}
    assert len(found["digest"]) == 64
    [batch] = found["batches"]
    assert (batch["batch_no"], batch["rows_loaded"], batch["undone_at"]) == (1, 4, None)
    assert batch["files"][0]["name"] == "events.csv"


def test_undone_batches_stay_in_the_history(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["undo", "--workspace", str(workspace), "--batch", "last"]) == 0
    assert "Gone: 4 events, and 1 user and 2 items that only it knew." in capsys.readouterr().out
    found = info(capsys, workspace)
    assert (found["rows"], found["users"], found["first"], found["net_revenue"], found["as_of"]) == (
        0,
        0,
        None,
        None,
        None,
    )
    assert found["batches"][0]["undone_at"] is not None
    assert main(["info", "--workspace", str(workspace)]) == 0
    assert "no times" in capsys.readouterr().out


def test_people_get_a_table_with_definitions(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", "--workspace", str(workspace)]) == 0
    out = capsys.readouterr().out
    assert "1 Jan 2024, 10:00 to 3 Jan 2024, 00:00 (UTC)" in out
    assert "net revenue   10.00  value of purchases less returns" in out
    assert "Data up to 3 Jan 2024" in out


def test_a_workspace_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", "--workspace", str(tmp_path / "none.duckdb"), "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "no_such_workspace"
    assert not (tmp_path / "none.duckdb").exists()


def test_a_workspace_that_the_app_holds(workspace: Path) -> None:
    store = open_workspace(str(workspace))
    try:
        done = subprocess.run(
            [sys.executable, "-m", "core", "info", "--workspace", str(workspace), "--json"],
            capture_output=True,
            check=False,
        )
    finally:
        close_workspace(store)
    assert done.returncode == 4
    assert json.loads(done.stdout)["error"]["code"] == "workspace_locked"
