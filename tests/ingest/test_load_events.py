"""Events from files written by hand: every stored row is known by eye."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.ingest.types import Mapping
from core.store import Query, Store
from tests.examples import examples
from tests.ingest.loading import events, load_text, mapping, reconciled, rejects, table, workspace


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with workspace(tmp_path) as store:
        yield store


SHOP = """who,what,did,when,n,each,bill
007, A1 ,View,2024-01-02 03:04:05,,,
007,A1,buy,2024-01-02 04:00:00,2,1.25,B1
 ,A2,buy,2024-01-03 00:00:00,1,9.99,B2
8,   ,search,2024-01-03 01:00:00,,,
8,A2,buy,2024-01-04 00:00:00,-1,9.99,B3
8,A3,Refund,2024-01-05 00:00:00,3,2,B4
8,A3,buy,2024-01-05 10:00:00,,4.5,B5
8,A3,,2024-01-05 00:00:00,1,1,B6
8,A3,buy,yesterday,1,1,B7
8,A3,buy,2024-01-06 00:00:00,two,1,B8
8,A3,buy,,1,1,B9
"""


def shop_mapping() -> Mapping:
    roles = {
        "user": "who",
        "item": "what",
        "event__": "did",
        "time": "when",
        "quantity": "n",
        "price": "each",
        "order": "bill",
    }
    return replace(mapping(**roles), events={"buy": "purchase", "Refund": "return"})


def test_every_row_of_a_small_shop(store: Store) -> None:
    report = reconciled(load_text(store, SHOP, shop_mapping()))
    found = events(store, "at_utc", "user_id", "item_id", "event", "quantity", "value", "order_id")
    day = [datetime(2024, 1, d) for d in range(1, 8)]
    assert found == [
        (datetime(2024, 1, 2, 3, 4, 5), "007", "A1", "view", None, None, None),
        (datetime(2024, 1, 2, 4), "007", "A1", "purchase", 2.0, Decimal("2.5"), "B1"),
        (day[2], None, "A2", "purchase", 1.0, Decimal("9.99"), "B2"),
        (datetime(2024, 1, 3, 1), "8", None, "search", None, None, None),
        (day[3], "8", "A2", "return", -1.0, Decimal("-9.99"), "B3"),
        (day[4], "8", "A3", "return", -3.0, Decimal("-6"), "B4"),
        (datetime(2024, 1, 5, 10), "8", "A3", "purchase", None, Decimal("4.5"), "B5"),
        (None, "8", "A3", "purchase", 1.0, Decimal("1"), "B9"),
    ]
    assert rejects(store) == [(9, "did", "missing_event"), (10, "when", "bad_time"), (11, "n", "bad_number")]
    assert (report.rows_read, report.rows_loaded, report.rows_rejected, report.rows_anonymous) == (11, 8, 3, 1)
    assert (report.users, report.items) == (2, 3)
    assert report.events == {"purchase": 4, "return": 2, "search": 1, "view": 1}
    assert report.reasons == {"missing_event": 1, "bad_time": 1, "bad_number": 1}
    assert [row["user_id"] for row in table(store, "users")] == ["007", "8"]


def test_ids_of_rejected_rows_are_not_users(store: Store) -> None:
    load_text(store, "u,i,t\na,x,2024-01-01\nghost,y,never\n", mapping(event="view", user="u", item="i", time="t"))
    assert [row["user_id"] for row in table(store, "users")] == ["a"]
    assert [row["item_id"] for row in table(store, "items")] == ["x"]


def test_white_space_of_any_kind_around_ids(store: Store) -> None:
    text = 'u,i\n"\u00a0a\t",x\n" a\u3000",x\n"\u2003",x\na b,x\n'
    report = load_text(store, text, mapping(event="view", user="u", item="i"))
    assert [row["user_id"] for row in table(store, "users")] == ["a", "a b"]
    assert report.rows_anonymous == 1
    assert [row[0] for row in events(store, "user_id")] == ["a", "a", "a b", None]


def test_numbers_of_users_follow_the_text_of_their_ids(store: Store) -> None:
    load_text(store, "u,i\nb,x\na,x\n", mapping(event="view", user="u", item="i"))
    load_text(store, "u,i\nc,x\n0,x\na,x\n", mapping(event="view", user="u", item="i"), "later.csv")
    found = store.rows(Query("SELECT user_no, user_id FROM users ORDER BY user_no"))
    assert [tuple(row.values()) for row in found] == [(1, "a"), (2, "b"), (3, "0"), (4, "c")]


# ---- what happened in a row


def test_a_rating_and_clicks_become_events_of_their_own(store: Store) -> None:
    text = "user_id,item_id,rating,clicks\n1,a,4.5,3\n1,b,,2\n2,a,3,0\n2,c,,\n"
    how = mapping(user="user_id", item="item_id", rating="rating", count_click="clicks")
    report = reconciled(load_text(store, text, how))
    assert events(store, "user_id", "item_id", "event", "rating", "quantity") == [
        ("1", "a", "click", None, 3.0),
        ("1", "a", "rating", 4.5, None),
        ("1", "b", "click", None, 2.0),
        ("2", "a", "rating", 3.0, None),
    ]
    assert (report.rows_loaded, report.events) == (4, {"click": 2, "rating": 2})
    assert any(note.startswith("1 row holds nothing that happened") for note in report.notes)
    assert any(note.startswith("clicks: 5 click events in all") for note in report.notes)


def test_a_rating_beside_a_purchase_is_kept_once(store: Store) -> None:
    text = "u,i,e,stars,seconds\n1,a,purchase,5,\n1,b,rating,2,\n1,c,view,,30\n"
    load_text(store, text, mapping(user="u", item="i", event__="e", rating="stars", dwell="seconds"))
    assert events(store, "item_id", "event", "rating", "dwell") == [
        ("a", "purchase", None, None),
        ("a", "rating", 5.0, None),
        ("b", "rating", 2.0, None),
        ("c", "view", None, 30.0),
    ]


@pytest.mark.parametrize("bad", ["-1", "1.5", "inf", "some", "2000000000"])
def test_a_count_is_a_whole_number_of_events(store: Store, bad: str) -> None:
    how = mapping(user="u", count_click="n")
    report = reconciled(load_text(store, f"u,n\n1,2\n1,{bad}\n", how))
    assert report.rows_rejected == 1
    assert rejects(store) == [(3, "n", "bad_count")]


def test_a_file_that_names_no_event_tells_by_its_measures(store: Store) -> None:
    load_text(store, "u,p,d\n1,2.5,\n1,,9\n", mapping(user="u", price="p", dwell="d"))
    assert events(store, "event", "value", "dwell") == [("purchase", Decimal("2.5"), None)]
    load_text(store, "u,d\n1,9\n", mapping(user="u", dwell="d"), "views.csv")
    assert events(store, "event", "dwell")[-1] == ("view", 9.0)


# ---- returns and values


RETURNS = "u,bill,n,each\n1,536365,6,2.5\n1,C536379,-1,27.5\n1,581,-2,0\n1,C999,4,1\n"


@pytest.mark.parametrize(
    "rule, expected",
    [
        ("negative", [("C536379", -1.0, "-27.5"), ("581", -2.0, "0")]),
        ("pattern:^C", [("C536379", -1.0, "-27.5"), ("C999", -4.0, "-4")]),
        ("none", []),
    ],
)
def test_which_purchases_are_returns(store: Store, rule: str, expected: list[tuple[str, float, str]]) -> None:
    how = mapping(event="purchase", returns=rule, user="u", order="bill", quantity="n", price="each")
    load_text(store, RETURNS, how)
    returned = [row[1:] for row in events(store, "event", "order_id", "quantity", "value") if row[0] == "return"]
    assert sorted(returned) == sorted((bill, n, Decimal(value)) for bill, n, value in expected)
    total = store.rows(Query("SELECT sum(value) AS net FROM events"))[0]["net"]
    assert total == {"negative": Decimal("-8.5"), "pattern:^C": Decimal("-16.5"), "none": Decimal("-8.5")}[rule]


def test_rows_that_say_return_are_negative_whatever_the_rule(store: Store) -> None:
    text = "u,e,n,v\n1,return,2,10\n1,return,-2,-10\n1,return,,10\n1,return,1,\n"
    load_text(store, text, mapping(returns="none", user="u", event__="e", quantity="n", value="v"))
    assert events(store, "event", "quantity", "value") == [
        ("return", -2.0, Decimal(-10)),
        ("return", -2.0, Decimal(-10)),
        ("return", -1.0, None),
        ("return", None, Decimal(-10)),
    ]


def test_without_quantities_a_negative_amount_is_a_return(store: Store) -> None:
    load_text(store, "u,v\n1,20\n1,-5\n", mapping(event="purchase", user="u", value="v"))
    assert events(store, "event", "value") == [("purchase", Decimal(20)), ("return", Decimal(-5))]


def test_views_of_negative_quantity_are_no_returns(store: Store) -> None:
    load_text(store, "u,n\n1,-5\n", mapping(event="view", user="u", quantity="n"))
    assert events(store, "event", "quantity") == [("view", -5.0)]


def test_a_given_value_wins_over_quantity_times_price(store: Store) -> None:
    how = mapping(event="purchase", user="u", quantity="n", price="p", value="v")
    load_text(store, "u,n,p,v\n1,2,3,5\n1,2,3,\n", how)
    assert events(store, "value") == [(Decimal(5),), (Decimal(6),)]


AMOUNT = st.decimals(-999_999, 999_999, places=4, allow_nan=False, allow_infinity=False)


@settings(max_examples=examples(15))
@given(rows=st.lists(st.tuples(st.one_of(st.integers(-(10**7), 10**7), AMOUNT), AMOUNT), min_size=1, max_size=20))
def test_values_are_exact_to_four_places(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[Decimal, Decimal]]
) -> None:
    text = "u,n,p\n" + "".join(f"1,{n},{p}\n" for n, p in rows)
    with workspace(tmp_path_factory.mktemp("w")) as store:
        load_text(store, text, mapping(event="purchase", returns="none", user="u", quantity="n", price="p"))
        found = sorted(row[0] for row in events(store, "value"))
    exact = [Decimal(str(n)) * p for n, p in rows]
    rounded = sorted(value.quantize(Decimal("0.0001"), rounding="ROUND_HALF_UP") for value in exact)
    assert found == rounded


def test_amounts_too_large_to_hold_are_rejected(store: Store) -> None:
    how = mapping(event="purchase", user="u", quantity="n", price="p")
    report = reconciled(load_text(store, "u,n,p\n1,1,1\n1,1e9,999999999999\n1,1,1e15\n", how))
    assert rejects(store) == [(3, "p", "value_too_large"), (4, "p", "bad_number")]
    assert report.rows_loaded == 1


@pytest.mark.parametrize("cell", ["nan", "inf", "-Infinity", "1e400", "1,5,x", "five", "5%", "--1", "1 2"])
def test_what_is_not_a_number_is_rejected(store: Store, cell: str) -> None:
    how = mapping(event="rating", user="u", rating="r")
    report = reconciled(load_text(store, f'u,r\n1,4\n1,"{cell}"\n1, 3 \n', how))
    assert (report.rows_loaded, report.rows_rejected) == (2, 1)
    assert rejects(store) == [(3, "r", "bad_number")]


# ---- times


@pytest.mark.parametrize(
    "time_format, cell, expected",
    [
        ("iso", "2024-05-01", datetime(2024, 5, 1)),
        ("iso", "2024-05-01T10:00:00Z", datetime(2024, 5, 1, 10)),
        ("iso", "2024-05-01 10:00:00+02:00", datetime(2024, 5, 1, 8)),
        ("iso", "2024-05-01T10:00:00.125-0500", datetime(2024, 5, 1, 15, 0, 0, 125_000)),
        ("iso", " 2024-05-01 10:00 ", datetime(2024, 5, 1, 10)),
        ("%m/%d/%Y %H:%M", "12/1/2010 08:26", datetime(2010, 12, 1, 8, 26)),
        ("%d/%m/%Y", "12/1/2010", datetime(2010, 1, 12)),
        ("%Y-%m-%d %H:%M:%S %z", "2024-05-01 10:00:00 +0200", datetime(2024, 5, 1, 8)),
        ("epoch_s", "964982703", datetime(2000, 7, 30, 18, 45, 3)),
        ("epoch_s", "964982703.25", datetime(2000, 7, 30, 18, 45, 3, 250_000)),
        ("epoch_ms", "964982703125", datetime(2000, 7, 30, 18, 45, 3, 125_000)),
        ("epoch_us", "964982703000001", datetime(2000, 7, 30, 18, 45, 3, 1)),
        ("epoch_s", "-86400", datetime(1969, 12, 31)),
    ],
)
def test_times_are_stored_in_utc(store: Store, time_format: str, cell: str, expected: datetime) -> None:
    load_text(store, f"u,t\n1,{cell}\n", mapping(event="view", user="u", time=f"t@{time_format}"))
    assert events(store, "at_utc") == [(expected,)]


@pytest.mark.parametrize(
    "time_format, cell",
    [
        ("iso", "2024-13-01"),
        ("iso", "infinity"),
        ("iso", "294247-01-01"),
        ("%m/%d/%Y", "13/1/2010"),
        ("epoch_s", "soon"),
        ("epoch_s", "99999999999999"),
        ("epoch_us", "1e40"),
    ],
)
def test_what_is_not_a_time_is_rejected(store: Store, time_format: str, cell: str) -> None:
    good = {"iso": "2024-01-01", "%m/%d/%Y": "1/1/2024"}.get(time_format, "0")
    how = mapping(event="view", user="u", time=f"t@{time_format}")
    reconciled(load_text(store, f"u,t\n1,{good}\n1,{cell}\n", how))
    assert rejects(store) == [(3, "t", "bad_time")]


@pytest.mark.parametrize("without", ["", "who", "when"])
def test_events_lie_in_order_of_user_and_time(store: Store, without: str) -> None:
    """What asks for each user's events in turn (core.behaviour.timeline) reads them as they lie."""
    table = [row.split(",") for row in SHOP.strip().split("\n")]
    kept = [n for n, name in enumerate(table[0]) if name != without]
    text = "\n".join(",".join(row[n] for n in kept) for row in reversed(table[1:]))
    wanted = shop_mapping()
    wanted = replace(wanted, columns=tuple(column for column in wanted.columns if column.column != without))
    load_text(store, ",".join(table[0][n] for n in kept) + "\n" + text + "\n", wanted)
    found = store.rows(Query("SELECT user_no, at_utc, event_no, rowid FROM events ORDER BY rowid"))
    late = datetime(9999, 1, 1)
    keys = [(row["user_no"] or 10**9, row["at_utc"] or late, row["event_no"]) for row in found]
    assert keys == sorted(keys)
    assert len(keys) > 4
    if not without:
        assert [row["event_no"] for row in found] != sorted(row["event_no"] for row in found), "not the file's order"
