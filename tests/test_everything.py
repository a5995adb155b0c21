"""`make test`'s parts: lint stops the rest, any failure fails the whole, and who ends it ends what it started."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests import everything

ROOT = Path(__file__).parents[1]
ALL = (*everything.FIRST, *everything.TOGETHER, *everything.AFTER)


def make(folder: Path, **says: str) -> str:
    """A make whose targets do as they are told; what ran is noted in `ran`."""
    cases = "".join(f"{name.replace('_', '-')}) {what};; " for name, what in says.items())
    path = folder / "make"
    path.write_text(f'#!/bin/sh\necho "$2" >> {folder}/ran\ncase "$2" in {cases} *) echo fine;; esac\n')
    path.chmod(0o755)
    return str(path)


def ran(folder: Path) -> list[str]:
    return sorted((folder / "ran").read_text().split())


def test_all_parts_run_and_are_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert everything.main(make(tmp_path)) == 0
    assert ran(tmp_path) == sorted(ALL)
    said = capsys.readouterr().out
    for name in ALL:
        assert f"{name:13} | fine" in said
        assert re.search(rf"^{name} +\d+ s  passed$", said, re.M)


def test_lint_comes_first_and_stops_the_rest(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert everything.main(make(tmp_path, lint="echo crooked; exit 2")) == 1
    assert ran(tmp_path) == ["lint"]
    assert "lint          | crooked" in capsys.readouterr().out


@pytest.mark.parametrize("part", ALL[1:])
def test_one_that_fails_fails_the_whole_and_the_others_are_heard(
    tmp_path: Path, part: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert everything.main(make(tmp_path, **{part.replace("-", "_"): "exit 1"})) == 1
    assert ran(tmp_path) == sorted(ALL)
    said = capsys.readouterr().out
    assert said.count("passed") == 4
    assert said.count("FAILED") == 1


def test_workers_find_the_tests_collected(tmp_path: Path) -> None:
    noted = f"collect) sleep 0.5; echo collected >> {tmp_path}/ran;;"
    path = tmp_path / "make"
    path.write_text(f'#!/bin/sh\necho "$2" >> {tmp_path}/ran\ncase "$2" in {noted} esac\n')
    path.chmod(0o755)
    assert everything.main(str(path)) == 0
    order = (tmp_path / "ran").read_text().split()
    assert set(order[order.index("collected") + 1 :]) == set(everything.AFTER)
    assert order.index("types") < order.index("collected")


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_ended_it_ends_what_it_started(tmp_path: Path, how: signal.Signals) -> None:
    """Ctrl-C and a kill alike reach the parts, as Ctrl-C."""
    wait = f"trap 'echo ended >> {tmp_path}/ran; exit 1' INT; echo here >> {tmp_path}/ran; while :; do sleep 0.1; done"
    command = [sys.executable, "-m", "tests.everything", make(tmp_path, unit=wait)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, env={**os.environ}) as process:
        until = time.monotonic() + 60
        while "here" not in ((tmp_path / "ran").read_text() if (tmp_path / "ran").exists() else ""):
            assert time.monotonic() < until, "it did not start"
            time.sleep(0.05)
        process.send_signal(how)
        assert process.wait(60) == 130
    assert "ended" in ran(tmp_path)
