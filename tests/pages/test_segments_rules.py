"""The rule builder of the page Segments without a browser: by clicks, by JSON, by a link, and how it is saved."""

from __future__ import annotations

import pyarrow as pa
import pytest
from streamlit.testing.v1 import AppTest

from core.segments import (
    Ago,
    All,
    At,
    Did,
    InGroup,
    Last,
    Moment,
    Not,
    Prop,
    Segment,
    Test,
    count,
    list_segments,
    save_segment,
)
from core.segments import Any as AnyOf
from core.segments.groups import write_group
from core.store import Store
from pages._ui.rule_builder_read import read
from pages._ui.segments_address import unpacked
from tests.pages.drive import FRAME, words
from tests.pages.segments_pages import TWICE, add, keys, page, press, users
from tests.segments.people import BUYERS, EVERYONE

pytestmark = pytest.mark.usefixtures("own_home")


def test_a_rule_by_clicks(shop: Store) -> None:
    at = page("Rules")
    assert users(at) == str(len(EVERYONE))
    add(at, "did")
    assert users(at) == str(count(shop, Did("purchase"))) == str(len(BUYERS) + 1)
    number = next(n for n in at.main.number_input if n.key and n.key.endswith("_value"))
    number.set_value(2).run()
    assert users(at) == str(count(shop, TWICE)) == "1"
    assert "At least 2 orders, ever." in words(at)
    add(at, "did")
    negations = [s for s in at.main.selectbox if s.key and s.key.endswith("_negated")]
    negations[1].set_value(True).run()
    windows = [s for s in at.main.selectbox if s.key and s.key.endswith("_window")]
    windows[1].set_value("last").run()
    assert "At least 2 orders, ever, and no purchase in the last 30 days." in words(at)
    rule = All((TWICE, Not(Did("purchase"))))
    assert users(at) == "0"
    assert count(shop, rule) == 0
    assert "Nobody" in words(at)


def test_groups_conditions_and_their_own_counts(shop: Store) -> None:
    at = page("Rules")
    add(at, "did")
    press(at, keys(at, r"rb_\d+_add_group")[-1])
    assert users(at) == "–"
    assert "This group is empty" in words(at)
    inner = 0  # the inner group's buttons stand before the outer one's
    add(at, "prop", inner)
    assert "Choose a value" in words(at) or "Give" in words(at)
    test = next(s for s in at.main.selectbox if s.key and s.key.endswith("_op") and "is known" in s.options)
    test.set_value("known").run()
    rule = All((Did("purchase"), Prop("country", Test("missing", (False,)))))
    assert users(at) == str(count(shop, rule)) == "2"
    assert "3 users" in words(at), "ann, ben and eve have a country"
    press(at, keys(at, r"rb_\d+_drop")[-1])
    assert "This group is empty" in words(at)


def test_a_filter_on_the_items_category(shop: Store) -> None:
    from core.segments import Filter

    at = page("Rules")
    add(at, "did")
    press(at, keys(at, r"rb_\d+_where_filter")[0])
    column = next(s for s in at.main.selectbox if s.key and s.key.endswith("_filter"))
    column.set_value(("item", "category")).run()
    values = next(m for m in at.main.multiselect if m.key and m.key.endswith("_several"))
    values.set_value(["toys"]).run()
    rule = Did("purchase", where=(Filter("item", "category", Test("is", ("toys",))),))
    assert users(at) == str(count(shop, rule)) == "4"


def test_every_kind_of_condition_can_be_added(shop: Store) -> None:
    save_segment(shop, Segment("Regulars", TWICE))
    at = page("Rules")
    kinds = ("did", "prop", "rfm", "segment", "order", "top", "sample", "group", "sql")
    for kind in kinds:
        add(at, kind)
    assert len(keys(at, r"rb_\d+_drop")) == len(kinds)
    assert users(at) == "–", "some of them still need something"


def test_new_kinds_by_clicks_count_as_their_rules_do(shop: Store) -> None:
    at = page("Rules")
    for kind in ("moment", "regularly", "stopped", "resumed", "abc", "loyalty"):
        add(at, kind)
        rule = read(at.session_state["_rule_draft"][str(shop.path)]).rule
        assert rule is not None
        assert users(at) == str(count(shop, rule)), kind
        press(at, keys(at, r"rb_\d+_drop")[-1])
    add(at, "moment")
    assert users(at) == str(count(shop, Moment("first", "purchase", Last(30)))) == "3", "ann, ben and dan"
    add(at, "did")
    assert "3 users; without it 5" in words(at), "without the first time, all five buyers"


def test_a_condition_is_switched_off_copied_and_looked_at_earlier(shop: Store) -> None:
    at = page("Rules")
    add(at, "did")
    more(at, "switch")
    assert users(at) == "6"
    assert "Switched off: at least 1 order, ever" in words(at)
    more(at, "switch")
    more(at, "copy")
    assert len(keys(at, r"rb_\d+_drop")) == 2
    press(at, keys(at, r"rb_\d+_add_group")[-1])
    add(at, "did", 0)
    more(at, "earlier", -1)
    rule = All((Did("purchase"), Did("purchase"), At(Ago(90), AnyOf((Did("purchase"),)))))
    assert read(at.session_state["_rule_draft"][str(shop.path)]).rule == rule
    assert users(at) == str(count(shop, rule)) == "1", "only cat had bought by then"


