"""docs/cli.md: every console example is run, in order, and must say what the page says."""

from __future__ import annotations

import doctest
import os
import re
import shlex
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


def carried_out(command: str, capfd: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """Exit code and stdout: Limelight's own commands in this process, which spares its start, others by the shell."""
    words = shlex.split(command)
    if words[:3] == ["python", "-m", "core"] and not {"|", "<"} & set(command):
        into = Path(words.pop()) if words[-2] == ">" and words.pop(-2) else None
        capfd.readouterr()
        code = main(words[3:])
        said = capfd.readouterr().out
        if into is None:
            return code, said
        into.write_text(said, encoding="utf-8")
        return code, ""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    shell = ["/bin/sh", "-c", command.replace("python ", f"{sys.executable} ", 1)]
    done = subprocess.run(shell, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


def test_every_example_says_what_the_page_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    checker = doctest.OutputChecker()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LIMELIGHT_HOME", str(tmp_path))
    found = examples(PAGE.read_text("utf-8"))
    assert len(found) >= 10
    for example in found:
        if match := re.fullmatch(r"cat (\w+\.csv)", example.command):
            given = tmp_path / match[1]
            if not given.exists():  # a file the page shows is a file the reader has
                given.write_text(example.expected, encoding="utf-8")
        code, said = carried_out(example.command, capfd)
        refused = '"error"' in example.expected
        assert code == (2 if refused else 0), f"{example.command}\n{said}"
        same = checker.check_output(example.expected, said, doctest.ELLIPSIS)
        assert same, f"{example.command}\nexpected:\n{example.expected}\nfound:\n{said}"


@pytest.mark.parametrize(
    "command",
    [
        "load",
        "info",
        "quality",
        "undo",
        "repair",
        "segments",
        "overlap",
        "counterfactual",
        "movement",
        "compare",
        "predict-ratings",
        "audience",
        "explain",
        "similar-users",
        "target",
        "readout",
        "export",
        "backup",
        "restore",
        "erase",
        "retention",
        "keep",
        "features",
        "value",
        "attention",
    ],
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
