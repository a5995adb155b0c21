"""`python -m core segments` on six people: answers, files, saved segments, refusals."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.commands import segments
from tests.prepared import new_store
from tests.segments.people import BUYERS, PEOPLE
from tests.segments.world import prepare, put

Run = Callable[..., tuple[int, dict[str, Any]]]
TWICE = {"did": "purchase", "compare": {"at_least": 2}}


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    path = tmp_path / "shop.duckdb"
    with new_store(path) as store:
        prepare(store)
        put(store, PEOPLE)
    return path


@pytest.fixture
def run(shop: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """The command as the shell would call it: exit code and the JSON it printed."""
    import argparse

    from core.__main__ import _run

    def call(*words: str) -> tuple[int, dict[str, Any]]:
        parser = argparse.ArgumentParser()
        parser.add_argument("--workspace")
        parser.add_argument("--json", action="store_true")
        segments.add_arguments(parser)
        code = _run(segments, parser.parse_args(["--workspace", str(shop), "--json", *words]))
        return code, json.loads(capsys.readouterr().out)

    return call


def file(folder: Path, content: object, name: str = "rule.json") -> str:
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return str(path)


def test_rfm(run: Run) -> None:
    code, found = run("--rfm", "--as-of", "2024-03-31")
    assert code == 0
    assert (found["buyers"], found["users"], found["undated"]) == (len(BUYERS), 6, 0)
    assert sum(s["users"] for s in found["segments"]) == len(BUYERS)
    assert sum(s["share"] for s in found["segments"]) == pytest.approx(1)
    assert {"name", "users", "share", "recency", "frequency", "monetary", "revenue_share"} <= set(found["segments"][0])
    assert found["scores"]["orders"] == [
        {"score": 5, "lowest": 2, "highest": 2, "users": 1},
        {"score": 1, "lowest": 1, "highest": 1, "users": 3},
    ]


def test_rfm_with_own_grid(run: Run, tmp_path: Path) -> None:
    grid = file(tmp_path, {"Lately": ["[4-5][1-5]"], "Before": ["[1-3][1-5]"]})
    _, found = run("--rfm", "--grid", grid)
    assert [s["name"] for s in found["segments"]] == ["Lately", "Before"]


def test_rule(run: Run, tmp_path: Path) -> None:
    rule = {"all": [TWICE, {"not": {"did": "purchase", "window": {"days": 5}}}]}
    code, found = run("--rule", file(tmp_path, rule), "--as-of", "2024-03-31")
    assert code == 0
    assert (found["users"], found["of"]) == (1, 6)
    assert found["words"] == "at least 2 orders, ever, and no purchase in the last 5 days"
    assert found["rule"] == rule
    assert [(c["path"], c["users"]) for c in found["conditions"]] == [
        ("", 1), ("all[0]", 1), ("all[1]", 6), ("all[1].not", 0),
    ]  # fmt: skip
    assert found["sql"].startswith("SELECT u.user_no FROM users u")
    assert found["sql"].count("?") == len(found["params"])


def test_rule_from_stdin(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(TWICE)))
    assert run("--rule", "-")[1]["users"] == 1


def test_out_and_saved_segments(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "members.csv"
    code, found = run(
        "--rule", file(tmp_path, {"did": "purchase"}), "--out", str(out), "--save", "Buyers", "--as-of", "2024-03-31"
    )
    assert (code, found["rows"], found["saved"]) == (0, len(BUYERS), "Buyers")
    with out.open(encoding="utf-8", newline="") as written:
        assert {row["user_id"] for row in csv.DictReader(written)} == BUYERS
    _, listed = run("--list")
    assert [(s["name"], s["users"], s["as_of"]) for s in listed["segments"]] == [("Buyers", 4, "2024-03-31T00:00:00")]
    assert run("--segment", "buyers")[1]["users"] == 4
    assert run("--segment", "buyers", "--as-of", "2024-01-01")[1]["users"] == 1, "only cat had bought by then"
    assert run("--rename", "buyers", "Customers") == (0, {"renamed": "buyers", "name": "Customers"})
    code, found = run("--rule", file(tmp_path, TWICE), "--save", "customers")
    assert (code, found["error"]["code"]) == (2, "segment_exists")
    assert run("--rule", file(tmp_path, TWICE), "--save", "Customers", "--replace")[0] == 0
    assert run("--delete", "Customers") == (0, {"deleted": "Customers"})
    assert run("--list") == (0, {"segments": []})


@pytest.mark.parametrize(
    ("content", "code", "said"),
    [
        ({"all": [TWICE, {"did": "view", "window": {"days": 0}}]}, "bad_rule", "all[1].window.days"),
        ({"did": "buy"}, "bad_rule", "the data have no event 'buy'"),
        ("{", "bad_rule", "is not JSON"),
        ("\ufeff" + json.dumps({"segment": "None such"}), "bad_rule", "no saved segment"),
    ],
)
def test_rules_that_are_refused(run: Run, tmp_path: Path, content: object, code: str, said: str) -> None:
    exit_code, found = run("--rule", file(tmp_path, content))
    assert (exit_code, found["error"]["code"]) == (2, code)
    assert said in found["error"]["message"]


def test_other_refusals(run: Run, tmp_path: Path) -> None:
    cases = {
        "no_such_file": ("--rule", str(tmp_path / "none.json")),
        "bad_time": ("--rfm", "--as-of", "yesterday"),
        "no_rfm": ("--rfm", "--as-of", "1999-01-01"),
        "no_such_segment": ("--segment", "None such"),
        "option_not_used": ("--rfm", "--save", "x"),
        "cannot_write": ("--rule", file(tmp_path, TWICE), "--out", str(tmp_path / "no" / "x.csv")),
        "bad_grid": ("--rfm", "--grid", file(tmp_path, "[]", "grid.json")),
    }
    for code, words in cases.items():
        exit_code, found = run(*words)
        assert (exit_code, found["error"]["code"]) == (2, code)
        assert found["error"]["hint"]


def test_a_file_that_is_not_text(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "rule.json"
    path.write_bytes(b"\xff\xfe{")
    assert run("--rule", str(path))[1]["error"]["code"] == "not_text"


def test_text_for_people(shop: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    import argparse

    from core.progress import no_step

    parser = argparse.ArgumentParser()
    parser.add_argument("--workspace")
    segments.add_arguments(parser)
    at = ["--workspace", str(shop)]
    table = segments.run(parser.parse_args([*at, "--rfm"]), no_step).text
    assert "5 buyers of 6 users" in table, "dan's order of the last moment is seen by default"
    said = segments.run(parser.parse_args([*at, "--rule", file(tmp_path, {"all": [TWICE]})]), no_step).text
    assert said.splitlines()[0] == "1 of 6 users: at least 2 orders, ever."
    assert capsys.readouterr().out == ""
