"""Readouts of a hand-made campaign from its events: each response, value and edge of the window written out."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from core.experiments import Arm, Readout, effect, readout
from core.experiments.effect import NO_CONTROL
from core.store import Query
from tests.behaviour.world import E
from tests.experiments.world import CAMPAIGN, END, SENT, bought, bring, sent_back, shop


def counted(tmp_path: Path, *events: E, **more: Any) -> Readout:
    with shop(tmp_path, *events) as store:
        bring(store, tmp_path, **more)
        return readout(store, "spring")


def responses(found: Readout) -> tuple[int, int]:
    return found.arms[0].responses, found.arms[1].responses


def values(found: Readout) -> tuple[float | None, float | None]:
    return found.arms[0].value, found.arms[1].value


def test_every_response_counted_by_eye(tmp_path: Path) -> None:
    found = counted(
        tmp_path,
        bought("001", "2025-03-02", value=12.0),
        bought("001", "2025-03-05", "i2", value=6.0),  # a second purchase: still one responder
        bought("002", "2025-03-03", "i7", value=30.0),  # not the offer, but nothing says it must be
        bought("003", "2025-02-20"),  # before
        bought("004", "2025-04-01"),  # after
        E("005", "i1", "click", "2025-03-02"),  # not a purchase
        bought("007", "2025-03-09", value=8.0),
        bought("other", "2025-03-02"),  # in neither group
        bought(None, "2025-03-02"),  # anonymous
    )
    assert found.window == (SENT, END)
    assert found.complete
    assert (found.source, found.unknown, found.missing) == ("events", 0, 0)
    assert found.arms == (
        Arm("contacted", 6, 2, 2 / 6, (12 + 6 + 30) / 6, (18**2 + 30**2) / 6),
        Arm("control", 4, 1, 1 / 4, 8 / 4, 8**2 / 4),
    )
    assert found.effect == effect(*found.arms, holdout=0.4)
    assert found.effect.srm_p == 1.0
    assert found.effect.estimate == pytest.approx(1 / 12)


@pytest.mark.parametrize(
    ("at", "counts"),
    [
        ("2025-03-01 05:59:59.999999", False),
        ("2025-03-01 06:00", True),
        ("2025-03-11 05:59:59.999999", True),
        ("2025-03-11 06:00", False),
    ],
)
def test_the_window_is_half_open(tmp_path: Path, at: str, counts: bool) -> None:
    found = counted(tmp_path, bought("001", at, value=3.0), bought("007", "2025-03-02"))
    assert responses(found) == (int(counts), 1)
    assert values(found) == (3 / 6 if counts else 0.0, 10 / 4)


def test_what_was_wholly_returned_was_not_bought(tmp_path: Path) -> None:
    found = counted(
        tmp_path,
        bought("001", "2025-03-02", n=2, value=20),
        sent_back("001", "2025-03-04", n=2, value=20),  # all of it
        bought("002", "2025-03-02", n=2, value=20),
        sent_back("002", "2025-03-04", n=1, value=10),  # half of it
        bought("003", "2025-03-02"),
        sent_back("003", "2025-03-12"),  # after the window: it was bought when the window ended
        bought("004", "2025-03-02"),
        bought("004", "2025-03-02", "i2"),
        sent_back("004", "2025-03-03"),  # but i2 is kept
        sent_back("005", "2025-03-02"),  # of an earlier purchase
        bought("005", "2025-03-05"),
        bought("006", "2025-02-01", order="old"),
        bought("006", "2025-03-02", order="new"),
        sent_back("006", "2025-03-05", order="old"),  # names the earlier order
        bought("007", "2025-03-02", order="new"),
        sent_back("007", "2025-03-02", order="credit note"),  # the same moment, under a number of its own
    )
    assert responses(found) == (5, 0)
    assert found.arms[0].value == pytest.approx((0 + 10 + 10 + 10 + 0 + 0) / 6), "returns lower the value in all cases"
    assert found.arms[1].value == 0.0


def test_quantities_that_are_not_known_count_as_one(tmp_path: Path) -> None:
    lone = E("002", None, "purchase", "2025-03-02", None, None, None)
    found = counted(
        tmp_path,
        E("001", "i1", "purchase", "2025-03-02", None, None, 5.0),
        E("001", "i1", "return", "2025-03-03", None, None, -5.0),
        lone,  # neither item nor quantity nor value
        E("007", "i1", "purchase", "2025-03-02", None, 0.0, 0.0),  # a free sample
    )
    assert responses(found) == (1, 1)
    assert values(found) == (0.0, 0.0)


def test_other_events_and_named_items(tmp_path: Path) -> None:
    events = (
        E("001", "i1", "click", "2025-03-02"),
        E("002", "i2", "click", "2025-03-02"),
        E("007", "i1", "click", "2025-03-02"),
        bought("003", "2025-03-02", "i2"),
        bought("004", "2025-03-02", "i1"),
        sent_back("004", "2025-03-03", "i1"),
        bought("008", "2025-03-02", "i1"),
    )
    with shop(tmp_path, *events) as store:
        bring(store, tmp_path, name="clicks", event="click")
        assert responses(readout(store, "clicks")) == (2, 1)
        bring(store, tmp_path, name="clicks on i1", event="click", items=("i1",))
        assert responses(readout(store, "clicks on i1")) == (1, 1)
        bring(store, tmp_path, name="i1", items=("i1", "unheard of"))
        found = readout(store, "i1")
        assert responses(found) == (0, 1)
        assert values(found) == (10 / 6, 10 / 4), "value is of all purchases"
        assert "(one of 2 items)" in readout(store, "i1").note
        bring(store, tmp_path, name="none", items=("unheard of",))
        assert "know no item unheard of" in str(readout(store, "none").effect.problem)
        bring(store, tmp_path, name="typo", event="purchse")
        assert "no event 'purchse'" in str(readout(store, "typo").effect.problem)


def test_no_values_are_none_not_zero(tmp_path: Path) -> None:
    found = counted(tmp_path, E("001", "i1", "click", "2025-03-02"), event="click")
    assert values(found) == (None, None)
    assert found.effect.value_estimate is None
    assert found.effect.estimate is not None
    assert "per head" not in found.note


def test_a_window_that_the_data_cut(tmp_path: Path) -> None:
    events = [bought("001", "2025-03-02"), bought("007", "2025-03-02"), bought("002", "2025-03-04 06:00")]
    with shop(tmp_path, *events) as store:
        bring(store, tmp_path)
        with store.atomic() as writer:
            writer.run(Query("DELETE FROM events WHERE at_utc > ?", (datetime(2025, 3, 5),)))
        found = readout(store, "spring")
    assert not found.complete
    assert found.window == (SENT, datetime(2025, 3, 4, 6, 0, 0, 1))
    assert responses(found) == (2, 1)
    assert "in the first 3 of 10 days after 1 Mar 2025" in found.note
    assert "a reading in between: the data end on 4 Mar 2025, the window only on 11 Mar 2025" in found.note


def test_a_window_that_has_not_begun_and_data_without_times(tmp_path: Path) -> None:
    with shop(tmp_path, bought("001", "2025-02-02")) as store:
        bring(store, tmp_path)
        with store.atomic() as writer:
            writer.run(Query("DELETE FROM events WHERE at_utc >= ?", (SENT,)))
        found = readout(store, "spring")
        assert (found.complete, found.window, responses(found)) == (False, (SENT, SENT), (0, 0))
        assert "before the list was sent" in str(found.effect.problem)
        assert found.effect.estimate is None
        with store.atomic() as writer:
            writer.run("UPDATE events SET at_utc = NULL")
        found = readout(store, "spring")
        assert "no times" in str(found.effect.problem)
        assert not found.complete


def test_a_list_without_control_group_claims_nothing(tmp_path: Path) -> None:
    text = "".join(line + "\n" for line in CAMPAIGN.splitlines() if "control" not in line)
    with shop(tmp_path, bought("001", "2025-03-02")) as store:
        bring(store, tmp_path, text, holdout=None)
        found = readout(store, "spring")
    assert found.effect.problem == NO_CONTROL
    assert found.note == f"Of 6 contacted, 16.7 % bought in the 10 days after 1 Mar 2025. {NO_CONTROL}"


def test_members_whom_the_data_do_not_know_count_as_users(tmp_path: Path) -> None:
    text = CAMPAIGN + "stranger,contacted,,\n"
    with shop(tmp_path, bought("001", "2025-03-02"), bought("007", "2025-03-02")) as store:
        bring(store, tmp_path, text)
        before = readout(store, "spring")
        assert (before.arms[0].users, before.arms[0].responses, before.missing) == (7, 1, 1)
        assert "1 user of the list is not in the data" in before.note
        with store.atomic() as writer:  # as an undo and another load do: other numbers for the same ids
            writer.run("UPDATE users SET user_no = 100 - user_no")
            writer.run("UPDATE events SET user_no = 100 - user_no")
        assert readout(store, "spring").arms == before.arms
        with store.atomic() as writer:  # as an undo of everything does
            writer.run("DELETE FROM users")
        assert readout(store, "spring").missing == 11
        assert readout(store, "spring").arms[0].users == 7
