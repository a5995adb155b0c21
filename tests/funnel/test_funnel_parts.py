"""Conversion by value and what converters do more often: against pandas, scipy, and what the sample was made with."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2_contingency, fisher_exact

from core.behaviour import count_people, holm
from core.errors import Refusal
from core.funnel import (
    By,
    FunnelSpec,
    Trait,
    funnel_breakdown,
    funnel_breakdown_users,
    funnel_trend,
    funnel_trend_users,
    more_often,
    more_often_users,
    read_steps,
    step_funnel,
    step_funnel_users,
)
from core.segments import Compare, Did, EventStep, Segment, Span, read_schema, save_segment
from core.store import Query, Store
from tests.behaviour.world import CATEGORIES, TITLES, E, build, ids
from tests.prepared import copied

VCP = tuple(map(EventStep, ("view", "cart", "purchase")))


@pytest.fixture(scope="module")
def shop(sample_workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with Store(copied(sample_workspace, tmp_path_factory.mktemp("funnel"))) as store:
        yield store


@pytest.fixture(scope="module")
def events(shop: Store) -> pd.DataFrame:
    end = shop.as_of()
    frame = shop.read(Query("SELECT * FROM events WHERE user_no IS NOT NULL AND at_utc < ?", (end,))).to_pandas()
    return frame.sort_values(["user_no", "at_utc", "event_no"], kind="stable")


def in_order(events: pd.DataFrame) -> pd.DataFrame:
    """The earliest view of each user, the earliest cart from then on, the earliest purchase from then on."""
    found = events[events["event"] == "view"].groupby("user_no")["at_utc"].min().rename("view").to_frame()
    for before, event in (("view", "cart"), ("cart", "purchase")):
        later = events[events["event"] == event].merge(found[[before]], left_on="user_no", right_index=True)
        later = later[later["at_utc"] >= later[before]]
        found[event] = later.groupby("user_no")["at_utc"].min()
    return found


def test_each_value_against_pandas(shop: Store, events: pd.DataFrame) -> None:
    found = in_order(events)
    views = events[events["event"] == "view"].merge(found.reset_index(), on="user_no")
    first = views[views["at_utc"] == views["view"]].groupby("user_no")["channel"].first()
    by = funnel_breakdown(shop, FunnelSpec(VCP), By("event", "channel")).table.set_index("value")
    ps = []
    for channel, row in by.iterrows():
        those = found.loc[first[first == channel].index] if channel != "not known" else found.loc[first.isna()]
        others = found.drop(those.index)
        assert row[["s0", "s1", "s2"]].tolist() == [those[c].notna().sum() for c in ("view", "cart", "purchase")]
        k, n, k2, n2 = those["purchase"].notna().sum(), len(those), others["purchase"].notna().sum(), len(others)
        assert row["difference"] == pytest.approx(k / n - k2 / n2)
        assert row["difference_low"] < row["difference"] < row["difference_high"]
        ps.append(chi2_contingency([[k, n - k], [k2, n2 - k2]], correction=False)[1])
        for step in range(3):
            users = funnel_breakdown_users(shop, FunnelSpec(VCP), By("event", "channel"), str(channel), step)
            assert count_people(shop, users) == row[f"s{step}"]
    np.testing.assert_allclose(by["p"], ps, rtol=1e-9)
    np.testing.assert_allclose(by["p_holm"], holm(ps), rtol=1e-9)


def test_other_ways_to_part(shop: Store) -> None:
    spec = FunnelSpec(VCP)
    began = int(step_funnel(shop, spec).table["users"].iloc[0])
    save_segment(shop, Segment("keen", Did("favourite", compare=Compare("at_least", 2))), replace=True)
    for by in (
        By("user", "country"),
        By("user", "birth_year"),
        By("category"),
        By("segment", "keen"),
        By("user", "signup_date"),
    ):
        table = funnel_breakdown(shop, spec, by).table
        assert table["users"].sum() == began
        assert (
            count_people(shop, funnel_breakdown_users(shop, spec, by, table["value"].iloc[0], 2)) == table["s2"].iloc[0]
        )
    with pytest.raises(Refusal, match="no column 'weight'"):
        funnel_breakdown(shop, spec, By("user", "weight"))


def test_what_came_before_against_pandas(shop: Store, events: pd.DataFrame) -> None:
    found = in_order(events)
    found = found[found["cart"].notna()]
    on = found["purchase"].notna()
    answer = more_often(shop, FunnelSpec(VCP), 1)
    assert (answer.went_on, answer.dropped) == (on.sum(), (~on).sum())
    table = answer.table.set_index(["kind", "name", "value"])
    earlier = events.merge(found[["cart"]], left_on="user_no", right_index=True)
    earlier = earlier[earlier["at_utc"] < earlier["cart"]]
    for kind in ("search", "impression", "favourite", "click", "purchase"):
        has = found.index.isin(earlier.loc[earlier["event"] == kind, "user_no"])
        a, c = (has & on).sum(), (has & ~on).sum()
        row = table.xs(("did", kind, ""))
        assert (row["with_on"], row["with_off"]) == (a, c)
        b, d = on.sum() - a, (~on).sum() - c
        cells = np.array([a, b, c, d]) + 0.5
        assert row["odds_ratio"] == pytest.approx(cells[0] * cells[3] / cells[1] / cells[2])
        half = 1.959964 * np.sqrt((1 / cells).sum())
        assert row["high"] == pytest.approx(row["odds_ratio"] * np.exp(half))
        few = np.outer([a + b, c + d], [a + c, b + d]).min() / len(on) < 5
        square = np.array([[a, b], [c, d]])
        p = fisher_exact(square)[1] if few else chi2_contingency(square, correction=False)[1]
        assert row["p"] == pytest.approx(p)
        users = more_often_users(shop, FunnelSpec(VCP), 1, Trait("did", kind), went="off")
        assert count_people(shop, users) == c
    views = earlier[earlier["event"] == "view"].groupby("user_no").size().reindex(found.index, fill_value=0)
    assert table.loc[("views", "", "3 to 9"), "with_on"] == (views.between(3, 9) & on).sum()
    assert not answer.table.loc[answer.table["kind"] == "user", "dated"].any()
    for each in answer.table.iloc[:: len(answer.table) // 6].to_dict("records"):
        trait = Trait(each["kind"], each["name"], each["value"])
        users = more_often_users(shop, FunnelSpec(VCP), 1, trait)
        assert count_people(shop, users) == each["with_on"] + each["with_off"]


def test_what_comes_after_a_step_is_not_looked_at(tmp_path: Path) -> None:
    """Everyone who bought shared it afterwards, or at that very moment; nobody before: no trait may tell."""
    people = []
    for n in range(30):
        people.append(E(f"u{n}", "mug", "view", "2025-03-01 10:00"))
        if n % 2:
            people.append(E(f"u{n}", "mug", "share", "2025-03-01 10:00"))
            people.append(E(f"u{n}", "mug", "cart", "2025-03-02 10:00"))
            people.append(E(f"u{n}", "mug", "comment", "2025-03-02 10:00"))
        if n % 3 == 0:
            people.append(E(f"u{n}", "mug", "search", "2025-03-01 09:00"))
    with build(tmp_path / "w.duckdb", people, titles=TITLES, categories=CATEGORIES) as store:
        found = more_often(store, FunnelSpec(VCP[:2]), 0).table
        assert found[found["kind"] == "did"]["name"].tolist() == ["search"]
        assert ids(store, more_often_users(store, FunnelSpec(VCP[:2]), 0, Trait("did", "search"), went="on")) == {
            f"u{n}" for n in range(30) if n % 3 == 0 and n % 2
        }


def test_planted_conversion_by_channel_and_device_is_found(shop: Store, sample: Path) -> None:
    """A visit's chance of an order was planted by channel and device; it is found within the intervals."""
    facts = json.loads((sample / "truth.json").read_text())
    spec = FunnelSpec(read_steps("*,purchase", read_schema(shop)), per="visits")
    for column, key in (("channel", "channels"), ("device", "devices")):
        found = funnel_breakdown(shop, spec, By("event", column)).table.set_index("value")
        planted = {
            row["name"]: row for row in facts[key] if row["planted_relative_conversion"] and row["name"] in found.index
        }
        assert len(planted) >= 4
        said = found.loc[list(planted)]
        real = np.array([row["share_with_order"] for row in planted.values()])
        # in step with what was planted and realised, whatever a visit is taken to be
        scale = said["s1"].sum() / (real * said["users"]).sum()
        assert ((said["low"] - 0.02 < real * scale) & (real * scale < said["high"] + 0.02)).all()
        relative = [row["planted_relative_conversion"] for row in planted.values()]
        assert np.corrcoef(relative, said["share"])[0, 1] > 0.9


def test_every_bar_opens_its_users(shop: Store) -> None:
    spec = FunnelSpec(VCP, within=Span(7, "days"))
    found = step_funnel(shop, spec)
    for step, users in enumerate(found.table["users"]):
        assert count_people(shop, step_funnel_users(shop, spec, step)) == users
    trend = funnel_trend(shop, spec, "month").table
    for row in trend.iloc[[0, 5, 11]].to_dict("records"):
        assert count_people(shop, funnel_trend_users(shop, spec, "month", row["start"])) == row["converted"]
    assert not trend["complete"].iloc[-1]
    visits = FunnelSpec(VCP, per="visits")
    assert count_people(shop, step_funnel_users(shop, visits, 2)) == step_funnel(shop, visits).people[1]


def test_only_purchases_are_said_in_words(retail_workspace: Path, tmp_path: Path) -> None:
    with Store(copied(retail_workspace, tmp_path)) as store:
        said = step_funnel(store, FunnelSpec(VCP)).problem
        assert said is not None
        assert said.startswith("These data hold no event view and no cart; they hold: purchase, return.")
        again = step_funnel(store, FunnelSpec((EventStep("purchase"),) * 2)).table
        assert again["users"].tolist() == [4_339, 2_845]  # buyers, and those of two or more orders
