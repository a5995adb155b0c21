"""The page Segments without a browser: RFM, saved segments, and data that cannot answer."""

from __future__ import annotations

import pytest

from core.segments import (
    Grid,
    InSegment,
    Not,
    Prop,
    Rfm,
    Segment,
    Test,
    get_segment,
    list_segments,
    rfm,
    save_segment,
)
from core.store import Store
from tests.pages.drive import words
from tests.pages.segments_pages import TWICE, add, keys, page, press, users
from tests.segments.world import World, event, put

pytestmark = pytest.mark.usefixtures("own_home")


def test_rfm_key_figures_and_tables(shop: Store) -> None:
    at = page()
    found = rfm(shop)
    metrics = {m.label.replace("\\", ""): m.value for m in at.main.metric}
    assert metrics["Buyers"] == str(found.buyers) == "5", "dan's order at the last moment is one"
    table = at.main.dataframe[0].value
    assert dict(zip(table["Segment"], table["Buyers"], strict=True)) == {s.name: str(s.users) for s in found.segments}
    scores = at.main.dataframe[1].value
    assert list(scores["Score"]) == [5, 4, 3, 2, 1]
    assert scores["Orders"][0] == "2 (1)"


def test_opening_an_rfm_segment_and_a_cell(shop: Store) -> None:
    at = page()
    full = next(s for s in rfm(shop).segments if s.users)
    at.selectbox(key="rfm").set_value(full.name).run()
    assert not at.exception
    assert at.main.subheader[0].value.replace("\\", "") == full.name
    assert len(at.main.dataframe[0].value) == full.users, "the sample stands first"
    cell = next(c for c in rfm(shop).cells if c.users)
    at.selectbox(key="rfm").set_value(cell.cells[0]).run()
    assert at.main.subheader[0].value.replace("\\", "") == f"R{cell.cells[0][0]} F{cell.cells[0][1]} ({cell.name})"


def test_saving_an_rfm_segment_and_using_it_in_a_rule(shop: Store) -> None:
    at = page()
    full = next(s for s in rfm(shop).segments if s.users)
    at.selectbox(key="rfm").set_value(full.name).run()
    at.text_input(key="rfm_save_name").set_value("The best")
    press(at, "rfm_save_save")
    assert get_segment(shop, "The best") == Segment("The best", Rfm((full.name,)))
    assert "Saved as “The best”." in words(at)
    press(at, "rfm_edit")
    assert at.segmented_control(key="who").value == "Rules"
    assert users(at) == str(full.users)


def test_an_earlier_day_is_seen_as_the_end(shop: Store) -> None:
    from datetime import date, datetime

    at = page()
    at.date_input(key="up_to").set_value(date(2024, 3, 24)).run()
    assert not at.exception
    assert at.main.metric[0].value == str(rfm(shop, datetime(2024, 3, 25)).buyers) == "3"


def test_own_names_for_cells(shop: Store) -> None:
    at = page()
    at.session_state["_rfm_grids"] = {5: Grid.of({"Lately": ["[3-5][1-5]"], "*Before*": ["[1-2][1-5]"]})}
    at.run()
    assert not at.exception
    assert list(at.main.dataframe[0].value["Segment"]) == ["Lately", "*Before*"]
    press(at, "rfm_names_back")
    assert "Champions" in list(at.main.dataframe[0].value["Segment"])


def test_saved_segments(shop: Store) -> None:
    save_segment(shop, Segment("[Regulars](http://x) $1$", TWICE))
    save_segment(shop, Segment("Others", Not(InSegment("[Regulars](http://x) $1$"))))
    at = page("Saved")
    table = at.main.dataframe[0].value
    assert dict(zip(table["Segment"], table["Users"], strict=True)) == {"[Regulars](http://x) $1$": 1, "Others": 5}
    at.selectbox(key="segment").set_value("[Regulars](http://x) $1$").run()
    assert at.main.subheader[0].value.count("\\") >= 6, "a name is text, never a link or a formula"
    press(at, "saved_delete_do")
    assert "is part of 'Others'" in "".join(e.value for e in at.main.error).replace("\\", "")
    at.text_input(key="saved_new_name_[Regulars](http://x) $1$").set_value("Regulars")
    press(at, "saved_rename_do")
    assert get_segment(shop, "Others").rule == Not(InSegment("Regulars"))
    at.selectbox(key="segment").set_value("Others").run()
    press(at, "saved_delete_do")
    assert [s.segment.name for s in list_segments(shop)] == ["Regulars"]
    at.selectbox(key="segment").set_value("Regulars").run()
    press(at, "saved_edit")
    assert users(at) == "1"


def test_no_saved_segments_yet(shop: Store) -> None:
    at = page("Saved")
    assert "No segment has been saved yet" in words(at)
    press(at, "saved_to_rule")
    assert at.segmented_control(key="who").value == "Rules"


def test_a_segment_whose_column_is_gone_does_not_hide_the_others(shop: Store) -> None:
    save_segment(shop, Segment("Lost", Prop("shoe size", Test("missing", (True,)))))
    save_segment(shop, Segment("Regulars", TWICE))
    at = page("Saved")
    table = at.main.dataframe[0].value.set_index("Segment")
    assert table.loc["Regulars", "Users"] == 1
    assert "no column 'shoe size'" in str(table.loc["Lost", "Rule"])
    at.selectbox(key="segment").set_value("Lost").run()
    assert not at.exception


def test_data_without_times_or_purchases_say_why(shop: Store) -> None:
    put(shop, World(events=(event("a", "purchase"), event("b", "purchase", order_id="1"))))
    at = page()
    assert "have no times" in words(at)
    at.segmented_control(key="who").set_value("Rules").run()
    add(at, "did")
    assert users(at) == "2", "ever can be asked without times"
    next(s for s in at.main.selectbox if s.key and s.key.endswith("_window")).set_value("last").run()
    assert "needs event times" in "".join(e.value for e in at.main.error)
    put(shop, World(events=(event("a", "view", "2024-01-01"),)))
    at = page()
    assert "no purchases" in words(at)
    assert "rfm_to_data" in keys(at, ".*")
