"""What the note says, and does not say."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from core.experiments import Arm, SavedList, effect, newcombe
from core.experiments.note import Told, note

SENT = datetime(2026, 8, 18, 6)
SAVED = SavedList("x", SENT, SENT, 28, "purchase", (), 0.2, {}, 1200, 300)
WINDOW = (SENT, SENT + timedelta(days=28))


def told(contacted: tuple[int, int], control: tuple[int, int], saved: SavedList = SAVED, **more: object) -> Told:
    arms = tuple(
        Arm(name, users, responses, responses / users, None)
        for name, (responses, users) in (("contacted", contacted), ("control", control))
    )
    found = effect(arms[0], arms[1], holdout=saved.holdout)
    return replace(Told(saved, WINDOW, (arms[0], arms[1]), found, "events", 0, 0, 0, 0), **more)  # type: ignore[arg-type]


def test_an_effect_dealt_by_lot() -> None:
    assert note(told((234, 1200), (38, 300))) == (
        "Of 1,200 contacted, 19.5 % bought in the 28 days after 18 Aug 2026; of 300 in the control group, 12.7 %. "
        "The campaign brought about 6.8 points more buyers (2.1 to 10.9), about 82 (25 to 131) of the 234. That the "
        "groups were chosen by lot allows to call it an effect of the campaign; which of several changes did it (the "
        "offer, the words, the channel) cannot be told."
    )


def test_groups_that_nobody_says_were_dealt_by_lot() -> None:
    said = note(told((234, 1200), (38, 300), replace(SAVED, holdout=None)))
    assert "Among the contacted there were about 6.8 points more buyers (2.1 to 10.9)." in said
    assert "Only if the groups were chosen by lot is this an effect of the campaign" in said
    assert "The campaign brought" not in said


def test_no_effect_and_what_is_not_ruled_out() -> None:
    said = note(told((150, 1200), (38, 300)))
    assert "No effect can be shown: the difference may be chance." in said
    assert "An effect of up to 3.7 points or a loss of up to 4.8 points is not ruled out." in said
    assert "brought" not in said


def test_harm_is_said_as_harm() -> None:
    said = note(told((100, 1200), (60, 300)))
    low, high = newcombe(100, 1200, 60, 300)
    assert f"The campaign led to about 11.7 points fewer buyers ({-100 * high:.1f} to {-100 * low:.1f})." in said
    assert "of the 100" not in said


def test_value_per_head_with_and_without_an_interval() -> None:
    few = Arm("control", 300, 38, 38 / 300, 10.0, 40_000.0)
    many = Arm("contacted", 1200, 234, 0.195, 12.5, 1000.0)
    start = told((234, 1200), (38, 300))
    said = note(replace(start, arms=(many, few), effect=effect(many, few)))
    assert "12.50 contacted, 10.00 in the control group; too few bought to say how much" in said
    even = Arm("control", 300, 38, 38 / 300, 10.0, 1000.0)
    found = effect(many, even)
    said = note(replace(start, arms=(many, even), effect=found))
    assert f"; this difference may be chance ({found.value_low:.2f} to {found.value_high:.2f})." in said


def test_few_responses_and_small_rates() -> None:
    said = note(told((4, 1200), (1, 300)))
    assert "Of 1,200 contacted, 0.33 % bought" in said
    assert "So few responded that p is rough" in said


def test_a_file_is_named_with_what_did_not_fit() -> None:
    said = note(told((234, 1200), (38, 300), source="crm.csv", unknown=1, mended=12, outside=3, missing=5))
    assert "19.5 % responded in the 28 days" in said
    assert "more responses" in said
    assert "1 id of crm.csv is in neither group. 12 ids had lost leading zeros or the like, and were matched." in said
    assert said.endswith("3 rows were outside the window.")
    assert "not in the data" not in said
