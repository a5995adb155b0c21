"""Steps: parts nest, reports stay within 0 and 1, cancelling is heard everywhere."""

from __future__ import annotations

import pytest

from core.errors import Refusal
from core.progress import Cancelled, Step


class Heard(Step):
    def __init__(self) -> None:
        self.said: list[tuple[float, str]] = []
        self.stop = False

    def cancelled(self) -> bool:
        return self.stop

    def _tell(self, share: float, note: str) -> None:
        self.said.append((round(share, 6), note))


def test_parts_nest() -> None:
    step = Heard()
    half = step.part(0.5, 1.0)
    half.report(0.5, "a")
    half.part(0.5, 1.0).report(1.0, "b")
    assert step.said == [(0.75, "a"), (1.0, "b")]


def test_shares_stay_between_0_and_1() -> None:
    step = Heard()
    step.report(-1)
    step.report(7)
    assert step.said == [(0.0, ""), (1.0, "")]


def test_cancelling_the_whole_stops_every_part() -> None:
    step = Heard()
    part = step.part(0.0, 0.5).part(0.0, 0.5)
    part.check()
    step.stop = True
    with pytest.raises(Cancelled):
        part.check()
    with pytest.raises(Cancelled):
        part.report(0.1)
    assert step.said == []


def test_refusal_as_json() -> None:
    refusal = Refusal("a_code", "What.", "How.", exit_code=4)
    assert refusal.as_json() == {"code": "a_code", "message": "What.", "hint": "How."}
    assert (str(refusal), refusal.exit_code) == ("What. How.", 4)
