"""`python -m core quality`: the report as text and JSON, rows of a finding as a file, an exit code for schedules."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from core.__main__ import main
from core.quality import Finding, Kind, Selection, kinds, last_report
from core.quality.types import Asked
from core.store import Query, Store
from tests.behaviour.world import SHOP, build


def _without_user(asked: Asked, params: Any) -> Query:
    return Query("SELECT event_no FROM events WHERE user_no IS NULL")


def _without_order(asked: Asked, params: Any) -> Query:
    return Query("SELECT event_no FROM events WHERE order_id IS NULL AND event = 'purchase'")


def detect(asked: Asked) -> list[Finding]:
    found = []
    for level, code, column in (("serious", "t_user", "user"), ("look", "t_order", "order_id")):
        numbers = asked.reader.rows(kinds.KINDS[code].choose(asked, {}))
        title = f"{len(numbers)} of 18 events have no {column}."
        found.append(
            Finding(code, level, title, "", "events", len(numbers), 18, column, Selection.of(code))  # type: ignore[arg-type]
        )
    return [*found, Finding("t_user", "note", "A column.", "", "columns", 1, 9, "device", Selection.of("t_user"))]


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    for code, choose in (("t_user", _without_user), ("t_order", _without_order)):
        monkeypatch.setitem(kinds.KINDS, code, Kind(code, "events", "of this test", {}, choose))
    monkeypatch.setattr(sys.modules["core.quality.report"], "DETECTORS", (detect,))
    path = tmp_path / "w.duckdb"
    build(path, SHOP).close()
    return str(path)


def test_as_json(workspace: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["quality", "--workspace", workspace, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [(f["code"], f["count"], round(f["share"], 4), f["column"]) for f in found["findings"]] == [
        ("t_user", 3, 0.1667, "user"), ("t_order", 4, 0.2222, "order_id"), ("t_user", 1, 0.1111, "device"),
    ]  # fmt: skip
    effect = found["findings"][0]["effect"]
    assert (effect["with"]["revenue"], effect["without"]["revenue"]) == (83.0, 49.5)
    assert found["figures"]["events"] == 18
    with Store(Path(workspace)) as store:
        kept = last_report(store)
        assert kept is not None
        assert kept.to_json() == found
    assert main(["quality", "--workspace", workspace, "--json", "--no-effects", "--code", "t_user:user"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [(f["column"], f["effect"]) for f in found["findings"]] == [("user", None)]


def test_as_text(workspace: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["quality", "--workspace", workspace]) == 0
    said = capsys.readouterr().out
    assert said.startswith("1 serious and 1 to look at. The first: 3 of 18 events have no user.\n")
    assert "without: net revenue 83.00 -> 49.50" in said
    assert main(["quality", "--workspace", workspace, "--code", "nothing"]) == 0
    assert capsys.readouterr().out == "Nothing was found under nothing.\n"


def test_an_exit_code_for_schedules(workspace: str, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["quality", "--workspace", workspace, "--no-effects", "--json"]
    assert main([*asked, "--fail-on", "serious"]) == 3
    assert len(json.loads(capsys.readouterr().out)["findings"]) == 3
    assert main([*asked, "--fail-on", "serious", "--code", "t_order"]) == 0
    assert main([*asked, "--fail-on", "look", "--code", "t_order"]) == 3


def test_rows_behind_a_finding(workspace: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "rows.csv"
    asked = ["quality", "--workspace", workspace, "--output", str(file), "--json", "--rows"]
    assert main([*asked, "t_order"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "code": "t_order", "column": "order_id", "output": str(file), "rows": 4,
    }  # fmt: skip
    with file.open(newline="") as lines:
        assert [(r["user_id"], r["item_id"]) for r in csv.DictReader(lines)] == [
            ("bob", "mug"), ("bob", "pot"), ("bob", "pot"), ("", "pot"),
        ]  # fmt: skip
    for name, code in (("t_user", "several_findings"), ("gone", "no_such_finding")):
        assert main([*asked, name]) == 2
        assert json.loads(capsys.readouterr().out)["error"]["code"] == code
    assert main([*asked, "t_user:user"]) == 0
    whole = ["quality", "--workspace", workspace, "--json", "--rows", "t_order"]
    for more, code in (
        ([], "option_missing"),
        (["--output", workspace], "over_workspace"),
        (["--output", str(tmp_path)], "cannot_write"),
        (["--output", str(file), "--fail-on", "look"], "option_not_used"),
    ):
        capsys.readouterr()
        assert main([*whole, *more]) == 2
        assert json.loads(capsys.readouterr().out)["error"]["code"] == code


def test_the_second_of_several_findings_by_one_name(
    workspace: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "rows.csv"
    rows = ["quality", "--workspace", workspace, "--output", str(out), "--json", "--rows"]
    assert main([*rows, "t_user"]) == 2
    assert "t_user#2: A column." in json.loads(capsys.readouterr().out)["error"]["hint"]
    assert main([*rows, "t_user#2"]) == 0
    assert json.loads(capsys.readouterr().out)["column"] == "device"
    for name in ("t_user#3", "t_user#0", "t_user#x"):
        assert main([*rows, name]) == 2
        assert json.loads(capsys.readouterr().out)["error"]["code"] == "no_such_finding"
