"""Rules on random data against pandas: the same members by grouping and merging, without SQL and without the oracle."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from core.segments import (
    Ago,
    At,
    Beside,
    Compare,
    Did,
    Earlier,
    EventStep,
    Ever,
    Filter,
    Last,
    Moment,
    Order,
    Prop,
    Regularly,
    Resumed,
    Rule,
    Schema,
    Span,
    Sql,
    Stopped,
    Test,
    Top,
    Window,
    compile_rule,
    read_schema,
)  # fmt: skip
from core.store import Store
from tests.prepared import new_store
from tests.segments.world import ids, prepare

AS_OF = pd.Timestamp("2024-03-01")
_USERS, _EVENTS = 400, 9_000
_EMAIL = (Filter("event", "channel", Test("is", ("email",))),)


@pytest.fixture(scope="module")
def log() -> pd.DataFrame:
    """Events: user, event, item, at (some NaT, some past as_of), order_id, quantity, value (cents), rating, channel."""
    rng = np.random.default_rng(7)
    event = rng.choice(["view", "cart", "purchase", "return"], _EVENTS, p=[0.6, 0.2, 0.15, 0.05])
    sign = np.where(event == "return", -1, 1)
    hours = pd.Series(rng.integers(0, 24 * 65, _EVENTS))  # from 1 January, whole hours: ties and borders are common
    frame = pd.DataFrame(
        {
            "user": np.char.add("u", (rng.pareto(1, _EVENTS) * 30).astype(int).clip(0, _USERS - 1).astype(str)),
            "event": event,
            "item": np.char.add("i", rng.integers(0, 8, _EVENTS).astype(str)),
            "at": (pd.Timestamp("2024-01-01") + pd.to_timedelta(hours, unit="h")).astype("datetime64[us]"),
            "order_id": np.char.add("o", rng.integers(0, 4_000, _EVENTS).astype(str)),
            "quantity": sign * rng.integers(1, 4, _EVENTS).astype(float),
            "cents": pd.array(sign * rng.integers(0, 400, _EVENTS) * 25, dtype="Int64"),
            "rating": rng.choice([1.0, 3.0, 4.5], _EVENTS),
            "channel": rng.choice(["email", "web"], _EVENTS),
        }
    )
    for column in ("item", "at", "quantity", "cents", "rating", "channel"):
        frame.loc[rng.random(_EVENTS) < 0.05, column] = None
    return frame


@pytest.fixture(scope="module")
def people(log: pd.DataFrame) -> pd.DataFrame:
    """Everyone: index user; country, joined."""
    rng = np.random.default_rng(8)
    every = pd.Index([f"u{n}" for n in range(_USERS)], name="user")
    days = pd.Series(rng.integers(0, 20_000, _USERS), index=every)
    joined = pd.Timestamp("1970-01-01") + pd.to_timedelta(days, unit="D") + pd.Timedelta(hours=7)
    names = rng.choice(["France", "Spain", "New Caledonia", "a.b", "a+b", "100%"], _USERS)
    frame = pd.DataFrame({"country": names, "joined": joined.astype("datetime64[us]")}, index=every)
    for column in ("country", "joined"):
        frame.loc[rng.random(_USERS) < 0.1, column] = None
    return frame


@pytest.fixture(scope="module")
def shop(log: pd.DataFrame, people: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with new_store(tmp_path_factory.mktemp("random") / "shop.duckdb") as store:
        prepare(store)
        who = pa.Table.from_pandas(people.reset_index(), preserve_index=False)
        what = pa.Table.from_pandas(log, preserve_index=False)
        with store.atomic() as writer, writer.table("who", who), writer.table("what", what):
            row = "(1, 'events', '[]', '{}', 0, 0, 0, 0, 0, 0, 0, TIMESTAMP '2030-01-01', NULL, 'append', 0, 0)"
            writer.run(f"INSERT INTO batches VALUES {row}")
            writer.run(
                "INSERT INTO users BY NAME "
                'SELECT row_number() OVER ()::INTEGER AS user_no, "user" AS user_id, country, joined FROM who'
            )
            writer.run(
                "INSERT INTO items BY NAME SELECT row_number() OVER ()::INTEGER AS item_no, item AS item_id "
                "FROM (SELECT DISTINCT item FROM what WHERE item IS NOT NULL)"
            )
            writer.run(
                'INSERT INTO events BY NAME SELECT u.user_no, i.item_no, event, "at" AS at_utc, order_id, quantity, '
                "(cents / 100.0)::DECIMAL(18, 4) AS value, rating, channel, 1 AS batch_no "
                'FROM what w JOIN users u ON u.user_id = w."user" LEFT JOIN items i ON i.item_id = w.item'
            )
        yield store


@cache
def schema_of(store: Store) -> Schema:
    return read_schema(store)


def answer(store: Store, rule: Rule) -> set[str]:
    return ids(store, compile_rule(rule, schema_of(store), AS_OF.to_pydatetime()))


def inside(log: pd.DataFrame, window: Window) -> pd.DataFrame:
    """The events of a window; of one beside an event, with the column `from` of the users who have it."""
    seen = log[log["at"] < AS_OF]
    match window:
        case Ever():
            return log[~(log["at"] >= AS_OF)]
        case Last(n):
            return seen[seen["at"] >= AS_OF - pd.Timedelta(days=n)]
        case Earlier(n):
            return seen[seen["at"] < AS_OF - pd.Timedelta(days=n)]
        case Beside(side, step, which, within):
            anchors = seen[seen["event"] == step.event]
            if step.where:
                anchors = anchors[anchors["channel"] == "email"]
            joined = seen.merge(
                anchors.groupby("user")["at"].agg("min" if which == "first" else "max").rename("from"), on="user"
            )
            gap = (joined["at"] - joined["from"]) * (1 if side == "after" else -1)
            far = pd.Timedelta.max if within is None else pd.Timedelta(days=within.n)
            return joined[(gap > pd.Timedelta(0)) & (gap <= far)]
        case _:
            raise TypeError(window)


def has_window(log: pd.DataFrame, window: Window) -> set[str]:
    """The users who have the window at all."""
    if not isinstance(window, Beside):
        return {f"u{n}" for n in range(_USERS)}
    found = log[(log["at"] < AS_OF) & (log["event"] == window.step.event)]
    return set(found[found["channel"] == "email"]["user"] if window.step.where else found["user"])


_MEASURED: dict[str, Callable[[pd.DataFrame], pd.Series]] = {
    "events": lambda rows: rows.groupby("user").size(),
    "days": lambda rows: rows.assign(day=rows["at"].dt.floor("D")).groupby("user")["day"].nunique(),
    "quantity": lambda rows: rows.groupby("user")["quantity"].sum(min_count=1),
    "value": lambda rows: rows.groupby("user")["cents"].sum(min_count=1) / 100,
    "rating": lambda rows: rows.groupby("user")["rating"].sum(min_count=1),
    "mean_rating": lambda rows: rows.groupby("user")["rating"].mean(),
    "mean_value": lambda rows: rows.groupby("user")["cents"].mean() / 100,
    "mean_quantity": lambda rows: rows.groupby("user")["quantity"].mean(),
    "orders": lambda rows: rows.groupby("user")["order_id"].nunique(),
}
_WINDOWS: tuple[Window, ...] = (
    Ever(), Last(20), Earlier(30),
    Beside("before", EventStep("purchase"), "first"), Beside("after", EventStep("purchase")),
    Beside("after", EventStep("cart", _EMAIL), "first", Span(10)),
    Beside("before", EventStep("return"), "last", Span(5)),
)  # fmt: skip


_COMPARES = (
    Compare("at_least", 3), Compare("at_most", 2), Compare("between", 0, 25.5), Compare("exactly", 0),
)  # fmt: skip


@pytest.mark.parametrize("window", _WINDOWS, ids=str)
@pytest.mark.parametrize("event", ["view", "purchase"])
def test_did(shop: Store, log: pd.DataFrame, event: str, window: Window) -> None:
    rows = inside(log, window)
    known = has_window(log, window)
    for place, (measure, measured) in enumerate(_MEASURED.items()):
        if measure == "orders" and event == "view":
            continue
        net = event == "purchase" and measure in ("quantity", "value")
        of = rows[rows["event"].isin([event, "return"] if net else [event])]
        empty = 0.0 if not measure.startswith("mean_") else np.nan
        amounts = (
            measured(of)
            .astype(float)
            .reindex(sorted(set(of["user"])))
            .reindex(sorted(known | set(of["user"])), fill_value=empty)
        )
        for compare in (_COMPARES[place % 4], _COMPARES[(place + 1) % 4]):
            expected = {str(u) for u, x in amounts.items() if compare.holds(x)}
            rule = Did(event, measure, compare, window)  # type: ignore[arg-type]
            assert answer(shop, rule) == expected, rule


def test_top_beside_an_event(shop: Store, log: pd.DataFrame) -> None:
    window = Beside("before", EventStep("purchase"))
    rows = inside(log, window)
    amounts = rows[rows["event"] == "view"].groupby("user").size()
    upto = amounts.value_counts().sort_index(ascending=False).cumsum()
    cut = min(upto.index, key=lambda v: (abs(upto[v] - 0.2 * len(amounts)), -upto[v]))
    assert answer(shop, Top("events", 0.2, "view", window)) == set(amounts[amounts >= cut].index)


@pytest.mark.parametrize("same", [False, True])
@pytest.mark.parametrize("days", [None, 2, 20])
def test_a_cart_and_no_purchase(shop: Store, log: pd.DataFrame, days: int | None, same: bool) -> None:
    far = pd.Timedelta.max if days is None else pd.Timedelta(days=days)
    seen = log[log["at"] < AS_OF]
    carts = seen[(seen["event"] == "cart") & (seen["at"] >= AS_OF - pd.Timedelta(days=30))]
    carts = carts[carts["item"].notna()] if same else carts
    carts = (carts if days is None else carts[carts["at"] + far <= AS_OF]).reset_index(names="line")
    keys = ["user", "item"] if same else ["user"]
    pairs = carts.merge(seen[seen["event"] == "purchase"][[*keys, "at"]], on=keys, suffixes=("", "_then"))
    gap = pairs["at_then"] - pairs["at"]
    followed = set(pairs[(gap > pd.Timedelta(0)) & (gap <= far)]["line"])
    expected = set(carts[~carts["line"].isin(followed)]["user"])
    within = None if days is None else Span(days)
    rule = Order(EventStep("cart"), EventStep("purchase"), within, Last(30), same_item=same, absent=True)
    assert 0 < len(expected) < _USERS
    assert answer(shop, rule) == expected


def test_props(shop: Store, people: pd.DataFrame) -> None:
    joined, country = people["joined"], people["country"]
    last_day = (AS_OF - pd.Timedelta(microseconds=1)).normalize()
    days = {(d.month, d.day) for d in pd.date_range(last_day, periods=40)}
    day = pd.Timestamp("1999-12-31")
    cases: list[tuple[str, Test, pd.Series]] = [
        ("joined", Test("in_month", (2, 11)), joined.dt.month.isin([2, 11])),
        ("joined", Test("after", (day.date(),)), joined >= day + pd.Timedelta(days=1)),
        ("joined", Test("next_days", (300,)), (joined >= AS_OF) & (joined < AS_OF + pd.Timedelta(days=300))),
        ("joined", Test("anniversary_within", (40,)), joined.map(lambda d: (d.month, d.day) in days)),
        ("country", Test("matches", (r"^.\+|%$|^N\w+ C",)), country.str.contains(r"^.\+|%$|^N\w+ C", na=False)),
    ]
    for column, test, holds in cases:
        expected = set(people.index[holds.fillna(False).astype(bool) & people[column].notna()])
        assert 0 < len(expected) < _USERS
        assert answer(shop, Prop(column, test)) == expected, test


@pytest.mark.parametrize("same", [False, True])
@pytest.mark.parametrize("days", [None, 2, 20])
def test_a_cart_then_a_purchase(shop: Store, log: pd.DataFrame, days: int | None, same: bool) -> None:
    seen = inside(log, Last(30))
    seen = seen[seen["item"].notna()] if same else seen
    keys = ["user", "item"] if same else ["user"]
    parts = [seen[seen["event"] == word][[*keys, "at"]] for word in ("cart", "purchase")]
    pairs = parts[0].merge(parts[1], on=keys, suffixes=("", "_then"))
    gap = pairs["at_then"] - pairs["at"]
    far = pd.Timedelta.max if days is None else pd.Timedelta(days=days)
    expected = set(pairs[(gap > pd.Timedelta(0)) & (gap <= far)]["user"])
    within = None if days is None else Span(days)
    assert 0 < len(expected) < _USERS
    assert answer(shop, Order(EventStep("cart"), EventStep("purchase"), within, Last(30), same_item=same)) == expected


@pytest.mark.parametrize("event", ["view", "purchase"])
def test_rhythm(shop: Store, log: pd.DataFrame, event: str) -> None:
    ats = log[(log["at"] < AS_OF) & (log["event"] == event)].sort_values("at")[["user", "at"]]
    ago = AS_OF - ats["at"]
    first, last = ats.groupby("user")["at"].min(), ats.groupby("user")["at"].max()
    week, month = pd.Timedelta(days=7), pd.Timedelta(days=30)
    # week 1 is [as_of - 7 days, as_of): an event just at its beginning belongs to it
    beat = (ago.dt.total_seconds() * 1e6 - 1) // 604_800_000_000
    weeks = ats.assign(beat=beat)[beat < 6].groupby("user")["beat"].nunique()
    earlier = ats[(ago > week) & (ago <= week + month)].groupby("user").size()
    lately = set(ats[ago <= week]["user"])
    pause = ats.groupby("user")["at"].diff()
    cases: list[tuple[Rule, set[str]]] = [
        (Moment("first", event, Last(30)), set(first[first >= AS_OF - month].index)),
        (Moment("last", event, Earlier(7)), set(last[last < AS_OF - week].index)),
        (Regularly(event, 3, 6), set(weeks[weeks >= 3].index)),
        (Stopped(event, Span(7), Span(30), 2), set(earlier[earlier >= 2].index) - lately),
        (Stopped(event, Span(1, "weeks")), set(ats["user"]) - lately),
        (
            Resumed(event, Span(12), Span(1, "weeks")),
            set(ats[(ago <= week) & (pause >= pd.Timedelta(days=12))]["user"]),
        ),
    ]
    for rule, expected in cases:
        assert 0 < len(expected) < _USERS, rule
        assert answer(shop, rule) == expected, rule


def test_another_moment_and_own_sql(shop: Store, log: pd.DataFrame) -> None:
    then = AS_OF - pd.Timedelta(days=14)
    bought = log[(log["event"] == "purchase") & ~(log["at"] >= then)].groupby("user")["order_id"].nunique()
    expected = set(bought[bought >= 2].index)
    rule = Did("purchase", compare=Compare("at_least", 2))
    assert answer(shop, At(Ago(14), rule)) == answer(shop, At(then.to_pydatetime(), rule)) == expected
    rated = log[~(log["at"] >= AS_OF)].groupby("user")["rating"].mean()
    own = Sql("SELECT user_no FROM events GROUP BY user_no HAVING avg(rating) > 3")
    assert answer(shop, own) == set(rated[rated > 3].index)
