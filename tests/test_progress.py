"""Steps: parts nest, reports stay within 0 and 1, cancelling is heard everywhere."""

from __future__ import annotations

import pytest

from core.errors import Refusal
from core.progress import Amount, Cancelled, Meter, Step


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


class Counting(Heard):
    def __init__(self) -> None:
        super().__init__()
        self.amounts: list[Amount | None] = []

    def _count(self, amount: Amount | None) -> None:
        self.amounts.append(amount)


def test_amounts_go_up_through_the_parts_as_they_are_and_shares_as_they_should() -> None:
    step = Counting()
    part = step.part(0.5, 1.0).part(0.0, 0.5).counted(1_000)
    part.report(0.5, "reading")
    step.report(0.9, "numbering")
    step.part(0.0, 1.0).report(0.95, "unpacking", Amount(19, 20, "bytes"))
    assert step.said == [(0.625, "reading"), (0.9, "numbering"), (0.95, "unpacking")]
    assert step.amounts == [Amount(500, 1_000), None, Amount(19, 20, "bytes")]
    step.stop = True
    with pytest.raises(Cancelled):
        part.report(0.6)
    assert len(step.amounts) == 3


def test_a_phase_has_its_own_speed_and_a_new_one_starts_afresh() -> None:
    meter = Meter()
    for tenth in range(31):
        meter.note(tenth / 10, Amount(tenth * 40_000, 10_000_000))
    assert meter.speed() == pytest.approx(400_000)
    assert meter.say() == "1,200,000 of 10,000,000 rows, 400,000 rows/s"
    for tenth in range(31, 131):  # it has become four times as slow: the last seconds say so
        meter.note(tenth / 10, Amount(1_200_000 + (tenth - 30) * 10_000, 10_000_000))
    assert meter.speed() == pytest.approx(100_000)
    meter.note(13.2, Amount(0, 10_000_000))  # the next file, of the same length
    assert (meter.speed(), meter.say()) == (None, "0 of 10,000,000 rows")
    meter.note(14.2, Amount(30_000_000, 10_000_000, "bytes"))
    assert meter.speed() is None
    meter.note(15.0, None)
    assert meter.say() == ""


def test_few_rows_are_not_rounded_away() -> None:
    meter = Meter()
    meter.note(0, Amount(3, 7))
    assert meter.say() == "3 of 7 rows"
