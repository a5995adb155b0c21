"""What every section of the command `attention` is asked, and what it answers."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from core.attention import VisitRule
from core.behaviour import Unit, Window
from core.progress import Step
from core.store import Store


@dataclass(frozen=True)
class Asked:
    """The command's own choices.

    Attributes:
        window: the period, resolved. unit: how figures over time are divided. rule: what a visit is. zone: of hours.
    """

    window: Window
    unit: Unit
    rule: VisitRule
    zone: str


@dataclass(frozen=True)
class Told:
    """A section's answer: `result` stands under `key` in the JSON object, `lines` in the text."""

    key: str
    result: dict[str, Any]
    lines: list[str]


Tell = Callable[[Store, Asked, Step], Told]


def records(table: pd.DataFrame, most: int | None = None) -> list[dict[str, Any]]:
    """Rows as plain values for JSON: dates as ISO text, what is not known as null."""
    return [
        {str(name): _plain(value) for name, value in row.items()}
        for row in table.head(most or len(table)).to_dict("records")
    ]


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return None if math.isnan(value) else value
    return value.isoformat() if hasattr(value, "isoformat") else value.item() if hasattr(value, "item") else value