def more(at: AppTest, act: str, place: int = 0) -> None:
    """Choose from a part's menu: conditions and groups in the order of the page; -1: the last group inside."""
    menus = [m for m in at.main.get("menu_button") if m.key.endswith("_more")]  # type: ignore[union-attr]
    menus = [m for m in menus if act in m.proto.options or len(m.proto.options) > 4] if place < 0 else menus
    menus[place].set_value(act).run()  # type: ignore[union-attr]
    assert not at.exception, at.exception


def test_sql_is_refused_beside_it_and_counted_when_it_is_right(shop: Store) -> None:
    at = page("Rules")
    add(at, "sql")
    assert "Write a SELECT that names users" in words(at)
    box = next(t for t in at.main.text_area if t.key and t.key.endswith("_sql"))
    box.set_value("DELETE FROM users").run()
    assert len(at.main.error) == 1
    refused = [m.value for m in at.main.markdown if m.value.startswith(":orange[")]
    assert len(refused) == 1, "the refusal stands beside the condition too"
    box = next(t for t in at.main.text_area if t.key and t.key.endswith("_sql"))
    box.set_value("SELECT user_id FROM users WHERE country = 'France'").run()
    assert users(at) == "1"
    assert not at.main.error


def test_a_pasted_list_of_ids(shop: Store) -> None:
    at = page("Rules")
    add(at, "prop")
    next(s for s in at.main.selectbox if s.key and s.key.endswith("_column")).set_value("user_id").run()
    next(t for t in at.main.text_area if t.key and t.key.endswith("_many")).set_value("ann\n007\nnobody\n")
    press(at, keys(at, r"rb_\d+_add_many")[0])
    assert users(at) == "2"
    assert next(m for m in at.main.multiselect).value == ["ann", "007", "nobody"]
    next(t for t in at.main.text_area if t.key and t.key.endswith("_many")).set_value(
        "\n".join(f"x{n}" for n in range(5000))
    )
    press(at, keys(at, r"rb_\d+_add_many")[0])
    assert users(at) == "2"
    assert "5,003 values: ann, 007, nobody, …" in words(at)
    assert "too long for an address" in words(at)
    assert "rule" not in at.query_params


def test_the_address_holds_the_rule_and_opens_it(shop: Store) -> None:
    at = page("Rules")
    add(at, "moment")
    text = "".join(at.query_params["rule"])
    assert unpacked(text) == All((Moment("first", "purchase", Last(30)),))
    other = AppTest.from_file(str(FRAME), default_timeout=60)
    other.query_params |= {"ws": "shop", "who": "Rules", "rule": text}
    other.switch_page("../segments.py").run()
    assert not other.exception
    assert users(other) == users(at) == "3"
    press(other, "rule_clear")
    assert users(other) == "6"
    assert "rule" not in other.query_params


def test_a_damaged_link_is_refused_and_the_page_goes_on(shop: Store) -> None:
    at = AppTest.from_file(str(FRAME), default_timeout=60)
    at.query_params |= {"ws": "shop", "who": "Rules", "rule": "bm90IHppcA"}
    at.switch_page("../segments.py").run()
    assert not at.exception
    assert "cut off or damaged" in at.main.error[0].value
    assert users(at) == "6"
    at.run()
    assert not at.main.error, "said once"


def test_a_kept_group_by_its_parts(shop: Store) -> None:
    members = pa.table(
        {"user_id": ["ann", "ben", "cat"], "part": [0, 1, 1], "rank": [1, 2, 3], "score": [1.0, 0.5, 0.2]}
    )
    with shop.atomic(data=False) as writer:
        write_group(writer, "Tastes", "clusters", members, words="two clusters", spec={}, parts={0: "Toys", 1: "Books"})
    at = page("Rules")
    add(at, "group")
    assert users(at) == "3"
    next(m for m in at.main.multiselect if m.key and m.key.endswith("_parts")).set_value([1]).run()
    assert users(at) == str(count(shop, InGroup("Tastes", (1,)))) == "2"


def test_a_rule_from_json_and_a_refusal_with_its_path(shop: Store) -> None:
    at = page("Rules")
    at.text_area(key="rule_json_in").set_value('{"all": [{"did": "purchase", "window": {"days": 0}}]}').run()
    press(at, "rule_json_use")
    assert "all[0].window.days" in "".join(e.value for e in at.main.error).replace("\\", "")
    at.text_area(key="rule_json_in").set_value('{"did": "purchase", "compare": {"at_least": 2}}').run()
    press(at, "rule_json_use")
    assert users(at) == "1"
    at.text_area(key="rule_json_in").set_value('{"prop": "shoes", "test": {"is": "red"}}').run()
    press(at, "rule_json_use")
    assert "users have no column 'shoes'" in "".join(e.value for e in at.main.error).replace("\\", "")


def test_saving_a_rule_twice(shop: Store) -> None:
    at = page("Rules")
    add(at, "did")
    at.text_input(key="rule_save_name").set_value("Buyers")
    press(at, "rule_save_save")
    assert [s.segment.name for s in list_segments(shop)] == ["Buyers"]
    at.text_input(key="rule_save_name").set_value("buyers")
    press(at, "rule_save_save")
    assert "There is a segment 'Buyers' already" in "".join(e.value for e in at.main.error).replace("\\", "")
    at.checkbox(key="rule_save_replace").set_value(True)
    press(at, "rule_save_save")
    assert [s.segment.name for s in list_segments(shop)] == ["buyers"]
    at.text_input(key="rule_save_name").set_value("")
    press(at, "rule_save_save")
    assert "must not be empty" in "".join(e.value for e in at.main.error)
