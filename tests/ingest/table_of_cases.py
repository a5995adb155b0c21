"""Kinds of files, one a line: how each is made, what a person must say, and what must come of it. See docs/files.md."""

# ruff: noqa: E501  # a line each, read side by side

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq

Files = dict[str, bytes]
"""Path inside a folder of its own -> content."""


@dataclass(frozen=True)
class Case:
    """One kind of file.

    Attributes:
        name: what kind it is, in words of the reader of docs/files.md.
        files: text or bytes of one file, files by name, or what makes them.
        say: words of the command line beside the file; "" where nothing need be said.
        counts: rows read, loaded, rejected, duplicate; users; items.
        events: event word -> events; {} for files of items and users.
        spot: SQL over the events with their users and items, and what it gives as text.
        given: the words after --events; by default the file, or all files.
        file: what the one file is called.
        kind: the option that takes it.
        real: the folder or file of real data it is, under shared/data; skipped where absent.
    """

    name: str
    files: str | bytes | Files | Callable[[], bytes]
    counts: tuple[int, int, int, int, int, int]
    events: dict[str, int]
    spot: tuple[str, str]
    say: str = ""
    given: tuple[str, ...] = ()
    file: str = "file.csv"
    kind: str = "events"
    real: str = ""

    def made(self) -> Files:
        """The files, by name."""
        if isinstance(self.files, dict):
            return self.files
        found = self.files() if callable(self.files) else self.files
        return {self.file: found.encode() if isinstance(found, str) else found}


def gzipped(text: str) -> bytes:
    return gzip.compress(text.encode(), mtime=0)


