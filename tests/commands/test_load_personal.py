"""Personal columns on the command line: what is proposed, said and chosen."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from core.__main__ import main
from core.store import Query
from tests.prepared import new_store

ROWS = ["cust,mail,sku,when"] + [f"C{k % 4},a{k}@mail.example,P{k % 3},2024-01-0{1 + k % 9} 10:00" for k in range(20)]


def run(capsys: pytest.CaptureFixture[str], folder: Path, *more: str) -> tuple[int, dict[str, Any]]:
    file = folder / "events.csv"
    file.write_text("\n".join(ROWS) + "\n")
    given = [
        "load",
        "--workspace",
        str(folder / "w.duckdb"),
        "--events",
        str(file),
        "--map",
        "user=cust,item=sku",
        "--json",
    ]
    code = main([*given, *more])
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return code, found


def role(found: dict[str, Any], column: str) -> tuple[str, bool]:
    (mapped,) = (c for c in found["mapping"]["columns"] if c["column"] == column)
    return mapped["role"], mapped["pseudonym"]


def test_without_a_word_it_is_left_out_and_said(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, found = run(capsys, tmp_path)
    assert (code, role(found, "mail")) == (0, ("ignore", False))
    assert "mail looks like e-mail addresses and was left out; --contact mail keeps it." in found["notes"]
    with new_store(tmp_path / "w.duckdb") as store:
        store.checkpoint()
    assert b"mail.example" not in (tmp_path / "w.duckdb").read_bytes()


@pytest.mark.parametrize(
    ("option", "mapped"),
    [("--contact", ("contact", False)), ("--pseudonym", ("context", True)), ("--ignore", ("ignore", False))],
)
def test_a_word_decides(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    option: str,
    mapped: tuple[str, bool],
) -> None:
    monkeypatch.setenv("LIMELIGHT_PSEUDONYM_KEY", "a key for the command line")
    code, found = run(capsys, tmp_path, option, "MAIL")
    assert (code, role(found, "mail")) == (0, mapped)
    assert not any("looks like" in note for note in found["notes"])
    with new_store(tmp_path / "w.duckdb") as store:
        contacts = store.rows(Query("SELECT count(*) AS n FROM contact_facts"))[0]["n"]
        assert contacts == (4 if option == "--contact" else 0)


def test_columns_that_are_not_there_or_named_twice(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    codes = [run(capsys, tmp_path, *more)[1]["error"]["code"] for more in (
        ("--pseudonym", "nope"), ("--contact", "nope"), ("--contact", "mail", "--ignore", "mail"),
    )]  # fmt: skip
    assert codes == ["no_such_column", "no_such_column", "column_twice"]
    assert not (tmp_path / "w.duckdb").exists()
