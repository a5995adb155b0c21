"""The page Campaigns without a browser: on no data, on a shop known by eye, and from question to saved list."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.behaviour import count_people
from core.campaigns import users_query
from core.experiments import list_saved
from core.jobs import runner_for
from core.segments import Did, Segment, save_segment
from core.store import Query, Store, close_workspace, list_workspaces, open_workspace
from pages._ui import campaigns_files as files
from pages._ui.campaigns_result import everyone, headline
from tests.pages.campaigns_shop import consenting, give, made, page, people, press, rows, title, users
from tests.pages.drive import opened, settled, words
from tests.pages.explain_shop import FORMULA, HOSTILE, board, model_of
from tests.prepared import opened_copy
from tests.segments.world import World, event, prepare, put

LEFT_OUT = {"u0", "u8", "u16"}
"""Those of the camp of a0 who have not bought it yet; see explain_shop.board."""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home folder of the test's own."""
    folder = tmp_path / "home"
    monkeypatch.setenv("LIMELIGHT_HOME", str(folder))
    yield folder
    for name in list_workspaces():
        store = open_workspace(name, create=False)
        runner_for(store).close()
        close_workspace(store)


@pytest.fixture
def shop() -> Store:
    store = open_workspace("shop")
    prepare(store)
    put(store, board())
    return store


def test_without_data_it_says_what_to_do() -> None:
    at = opened("campaigns")
    assert "Load your own files" in words(at)


def test_without_a_model_one_can_be_fitted_and_the_list_waits(shop: Store) -> None:
    at = page()
    said = words(at)
    assert "There is none yet" in said
    assert "A model ranks the users: fit one first." in said
    assert at.button(key="c_make").disabled
    assert "without it nobody can say afterwards what the campaign changed" in said
    assert at.number_input(key="holdout").value == 10.0


def test_each_missing_answer_is_named(shop: Store, tmp_path: Path) -> None:
    model_of(shop, tmp_path)
    at = page()
    assert "Choose at least one item" in words(at)
    at = page(about="a0")
    assert "Say whether all are to be treated as consenting, or none." in words(at)
    assert at.radio(key="assume").value is None, "nobody answers for the analyst"
    assert at.button(key="c_make").disabled
    assert not consenting(at).button(key="c_make").disabled
    at.segmented_control(key="asking").set_value("People").run()
    assert "Save a segment first" in words(at)


def test_the_right_people_for_an_item(shop: Store, tmp_path: Path) -> None:
    model_of(shop, tmp_path)
    at = consenting(page(about="a0"))
    at.number_input(key="size").set_value(3)
    at.number_input(key="holdout").set_value(0.0)
    at = press(at, "c_make")
    assert title(at) == "3 people to contact, without a control group."
    found = made(at)
    assert users(shop, found.target.contacted.user_no) == LEFT_OUT
    listed = rows(shop, found, tmp_path, why=True)
    assert {row["user_id"] for row in listed} == LEFT_OUT
    assert {row["item"] for row in listed} == {"a0"}
    assert all(row["why"].startswith("Suggested because") for row in listed)
    shown = next(d.value for d in at.main.dataframe if "Why" in d.value)
    assert list(shown["Why"]) == [row["why"] for row in listed], "what is shown is what the file holds"
    assert "treated as consenting" in words(at)
    assert at.query_params["about"] == "a0"


def test_stages_reconcile_and_every_bar_opens_its_users(shop: Store, tmp_path: Path) -> None:
    model_of(shop, tmp_path)
    at = consenting(page(about="a0"))
    at.number_input(key="size").set_value(4)
    at.number_input(key="holdout").set_value(50.0)
    at = give(at, "Users never", "never.txt", "user_id\nu0\nu1\nnobody\n")
    assert "never.txt: **3 different ids**" in words(at)
    target = made(press(at, "c_make")).target
    for stage in target.stages[1:]:
        gone = target.dropped[stage.stage]
        assert stage.before - stage.after == len(gone)
        assert count_people(shop, users_query(gone)) == len(gone)
    assert users(shop, target.dropped["suppressed"]) == {"u0", "u1"}
    assert not {"u0", "u1"} & users(shop, target.contacted.user_no)
    assert not {"u0", "u1"} & users(shop, target.control.user_no)
    assert len(everyone(target)) == len(set(everyone(target))) == target.stages[0].after
    assert users(shop, target.control.user_no) == users(shop, target.dropped["holdout"])
    next(b for b in at.main.button if (b.key or "").startswith("see_stage")).click().run()
    assert not at.exception
    box = next(s for s in at.selectbox if s.label == "Who")
    assert {"To contact", "Suppressed", "Bought already", "Could be chosen"} <= set(box.options)