def zipped(files: Mapping[str, str | bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return out.getvalue()


def workbook(**sheets: list[Any]) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def parquet(**columns: pa.Array) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out)
    return out.getvalue()


def jsonl(*rows: object) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def sales(*amounts: str, mark: str = ";") -> str:
    """A file of purchases with these amounts."""
    rows = [mark.join((f"u{k % 2}", f"i{k}", f"2024-05-{k + 1:02d}", amount)) for k, amount in enumerate(amounts)]
    return "\n".join([mark.join(("user_id", "item_id", "date", "amount")), *rows]) + "\n"


VIEWS = "user_id,item_id,time\nu1,a,2024-05-01 10:00:00\nu2,b,2024-05-02 11:00:00\nu1,b,2024-05-03 12:00:00\n"
DAY = "user_id,item_id,time\nu{n},a,2024-05-{n:02d} 10:00:00\nu0,b,2024-05-{n:02d} 11:00:00\n"
THREE = (3, 3, 0, 0, 2, 2)
BOUGHT = (3, 3, 0, 0, 2, 3)
FIRST = ("min(at_utc)", "2024-05-01 10:00:00")
TOTAL = "sum(value)"
BASKETS = "order_id,customer_id,date,items,quantity,amount\n"
HEAD = ["user_id", "item_id", "time", "amount"]
SHEET: list[Any] = [
    HEAD,
    ["u1", "a", datetime(2024, 5, 1, 10), 2.5],
    ["u2", "b", datetime(2024, 5, 2, 10), "$1,234.50"],
]


CASES: tuple[Case, ...] = (
    Case("CSV with a header", VIEWS, THREE, {"view": 3}, FIRST),
    Case("CSV without a header", "".join(f"u{k % 12}1,i{k % 15}7,2024-05-{k % 28 + 1:02d}\n" for k in range(60)),
         (60, 60, 0, 0, 12, 15), {"view": 60}, ("max(at_utc)", "2024-05-28 00:00:00")),
    Case("semicolons and decimal commas", sales("2,50", "3,10", "0,05"), BOUGHT, {"purchase": 3}, (TOTAL, "5.6500")),
    Case("thousands with points", sales("1.234,50", "3,10", "12.345.678,90"), BOUGHT, {"purchase": 3},
         (TOTAL, "12346916.5000")),
    Case("thousands with commas", sales("1,234.50", "3.10", "2,000"), BOUGHT, {"purchase": 3}, (TOTAL, "3237.6000")),
    Case("thousands with blanks", sales("1 234,50", "3,10", "2 000"), BOUGHT, {"purchase": 3}, (TOTAL, "3237.6000")),
    Case("thousands with no-break spaces", sales("1\u202f234,50", "3,10", "2\u00a0000"), BOUGHT, {"purchase": 3},
         (TOTAL, "3237.6000")),
    Case("thousands with apostrophes", sales("1'234.50", "3.10", "2’000"), BOUGHT, {"purchase": 3}, (TOTAL, "3237.6000")),
    Case("lakh and crore", sales("1,00,000", "12,34,567.50", "3"), BOUGHT, {"purchase": 3}, (TOTAL, "1334570.5000")),
    Case("currency signs before or behind", sales("$1.50", "-€2.00", "3.00 £"), BOUGHT, {"purchase": 2, "return": 1},
         (TOTAL, "2.5000")),
    Case("currency codes and words", sales("EUR 12.50", "kr 100", "7.25 CHF"), BOUGHT, {"purchase": 3},
         (TOTAL, "119.7500")),
    Case("euros with decimal commas", sales("12,50 €", "1.000,00 €", "3,25 €"), BOUGHT, {"purchase": 3},
         (TOTAL, "1015.7500")),
    Case("negatives in brackets", sales("(1,234.50)", "2,000.00", "1"), BOUGHT, {"purchase": 2, "return": 1},
         (TOTAL, "766.5000")),
    Case("minus behind the number", sales("12-", "20", "5"), BOUGHT, {"purchase": 2, "return": 1}, (TOTAL, "13.0000")),
    Case("percents stay text", "user_id,item_id,date,discount\nu1,a,2024-05-01,5 %\nu2,b,2024-05-02,12.5 %\n",
         (2, 2, 0, 0, 2, 2), {"view": 2}, ("string_agg(discount, '; ' ORDER BY discount)", "12.5 %; 5 %")),
    Case("a cell that is no number", sales("1.50", "free", "3.00"), (3, 2, 1, 0, 1, 2), {"purchase": 2},
         (TOTAL, "4.5000"), say="--map value=amount"),
    Case("UTF-8 with a byte-order mark", "\ufeff" + VIEWS, THREE, {"view": 3}, FIRST),
    Case("UTF-16", VIEWS.encode("utf-16"), THREE, {"view": 3}, FIRST),
    Case("Windows-1252", VIEWS.replace("u2", "Jürgen").encode("cp1252"), THREE, {"view": 3}, ("max(user_id)", "u1")),
    Case("line ends of Windows, breaks inside values",
         'note,user_id,item_id,rating\r\n"two\nlines",u1,a,5\r\nplain,u2,b,4\r\n', (2, 2, 0, 0, 2, 2), {"rating": 2},
         ("max(note) FILTER (user_id = 'u1')", "two\nlines")),
    Case("blank lines and ragged rows", VIEWS + "\nu3\nu4,a,2024-05-04 10:00:00,more\n", (5, 3, 2, 0, 2, 2),
         {"view": 3}, FIRST),
    Case("repeats dropped", VIEWS + VIEWS.splitlines()[1] + "\n", (4, 3, 0, 1, 2, 2), {"view": 3}, FIRST,
         say="--repeats drop"),
    Case("seconds since 1970", "user_id,item_id,ts\nu1,a,1714557600\nu2,b,1714557660\nu1,b,1714557720\n", THREE,
         {"view": 3}, FIRST),
    Case("nanoseconds since 1970", "user_id,item_id,ts\nu1,a,1714557600000000000\nu2,b,1714557600000000999\n",
         (2, 2, 0, 0, 2, 2), {"view": 2}, ("max(at_utc)", "2024-05-01 10:00:00.000001")),
    Case("times of a zone, not UTC", VIEWS, THREE, {"view": 3}, ("min(at_utc)", "2024-05-01 08:00:00"),
         say="--zone Europe/Berlin"),
    Case("times with their own offset are not moved",
         "user_id,item_id,time\nu1,a,2024-05-01T10:00:00Z\nu2,b,2024-05-01T12:30:00+02:00\n", (2, 2, 0, 0, 2, 2),
         {"view": 2}, ("max(at_utc)", "2024-05-01 10:30:00"), say="--zone America/New_York"),
    Case("hours that a clock change skips or repeats",
         "user_id,item_id,time\nu1,a,2024-03-31 02:30:00\nu2,b,2024-10-27 02:30:00\n", (2, 2, 0, 0, 2, 2), {"view": 2},
         ("min(at_utc) || ' ' || max(at_utc)", "2024-03-31 01:30:00 2024-10-27 01:30:00"), say="--zone Europe/Berlin"),
    Case("time of day beside the date", "user_id,item_id,Date,Time\nu1,a,01.05.2024,10:00\nu2,b,31.05.2024,23:59:30\n",
         (2, 2, 0, 0, 2, 2), {"view": 2}, ("max(at_utc)", "2024-05-31 23:59:30")),
    Case("time of day, AM and PM", "user_id,item_id,Date,Clock\nu1,a,2024-05-01,2:05 PM\nu2,b,2024-05-02,12:30 am\n",
         (2, 2, 0, 0, 2, 2), {"view": 2}, ("max(at_utc)", "2024-05-02 00:30:00")),
    Case("time of day as digits", "user_id,item_id,Date,At hour\nu1,a,2024-05-01,1405\nu2,b,2024-05-02,905\n",
         (2, 2, 0, 0, 2, 2), {"view": 2}, ("max(at_utc)", "2024-05-02 09:05:00"), say="--map 'time=Date,clock=At hour'"),
    Case("a time of day that is none", "user_id,item_id,Date,Time\nu1,a,2024-05-01,10:00\nu2,b,2024-05-02,25:00\n",
         (2, 1, 1, 0, 1, 1), {"view": 1}, FIRST, say="--map time=Date,clock=Time"),
    Case("ratings and clicks in one row", "user_id,item_id,rating,clicks\nu1,a,5,3\nu2,b,,2\nu1,b,4,0\n", THREE,
         {"rating": 2, "click": 2}, ("sum(quantity)", "5.0")),
    Case("gzip", gzipped(VIEWS), THREE, {"view": 3}, FIRST, file="file.csv.gz"),
    Case("a folder of daily files", {f"days/day{n}.csv": DAY.format(n=n).encode() for n in (1, 2, 10)},
         (6, 6, 0, 0, 4, 2), {"view": 6}, ("max(at_utc)", "2024-05-10 11:00:00"), given=("days",)),
    Case("a folder with an empty day, notes and hidden files",
         {"days/day1.csv": DAY.format(n=1).encode(), "days/day2.csv": b"user_id,item_id,time\n", "days/.x.csv": b"x",
          "days/README.txt": b"read me", "days/__MACOSX/day1.csv": b"x", "days/~$day.xlsx": b"x"},
         (2, 2, 0, 0, 2, 2), {"view": 2}, FIRST, given=("days",)),
    Case("a pattern of names", {f"day{n}.csv": DAY.format(n=n).encode() for n in (1, 2, 30)}, (4, 4, 0, 0, 3, 2),
         {"view": 4}, ("max(at_utc)", "2024-05-02 11:00:00"), given=("day[1-2].csv",)),
    Case("zip of files", zipped({f"x/day{n}.csv": DAY.format(n=n) for n in (1, 2)} | {"__MACOSX/._day1.csv": "x"}),
         (4, 4, 0, 0, 3, 2), {"view": 4}, FIRST, file="days.zip"),
    Case("zip with packed files in it", zipped({"day1.csv.gz": gzipped(DAY.format(n=1)), "day2.csv": DAY.format(n=2)}),
         (4, 4, 0, 0, 3, 2), {"view": 4}, FIRST, file="days.zip"),
    Case("Excel, with dates and numbers stored as text", lambda: workbook(Sales=SHEET), (2, 2, 0, 0, 2, 2),
         {"purchase": 2}, (TOTAL, "1237.0000"), file="book.xlsx", say="--map value=amount"),
    Case("Excel, a sheet by name", lambda: workbook(Notes=[["Just words"]], May=SHEET), (2, 2, 0, 0, 2, 2),
         {"purchase": 2}, FIRST, file="book.xlsx", say="--sheet May --map value=amount"),
    Case("Excel, every sheet that has rows",
         lambda: workbook(April=[HEAD, ["u3", "c", datetime(2024, 4, 1), 1]], Empty=[], May=SHEET), (3, 3, 0, 0, 3, 3),
         {"purchase": 3}, ("min(at_utc)", "2024-04-01 00:00:00"), file="book.xlsx", say="--sheet '*' --map value=amount"),
    Case("JSON lines with nested fields",
         jsonl({"user": {"id": "u1"}, "item": {"id": "a", "price": 2.5}, "at": "2024-05-01T10:00:00Z"},
               {"user": {"id": "u2"}, "item": {"id": "b"}, "at": "2024-05-02T10:00:00Z"}),
         (2, 2, 0, 0, 2, 2), {"view": 2}, FIRST, file="log.jsonl",
         say="--map user=user.id,item=item.id,time=at,context=item.price"),
    Case("JSON lines, an order with its lines",
         jsonl({"order": 1, "customer": "u1", "at": "2024-05-01", "lines": [{"sku": "a", "qty": 2, "price": 1.5},
                                                                           {"sku": "b", "qty": 1, "price": 4}]},
               {"order": 2, "customer": "u2", "at": "2024-05-02", "lines": [{"sku": "a", "qty": 1, "price": 1.5}]}),
         (2, 2, 0, 0, 2, 2), {"purchase": 3}, (TOTAL, "8.5000"), file="orders.jsonl"),
    Case("a JSON array", json.dumps([{"user_id": "u1", "item_id": "a"}, {"user_id": "u2", "item_id": "b"}]),
         (2, 2, 0, 0, 2, 2), {"view": 2}, ("count(at_utc)", "0"), file="rows.json"),
    Case("Parquet: decimal, zoned time, dictionary, uint64",
         lambda: parquet(
             user_id=pa.array([2**64 - 1, 2**63], pa.uint64()),
             item_id=pa.array(["a", "b"]).dictionary_encode(),
             time=pa.array([datetime(2024, 5, 1, 10, tzinfo=UTC)] * 2, pa.timestamp("us", "Europe/Berlin")),
             amount=pa.array([Decimal("1.10"), Decimal("2.25")])),
         (2, 2, 0, 0, 2, 2), {"purchase": 2}, ("max(user_id) || ' ' || sum(value)", "9223372036854775808 3.3500"),
         file="p.parquet"),
    Case("Parquet: date and time of day apart, lists, structs",
         lambda: parquet(
             user_id=pa.array(["u1", "u2"]), item_id=pa.array(["a", "b"]),
             date=pa.array([date(2024, 5, 1), date(2024, 5, 2)]), time=pa.array([time(10, 0), time(23, 5)], pa.time64("us")),
             tags=pa.array([["x", "y"], []]), place=pa.array([{"city": "Rome"}, {"city": "Oslo"}])),
         (2, 2, 0, 0, 2, 2), {"view": 2}, ("max(at_utc)", "2024-05-02 23:05:00"), file="p.parquet"),
    Case("baskets in one cell, value of the order",
         BASKETS.replace("quantity,", "") + "1,u1,2024-05-01,a|b|c,10.00\n2,u2,2024-05-02,a,5.00\n3,u1,2024-05-03,b|b,1.01\n",
         (3, 3, 0, 0, 2, 3), {"purchase": 6}, (TOTAL + " || ' ' || max(value)", "16.0100 5.0000")),
    Case("baskets with quantities and prices",
         BASKETS.replace("amount", "price") + "1,u1,2024-05-01,a|b,1|2,2.50|1.00\n2,u2,2024-05-02,a|c|,3|1|,2.50|9|\n",
         (2, 2, 0, 0, 2, 3), {"purchase": 4}, (TOTAL, "21.0000"), say="--split 'item=|' --split 'quantity=|'"),
    Case("a basket with a quantity too few",
         BASKETS + "1,u1,2024-05-01,a|b,1|2,5\n2,u2,2024-05-02,a|b|c,1|2,5\n3,u2,2024-05-02,b|c,1|1,5\n",
         (3, 2, 1, 0, 2, 3), {"purchase": 4}, (TOTAL, "10.0000"), say="--map quantity=quantity --split 'item=|' --split 'quantity=|'"),
    Case("a basket a line, no header", "".join("milk,bread\nmilk\nbread,butter,milk\n" for _ in range(8)),
         (24, 24, 0, 0, 0, 3), {"purchase": 48}, ("count(user_id) || ' ' || count(order_id)", "0 0"),
         say="--delimiter line --split item=,"),
    Case("several products named in text", "order_id,user_id,date,products\n1,u1,2024-05-01,a;b\n2,u2,2024-05-02,b;c;a\n",
         (2, 2, 0, 0, 2, 3), {"purchase": 5}, ("count(DISTINCT order_id)", "2")),
    Case("a list of items", "sku,title,category,price\na,Lamp,Light,\"1,234.50\"\nb,Sofa,Seat,20\n", (2, 2, 0, 0, 0, 2), {},
         ("(SELECT sum(price) FROM items)", "1254.5"), kind="items"),
    Case("a list of users with consent", "user_id,email,newsletter\nu1,a@example.com,yes\nu2,,no\n", (2, 2, 0, 0, 2, 0), {},
         ("(SELECT count(*) FROM users WHERE consent_email)", "1"), say="--map consent:email=newsletter", kind="users"),
    Case("Online Retail (UCI)", "", (541_909, 541_909, 0, 0, 4_372, 4_070), {"purchase": 531_285, "return": 10_624},
         (TOTAL, "9747747.9340"), real="online-retail/OnlineRetail.csv.gz"),
    Case("MovieLens, ratings", "", (100_836, 100_836, 0, 0, 610, 9_724), {"rating": 100_836},
         ("min(at_utc)", "1996-03-29 18:36:55"), real="ml-latest-small/ratings.csv"),
    Case("CDNOW, columns parted by spaces", "", (6_919, 6_919, 0, 0, 2_357, 0), {"purchase": 6_919},
         (TOTAL, "244091.9400"), real="cdnow/CDNOW_sample.txt",
         say="--map order=column1,user=column2,time=column3,quantity=column4,value=column5"),
)  # fmt: skip
