"""`python -m core readout`: lists brought in, read, listed and deleted; refusals."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.__main__ import _run, main
from core.commands import readout
from core.progress import no_step
from tests.experiments.world import CAMPAIGN, bought, shop, written

Run = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    store = shop(tmp_path, bought("001", "2025-03-02", value=12.0), bought("007", "2025-03-02", value=8.0))
    store.close()
    return store.path


def parsed(workspace: Path, *words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--workspace")
    parser.add_argument("--json", action="store_true")
    readout.add_arguments(parser)
    return parser.parse_args(["--workspace", str(workspace), *words])


@pytest.fixture
def run(workspace: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """The command as the shell would call it: exit code and the JSON it printed."""

    def call(*words: str) -> tuple[int, dict[str, Any]]:
        code = _run(readout, parsed(workspace, "--json", *words))
        return code, json.loads(capsys.readouterr().out)

    return call


def test_bring_read_list_delete(run: Run, tmp_path: Path) -> None:
    campaign = str(written(tmp_path, CAMPAIGN))
    code, found = run("--list", "Spring", "--bring", campaign, "--days", "10", "--holdout", "0.4")
    assert (code, found["brought"]) == (0, "Spring")
    again = run("--list", "spring")[1]
    assert {k: v for k, v in found.items() if k != "brought"} == again
    assert again["arms"] == [
        {"arm": "contacted", "users": 6, "responses": 1, "rate": 1 / 6, "value": 2.0},
        {"arm": "control", "users": 4, "responses": 1, "rate": 0.25, "value": 2.0},
    ]
    assert set(again["effect"]) >= {"estimate", "low", "high", "p", "srm_p", "value_estimate", "problem"}
    assert again["effect"]["estimate"] == pytest.approx(1 / 6 - 1 / 4)
    assert again["effect"]["srm_p"] == 1.0
    assert again["window"] == ["2025-03-01T06:00:00", "2025-03-11T06:00:00"]
    assert (again["complete"], again["source"], again["unknown"]) == (True, "events", 0)
    assert "No effect can be shown" in again["note"]
    crm = str(written(tmp_path, "user_id\n002\n003\nnobody\n", "crm.csv"))
    given = run("--list", "spring", "--responses", crm)[1]
    assert [arm["responses"] for arm in given["arms"]] == [2, 0]
    assert (given["source"], given["unknown"], given["arms"][0]["value"]) == ("crm.csv", 1, None)
    listed = run("--lists")[1]["lists"]
    assert [(s["name"], s["contacted"], s["control"], s["days"], s["holdout"]) for s in listed] == [
        ("Spring", 6, 4, 10, 0.4)
    ]
    assert run("--delete", "SPRING") == (0, {"deleted": "Spring"})
    assert run("--lists") == (0, {"lists": []})


def test_options_of_bringing(run: Run, tmp_path: Path) -> None:
    campaign = str(written(tmp_path, "user_id,arm\n001,test\n007,control\n"))
    more = ("--event", "Bought", "--about", "i1", "--about", "i2", "--sent-at", "2025-03-02T01:00+01:00")
    code, found = run("--list", "a", "--bring", campaign, *more)
    assert code == 0
    kept = found["list"]
    assert (kept["event"], kept["items"], kept["sent_at"]) == ("purchase", ["i1", "i2"], "2025-03-02T00:00:00")
    assert (kept["days"], kept["holdout"], found["effect"]["srm_p"]) == (28, None, None)
    code, found = run("--list", "A", "--bring", campaign, *more)
    assert (code, found["error"]["code"]) == (2, "list_exists")
    assert run("--list", "A", "--bring", campaign, *more, "--replace")[1]["list"]["name"] == "A"


def test_refusals(run: Run, tmp_path: Path) -> None:
    campaign = str(written(tmp_path, CAMPAIGN))
    cases = {
        "no_such_list": ("--list", "none"),
        "no_such_file": ("--list", "x", "--bring", str(tmp_path / "none.csv")),
        "bad_list": ("--list", "x", "--bring", campaign, "--days", "0"),
        "bad_time": ("--list", "x", "--bring", campaign, "--sent-at", "soon"),
        "no_such_column": ("--list", "x", "--bring", str(written(tmp_path, "a,b\n1,2\n", "odd.csv"))),
    }
    for code, words in cases.items():
        exit_code, found = run(*words)
        assert (exit_code, found["error"]["code"]) == (2, code)
        assert found["error"]["hint"]
    for idle in (
        ("--list", "x", "--days", "0"),
        ("--list", "x", "--holdout", "0"),
        ("--list", "x", "--replace"),
        ("--lists", "--responses", campaign),
        ("--delete", "x", "--bring", campaign),
    ):
        assert run(*idle)[1]["error"]["code"] == "option_not_used", idle
    assert run("--lists") == (0, {"lists": []})


def test_text_for_people(workspace: Path, tmp_path: Path) -> None:
    campaign = str(written(tmp_path, CAMPAIGN))
    brought = readout.run(
        parsed(workspace, "--list", "s", "--bring", campaign, "--days", "10", "--holdout", "0.4"), no_step
    )
    lines = brought.text.splitlines()
    assert lines[0] == "Kept as s: 6 contacted, 4 in control."
    assert lines[1] == "s, 1 Mar 2025, 06:00 to 11 Mar 2025, 06:00 UTC."
    assert "contacted            6          1   16.67%            2.00" in brought.text
    assert "Difference of rates: -8.33 points, 95 %" in brought.text
    assert "sizes of the groups against the plan: p 1.000" in brought.text
    assert "6 contacted         4 control  s: purchase in the 10 days from" in (
        readout.run(parsed(workspace, "--lists"), no_step).text
    )


def test_it_is_a_command(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["readout", "--workspace", str(workspace), "--lists"]) == 0
    assert capsys.readouterr().out == "No list has been saved yet.\n"
