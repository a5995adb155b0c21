"""The frame: which workspace is open, what a page without data says, what a locked one says."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.errors import Refusal
from core.store import close_workspace, list_workspaces, open_workspace
from pages._ui import sidebar, state
from pages._ui.text import plain
from tests.pages.drive import FRAME, ROOT, loaded, opened, words

EVENTS = "user_id,item_id,event_time,event\nu1,i1,2024-01-01 10:00,view\nu2,i1,2024-03-05 11:30,buy\n"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home folder of the test's own."""
    folder = tmp_path / "home"
    monkeypatch.setenv("LIMELIGHT_HOME", str(folder))
    yield folder
    for name in list_workspaces():
        close_workspace(open_workspace(name, create=False))


def test_the_frame_lies_where_streamlit_cannot_take_the_pages_for_its_older_kind() -> None:
    assert not (FRAME.parent / "pages").exists()
    assert 'st.App(Path(__file__).parent / "pages" / "_ui" / "frame.py"' in (ROOT / "app.py").read_text()


@pytest.mark.parametrize("page", [name for name in state.PAGES if state.page_path(name).exists()])
def test_every_page_opens_without_any_workspace(page: str) -> None:
    at = opened(page)
    assert len(at.title) == 1
    assert at.title[0].value.endswith("?"), "a page's title is the question that it answers"
    assert not list_workspaces(), "looking makes no workspace"


@pytest.mark.parametrize("page", [name for name in state.PAGES if state.page_path(name).exists()])
def test_every_page_opens_on_an_empty_workspace(page: str) -> None:
    open_workspace("shop")
    assert len(opened(page, ws="shop").title) == 1


def test_the_first_workspace_is_chosen_and_stands_in_the_address() -> None:
    for name in ("pears", "apples"):
        open_workspace(name)
    at = opened("settings")
    assert at.sidebar.selectbox(key="ws").value == "apples"
    assert at.query_params["ws"] == "apples"


def test_a_link_opens_its_workspace_and_another_page_keeps_it() -> None:
    for name in ("apples", "pears"):
        open_workspace(name)
    at = opened("settings", ws="pears")
    assert at.sidebar.selectbox(key="ws").value == "pears"
    at.switch_page("../data.py").run()
    assert at.sidebar.selectbox(key="ws").value == "pears"
    assert at.query_params["ws"] == "pears"


def test_choosing_another_workspace_changes_the_address() -> None:
    for name in ("apples", "pears"):
        open_workspace(name)
    at = opened("settings")
    at.sidebar.selectbox(key="ws").set_value("pears").run()
    assert at.query_params["ws"] == "pears"
    assert at.session_state["ws"] == "pears"


def test_a_link_to_a_workspace_that_is_not_here_says_so() -> None:
    open_workspace("apples")
    at = opened("settings", ws="no_such")
    assert at.sidebar.selectbox(key="ws").value == "apples"
    at = type(at).from_file(str(FRAME), default_timeout=60)
    at.query_params["ws"] = "no_such"
    at.run()
    assert "no_such" in at.sidebar.warning[0].value.replace("\\", "")


def test_a_new_workspace_is_made_by_name_only(home: Path, tmp_path: Path) -> None:
    assert sidebar.make_workspace("spring 24") == "spring 24"
    assert list_workspaces() == ["spring 24"]
    for bad in ("spring 24", "", "../out", str(tmp_path / "out.duckdb"), "out.duckdb", "a/b", "?"):
        with pytest.raises(Refusal):
            sidebar.make_workspace(bad)
    assert [p.name for p in tmp_path.rglob("*.duckdb")] == ["spring 24.duckdb"]


def test_the_banner_says_up_to_when_the_data_run(tmp_path: Path) -> None:
    file = tmp_path / "e.csv"
    file.write_text(EVENTS)
    loaded(open_workspace("shop"), file)
    assert "Data up to **5 Mar 2024**" in words(opened("data", ws="shop"))


def test_data_without_times_have_no_end(tmp_path: Path) -> None:
    file = tmp_path / "e.csv"
    file.write_text("user_id,item_id,rating\nu1,i1,3\nu1,i2,4\n")
    loaded(open_workspace("shop"), file)
    assert "These data have no times" in words(opened("data", ws="shop"))


def test_a_workspace_that_another_program_holds_is_said_on_every_page(home: Path) -> None:
    close_workspace(open_workspace("shop"))
    hold = "import sys, duckdb; c = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", hold, str(home / "shop.duckdb")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        said = words(opened("data", ws="shop"))
        other.terminate()
    assert "is open in another program" in said
    assert "Traceback" not in said


def test_the_sidebar_says_the_version() -> None:
    assert any("Limelight 0." in c.value for c in opened("settings").sidebar.caption)


@pytest.mark.parametrize("text", ["![x](http://evil/)", "a_b*c*", "<b>", ":material/home:", "$x$", "a\nb", "# head"])
def test_a_name_from_a_file_is_no_markdown(text: str) -> None:
    shown = plain(text).replace("\N{WORD JOINER}", "")  # which cannot be seen, and takes addresses and icons apart
    undone = "".join(c for k, c in enumerate(shown) if c != "\\" or (k and shown[k - 1] == "\\"))
    assert undone == text.replace("\n", " ")
    for mark in "[]()*_<>:#$!`":
        assert shown.count(mark) == shown.count("\\" + mark)
