"""A browser is found where machines keep one, and the ways to install one are tried in order (no network here)."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.browser import find_browser as fb

GOOD = "#!/bin/sh\necho Chromium 156.0\n"
STUB = "#!/bin/sh\necho 'install the snap' >&2\nexit 1\n"


def program(path: Path, text: str = GOOD) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return str(path)


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without a browser: an empty PATH folder, which is returned, and an empty cache."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path / "cache"))
    monkeypatch.delenv("LIMELIGHT_BROWSER", raising=False)
    monkeypatch.setattr(fb, "PLACES", ())
    monkeypatch.setattr(fb, "_root", lambda: ())
    return tmp_path / "bin"


def test_nothing_there(bare: Path) -> None:
    assert fb.find() is None


@pytest.mark.parametrize("name", fb.NAMES)
def test_on_the_path(bare: Path, name: str) -> None:
    here = program(bare / name)
    assert fb.find() == here


def test_a_stub_is_passed_over(bare: Path) -> None:
    program(bare / "chromium", STUB)
    program(bare / "google-chrome", STUB)
    assert fb.find() is None
    real = program(bare / "google-chrome-stable")
    assert fb.find() == real


def test_named_by_environment(bare: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(bare / "chromium")
    mine = program(tmp_path / "mine" / "my chrome")
    monkeypatch.setenv("LIMELIGHT_BROWSER", mine)
    assert fb.find() == mine
    monkeypatch.setenv("LIMELIGHT_BROWSER", str(tmp_path / "absent"))
    with pytest.raises(SystemExit, match="does not start"):
        fb.find()


@pytest.mark.parametrize(
    "inside",
    [
        "chromium-1200/chrome-linux64/chrome",
        "chromium-1200/chrome-mac/Chromium.app/Contents/MacOS/Chromium",
        "chromium_headless_shell-1200/chrome-linux/headless_shell",
    ],
)
def test_playwrights_cache(bare: Path, tmp_path: Path, inside: str) -> None:
    here = program(tmp_path / "cache" / inside)
    assert fb.find() == here


def test_playwrights_download_is_tried_first(bare: Path, tmp_path: Path) -> None:
    asked: list[Sequence[str]] = []

    def run(command: Sequence[str], seconds: int) -> bool:
        asked.append(command)
        assert seconds <= fb.PACKAGE_SECONDS
        program(tmp_path / "cache/chromium-1/chrome-linux/chrome")
        return True

    program(bare / "apt-get")
    assert fb.install(run) == str(tmp_path / "cache/chromium-1/chrome-linux/chrome")
    assert asked == [[sys.executable, "-m", "playwright", "install", "chromium"]]


def test_then_the_package_manager(bare: Path) -> None:
    asked: list[str] = []

    def run(command: Sequence[str], seconds: int) -> bool:
        asked.append(" ".join(command[:2]))
        if command[:2] == ["apt-get", "install"]:
            program(bare / "chromium")
            return True
        return False  # neither the download nor apt-get update works

    program(bare / "apt-get")
    assert fb.install(run) == str(bare / "chromium")
    assert asked[1:] == ["apt-get update", "apt-get install"]


def test_not_root_leaves_the_system_alone(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Sequence[str]] = []

    def run(command: Sequence[str], seconds: int) -> bool:
        asked.append(command)
        return False

    monkeypatch.setattr(fb, "_root", lambda: None)
    program(bare / "apt-get")
    assert fb.install(run) is None
    assert len(asked) == 1, "only Playwright's download"


def test_says_what_to_do(bare: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(fb, "install", lambda: None)
    assert fb.main() == 1
    assert "LIMELIGHT_BROWSER=" in capsys.readouterr().err


def test_a_command_that_hangs_is_given_up() -> None:
    assert fb.run([sys.executable, "-c", "import time; time.sleep(60)"], 1) is False
    assert fb.run(["/no/such/program"], 1) is False
    assert fb.run([sys.executable, "-c", "pass"], 30) is True
