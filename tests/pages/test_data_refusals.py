"""The page Data: what it refuses and how it says so, files of the server's folder, and what is left in the spool."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.ingest import batches
from core.store import close_workspace, list_workspaces, open_workspace
from pages._ui import data_files
from tests.pages.drive import button, my_data, opened, selectbox, spooled, upload, words

RATINGS = "user_id,item_id,rating,clicks\nu1,i1,4,3\nu1,i2,5,0\nu2,i1,,2\nu3,i3,2,1\n"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home folder of the test's own."""
    folder = tmp_path / "home"
    monkeypatch.setenv("LIMELIGHT_HOME", str(folder))
    yield folder
    for name in list_workspaces():
        close_workspace(open_workspace(name, create=False))


# ---- refusals


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("swallow.csv", 'a,b,c\n1,"2,3\n' + "".join(f"{k},x{k},2024-01-01\n" for k in range(400)), "line 2"),
        ("empty.csv", "", "is empty"),
        ("page.pdf", b"%PDF-1.7 ...", "is a PDF document"),
        ("cut.csv.gz", b"\x1f\x8b\x08\x00broken", "gzip"),
        ("../../etc/passwd", "user_id\n", "no rows"),
    ],
)
def test_a_file_that_cannot_be_loaded_says_why(name: str, content: str | bytes, said: str) -> None:
    at = opened("data")
    before = spooled()
    at = upload(at, (name, content))
    assert said in words(at)
    assert "Traceback" not in words(at)
    assert not [b for b in at.button if re.match(r"Load \d", b.label)]
    assert all(re.fullmatch(r"(upload|prepared)-[0-9a-f]{32}.*", p.name) for p in spooled() - before)
    button(at, "Leave this file out")
    assert not spooled() - before


def test_one_bad_file_does_not_hold_back_the_others() -> None:
    at = upload(opened("data"), ("bad.pdf", b"%PDF-1.7"), ("likes.csv", RATINGS))
    assert "is a PDF document" in words(at)
    at = button(at, "Load 4 rows")
    assert "4 rows read" in words(at)


def test_the_same_file_twice_must_be_meant() -> None:
    at = upload(opened("data"), ("likes.csv", RATINGS))
    at = button(button(at, "Load 4 rows"), "Load more files")
    at = upload(at, ("again.csv", RATINGS))
    assert "again.csv is in load 1" in words(at)
    assert next(b for b in at.button if b.label == "Load 4 rows").disabled
    at.checkbox(key="load_again").check().run()
    at = button(at, "Load 4 rows")
    assert len(batches(my_data())) == 2


def test_a_load_that_fails_keeps_the_draft_and_says_why() -> None:
    at = upload(opened("data"), ("likes.csv", "user_id,item_id,rating\nu1,i1,x\nu2,i2,y\n"))
    selectbox(at, "What rating means").set_value("rating").run()
    at = button(at, "Load 2 rows")
    assert not batches(my_data())
    assert at.main.error
    assert selectbox(at, "What rating means").value == "rating"


def test_a_name_that_is_markdown_is_shown_as_it_is() -> None:
    at = upload(opened("data"), ("![x](http://evil.example/a.png).csv", RATINGS))
    assert "\\!\\[x\\]\\(http\\:\N{WORD JOINER}//evil" in "\n".join(s.value for s in at.subheader)


# ---- the server's folder


def test_files_of_the_server_folder_load_without_uploading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "drop"
    (folder / "2024").mkdir(parents=True)
    (folder / "2024" / "likes.csv").write_text(RATINGS)
    monkeypatch.setenv("LIMELIGHT_SERVER_FOLDER", str(folder))
    at = opened("data")
    at.multiselect(key="server_files").set_value(["2024/likes.csv"]).run()
    at = button(at, "Look at these files")
    button(at, "Load 4 rows")
    assert (folder / "2024" / "likes.csv").exists()
    assert batches(my_data())[0]["files"][0]["name"] == "2024/likes.csv"


def test_links_out_of_the_server_folder_are_not_offered(tmp_path: Path) -> None:
    folder = tmp_path / "drop"
    folder.mkdir()
    (tmp_path / "secret.csv").write_text("a\n1\n")
    (folder / "link.csv").symlink_to(tmp_path / "secret.csv")
    (folder / "fine.csv").write_text("a\n1\n")
    (folder / "notes.md").write_text("x")
    assert list(data_files.list_server_files(folder)) == ["fine.csv"]
