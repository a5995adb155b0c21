"""The page Explain without a browser: fit a model, a user and why, similar users, an item, links, refusals, files."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.explain import Recommended, SharedItem, SimilarUser, item_users, user_portrait, why
from core.recommend import NAMES, USUAL, list_models, load_model
from core.segments import Did, Filter, Segment, Test, count, save_segment
from core.store import Store, close_workspace, list_workspaces, open_workspace
from pages._ui import explain_words
from pages._ui.explain_files import alike_file, parts_file, recommended_file
from tests.pages.drive import opened, words
from tests.pages.explain_shop import FORMULA, HOSTILE, board, errors, fitted, keys, linked, model_of, page, press
from tests.prepared import opened_copy
from tests.segments.people import PEOPLE
from tests.segments.world import World, event, ids, prepare, put


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
    put(store, board())
    return store


def test_before_any_model_the_page_says_what_one_is_for(shop: Store) -> None:
    at = page()
    assert "There is none yet" in words(at)
    models = at.radio(key="fit_model")
    assert [option.partition("**")[2].partition("**")[0] for option in models.options][2] == "Goes together"
    assert len(models.options) == len(USUAL), "the others stand behind More models"
    assert models.value == "item-knn"
    at.toggle(key="fit_more").set_value(True).run()
    assert len(at.radio(key="fit_model").options) == len(NAMES)
    at.toggle(key="fit_more").set_value(False).run()
    assert [b.label for b in at.main.button if b.proto.type == "primary"] == ["Fit it on all the data"]
    at.query_params["user"] = "u0"
    at.run()
    assert "User u0" in words(at), "the portrait needs no model"
    assert "There is none yet" in words(at)


def test_fit_then_the_page_goes_on_by_itself(shop: Store) -> None:
    at = fitted(page(user="u0"))
    model = list_models(shop)[0]
    assert linked(at, "explain_model") == model.model_id
    listed = at.radio(key="explain_list")
    assert listed.value == "a0", "what its whole camp took"
    assert listed.options[0] == r"1\. **a0**"
    why_a0 = why(shop, load_model(shop, model.model_id), "u0", "a0")
    assert why_a0.sentence in words(at)
    assert "Why “a0”?" in words(at)
    assert words(at).count("Exact: the parts add up") + words(at).count("**Exact:**") == 2
    parts, users = (d.value for d in at.main.dataframe)
    for table in (parts, users):
        assert sum(map(float, table["Adds to the score"])) == pytest.approx(why_a0.score, rel=1e-5)
    assert set(parts["Past item"]) == {"a1", "a2", "a3"}
    assert f"The score is {why_a0.score:,.4g}" in words(at)


def test_a_link_opens_the_same_view_for_a_colleague(shop: Store, tmp_path: Path) -> None:
    model_of(shop, tmp_path)
    first = page(user="u0")
    link = {name: linked(first, name) or "" for name in ("user", "explain_model")}
    second = page(**link, why="a2", explain_show="What next, and why")
    assert "User u0" in words(second)
    assert "Why “a2”?" in words(second)
    assert "has had to do with it already" in words(second)
    assert second.radio(key="explain_list").value is None
    second.radio(key="explain_list").set_value("a0").run()
    assert "Why “a0”?" in words(second)
    assert linked(second, "why") == "a0"


def test_an_item_outside_the_list_can_be_asked_about(shop: Store, tmp_path: Path) -> None:
    model_of(shop, tmp_path)
    at = page(user="u0")
    at.text_input(key="explain_find_why").set_value("B1").run()
    found = at.pills(key="explain_find_why_found")
    assert found.options == ["b1 · 9 events"]
    found.set_value("b1").run()
    assert not at.exception
    assert "Why “b1”?" in words(at)
    assert linked(at, "why") == "b1"
    assert at.text_input(key="explain_find_why").value == ""


def test_a_model_older_than_the_data_is_fitted_again(shop: Store, tmp_path: Path) -> None:
    model_of(shop, tmp_path)
    at = page(user="u0")
    old = list_models(shop)[0].model_id
    put(shop, board())
    at.run()
    assert "data have changed" in "".join(w.value for w in at.main.warning)
    assert "fit_again" in keys(at)
    press(at, "fit_again")
    assert at.radio(key="explain_list").value == "a0"
    assert linked(at, "explain_model") not in (old, None)


def test_two_models_and_the_one_in_use(shop: Store, tmp_path: Path) -> None:
    model_of(shop, tmp_path)
    at = page(user="u0")
    at.radio(key="fit_model").set_value("popular").run()
    fitted(at)
    newest, oldest = list_models(shop)
    assert linked(at, "explain_model") == newest.model_id
    assert newest.fit.model.model == "popular"
    assert any("not look at what this user did" in i.value for i in at.main.info)
    at.selectbox(key="explain_model_box").set_value(oldest.model_id).run()
    assert not at.exception
    assert linked(at, "explain_model") == oldest.model_id
    assert at.radio(key="explain_list").value == "a0"


def test_users_are_found_and_drawn(shop: Store) -> None:
    save_segment(shop, Segment("Odd", Did("purchase", where=(Filter("item", "item_id", Test("is", ("b1",))),))))
    save_segment(shop, Segment("Nobody", Did("view")))
    at = page()
    at.text_input(key="explain_find_user").set_value("U1").run()
    assert not at.exception
    assert "Choose a user" in "".join(i.value for i in at.main.info)
    at.selectbox(key="explain_draw_from").set_value("Odd").run()
    odd = ids(shop, item_users(shop, "b1", None))
    drawn = set()
    for _ in range(4):
        press(at, "explain_draw")
        drawn.add(linked(at, "user"))
    assert drawn <= odd
    assert len(drawn) > 1, "chance, not always the first"
    last = linked(at, "user")
    at.selectbox(key="explain_draw_from").set_value("Nobody").run()
    at.button(key="explain_draw").click().run()
    assert "Nobody in “Nobody” has any events" in errors(at)
    assert linked(at, "user") == last


def test_another_user_forgets_what_was_asked_about_the_first(shop: Store) -> None:
    at = page(user="u0", why="b2")
    assert linked(at, "why") == "b2"
    for _ in range(4):
        press(at, "explain_draw")
        if linked(at, "user") != "u0":
            break
    assert linked(at, "why") is None


def test_similar_users_and_what_two_share(shop: Store, tmp_path: Path) -> None:
    model_of(shop, tmp_path)
    at = page(user="u0", explain_show="Similar users")
    table = at.main.dataframe[0].value
    twins = {"u8", "u16"}  # they left out the same item
    assert set(table["User"][:2]) == twins
    assert all(float(text.rstrip(" %")) < 100 for text in table["Similarity"]), "never 100 % alike by three items"
    at.selectbox(key="explain_alike_box").set_value("u8").run()
    assert "share 3 items" in words(at)
    assert "(100.0 % before" in words(at)
    assert linked(at, "alike") == "u8"
    press(at, "explain_alike_go")
    assert "User u8" in words(at)


def test_portrait_history_and_tastes(shop: Store) -> None:
    put(shop, PEOPLE)
    person = user_portrait(shop, "ann")
    at = page(user="ann", explain_show="History")
    metrics = {m.label: m.value for m in at.main.metric}
    assert (metrics["Net revenue"], metrics["Orders"]) == ("30.50", "2")
    assert metrics["Last order"] == f"{person.days_since_order:.0f} days" or "days" in metrics["Last order"]
    assert "no buyer brought more" in words(at)
    assert "here on 1 day." in words(at), "one day is no habit"
    table = at.main.dataframe[0].value
    assert list(table["Item"]) == ["book", "toy", "toy"], "latest first"
    assert list(table["What"]) == ["Purchase", "Purchase", "View"]
    assert "Rating" not in table.columns, "nothing was rated"
    assert "country: **France**" in words(at)
    at = page(user="ann", explain_show="Tastes")
    assert [str(o) for o in at.segmented_control(key="explain_tastes_by").options] == ["Channels"]


def test_an_item_its_buyers_and_the_way_to_a_segment(shop: Store) -> None:
    at = page(about="An item")
    assert "There is none yet" in words(at)
    fitted(at)
    at.query_params["item"] = "a1"
    at.run()
    assert not at.exception
    metrics = {m.label: m.value for m in at.main.metric}
    buyers = len(ids(shop, item_users(shop, "a1", "purchase")))
    assert metrics["Buyers"] == str(buyers) == "10"
    table = at.main.dataframe[0].value
    assert set(table["Item"]) <= {"a0", "a2", "a3", FORMULA}, "nothing of the other camp goes with it"
    at.button(key="see_explain_item").click().run()
    window = "".join(m.value for m in at.markdown)  # a dialog stands beside the main part
    assert f"**{buyers} users** with purchases of “a1”" in window
    at.button(key="explain_item_segment").click().run()
    assert at.segmented_control(key="who").value == "Rules"
    users = next(m.value for m in at.main.metric if m.label == "Users")
    rule = Did("purchase", where=(Filter("item", "item_id", Test("is", ("a1",))),))
    assert int(users) == buyers == count(shop, rule)


def test_lost_links_are_said_and_do_no_harm(shop: Store, tmp_path: Path) -> None:
    model_of(shop, tmp_path)
    at = page(user="nobody of this name", explain_model="gone")
    assert "nobody of this name" in errors(at)
    assert "explain_draw" in keys(at), "another can be chosen"
    at = page(user="never")
    assert "User never" in words(at)
    assert "these are the items that most users take" in words(at), "nobody else has its country: the road is told"
    at = page(about="An item", item="no such item")
    assert "no such item" in errors(at)
    assert not at.exception


def test_hostile_names_stay_text(shop: Store, tmp_path: Path) -> None:
    model_of(shop, tmp_path)
    at = page(user=HOSTILE, why=FORMULA)
    heads = [s.value for s in at.main.subheader]
    assert any(head.count("\\") >= 4 and "User" in head for head in heads)
    for text in (*heads, *(m.value for m in at.main.markdown), *(c.value for c in at.main.caption)):
        assert "](http" not in text
    at = page(about="An item", item=FORMULA)
    assert not at.exception
    assert "](http" not in "".join(s.value for s in at.main.subheader)


def test_without_times_and_without_purchases(shop: Store, tmp_path: Path) -> None:
    views = tuple(event(f"u{n}", "view", item=f"i{k}") for n in range(6) for k in range(3) if k != n % 3)
    put(shop, World(events=views))
    model_of(shop, tmp_path)
    at = page(user="u0")
    assert "have no times" in words(at)
    metrics = {m.label: m.value for m in at.main.metric}
    assert "Orders" not in metrics or metrics["Orders"] == "0"
    assert "Net revenue" not in metrics
    assert at.radio(key="explain_list").value == "i0"
    at = page(about="An item", item="i1")
    assert not at.exception
    assert {m.label: m.value for m in at.main.metric} == {"Views": "4"}


def test_where_no_event_weighs_anything_the_job_says_so(shop: Store) -> None:
    put(shop, World(events=(event("a", "impression", "2024-01-01", item="i"),)))
    at = fitted(page(user="a"))
    assert errors(at)
    assert "fit_start" in keys(at), "the settings can be changed"


def test_files(shop: Store, tmp_path: Path) -> None:
    """Texts are defused, the file with why names no other user, and the parts add up."""

    def rows(name: str) -> list[dict[str, str]]:
        with (tmp_path / name).open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    model = load_model(shop, model_of(shop, tmp_path))
    found = why(shop, model, "u0", "a0")
    for name, of_users in (("items", False), ("users", True)):
        parts_file(found, of_users=of_users)(tmp_path / name)
        lines = rows(name)
        assert lines[-1]["part"] == "score"
        assert sum(float(line["value"]) for line in lines[:-1]) == pytest.approx(float(lines[-1]["value"]), rel=1e-9)
    listed = [Recommended(1, FORMULA, FORMULA, None, 0.5, "=1+1")]
    recommended_file("u0", "Goes together", listed)(tmp_path / "list")
    line = rows("list")[0]
    assert line["title"] == line["item_id"] == "'" + FORMULA
    assert (line["why"], line["category"], line["score"]) == ("'=1+1", "", "0.5")
    assert not any("similar" in column for column in line)
    alike = SimilarUser(FORMULA, 0.2, 0.4, 1, (SharedItem("a", "A", 1.0, 1.0, 1.0),))
    alike_file("u0", [alike])(tmp_path / "alike")
    assert rows("alike")[0]["similar_user_id"] == "'" + FORMULA
    assert "internal_use_user_id" in rows("alike")[0]


@pytest.mark.parametrize(
    ("share", "said"),
    [(None, ""), (0.0, "no buyer brought more"), (0.0001, "< 0.1 % of buyers brought more")],
)
def test_rank_in_words(share: float | None, said: str) -> None:
    assert explain_words.rank(share) == said


def test_the_sample(sample_workspace: Path) -> None:
    opened_copy(sample_workspace, "shop")
    at = opened("explain", ws="shop")
    press(at, "explain_draw")
    fitted(at)
    user = linked(at, "user") or ""
    assert f"User {user}" in words(at)
    assert len(at.radio(key="explain_list").options) == 10
    listed = words(at) + "".join(str(c) for c in at.radio(key="explain_list").proto.captions)
    assert "Suggested because" in listed
    for show in ("Tastes", "Similar users", "History"):
        other = page(user=user, explain_show=show)
        assert not other.main.error, errors(other)