def test_treating_none_as_consenting_leaves_nobody(shop: Store, tmp_path: Path) -> None:
    model_of(shop, tmp_path)
    at = press(consenting(page(about="a0"), "no"), "c_make")
    assert title(at).startswith("0 people to contact")
    assert "Nobody passes all gates" in words(at)
    assert "c_save" not in {b.key for b in at.main.button}, "there is nothing to keep"


def test_a_consent_column_is_asked_in_place_of_the_question(shop: Store, tmp_path: Path) -> None:
    with shop.atomic() as writer:
        writer.run("ALTER TABLE users ADD COLUMN consent_email VARCHAR")
        writer.run("INSERT INTO columns VALUES ('users', 'consent_email', 'consent')")
        writer.run(Query("UPDATE users SET consent_email = 'yes' WHERE user_id IN ('u0', 'u3')"))
    model_of(shop, tmp_path)
    at = page(about="a0")
    assert not [r for r in at.radio if r.key == "assume"]
    assert at.selectbox(key="channel").options == ["email", "every channel there is"]
    at.number_input(key="holdout").set_value(0.0)
    at = press(at, "c_make")
    target = made(at).target
    assert users(shop, target.contacted.user_no) <= {"u0", "u3"}
    assert "u0" in users(shop, target.contacted.user_no)
    assert json.loads(json.dumps(target.campaign.as_json()))["channel"] == "email"


def test_a_segment_with_offers_then_saved(shop: Store, tmp_path: Path) -> None:
    model_of(shop, tmp_path)
    save_segment(shop, Segment("Buyers of a1", Did("purchase")))
    at = people()
    at = consenting(at)
    assert "Choose a segment." in words(at)
    at.selectbox(key="c_people").set_value("Buyers of a1").run()
    at.number_input(key="offers").set_value(1)
    at.number_input(key="holdout").set_value(20.0)
    at = press(at, "c_make")
    found = made(at)
    target = found.target
    assert len(target.contacted) + len(target.control) == 25, "the segment as it stands: all of it by default"
    offered = {row["user_id"]: row["item"] for row in rows(shop, found, tmp_path)}
    assert {user: offered[user] for user in LEFT_OUT & set(offered)} == dict.fromkeys(LEFT_OUT & set(offered), "a0")
    assert "Would it have worked?" not in words(at), "a check against the past needs an item or a category"
    name = next(t for t in at.text_input if t.label == "Name")
    assert name.value == "buyers-of-a1"
    name.set_value("March offers")
    at = press(at, "c_save")
    assert "March offers" in words(at)
    assert "is saved" in words(at)
    saved = list_saved(shop)[0]
    assert (saved.name, saved.contacted, saved.control) == ("March offers", len(target.contacted), len(target.control))
    assert saved.holdout == 0.2
    at = press(at, "c_save")
    assert "There is a saved list" in words(at), "the second of a name is refused in words"


def test_no_offers_need_no_model(shop: Store) -> None:
    at = consenting(people())
    at.segmented_control(key="who").set_value("ids").run()
    at = give(at, "Users to reach", "people.csv", f'user_id\nu1\nu2\n"{HOSTILE}"\nnobody\n')
    assert "A model ranks the users" in words(at)
    at.number_input(key="offers").set_value(0).run()
    at.number_input(key="holdout").set_value(0.0)
    at = press(at, "c_make")
    found = made(at)
    assert users(shop, found.target.contacted.user_no) == {"u1", "u2", HOSTILE}
    assert "not in these data" in words(at)
    for element in (*at.main.markdown, *at.main.caption, *at.main.subheader):
        assert "](http" not in str(element.value)


def test_a_file_that_cannot_be_read_is_refused_in_words(shop: Store) -> None:
    at = people()
    at.segmented_control(key="who").set_value("ids").run()
    at = give(at, "Users to reach", "![x](http://h).csv", "colour,size\nred,1\n")
    said = "\n".join(str(e.value) for e in at.main.error)
    assert "no column of user ids" in said
    assert "](http" not in said


