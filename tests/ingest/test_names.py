"""What the names of columns say, and how their numbers are written."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.ingest import open_source, relation
from core.ingest.names import hints, plain
from core.ingest.numbers import style
from core.store import Query
from tests.prepared import new_store


@pytest.mark.parametrize(
    "name, role",
    [
        ("CustomerID", "user"), ("user-id", "user"), ("UID", "user"), ("visitorid", "user"), ("StockCode", "item"),
        ("Product ID", "item"), ("ASIN", "item"), ("InvoiceNo", "order"), ("order id", "order"),
        ("transactionId", "order"),
        ("InvoiceDate", "time"), ("ts", "time"), ("下单时间", "time"), ("Qty.", "quantity"), ("UnitPrice", "price"),
        ("Total Amount", "value"), ("event_type", "event"), ("behaviorType", "event"), ("utm_source", "channel"),
        ("dwell_time_ms", "dwell"), ("consent_sms", "consent"), ("opt_in_email", "consent"), ("likes", "count"),
    ],
)  # fmt: skip
def test_names(name: str, role: str) -> None:
    assert hints(name)[0].role == role


def test_names_that_say_nothing() -> None:
    for name in ("column1", "foo", "weather", "x", "", "discount"):
        assert hints(name) == ()
    assert plain("HTTPStatus Code") == "http_status_code"
    assert hints("consent")[0].event == "any"


@pytest.mark.parametrize(
    "values, found",
    [
        (["1,5", "2"], "comma"), (["1.234,5", "2"], "comma"), (["12,34 €"], "comma"), (["1 234,50"], "comma"),
        (["$3.20", "$1,000"], "point"), (["1,234", "12"], "point"), (["-£5"], "point"),
        (["1.5"], None), (["1e5"], None), (["1,2,3"], None), (["tea"], None), ([], None), (["1-2"], None),
    ],
)  # fmt: skip
def test_number_styles(values: list[str], found: str | None) -> None:
    assert style(values) == found


def test_numbers_of_every_style_are_read(tmp_path: Path) -> None:
    path = tmp_path / "n.csv"
    path.write_text('a;b;c\n1.234,50;$1,234.50;x\n-2,5;"€ 3";y\n7;-£1;z\n', encoding="utf-8")
    with new_store(tmp_path / "w.duckdb", reads=[tmp_path]) as store:
        source = open_source(path, spool=store.spool)
        assert source.numbers == (("a", "comma"), ("b", "point"))
        got = store.rows(Query("SELECT * FROM ") + relation(source))
    assert [(r["a"], r["b"]) for r in got] == [("1234.50", "1234.50"), ("-2.5", "3"), ("7", "-1")]
