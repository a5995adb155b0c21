"""Every kind of file that docs/files.md lists is loaded by the command line and must come to what the table says."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from core.__main__ import main
from core.store import Query, close_workspace, open_workspace
from tests.conftest import ROOT, SharedData
from tests.ingest.table_of_cases import CASES, Case

PAGE = ROOT / "docs" / "files.md"
START, END = "<!-- table of cases: written by tests/ingest/test_table_of_cases.py -->", "<!-- end of the table -->"


def written(case: Case, folder: Path, shared: SharedData) -> list[str]:
    """The case's files in a folder; what is named on the command line."""
    if case.real:
        return [str(shared.path(case.real))]
    made = case.made()
    for name, data in made.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return [str(folder / word) for word in case.given or made]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case(case: Case, tmp_path: Path, shared_data: SharedData, capsys: pytest.CaptureFixture[str]) -> None:
    words = written(case, tmp_path / "files", shared_data)
    workspace = str(tmp_path / "w.duckdb")
    code = main(["load", "--workspace", workspace, "--json", f"--{case.kind}", *words, *shlex.split(case.say)])
    found = json.loads(capsys.readouterr().out)
    assert code == 0, found
    names = ("rows_read", "rows_loaded", "rows_rejected", "rows_duplicate", "users", "items")
    assert tuple(found[name] for name in names) == case.counts, found["reasons"]
    assert found["rows_read"] == found["rows_loaded"] + found["rows_rejected"] + found["rows_duplicate"]
    assert found["events"] == case.events
    sql, expected = case.spot
    store = open_workspace(workspace)
    try:
        source = "events LEFT JOIN users USING (user_no) LEFT JOIN items USING (item_no)"
        rows = store.rows(
            Query(f"SELECT CAST({sql} AS VARCHAR) AS spot FROM {source if case.events else '(SELECT 1)'}")
        )
    finally:
        close_workspace(store)
    assert rows == [{"spot": expected}]


def as_markdown() -> str:
    """The table as docs/files.md shows it."""
    lines = [
        "| kind of file | what to say | rows read | loaded | rejected | left out | events | users | items |",
        "|---|---|--:|--:|--:|--:|---|--:|--:|",
    ]
    for case in CASES:
        read, loaded, rejected, duplicate, users, items = (f"{n:,}" for n in case.counts)
        events = ", ".join(f"{word} {n:,}" for word, n in case.events.items()) or f"none ({case.kind})"
        say = f"`{case.say}`".replace("|", "\\|") if case.say else "nothing"
        lines.append(
            f"| {case.name} | {say} | {read} | {loaded} | {rejected} | {duplicate} | {events} | {users} | {items} |"
        )
    return "\n".join(lines)


def test_the_page_holds_the_table() -> None:
    page = PAGE.read_text("utf-8")
    table = page.partition(START)[2].partition(END)[0].strip()
    assert table == as_markdown(), "run: python -m tests.ingest.test_table_of_cases"


def test_the_table_is_long_and_no_case_stands_twice() -> None:
    assert len({case.name for case in CASES}) == len(CASES) >= 40


if __name__ == "__main__":
    before, _, rest = PAGE.read_text("utf-8").partition(START)
    PAGE.write_text(f"{before}{START}\n\n{as_markdown()}\n\n{END}{rest.partition(END)[2]}", "utf-8")
