"""Prose that cannot run drifts: what the README tells people to type is typed here."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from core.__main__ import main

REPO = Path(__file__).parents[1]
README = (REPO / "README.md").read_text(encoding="utf-8")


def typed(command: str, capfd: pytest.CaptureFixture[str]) -> str:
    """What it prints: `info` as a program of its own, as it is typed, the others in this process, spared its start."""
    words = shlex.split(command)
    assert words[:3] == ["python", "-m", "core"]
    if words[3] == "info":
        environment = {**os.environ, "PYTHONPATH": str(REPO)}
        done = subprocess.run(
            [sys.executable, *words[1:]], env=environment, capture_output=True, text=True, check=False, timeout=120
        )
        assert done.returncode == 0, done.stderr
        return done.stdout
    capfd.readouterr()
    code = main(words[3:])
    said = capfd.readouterr()
    assert code == 0, said.err
    return said.out


@pytest.mark.slow
def test_the_commands_of_the_readme_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "data").symlink_to(REPO / "data")
    monkeypatch.chdir(tmp_path)
    commands = re.findall(r"^\$ (python .+)$", README, re.MULTILINE)
    assert len(commands) == 9
    answers = [typed(command, capfd) for command in commands]
    loaded, info, funnel, cohorts, rfm, compared, explained, targeted, read = answers
    truth = json.loads((REPO / "data" / "sample" / "truth.json").read_text(encoding="utf-8"))["load"]
    said = json.loads(loaded)
    assert said["rows_read"] == truth["rows_read"]
    assert said["rows_read"] == said["rows_loaded"] + said["rows_rejected"] + said["rows_duplicate"]
    assert f"{said['events']['purchase']:,}" in info
    assert re.search(r"^purchase +[\d,]+ +[\d.]+%", funnel, re.MULTILINE)
    assert "2025-10" in cohorts or "Oct 2025" in cohorts
    shares = [segment["share"] for segment in json.loads(rfm)["segments"]]
    assert sum(shares) == pytest.approx(1)
    assert "users judged" in compared
    assert "add up to the score" in explained
    assert targeted.startswith("500 users to contact")
    assert len((tmp_path / "list.csv").read_text("utf-8").splitlines()) == 501
    assert "Difference of rates: +6.83 points" in read


def test_what_the_readme_links_to_exists() -> None:
    links = re.findall(r"\]\((?!http)([^)#]+)\)", README)
    assert "docs/cli.md" in links
    missing = [link for link in links if not (REPO / link).exists()]
    assert missing == []


def test_the_make_targets_of_the_readme_exist() -> None:
    makefile = (REPO / "Makefile").read_text(encoding="utf-8")
    for target in set(re.findall(r"make ([a-z]+)", README)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
