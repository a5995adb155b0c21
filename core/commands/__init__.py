"""The command line's tasks, one module each; each calls the same functions as the pages."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from typing import Any, Protocol

from core.progress import Step


@dataclass(frozen=True)
class Answer:
    """What a command found: `result` for `--json`, `text` for people; `exit_code` where a schedule asked for one."""

    result: dict[str, Any]
    text: str
    exit_code: int = 0


class Command(Protocol):
    """A module of this package: its first docstring line is the help text."""

    NAME: str

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the command's own arguments; `--workspace` and `--json` are there already."""

    def run(self, args: argparse.Namespace, step: Step) -> Answer:
        """Do the task; raises Refusal for anything a person can put right."""
