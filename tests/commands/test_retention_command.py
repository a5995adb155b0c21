"""The command retention: users' retention by its keys, the old rule of events by its options, and keep."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from core.__main__ import main
from tests.retention.test_cohorts import FACTS, PEOPLE, at, filled


@pytest.fixture
def shop(tmp_path: Path) -> str:
    path = tmp_path / "w.duckdb"
    filled(path, [*FACTS, (None, "view", at(9, 0), None)], {"ann": "DE", "bob": "FR", "cat": "FR"}).close()
    return str(path)


def asked(capfd: pytest.CaptureFixture[str], *words: str, code: int = 0) -> Any:
    capfd.readouterr()
    assert main([*words, "--json"]) == code
    return json.loads(capfd.readouterr().out)


@pytest.mark.parametrize(("kind", "wanted"), [("n-day", [33, 0, 0, 0, 33, 0]), ("unbounded", [67, 33, 33, 33, 33, 0])])
def test_the_fixture(shop: str, capfd: pytest.CaptureFixture[str], kind: str, wanted: list[int]) -> None:
    found = asked(capfd, "retention", "--workspace", shop, "--unit", "day", "--kind", kind, "--periods", "6")
    assert (found["unit"], found["kind"]) == ("day", kind)
    (cohort,) = found["cohorts"]
    assert (cohort["cohort"], cohort["size"], cohort["complete"]) == ("2025-03-03", 3, True)
    assert [round(100 * cell["share"]) for cell in cohort["cells"][1:]] == wanted
    assert set(cohort["cells"][0]) == {"n", "users", "retained", "share", "low", "high", "complete"}
    assert [round(100 * row["share"]) for row in found["mean"][1:]] == wanted
    assert set(found["mean"][0]) == {"n", "share", "low", "high", "cohorts", "users"}


def test_bare_it_is_by_month(shop: str, capfd: pytest.CaptureFixture[str]) -> None:
    found = asked(capfd, "retention", "--workspace", shop)
    assert (found["unit"], found["kind"], found["clock"]) == ("month", "n-day", "calendar")
    assert main(["retention", "--workspace", shop]) == 0
    assert "2025-03-01" in capfd.readouterr().out


def test_parts_files_and_survival(shop: str, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    out = tmp_path / "table.csv"
    found = asked(
        capfd, "retention", "--workspace", shop, "--unit", "day", "--by", "country", "--brackets", "0,1-3,4-6", "--out",
        str(out),
    )  # fmt: skip
    assert found["kind"] == "bracket"
    told = {c["part"]: [(cell["n"], cell["retained"]) for cell in c["cells"]] for c in found["cohorts"]}
    assert told == {"DE": [(0, 1), ("1-3", 1), ("4-6", 0)], "FR": [(0, 2), ("1-3", 0), ("4-6", 1)]}
    with out.open(encoding="utf-8", newline="") as file:
        assert len(list(csv.DictReader(file))) == found["rows"] == 9  # the part of all too
    lives = asked(capfd, "retention", "--workspace", shop, "--survival", "lapse", "--silence", "3")
    assert [(row["day"], row["at_risk"], row["events"]) for row in lives["curves"]] == [(0, 3, 1), (1, 2, 1), (5, 1, 1)]
    assert lives["parts"][0]["median"] == 1
    assert main(["retention", "--workspace", shop, "--by", "country"]) == 0
    assert "FR" in capfd.readouterr().out


def test_first_purchase(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "p.duckdb"
    filled(path, PEOPLE).close()
    words = (
        "retention",
        "--workspace",
        str(path),
        "--unit",
        "week",
        "--cohort",
        "first-purchase",
        "--event",
        "purchase",
    )
    found = asked(capfd, *words)
    assert [[cell["retained"] for cell in c["cells"]] for c in found["cohorts"]] == [[1, 1, 0], [1, 0], [1]]
    since = asked(capfd, *words, "--since", "2025-03-10", "--until", "2025-03-17")
    assert [[cell["retained"] for cell in c["cells"]] for c in since["cohorts"]] == [[1]]


@pytest.mark.parametrize(
    "words",
    [
        ("--by", "colour"),
        ("--event", "dance"),
        ("--kind", "n-day", "--brackets", "0,1"),
        ("--brackets", "3-1"),
        ("--periods", "0"),
        ("--survival", "lapse", "--unit", "day"),
        ("--silence", "5"),
        ("--out", "/nowhere/x.csv"),
    ],
)
def test_bad_questions_are_refused(shop: str, capfd: pytest.CaptureFixture[str], words: tuple[str, ...]) -> None:
    error = asked(capfd, "retention", "--workspace", shop, *words, code=2)["error"]
    assert error["message"]


def test_how_long_events_are_kept_still_works_here(shop: str, capfd: pytest.CaptureFixture[str]) -> None:
    keys = {"days", "due", "dropped"}
    assert set(asked(capfd, "keep", "--workspace", shop)) == keys
    assert asked(capfd, "retention", "--workspace", shop, "--days", "30000")["days"] == 30000
    assert asked(capfd, "keep", "--workspace", shop)["days"] == 30000
    assert set(asked(capfd, "retention", "--workspace", shop, "--now")["dropped"]) > {"cutoff", "events"}
    assert asked(capfd, "retention", "--workspace", shop, "--off")["days"] is None
