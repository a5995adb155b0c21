"""The sample data set: repeatable, small, and telling the truth about itself (each number by a second road, pandas)."""

import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

ROOT = Path(__file__).resolve().parent.parent
SAMPLE = ROOT / "data" / "sample"
FILES = (
    "README.md", "campaign.csv", "events.csv.gz", "items.csv", "truth.json", "truth_items.csv", "truth_users.csv",
    "users.csv",
)  # fmt: skip
SHOPPERS = ("loyal", "regular", "lapsing", "new", "one-off", "window")


def _read(name: str) -> pd.DataFrame:
    return pd.read_csv(SAMPLE / name, dtype=str, keep_default_na=False)


def _number(cells: pd.Series) -> pd.Series:
    return pd.to_numeric(cells, errors="coerce")


@pytest.fixture(scope="module")
def truth() -> dict[str, Any]:
    return json.loads((SAMPLE / "truth.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def raw() -> pd.DataFrame:
    """All rows as text, with the line each stands on in the file."""
    rows = _read("events.csv.gz")
    return rows.assign(line=np.arange(2, len(rows) + 2))


@pytest.fixture(scope="module")
def loaded(raw: pd.DataFrame) -> pd.DataFrame:
    """The rows that a loader keeps, typed, by this file's own reading of the rules."""
    rows = raw.assign(at=pd.to_datetime(raw["event_time"], format="%Y-%m-%dT%H:%M:%SZ", errors="coerce"))
    good = rows["at"].notna() & (rows["event_type"] != "")
    for column in ("quantity", "unit_price", "rating", "dwell_seconds"):
        rows[f"{column}_n"] = _number(rows[column])
        good &= rows[f"{column}_n"].notna() | (rows[column] == "")
    return rows[good]


@pytest.fixture(scope="module")
def clean(loaded: pd.DataFrame, truth: dict[str, Any]) -> pd.DataFrame:
    """What is left once the planted dirt is repaired the way an analyst would; slipped prices get their true value."""
    rows = loaded[~loaded.drop(columns="line").duplicated()]
    rows = rows[rows["at"] < pd.Timestamp(truth["period"]["until"][:-1])]
    rows = rows[~rows["user_id"].isin([*truth["roles"]["bots"], *truth["roles"]["test_ids"]])]
    rows = rows[~rows["item_id"].isin(["POST", "GIFTWRAP", "DISCOUNT"])]
    rows = rows[(rows["unit_price"] == "") | (rows["unit_price_n"] > 0)]
    for slip in truth["dirt"]["price_slips"]:
        line = (rows["order_id"] == slip["order_id"]) & (rows["item_id"] == slip["item_id"])
        rows.loc[line & (rows["event_type"] == "purchase"), "unit_price_n"] = float(slip["true_unit_price"])
    absurd = rows.loc[(rows["quantity_n"] > 5_000) | (rows["unit_price_n"] > 5_000), "order_id"]
    return rows[~rows["order_id"].isin(absurd)]


@pytest.mark.prove
def test_the_generator_writes_the_committed_files_again(tmp_path: Path) -> None:
    """Packed events are compared unpacked: another zlib may pack the same bytes otherwise."""
    program = [sys.executable, str(ROOT / "data" / "make_sample.py"), "--out", str(tmp_path)]
    subprocess.run(program, check=True, capture_output=True, cwd=tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(FILES)
    for name in FILES:
        made, committed = (tmp_path / name).read_bytes(), (SAMPLE / name).read_bytes()
        if name.endswith(".gz"):
            made, committed = gzip.decompress(made), gzip.decompress(committed)
        assert made == committed, f"{name} differs: run `python data/make_sample.py` and commit what it writes"


def test_the_files_are_small_and_the_archive_carries_no_time() -> None:
    sizes = {path.name: path.stat().st_size for path in SAMPLE.iterdir()}
    assert set(FILES) <= set(sizes)
    assert sum(sizes.values()) < 12_000_000
    assert (SAMPLE / "events.csv.gz").read_bytes()[4:8] == b"\0\0\0\0"


def test_sizes_are_those_asked_for(raw: pd.DataFrame) -> None:
    assert 290_000 <= len(raw) <= 310_000
    assert len(_read("users.csv")) == 8_000
    assert len(_read("items.csv")) == 1_200


def test_the_load_expectation_is_what_pandas_counts(
    raw: pd.DataFrame, loaded: pd.DataFrame, truth: dict[str, Any]
) -> None:
    load = truth["load"]
    assert load["rows_read"] == len(raw)
    assert load["rows_rejected"] == len(raw) - len(loaded) == sum(load["rejected_by_reason"].values())
    assert load["rows_loaded_keeping_repeats"] == len(loaded)
    assert load["rows_repeated"] == raw.drop(columns="line").duplicated().sum()
    assert load["rows_repeated"] == loaded.drop(columns="line").duplicated().sum()
    assert load["rows_anonymous"] == (loaded["user_id"] == "").sum()
    assert load["users"] == loaded.loc[loaded["user_id"] != "", "user_id"].nunique()
    assert load["items"] == loaded.loc[loaded["item_id"] != "", "item_id"].nunique()
    assert load["events_as_written"] == loaded["event_type"].value_counts().to_dict()
    kind = loaded["event_type"].mask((loaded["event_type"] == "purchase") & (loaded["quantity_n"] < 0), "return")
    assert load["events_with_returns_negative"] == kind.value_counts().to_dict()


def test_each_reason_for_rejection_is_counted_alone(raw: pd.DataFrame, truth: dict[str, Any]) -> None:
    wrong = {
        "unparseable_time": pd.to_datetime(raw["event_time"], format="%Y-%m-%dT%H:%M:%SZ", errors="coerce").isna(),
        "missing_event_type": raw["event_type"] == "",
        "bad_quantity": _number(raw["quantity"]).isna() & (raw["quantity"] != ""),
        "bad_price": _number(raw["unit_price"]).isna() & (raw["unit_price"] != ""),
        "bad_rating": _number(raw["rating"]).isna() & (raw["rating"] != ""),
    }
    assert {reason: int(rows.sum()) for reason, rows in wrong.items()} == truth["load"]["rejected_by_reason"]
    assert pd.DataFrame(wrong).sum(axis=1).max() == 1


def test_each_kind_of_dirt_is_where_the_truth_says(
    raw: pd.DataFrame, loaded: pd.DataFrame, truth: dict[str, Any]
) -> None:
    planted = truth["dirt"]["events.csv.gz"]
    item_events = loaded["event_type"].isin(["view", "click", "cart", "favourite", "purchase", "return", "rating"])
    rating = loaded["rating_n"]
    found = {
        "missing_item": item_events & (loaded["item_id"] == ""),
        "impossible_rating": rating.notna() & ~rating.between(1, 5),
        "future_date": loaded["at"] >= pd.Timestamp("2026-10-01"),
        "negative_quantity": loaded["quantity_n"] < 0,
        "non_product": loaded["item_id"].isin(["POST", "GIFTWRAP", "DISCOUNT"]),
        "zero_price": loaded["unit_price_n"] == 0,
        "test_id": loaded["user_id"].str.startswith(("test_", "qa-")),
        "quantity_outlier": (loaded["quantity_n"] > 5_000) & (loaded["event_type"] == "purchase"),
        "quantity_outlier_return": (loaded["quantity_n"] > 5_000) & (loaded["event_type"] == "return"),
    }
    for kind, rows in found.items():
        assert loaded.loc[rows, "line"].tolist() == planted[kind]["lines"], kind
    assert all(row["count"] == len(row["lines"]) for row in planted.values())
    lines = [line for row in planted.values() for line in row["lines"]]
    assert len(lines) == len(set(lines))
    assert len(raw) >= max(lines) - 1


def test_repairs_bring_the_key_figures_back(clean: pd.DataFrame, truth: dict[str, Any], loaded: pd.DataFrame) -> None:
    figures = truth["before_dirt"]["all_customers"]
    assert _net_revenue(clean) == pytest.approx(figures["net_revenue"], rel=0.01)
    assert clean.loc[clean["user_id"] != "", "user_id"].nunique() == pytest.approx(figures["users"], rel=0.01)
    bought = clean[(clean["event_type"] == "purchase") & (clean["quantity_n"] > 0)]
    assert bought["order_id"].nunique() == pytest.approx(figures["orders"], rel=0.01)
    orders = bought[bought["user_id"] != ""].groupby("user_id")["order_id"].nunique()
    assert len(orders) == pytest.approx(figures["buyers"], rel=0.01)
    assert (orders >= 2).sum() == pytest.approx(figures["buyers_of_two_or_more_orders"], rel=0.01)
    assert abs(_net_revenue(loaded) / figures["net_revenue"] - 1) > 0.02


def _net_revenue(rows: pd.DataFrame) -> float:
    sign = rows["event_type"].map({"purchase": 1.0, "return": -1.0}).fillna(0.0)
    return float((sign * rows["quantity_n"].fillna(0) * rows["unit_price_n"].fillna(0)).sum())


def test_the_past_campaign_reads_as_its_truth(loaded: pd.DataFrame, truth: dict[str, Any]) -> None:
    campaign, members = truth["campaign"], _read("campaign.csv")
    start, end = (pd.Timestamp(moment[:-1]) for moment in campaign["window"])
    assert end - start == pd.Timedelta(days=campaign["window_days"])
    bought = loaded[(loaded["event_type"] == "purchase") & (loaded["at"] >= start) & (loaded["at"] < end)]
    members = members.assign(bought=members["user_id"].isin(bought["user_id"]))
    rates, variance = {}, 0.0
    for arm in ("contacted", "control"):
        responses = members.loc[members["arm"] == arm, "bought"].to_numpy(dtype=float)
        stated = campaign["realised"][arm]
        assert (stated["users"], stated["buyers"]) == (len(responses), responses.sum())
        rates[arm] = float(responses.mean())
        variance += float(responses.var()) / len(responses)
    difference, error = rates["contacted"] - rates["control"], variance**0.5
    assert difference == pytest.approx(campaign["realised"]["difference"], abs=1e-5)
    assert abs(difference - campaign["true_uplift"]) < error
    assert difference > 1.96 * error
    consent = _read("users.csv").set_index("user_id")["consent_email"]
    assert (consent[members["user_id"]] == "yes").all()


def test_response_falls_with_every_exposure(loaded: pd.DataFrame, truth: dict[str, Any]) -> None:
    """Counted by the time since the latest message instead of by the generator's own numbers."""
    shown = loaded[loaded["event_type"] == "impression"].sort_values("at", kind="stable")
    shown = shown.assign(exposure=shown.groupby(["user_id", "campaign"]).cumcount() + 1)
    clicks = loaded[(loaded["event_type"] == "click") & (loaded["campaign"] != "")].sort_values("at", kind="stable")
    answered = pd.merge_asof(
        clicks.drop_duplicates(["user_id", "campaign", "at"]), shown[["at", "user_id", "campaign", "exposure"]],
        on="at", by=["user_id", "campaign"],
    )["exposure"].value_counts()  # fmt: skip
    sizes = shown["exposure"].value_counts()
    for row in truth["fatigue"]:
        n, true = sizes[row["exposure"]], row["true_click_rate"]
        assert n == row["impressions"]
        realised = answered.get(row["exposure"], 0) / n
        assert realised == pytest.approx(row["realised_click_rate"], abs=0.002)
        assert abs(realised - true) < 3.5 * np.sqrt(true * (1 - true) / n)


def test_bots_never_buy_and_lapsing_users_have_stopped(clean: pd.DataFrame, raw: pd.DataFrame) -> None:
    users = _read("truth_users.csv").set_index("user_id")
    assert users["role"].value_counts()[["bot", "reseller"]].to_dict() == {"bot": 40, "reseller": 10}
    role = raw["user_id"].map(users["role"])
    assert not raw.loc[role == "bot", "event_type"].isin(["cart", "purchase"]).any()
    assert (_number(raw.loc[(role == "reseller") & (raw["event_type"] == "purchase"), "quantity"]) >= 20).all()
    contacted = _read("campaign.csv").query("arm == 'contacted'")["user_id"]
    lapsing = users.index[users["role"] == "lapsing"].difference(pd.Index(contacted))
    orders = clean[(clean["event_type"] == "purchase") & clean["user_id"].isin(lapsing)]
    assert orders["at"].max() < pd.Timestamp("2026-10-01") - pd.Timedelta(days=90)


def test_communities_can_be_found_again(clean: pd.DataFrame) -> None:
    """k-means on shares of categories in views and purchases of users with 15 or more of them."""
    from sklearn.cluster import KMeans
    from sklearn.metrics import adjusted_rand_score

    users, items = (_read(f"truth_{name}.csv").set_index(f"{name[:-1]}_id") for name in ("users", "items"))
    seen = clean[clean["event_type"].isin(["view", "purchase"]) & clean["item_id"].isin(items.index)]
    seen = seen[seen["user_id"].isin(users.index)]
    counts = pd.crosstab(seen["user_id"], seen["item_id"].map(items["category"]))
    counts = counts[counts.sum(axis=1) >= 15]
    shares = counts.div(counts.sum(axis=1), axis=0).to_numpy()
    found = KMeans(8, n_init=5, random_state=0).fit_predict(shares)
    assert adjusted_rand_score(users.loc[counts.index, "community"], found) >= 0.8


def test_ids_contacts_and_consents_are_hard_to_read_wrongly() -> None:
    users, items = _read("users.csv"), _read("items.csv")
    assert users["user_id"].is_unique
    assert users["user_id"].str.fullmatch(r"\d{6}").all()
    assert users["user_id"].str.startswith("0").any()
    assert items["item_id"].str.fullmatch(r"LL-\d{4}").all()
    assert items["title"].str.contains(",").any()
    assert items["title"].str.contains('"').any()
    assert not items["title"].str.cat().isascii()
    assert users["phone"].str.startswith("+").any()
    assert users["phone"].str.startswith("00").any()
    safe = (
        users["email"].str.lower().str.endswith((".test", ".example", "@example.com", "@example.org", "@example.net"))
    )
    assert (safe | (users["email"] == "")).all()
    for channel in ("email", "sms", "post"):
        assert set(users[f"consent_{channel}"]) == {"yes", "no", ""}


def test_dirt_of_items_and_users_is_where_the_truth_says(truth: dict[str, Any]) -> None:
    items, true = _read("items.csv").set_index("item_id"), _read("truth_items.csv").set_index("item_id")
    planted = truth["dirt"]["items.csv"]
    other = (items["category"] != true["category"]) & (items["category"] != "")
    assert items.index[other].tolist() == planted["category_variant"]
    for kind, column, value in (
        ("missing_title", "title", ""), ("missing_price", "price", ""), ("missing_category", "category", ""),
        ("zero_price", "price", "0.00"),
    ):  # fmt: skip
        assert items.index[items[column] == value].tolist() == planted[kind]
    users = _read("users.csv").set_index("user_id")
    mail = users.loc[users["email"] != "", "email"].str.lower()
    twins = {frozenset(ids) for ids in mail.groupby(mail).groups.values() if len(ids) > 1}
    assert twins == {frozenset(pair.split()) for pair in truth["dirt"]["users.csv"]["second_account"]}
    odd_year = _number(users["birth_year"]).notna() & ~_number(users["birth_year"]).between(1920, 2015)
    assert users.index[odd_year].tolist() == truth["dirt"]["users.csv"]["impossible_birth_year"]


def test_the_days_have_an_outage_a_spike_and_a_season(clean: pd.DataFrame, truth: dict[str, Any]) -> None:
    daily = clean.groupby(clean["at"].dt.strftime("%Y-%m-%d")).size()
    assert sorted(daily.nsmallest(2).index) == truth["days"]["outage"]
    assert daily.idxmax() == truth["days"]["spike"]
    orders = clean[clean["event_type"] == "purchase"].groupby(clean["at"].dt.strftime("%Y-%m"))["order_id"].nunique()
    assert set(orders.nlargest(2).index) == {"2025-11", "2025-12"}


def test_watched_items_stand_apart(clean: pd.DataFrame, truth: dict[str, Any]) -> None:
    counts = pd.crosstab(clean["item_id"], clean["event_type"])
    rate = counts["purchase"] / counts["view"]
    usual = truth["watched"]["purchases_per_view_of_other_items"]
    assert rate[[row["item_id"] for row in truth["watched"]["over_watched"]]].max() < usual / 3
    assert rate[[row["item_id"] for row in truth["watched"]["under_watched"]]].min() > 1.5 * usual