def test_a_hostile_item_is_text_and_its_file_is_defused(shop: Store, tmp_path: Path) -> None:
    model_of(shop, tmp_path)
    at = press(consenting(page(about=FORMULA)), "c_make")
    for text in (*at.main.markdown, *at.main.caption, *at.main.subheader):
        assert "](http" not in str(text.value)
    listed = rows(shop, made(at), tmp_path)
    assert {row["item"] for row in listed} == {"'" + FORMULA}
    assert files.file_name(made(at).target) == "list-hyperlink-http-x-com"


def test_the_manifest_names_the_files_as_they_are_written(shop: Store, tmp_path: Path) -> None:
    model_of(shop, tmp_path)
    at = consenting(page(about="a0"))
    at.number_input(key="holdout").set_value(30.0)
    found = made(press(at, "c_make"))
    for asked in (files.Form(), files.Form(excel=True), files.Form(why=True)):
        told = files.told(shop, found, asked)
        for arm in ("contacted", "control"):
            path = tmp_path / f"{arm}.csv"
            files.write(shop, found, asked, arm, path)
            assert told["files"][arm]["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert not list(shop.exports.iterdir()), "what was written for its digest is gone"


def test_a_changed_question_and_changed_data_are_said(shop: Store, tmp_path: Path) -> None:
    model_of(shop, tmp_path)
    at = press(consenting(page(about="a0")), "c_make")
    assert "The question above has changed" not in words(at)
    at.number_input(key="size").set_value(7).run()
    assert "The question above has changed since this list was made" in words(at)
    put(shop, board())
    at.run()
    said = words(at)
    assert "The data have changed since this list was made" in said
    assert "fit it again" in said.lower()
    assert at.button(key="c_make").disabled
    assert not at.main.get("download_button"), "no file of a list that is out of date"


def test_without_times_it_says_why_nothing_can_be_checked(shop: Store, tmp_path: Path) -> None:
    views = tuple(event(f"u{n}", "view", item=f"i{k}") for n in range(6) for k in range(3) if k != n % 3)
    put(shop, World(events=views))
    model_of(shop, tmp_path)
    at = consenting(page(about="i0"))
    assert [o for o in at.selectbox(key="bought").options if "lately" in o] == []
    at = press(at, "c_make")
    assert users(shop, [*made(at).target.contacted.user_no, *made(at).target.control.user_no]) == {"u0", "u3"}
    assert "have no times, so that no past day" in words(at)


def test_an_item_that_is_not_there_is_refused_in_words(shop: Store, tmp_path: Path) -> None:
    model_of(shop, tmp_path)
    at = press(consenting(page(about="no-such-item")), "c_make")
    assert at.main.error
    assert not at.main.get("plotly_chart")


def test_the_sample_with_its_check_against_a_past_day(sample_workspace: Path, tmp_path: Path) -> None:
    store = opened_copy(sample_workspace, "shop")
    model_of(store, tmp_path)
    at = press(page(about="LL-0076"), "c_make")
    found = made(at)
    assert headline(found.target) == f"500 people to contact, {len(found.target.control)} held out as a control group."
    held = len(found.target.control)
    assert 25 <= held <= 90, "10 % of some 555, within binomial limits"
    at = press(at, "c_backtest")
    said = words(at)
    assert "Had we chosen 500 users on " in said
    assert "for heavy buyers" in said
    assert "by chance" in said
    told = files.told(store, found, files.Form())
    assert told["backtest"]["size"] == 500
    assert {"chance", "heavy-buyers"} <= {way["way"] for way in told["backtest"]["ways"]}
    at.segmented_control(key="size_by").set_value("buyers").run()
    at.number_input(key="buyers").set_value(3)
    at = press(at, "c_make")
    sized = made(at).target
    assert sized.campaign.size is not None
    assert sized.notes[0].startswith("The size follows from 3 expected buyers")
    assert f"of the first {sized.campaign.size:,} users" in words(at)
    at.number_input(key="buyers").set_value(100_000)
    at.button(key="c_make").click().run()
    assert "100,000 buyers cannot be planned for" in words(settled(at))
