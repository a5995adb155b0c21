"""The page Results without a browser: no list, a list brought in, its people, a file of responses, withheld."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.behaviour import count_people
from core.campaigns import Campaign, Members, TargetList, write_manifest
from core.experiments import bring_list, list_saved, newcombe, readout, save_list, wilson
from core.jobs import runner_for
from core.store import Store, close_workspace, list_workspaces, open_workspace
from pages._ui import results_words
from pages._ui.results_files import safe
from pages._ui.results_people import _behind, _manifest
from tests.behaviour.world import E, build
from tests.figures.test_experiments_figures import made
from tests.pages.drive import FRAME, ROOT, opened, words
from tests.prepared import opened_copy

SENT = "2025-03-01T00:00:00Z"
CONTACTED, HELD, TOOK, TOOK_ANYWAY = 60, 40, 30, 4


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home folder of the test's own."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("LIMELIGHT_HOME", str(folder))
    yield folder
    for name in list_workspaces():
        store = open_workspace(name, create=False)
        runner_for(store).close()
        close_workspace(store)


def shop(home: Path, *, until: str = "2025-05-01", timed: bool = True) -> Store:
    """Everybody looked in February; in March the first TOOK of the contacted and TOOK_ANYWAY of the others bought."""
    people = [*(f"c{n}" for n in range(CONTACTED)), *(f"k{n}" for n in range(HELD))]
    events = [E(user, "mug", "view", "2025-02-01" if timed else None) for user in people]
    buyers = [*(f"c{n}" for n in range(TOOK)), *(f"k{n}" for n in range(TOOK_ANYWAY))]
    events += [E(user, "mug", "purchase", "2025-03-05" if timed else None, None, 1, 10.0) for user in buyers]
    events.append(E("other", "mug", "view", until if timed else None))
    build(home / "shop.duckdb", events).close()
    return open_workspace("shop", create=False)


def list_file(folder: Path, *, contacted: int = CONTACTED, held: int = HELD, sent: str | None = SENT) -> Path:
    lines = [f"c{n},contacted" for n in range(contacted)] + [f"k{n},control" for n in range(held)]
    head, more = ("user_id,arm,sent_at", f",{sent}") if sent else ("user_id,arm", "")
    path = folder / "spring mail.csv"
    path.write_text("\n".join([head, *(line + more for line in lines)]) + "\n", encoding="utf-8")
    return path


def brought(home: Path, store: Store, name: str = "spring", **more: Any) -> None:
    sizes = {key: more.pop(key) for key in ("contacted", "held") if key in more}
    bring_list(store, name, list_file(home.parent, **sizes), **more)


def page(**address: str) -> AppTest:
    if not address:
        return opened("results", ws="shop")
    at = AppTest.from_file(str(FRAME), default_timeout=60)
    for name, value in {"ws": "shop", **address}.items():
        at.query_params[name] = value
    at.switch_page("../results.py").run()
    assert not at.exception, at.exception
    return at


def metrics(at: AppTest) -> dict[str, str]:
    return {m.label: m.value for m in at.main.metric}


def titles(at: AppTest) -> list[str]:
    return [json.loads(chart.proto.spec)["layout"]["title"]["text"] for chart in at.main.get("plotly_chart")]


def press(at: AppTest, key: str) -> AppTest:
    at.button(key=key).click().run()
    assert not at.exception, at.exception
    return at


def give(at: AppTest, label: str, name: str, text: str) -> AppTest:
    """Put a file into the uploader whose label starts so."""
    uploader = next(u for u in at.file_uploader if u.label.startswith(label))
    uploader.set_value([(name, text.encode(), "text/csv")]).run()
    assert not at.exception, at.exception
    return at


def test_without_data_it_says_what_to_do() -> None:
    at = opened("results")
    assert "Load your own files" in words(at)


def test_without_a_list_it_says_what_one_is_and_how_to_come_by_one(home: Path) -> None:
    shop(home)
    at = page()
    assert "who was sent a campaign, who was held back" in words(at)
    assert at.button(key="bring_do").disabled
    assert at.button(key="results_to_campaigns").label == "Make a list"
    assert not at.main.metric


def test_a_list_is_brought_in_and_read(home: Path) -> None:
    store = shop(home)
    at = give(page(), "List", "spring mail.csv", list_file(home.parent).read_text(encoding="utf-8"))
    named = next(t for t in at.text_input if t.label == "Name of the list")
    assert named.value == "spring mail", "the file's name is proposed"
    press(at, "bring_do")
    saved = list_saved(store)[0]
    assert (saved.contacted, saved.control, saved.days, saved.event) == (CONTACTED, HELD, 28, "purchase")
    said = words(at)
    assert f"“spring mail” is in: {CONTACTED} contacted, {HELD} held back." in said
    read = readout(store, "spring mail")
    assert at.main.subheader[0].value.replace("\\", "").rstrip(".") in read.note
    assert "".join(read.note.split()) in "".join(said.split()), "the whole note is on the page"
    low, high = newcombe(TOOK, CONTACTED, TOOK_ANYWAY, HELD)
    assert metrics(at) == {
        "Contacted: response rate": "50.0 %",
        "Control group: response rate": "10.0 %",
        "Difference": "+40.0 points",
        "Value per head, difference": "+4.00",
    }
    assert f"95 % interval {low * 100:+.1f} to {high * 100:+.1f} points" in said
    assert "30 of 60 users responded" in said
    assert "4 of 40 users responded" in said
    assert titles(at) == [
        "spring mail: response rates, with 95 % intervals",
        "Difference between the groups, with its 95 % interval",
    ]
    table = at.main.dataframe[0].value
    low, high = wilson(TOOK, CONTACTED)
    assert list(table["Group"]) == ["Contacted", "Control group", "Difference"]
    assert list(table["Value per head"]) == ["5.00", "1.00", "+4.00"]
    assert table["95 % interval"][0] == f"{low:.1%} to {high:.1%}".replace("%", " %")
    assert "the window is complete" in said
    assert "What share was planned to be held back is not known" in said
    assert "Who bought anything in these days has responded" in said
    assert "has no manifest" in said


def test_the_users_behind_the_rates(home: Path) -> None:
    """The same counts as the events that were written, and as the readout says."""
    store = shop(home)
    brought(home, store)
    read = readout(store, "spring")
    for arm, users, took in (("contacted", CONTACTED, TOOK), ("control", HELD, TOOK_ANYWAY)):
        for responded, expected in ((None, users), (True, took), (False, users - took)):
            assert count_people(store, _behind(read, arm, responded).users) == expected  # type: ignore[arg-type]
    at = press(page(), "see_list")
    assert [s.label for s in at.selectbox if (s.key or "").startswith("see_list")] == ["Group", "Which users"]
    assert "**60 users** who were contacted" in "\n".join(m.value for m in at.markdown).replace("\\", "")


def test_groups_that_are_not_as_planned_show_no_result(home: Path) -> None:
    store = shop(home)
    brought(home, store, holdout=0.1)
    at = page()
    said = words(at)
    assert metrics(at) == {"Contacted": "60 users", "Control group": "40 users"}
    assert not titles(at)
    assert not at.main.dataframe
    assert "cannot come from the planned 10.0 % held back" in said
    assert "No response rate and no difference is shown" in said
    assert "50.0 %" not in said
    assert "+40" not in said
    press(at, "see_list")
    assert [s.label for s in at.selectbox if (s.key or "").startswith("see_list")] == ["Group"], "nor who responded"


def test_sizes_that_fit_the_plan_are_said_to(home: Path) -> None:
    store = shop(home)
    brought(home, store, holdout=0.4)
    at = page()
    assert "That fits the planned 40.0 % held back" in words(at)
    assert metrics(at)["Difference"] == "+40.0 points"


def test_without_a_control_group_there_is_no_difference(home: Path) -> None:
    store = shop(home)
    brought(home, store, held=0)
    at = page()
    assert metrics(at)["Difference"] == "–"
    assert metrics(at)["Contacted: response rate"] == "50.0 %"
    assert len(titles(at)) == 1
    assert "Without a control group nothing can be said" in words(at)


def test_a_window_that_is_not_over_is_said_to_be(home: Path) -> None:
    store = shop(home, until="2025-03-10")
    brought(home, store)
    at = page()
    assert "the window is not complete yet" in words(at)
    assert metrics(at)["Difference"] == "+40.0 points"


def test_a_list_sent_after_the_end_of_the_data(home: Path) -> None:
    store = shop(home)
    brought(home, store, sent_at=datetime(2025, 6, 1))
    at = page()
    assert "nothing can be read yet" in words(at)
    assert metrics(at).get("Difference", "–") == "–"


def test_data_without_times(home: Path) -> None:
    store = shop(home, timed=False)
    brought(home, store)
    at = page()
    assert metrics(at).get("Difference", "–") == "–"
    assert at.main.error or at.main.warning or at.main.info


def test_a_file_of_responses_in_place_of_the_events(home: Path) -> None:
    store = shop(home)
    brought(home, store)
    at = give(page(), "File of responses", "../answers.csv", "user_id\nc0\nc1\nc2\nk0\nnobody\n")
    said = words(at)
    assert "3 of 60 users responded" in said
    assert "1 of 40 users responded" in said
    assert "Read against the file ../answers.csv, not against the events." in said.replace("**", "")
    assert "1 id of answers.csv is in neither group." in said
    press(at, "responses_away")
    assert "30 of 60 users responded" in words(at)


def test_a_file_of_responses_that_cannot_be_read_is_refused(home: Path) -> None:
    store = shop(home)
    brought(home, store)
    at = give(page(), "File of responses", "answers.csv", "name,mark\nc0,1\n")
    assert at.main.error
    assert "answers.csv has no column" in at.main.error[0].value.replace("\\", "")
    assert "30 of 60 users responded" in words(at), "below: what the events say"


def test_a_list_without_a_day_of_sending_is_refused_then_taken(home: Path) -> None:
    store = shop(home)
    text = list_file(home.parent, sent=None).read_text(encoding="utf-8")
    at = press(give(page(), "List", "spring.csv", text), "bring_do")
    assert "does not say when it was sent" in at.main.error[0].value
    day = next(d for d in at.date_input if d.label.startswith("Sent on"))
    day.set_value(datetime(2025, 3, 1).date())
    next(n for n in at.number_input if n.label == "Days that count").set_value(2)
    next(n for n in at.number_input if n.label.startswith("Planned")).set_value(40.0)
    next(t for t in at.text_input if t.label.startswith("Only responses")).set_value("mug, pot")
    press(at, "bring_do")
    saved = list_saved(store)[0]
    assert (saved.sent_at, saved.days, saved.holdout, saved.items) == (datetime(2025, 3, 1), 2, 0.4, ("mug", "pot"))
    assert metrics(at)["Contacted: response rate"] == "0.0 %", "all bought on the fifth day"


def test_choose_link_and_delete(home: Path) -> None:
    store = shop(home)
    brought(home, store, "first")
    brought(home, store, "second", days=14)
    at = page()
    assert at.selectbox(key="list").options == ["second", "first"], "the newest first"
    at.selectbox(key="list").set_value("first").run()
    assert "Responses count for 28 days" in words(at)
    linked = page(list="first")
    assert linked.selectbox(key="list").value == "first"
    lost = page(list="third")
    assert "“third” that this workspace does not hold" in words(lost)
    press(at, "list_delete_do")
    assert "“first” has been deleted." in words(at)
    assert "does not hold" not in words(at)
    assert [s.name for s in list_saved(store)] == ["second"]
    press(at, "list_delete_do")
    assert "No list has been saved yet" in words(at)


def test_a_list_made_here_hands_over_its_manifest(home: Path, tmp_path: Path) -> None:
    """The button's bytes are those of the file that the command line writes."""
    store = shop(home)
    none = np.zeros((2, 0), dtype=np.int32)
    pair = [
        Members(np.array(n, np.int32), np.array([1, 2], np.int32), np.full(2, np.nan), none) for n in ([0, 1], [2, 3])
    ]
    target = TargetList(Campaign("ids", ids="0" * 64, holdout=0.5), pair[0], pair[1], (), {}, (), {})
    told = {"limelight": "1", "stages": [{"stage": "size", "in": 4, "out": 2}], "words": "é"}
    with store.atomic(data=False) as writer:
        saved = save_list(writer, "mine", target, told, sent_at=datetime(2025, 3, 1))
    write_manifest(told, tmp_path / "told.json")
    assert _manifest(store, saved) == (tmp_path / "told.json").read_bytes()
    assert json.loads(_manifest(store, saved)) == told
    at = page()
    assert "Manifest" in [getattr(b, "label", None) for b in at.main.get("download_button")]
    assert "has no manifest" not in words(at)


