"""`repair` on the command line: the same rules, and the same words, as everywhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.__main__ import main
from tests.ingest.loading import load_text, mapping
from tests.prepared import new_store
from tests.quality.rules_of_tests import in_place


@pytest.fixture(autouse=True)
def rules() -> Iterator[None]:
    with in_place():
        yield


def test_the_whole_way(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "w.duckdb"
    with new_store(path, reads=[tmp_path]) as store:
        load_text(store, "u,i,q\nA,x,1\nB,x,900\n", mapping(user="u", item="i", quantity="q", event="view"))

    def told(*words: str, code: int = 0) -> Any:
        capsys.readouterr()
        assert main(["repair", "--workspace", str(path), "--json", *words]) == code
        return json.loads(capsys.readouterr().out)

    def said(*words: str) -> str:
        capsys.readouterr()
        assert main([words[0], "--workspace", str(path), *words[1:]]) == 0
        return capsys.readouterr().out

    rule = {
        "selection": {"code": "t_above", "params": {"column": "quantity", "limit": 500, "table": "events"}},
        "action": {"do": "exclude"},
    }
    file = tmp_path / "rule.json"
    file.write_text(json.dumps(rule))
    seen = told("--preview", str(file))
    assert (seen["rows"], seen["before"]["events"], seen["after"]["events"]) == (1, 2, 1)
    assert told("--list") == {"repairs": []}
    assert told("--add", str(file))["repair"] == rule
    assert "Leave out events above a limit" in said("repair", "--list")
    assert "Repair 1: Leave out" in said("info")
    assert "1 row of events" in said("export", "--table", "events", "--out", str(tmp_path / "e.csv"))
    assert "2 rows of events" in said("export", "--table", "events", "--as-loaded", "--out", str(tmp_path / "l.csv"))
    assert told("--move", "1", "1")["place"] == 1
    assert told("--end", "1")["ended_at"]
    assert told("--end", "1", code=2)["error"]["code"] == "already_ended"
    assert told("--end", "9", code=2)["error"]["code"] == "no_such_repair"
    assert told("--add", str(tmp_path / "none.json"), code=2)["error"]["code"] == "no_such_file"
    file.write_bytes(b"\xff\xfe\x00")
    assert told("--add", str(file), code=2)["error"]["code"] == "bad_repair"
    assert "Taken back" in said("repair", "--list")
    assert "Repair" not in said("info")
