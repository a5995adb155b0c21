"""docs/cli.md: every console example is run, in order, and must say what the page says."""

from __future__ import annotations

import doctest
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from core.__main__ import main

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "cli.md"


@dataclass(frozen=True)
class Example:
    command: str
    expected: str


def examples(text: str) -> list[Example]:
    """`$ command` and the lines below it, of every console block."""
    found = []
    for block in re.findall(r"^```console\n(.*?)^```", text, re.S | re.M):
        for part in re.split(r"^\$ ", block, flags=re.M)[1:]:
            command, _, expected = part.partition("\n")
            found.append(Example(command, expected))
    return found


def test_every_example_says_what_the_page_says(tmp_path: Path) -> None:
    checker = doctest.OutputChecker()
    environment = os.environ | {"PYTHONPATH": str(ROOT), "LIMELIGHT_HOME": str(tmp_path)}
    found = examples(PAGE.read_text("utf-8"))
    assert len(found) >= 10
    for example in found:
        if match := re.fullmatch(r"cat (\w+\.csv)", example.command):
            given = tmp_path / match[1]
            if not given.exists():  # a file the page shows is a file the reader has
                given.write_text(example.expected, encoding="utf-8")
        command = example.command.replace("python ", f"{sys.executable} ", 1)
        done = subprocess.run(
            ["/bin/sh", "-c", command], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        refused = '"error"' in example.expected
        assert done.returncode == (2 if refused else 0), f"{example.command}\n{done.stdout}{done.stderr}"
        same = checker.check_output(example.expected, done.stdout, doctest.ELLIPSIS)
        assert same, f"{example.command}\nexpected:\n{example.expected}\nfound:\n{done.stdout}"


@pytest.mark.parametrize(
    "command",
    ["load", "info", "undo", "segments", "compare", "audience", "explain", "similar-users", "target", "readout"],
)
def test_every_option_is_on_the_page(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([command, "--help"])
    options = set(re.findall(r"--[a-z][a-z-]+", capsys.readouterr().out)) - {"--help"}
    page = PAGE.read_text("utf-8")
    assert [option for option in sorted(options) if option not in page] == []


def test_the_examples_are_found() -> None:
    assert examples("x\n```console\n$ a b\nc\nd\n$ e\n```\n```\n$ no\n```\n") == [
        Example("a b", "c\nd\n"),
        Example("e", ""),
    ]