@pytest.mark.parametrize("name", ["a/b.csv", "..", "x" * 300 + ".csv", "é\u202egpj.csv", "con:1?.csv"])
def test_a_files_name_is_never_a_path(name: str) -> None:
    kept = safe(name)
    assert kept
    assert len(kept) <= 60
    assert not set(kept) & set('/\\:?"<>|')
    assert kept.strip(".") == kept


def test_the_words_of_a_readout() -> None:
    read = made()
    assert results_words.headline(read) == ("It worked.", "So it did. Mind.")
    assert results_words.intervals(read)["control"] == pytest.approx((0.0937, 0.1691), abs=5e-4)
    assert results_words.value_words(read.effect) == ("+5.10", "-1.00 to +11.20")
    assert results_words.difference_words(read.effect)[1] == "+2.1 to +10.8 points"


@pytest.mark.slow
def test_the_samples_past_campaign(home: Path, sample_workspace: Path) -> None:
    """Against the rates in the sample's own account (truth.json)."""
    store = opened_copy(sample_workspace, "shop")
    bring_list(store, "come-back-candles", ROOT / "data" / "sample" / "campaign.csv", holdout=0.2)
    at = page()
    said = words(at)
    assert metrics(at)["Contacted: response rate"] == "19.5 %"
    assert metrics(at)["Control group: response rate"] == "12.7 %"
    assert metrics(at)["Difference"] == "+6.8 points"
    assert "234 of 1,200 users responded" in said
    assert "38 of 300 users responded" in said
    assert "That fits the planned 20.0 % held back" in said
