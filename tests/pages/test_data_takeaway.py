"""The tables that can be taken away: each has its words, also those that only some workspaces have rows of."""

from __future__ import annotations

from core.takeout import TABLES
from pages._ui import data_takeaway


def test_every_table_that_can_be_taken_away_has_a_name_and_a_sentence() -> None:
    assert set(data_takeaway._CALLED) == set(TABLES)
    assert set(data_takeaway._SAID) == set(TABLES)
