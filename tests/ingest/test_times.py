"""Time formats: each way of writing a moment is named, and the format named reads it back."""

from __future__ import annotations

from datetime import datetime

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.ingest import typed
from core.ingest.times import candidates, spoken, swapped

MOMENT = datetime(2023, 5, 17, 20, 26, 11)


@pytest.fixture(scope="module")
def connection() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("SET GLOBAL TimeZone = 'UTC'")
    return connection


def read(connection: duckdb.DuckDBPyConnection, text: str, time_format: str) -> datetime | None:
    row = connection.execute(f"SELECT {typed.moment('v', time_format)} FROM (SELECT ? AS v)", [text]).fetchall()[0]
    return row[0]


@pytest.mark.parametrize(
    "text, expected, precision",
    [
        ("2023-05-17 20:26:11", "iso", "second"),
        ("2023-05-17T20:26:11", "iso", "second"),
        ("2023-05-17T20:26:11Z", "iso", "second"),
        ("2023-05-17T20:26:11.000Z", "iso", "second"),
        ("2023-05-17T22:26:11+02:00", "iso", "second"),
        ("2023-05-17 15:26:11-05", "iso", "second"),
        ("2023-05-17 20:26:11 UTC", "iso", "second"),
        ("2023-05-17 20:26", "iso", "minute"),
        ("2023-05-17", "iso", "day"),
        ("2023-05-17 20", "%Y-%m-%d %H", "hour"),
        ("2023-17-05 20:26:11", "%Y-%d-%m %H:%M:%S", "second"),
        ("5/17/2023 20:26", "%m/%d/%Y %H:%M", "minute"),
        ("05/17/2023 8:26:11 PM", "%m/%d/%Y %I:%M:%S %p", "second"),
        ("5/17/23 8:26pm", "%m/%d/%y %I:%M%p", "minute"),
        ("5/17/23", "%m/%d/%y", "day"),
        ("17/05/2023", "%d/%m/%Y", "day"),
        ("17/5/2023 20:26:11", "%d/%m/%Y %H:%M:%S", "second"),
        ("17.05.2023 20:26", "%d.%m.%Y %H:%M", "minute"),
        ("17-05-2023", "%d-%m-%Y", "day"),
        ("2023/5/17 20:26", "%Y/%m/%d %H:%M", "minute"),
        ("2023.05.17", "%Y.%m.%d", "day"),
        ("17 May 2023", "%d %b %Y", "day"),
        ("17-May-2023 20:26", "%d-%b-%Y %H:%M", "minute"),
        ("May 17, 2023 8:26 PM", "%b %d, %Y %I:%M %p", "minute"),
        ("17/May/2023 20:26:11", "%d/%b/%Y %H:%M:%S", "second"),
        ("Wed May 17 20:26:11 +0000 2023", "%a %b %d %H:%M:%S %z %Y", "second"),
        ("Wed, 17 May 2023 20:26:11 GMT", "%a, %d %b %Y %H:%M:%S GMT", "second"),
        ("2023年5月17日", "%Y年%m月%d日", "day"),
        ("2023年05月17日 20:26", "%Y年%m月%d日 %H:%M", "minute"),
        ("20230517", "%Y%m%d", "day"),
        ("202305172026", "%Y%m%d%H%M", "minute"),
        ("20230517202611", "%Y%m%d%H%M%S", "second"),
        ("1684355171", "epoch_s", "second"),
        ("1684355171.0", "epoch_s", "second"),
        ("1684355171000", "epoch_ms", "second"),
        ("1684355171000000", "epoch_us", "second"),
    ],
)
def test_a_moment_is_read_back(connection: duckdb.DuckDBPyConnection, text: str, expected: str, precision: str) -> None:
    assert expected in candidates([text]).formats
    zero = {"day": ("hour", "minute", "second"), "hour": ("minute", "second"), "minute": ("second",), "second": ()}
    wanted = MOMENT.replace(**dict.fromkeys(zero[precision], 0))  # type: ignore[arg-type]
    assert read(connection, text, expected) == wanted


@pytest.mark.parametrize(
    "text", ["blue", "12", "3.50", "u17", "SKU-2023", "10:26", "1-2-3-4", "85123A", "2023", "+44 20 7946 0958"]
)
def test_what_is_no_time(text: str) -> None:
    assert candidates([text]).formats == ()


def test_order_of_the_candidates_is_custom() -> None:
    assert candidates(["01/02/2023"]).formats[0] == "%m/%d/%Y", "slashes: month first"
    assert candidates(["01.02.2023"]).formats[0] == "%d.%m.%Y", "dots: day first"


def test_most_values_must_look_like_times() -> None:
    assert candidates(["2023-05-17", "", "2023-05-18"]).formats == ("iso",)
    assert candidates(["2023-05-17", "blue", "red"]).formats == ()


@given(st.datetimes(datetime(1990, 1, 1), datetime(2040, 1, 1)), st.sampled_from("/.-"))
def test_swapping_is_its_own_inverse_and_swaps(moment: datetime, mark: str) -> None:
    for found in candidates([moment.strftime(f"%d{mark}%m{mark}%Y")]).formats:
        twin = swapped(found)
        assert twin is not None
        assert swapped(twin) == found
        assert {spoken(found), spoken(twin)} == {"day first", "month first"}


def test_spoken() -> None:
    assert spoken("%Y/%m/%d") == "year first"
    assert spoken("%d-%b-%Y") == "day first"
    assert spoken("epoch_ms") == "milliseconds since 1970"
    assert swapped("%Y%m%d") is None
