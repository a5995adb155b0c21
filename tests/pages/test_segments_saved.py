"""The view Saved of the page Segments without a browser: sizes, freezing, groups, lists of ids, reasons."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.jobs import runner_for
from core.segments import (
    All,
    Compare,
    Did,
    InGroup,
    InSegment,
    Last,
    Not,
    Prop,
    Sample,
    Segment,
    Test,
    count,
    freeze,
    get_group,
    get_segment,
    list_from_text,
    list_groups,
    list_segments,
    save_segment,
)
from core.store import Store, close_workspace, list_workspaces, open_workspace
from pages._ui.segments_why import sample_key
from tests.pages.drive import opened, settled, words
from tests.segments.people import PEOPLE
from tests.segments.world import prepare, put

TWICE = Did("purchase", compare=Compare("at_least", 2))


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home folder of the test's own."""
    folder = tmp_path / "home"
    monkeypatch.setenv("LIMELIGHT_HOME", str(folder))
    yield folder
    for name in list_workspaces():
        close_workspace(open_workspace(name, create=False))


@pytest.fixture
def shop() -> Store:
    store = open_workspace("shop")
    prepare(store)
    put(store, PEOPLE)
    return store


def page(view: str = "Saved") -> AppTest:
    at = opened("segments", ws="shop")
    at.segmented_control(key="who").set_value(view).run()
    return settled(at)


def press(at: AppTest, key: str) -> AppTest:
    at.button(key=key).click().run()
    assert not at.exception, at.exception
    return at


def sizes(at: AppTest) -> dict[str, int]:
    table = at.main.dataframe[0].value
    return dict(zip(table["Segment"], table["Users"], strict=True))


def test_many_segments_are_counted_beside_the_page_once(shop: Store) -> None:
    for n in range(12):
        save_segment(shop, Segment(f"S{n:02d}", Sample((n + 1) / 12, f"salt {n}")))
    save_segment(shop, Segment("Twice", TWICE))
    at = page()
    expected = {s.segment.name: count(shop, s.segment.rule) for s in list_segments(shop)}
    assert sizes(at) == expected
    ran = [job for job in runner_for(shop).jobs() if job.kind == "count_segments"]
    assert len(ran) == 1
    at = page()
    assert [job for job in runner_for(shop).jobs() if job.kind == "count_segments"] == ran, "known from before"
    save_segment(shop, Segment("Twice", Did("view")), replace=True)
    assert sizes(page()) == expected | {"Twice": count(shop, Did("view"))}, "changed, so counted anew"
    at.text_input(key="saved_find").set_value("view EVER").run()
    assert sizes(at).keys() == {"Twice"}, "found by the words of its rule"
    at.text_input(key="saved_find").set_value("nothing such").run()
    assert "No segment fits" in words(at)


def test_freezing_and_making_live_again(shop: Store) -> None:
    save_segment(shop, Segment("Twice", TWICE))
    at = page()
    at.selectbox(key="segment").set_value("Twice").run()
    assert "Live: its members follow the data" in words(at)
    press(at, "saved_freeze_do")
    assert "“Twice” is frozen" in words(at)
    assert get_segment(shop, "Twice").made_from == TWICE
    table = at.main.dataframe[0].value
    assert (table["Members"][0], table["Rule"][0]) == ("frozen", "at least 2 orders, ever")
    assert at.main.dataframe[1].value["Why"][0] == "among the frozen members"
    press(at, "saved_thaw_do")
    assert get_segment(shop, "Twice") == Segment("Twice", TWICE)
    save_segment(shop, Segment("Twice", Did("view")), replace=True)
    freeze(shop, "Twice")
    assert sizes(page())["Twice"] == count(shop, Did("view")), "the same rule by name, but other members"


def test_leads_to_other_views(shop: Store) -> None:
    save_segment(shop, Segment("Twice", TWICE))
    for key, view in (("saved_to_time", "Over time"), ("saved_to_compare", "Compare")):
        at = page()
        at.selectbox(key="segment").set_value("Twice").run()
        assert any("segment=Twice" in c.value for c in at.main.code), "the link can be copied"
        press(at, key)
        assert at.segmented_control(key="who").value == view


def test_a_list_of_ids_becomes_a_segment(shop: Store) -> None:
    at = page()
    at.toggle(key="list_open").set_value(True).run()
    assert at.button(key="list_keep").disabled
    at.text_area(key="list_text").set_value("ann\nnobody <b>\n\nann\n007").run()
    at.text_input(key="list_name_").set_value("VIP").run()
    press(at, "list_keep")
    assert "5 lines: 2 known, 1 not in the data, 1 repeated, 1 blank" in words(at)
    assert "“nobody <b>”" in words(at)
    press(at, "list_save")
    assert get_segment(shop, "VIP").rule == InGroup("VIP")
    assert sizes(at) == {"VIP": 2}
    at.selectbox(key="group").set_value("VIP").run()
    press(at, "group_delete_do")
    assert "is part of 'VIP'" in "".join(e.value for e in at.main.error).replace("\\", "")
    at.text_input(key="group_new_name_VIP").set_value("Guests")
    press(at, "group_rename_do")
    assert get_segment(shop, "VIP").rule == InGroup("Guests")
    assert [g.name for g in list_groups(shop)] == ["Guests"]


def test_a_list_replaced_counts_anew_though_the_data_stay(shop: Store) -> None:
    list_from_text(shop, "VIP", "ann\n007")
    save_segment(shop, Segment("Guests", InGroup("VIP")))
    save_segment(shop, Segment("Others", Not(InSegment("Guests"))))
    assert sizes(page()) == {"Guests": 2, "Others": 4}
    list_from_text(shop, "VIP", "ann", replace=True)
    assert sizes(page()) == {"Guests": 1, "Others": 5}
    at = page()
    at.selectbox(key="group").set_value("VIP").run()
    assert "**1 user** of the data in group “VIP”" in words(at)
    press(at, "group_edit")
    assert at.segmented_control(key="who").value == "Rules"
    assert get_group(shop, "VIP").users == 1


def test_why_each_member_belongs(shop: Store) -> None:
    rule = All((TWICE, Not(Prop("country", Test("is", ("Spain",)))), Not(Did("view", window=Last(1)))))
    save_segment(shop, Segment("Twice", rule))
    at = page()
    at.selectbox(key="segment").set_value("Twice").run()
    table = at.main.dataframe[1].value
    assert list(table["User"]) == ["ann"]
    assert table["Why"][0].startswith("2 orders, the last on ")
    assert table["Why"][0].endswith("not: country is “Spain” (country: France); no view in the last day")
    key = sample_key(shop, rule, None)
    at.session_state[key] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    at.run()
    assert not at.exception
    each = at.main.dataframe[2].value
    assert list(each["Holds"]) == ["✓ yes", "✗ no", "✗ no"]
    assert each["Condition"][1].endswith("(must not hold)")
    long = All(tuple(Prop("country", Test("is_not", (f"X{n}",))) for n in range(61)))
    save_segment(shop, Segment("Long", long))
    at = page()
    at.selectbox(key="segment").set_value("Long").run()
    assert "Why" not in at.main.dataframe[1].value.columns
    assert "No reasons: the rule has 61 conditions" in words(at)
