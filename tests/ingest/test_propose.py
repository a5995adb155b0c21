"""Proposals: files as shops, logs and public data sets write them, with the role of every column known by eye."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from core.ingest import Mapping, Proposal, guess_kind, open_source, profile, propose
from core.ingest.names import hints, plain
from core.ingest.numbers import style
from core.ingest.types import Kind
from core.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "w.duckdb", reads=[tmp_path]) as store:
        yield store


def proposed(store: Store, text: str, name: str = "file.csv", kind: Kind | None = None) -> Proposal:
    path = store.path.parent / name
    path.write_text(text, encoding="utf-8")
    return propose(store, open_source(path, spool=store.spool), kind)


def roles(mapping: Mapping) -> dict[str, str]:
    """column -> role, with the event, type or format where it matters."""
    out = {}
    for c in mapping.columns:
        more = c.time_format or c.event or (c.type if c.type != "text" else None)
        out[c.column] = f"{c.role}:{more}" if more else c.role
    return out


def rows(header: str, patterns: str, count: int = 60, mark: str = ",") -> str:
    """A file whose columns are made by patterns: `u#9` is u and a number to 9, `a|b` one of two, `@` the row's number."""
    draw = random.Random(7)

    def cell(pattern: str, k: int) -> str:
        choice = draw.choice(pattern.split("|")).replace("@", str(k))
        return re.sub(r"#(\d+)", lambda found: str(draw.randint(1, int(found[1]))), choice)

    lines = [mark.join(cell(p, k) for p in patterns.split(mark)) for k in range(count)]
    return "\n".join([header, *lines] if header else lines) + "\n"


@dataclass(frozen=True)
class File:
    """A file, the kind and roles it must be given, the event of rows that name none, and columns marked unsure."""

    text: str
    kind: str
    roles: Sequence[str]
    event: str | None = None
    events: dict[str, str] = field(default_factory=dict)
    unsure: Sequence[str] = ()
    name: str = "file.csv"


FILES = {
    "ratings and clicks": File(
        rows("user_id,item_id,rating,clicks", "#9,#20,#5,#9"), "events", ["user", "item", "rating", "count:click"]
    ),
    "counts of several kinds": File(
        rows("uid,sku,n_views,cart_count,purchases", "#9,#20,#5,#3,#2"),
        "events",
        ["user", "item", "count:view", "count:cart", "count:purchase"],
    ),
    "retailrocket": File(
        rows("timestamp,visitorid,event,itemid,transactionid", "1433221332@00,#30,view|addtocart|transaction,#40,#50", 90),
        "events",
        ["time:epoch_ms", "user", "event", "item", "order"],
        events={"view": "view", "addtocart": "cart", "transaction": "purchase"},
    ),
    "rees46": File(
        rows(
            "event_time,event_type,product_id,brand,price,user_id,user_session",
            "2019-10-01 00:00:#5 UTC|2019-10-0#9 10:11:12 UTC,view|cart|purchase,1#40,samsung|apple,#900.5,#20,8d4-#30",
        ),
        "events",
        ["time:iso", "event", "item", "context", "price", "user", "session"],
        events={"view": "view", "cart": "cart", "purchase": "purchase"},
    ),
    "taobao, events as numbers": File(
        rows("user_id,item_id,behavior_type,user_geohash,time", "#30,#30,#4,,2014-12-1#8 0#9"),
        "events",
        ["user", "item", "event", "ignore", "time:%Y-%m-%d %H"],
        unsure=["behavior_type"],
    ),
    "chinese": File(
        rows("用户ID,商品ID,行为类型,时间", "#9,#30,浏览|加购|购买|收藏,2024-01-1#9 10:00:00"),
        "events",
        ["user", "item", "event", "time:iso"],
        events={"浏览": "view", "加购": "cart", "购买": "purchase", "收藏": "favourite"},
    ),
    "german, decimal commas": File(
        rows("Kunde;Artikelnummer;Bestelldatum;Menge;Einzelpreis", "K#9;A#30;1#9.0#9.2023;#4;#99,50", mark=";"),
        "events",
        ["user", "item", "time:%d.%m.%Y", "quantity", "price"],
        event="purchase",
    ),
    "hm": File(
        rows("t_dat,customer_id,article_id,price,sales_channel_id", "2018-09-1#9,c0ffee#40,01#40,0.0#99,#2"),
        "events",
        ["time:iso", "user", "item", "price", "channel"],
        event="purchase",
        unsure=["t_dat"],
    ),
    "movielens 100k, no header": File(
        rows("", "#30\t#60\t#5\t8812509#49|8812508#99", 200, mark="\t"),
        "events",
        ["user", "item", "rating", "time:epoch_s"],
        unsure=["column1", "column2", "column3", "column4"],
        name="u.data",
    ),
    "orders without items": File(
        rows("order_id,user_id,order_number,order_dow", "10@,#12,#9,#6"),
        "events",
        ["order", "user", "context:number", "context:number"],
        event="purchase",
    ),
    "opened newsletters": File(
        rows("email,product,opened_at", "a#9[at]x.com,p#30,2023-05-1#9T10:00:00+02:00").replace("[at]", "@"),
        "events",
        ["user", "item", "time:iso"],
        event="open",
        unsure=["email"],
    ),
    "only who and what": File(rows("user,item", "a#9,p#30"), "events", ["user", "item"], event="view"),
    "the file's name tells the event": File(
        rows("user,item", "a#9,p#30"), "events", ["user", "item"], event="click", name="clicks_may.csv"
    ),
    "the analyst's own columns": File(
        rows("user,item,event,ts,weather,store,temp,vip", "a#9,p#30,view,2024-05-1#9 10:00,rain|sun,S#4,#30.5,true|false"),
        "events",
        ["user", "item", "event", "time:iso", "context", "context", "context:number", "context:boolean"],
        events={"view": "view"},
    ),
    "users": File(
        rows(
            "user_id,email,phone,name,consent_email,sms_opt_in,age,zip,signup_date,is_vip,interests",
            "u@,m@[at]x.org,+44 20 7946 0#9,Ann Lee,yes|no,1|0,#80,0123#9,2023-01-1#9,0|1,art|tea;art|sun;tea",
        ).replace("[at]", "@"),
        "users",
        [
            "user", "contact", "contact", "contact", "consent:email", "consent:sms", "attribute:number", "contact",
            "attribute:iso", "attribute:boolean", "attribute:list",
        ],
    ),
    "kunden": File(
        rows("Kundennummer;Vorname;Umsatz;Einwilligung_Email", "K@;Eva|Max;#99,5;ja|nein", mark=";"),
        "users",
        ["user", "contact", "attribute:number", "consent:email"],
    ),
    "items": File(
        rows("sku,title,category,price,color,released", "s@,Item @,A|B|C,#99.5,red|blue,#12/2#8/2020"),
        "items",
        ["item", "title", "category", "price", "attribute", "attribute:%m/%d/%Y"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_understood(store: Store, name: str) -> None:
    file = FILES[name]
    proposal = proposed(store, file.text, file.name)
    mapping = proposal.mapping
    assert mapping.kind == file.kind
    assert list(roles(mapping).values()) == list(file.roles)
    assert (mapping.event, mapping.events) == (file.event, file.events)
    assert [e.column for e in proposal.evidence if not e.sure] == list(file.unsure)
    assert [e.column for e in proposal.evidence] == [c.column for c in mapping.columns]
    assert all(e.why for e in proposal.evidence)
    assert Mapping.from_json(mapping.to_json()) == mapping


# ---- times and their evidence


def dates(values: Sequence[str]) -> str:
    return "user,item,date\n" + "".join(f"u{k % 9},i{k % 20},{v}\n" for k, v in enumerate(values))


def test_month_first_with_its_reason(store: Store) -> None:
    values = [f"{m}/{d}/2023 10:30" for m in range(1, 11) for d in (5, 9, 14, 20, 28)]
    proposal = proposed(store, dates(values))
    assert roles(proposal.mapping)["date"] == "time:%m/%d/%Y %H:%M"
    why = proposal.evidence[2].why
    assert why.startswith("month first, since 50 of 50 rows parse so, and 60 % fail day first")
    assert why.endswith("from 5 Jan 2023 to 28 Oct 2023")


def test_a_date_that_reads_both_ways_is_not_sure(store: Store) -> None:
    in_order = [f"0{d}/0{m}/2023" for m in range(1, 10) for d in (1, 5, 9)]
    proposal = proposed(store, dates(in_order))
    assert roles(proposal.mapping)["date"] == "time:%d/%m/%Y", "so read, time never goes back"
    assert not proposal.evidence[2].sure
    assert "goes back 0 times" in proposal.evidence[2].why

    proposal = proposed(store, dates(["05/05/2023"] * 20))
    assert roles(proposal.mapping)["date"] == "time:%m/%d/%Y", "nothing tells: as slashes mostly are"
    assert not proposal.evidence[2].sure
    assert "please check" in proposal.evidence[2].why


def test_two_digit_years_are_not_the_year_23(store: Store) -> None:
    proposal = proposed(store, dates([f"{m}/{d}/23" for m in range(1, 11) for d in (5, 14, 28)]))
    assert roles(proposal.mapping)["date"] == "time:%m/%d/%y"
    assert "2023" in proposal.evidence[2].why


def test_a_few_unreadable_times_are_told(store: Store) -> None:
    proposal = proposed(store, dates(["2023-05-17"] * 95 + ["soon"] * 5))
    assert roles(proposal.mapping)["date"] == "time:iso"
    assert "95 of 100 rows parse so" in proposal.evidence[2].why
    assert not proposal.evidence[2].sure


def test_the_better_of_two_times(store: Store) -> None:
    proposal = proposed(store, rows("user,item,created_at,event_time", "a#9,p#30,2020-01-1#9,2023-01-1#9 10:0#9:00"))
    assert roles(proposal.mapping) == {"user": "user", "item": "item", "created_at": "context:iso", "event_time": "time:iso"}


# ---- items inside events


def test_a_text_that_belongs_to_the_item_becomes_its_title(store: Store) -> None:
    lines = [f"u{k % 7},i{k % 5},Item {k % 5},{'wet' if k % 2 else 'dry'},note {k}" for k in range(70)]
    text = "user,item,description,category,comments_text\n" + "\n".join(lines) + "\n"
    assert roles(proposed(store, text).mapping) == {
        "user": "user", "item": "item", "description": "title", "category": "context", "comments_text": "context",
    }  # fmt: skip


def test_contact_data_in_an_events_file_stays_context(store: Store) -> None:
    text = rows("user_id,item,mail", "u#9,p#9,a#9").replace(",a", ",x@y.de,a").replace("mail\n", "mail,z\n")
    assert roles(proposed(store, text).mapping)["mail"] == "context"


def test_kind_by_word_wins(store: Store) -> None:
    text = rows("sku,title,price", "s@,Item @,#9")
    assert roles(proposed(store, text, kind="events").mapping) == {"sku": "item", "title": "title", "price": "price"}


def test_anonymous_rows_and_returns_are_told(store: Store) -> None:
    text = "CustomerID,StockCode,Quantity,UnitPrice\n" + "1,a,2,3\n,b,-1,2\n2,c,1,2\n"
    proposal = proposed(store, text)
    assert "2 of 3 rows have one, 2 different; the 1 without are anonymous" in proposal.evidence[0].why
    assert "1 are negative and are taken as returns" in proposal.evidence[2].why
    assert proposal.mapping.returns == "negative"
    assert proposal.evidence[0].filled == 2


def test_a_column_that_is_mostly_numbers_is_not_sure(store: Store) -> None:
    proposal = proposed(store, "user,item,price\n" + "a,b,2.50\n" * 19 + "a,b,free\n")
    assert roles(proposal.mapping)["price"] == "price"
    assert not proposal.evidence[2].sure
    assert "19 of 20 values are numbers" in proposal.evidence[2].why


def test_a_large_file_is_judged_by_a_sample_that_says_so(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    text = rows("user,item,ts", "u#9,i#20,2023-01-1#9", 4000)
    monkeypatch.setattr(profile, "SAMPLED_ROWS", 1000)
    monkeypatch.setattr(profile, "_SAMPLE", 500)
    one, two = proposed(store, text), proposed(store, text)
    assert one == two, "the sample is the same each time"
    assert "rows (a sample)" in one.evidence[0].why
    assert 300 < one.evidence[0].filled < 700


# ---- names and numbers


@pytest.mark.parametrize(
    "name, role",
    [
        ("CustomerID", "user"), ("user-id", "user"), ("UID", "user"), ("visitorid", "user"), ("StockCode", "item"),
        ("Product ID", "item"), ("ASIN", "item"), ("InvoiceNo", "order"), ("order id", "order"), ("transactionId", "order"),
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


def test_numbers_of_every_style_are_read(store: Store) -> None:
    from core.ingest import relation
    from core.store import Query

    path = store.path.parent / "n.csv"
    path.write_text('a;b;c\n1.234,50;$1,234.50;x\n-2,5;"€ 3";y\n7;-£1;z\n', encoding="utf-8")
    source = open_source(path, spool=store.spool)
    assert source.numbers == (("a", "comma"), ("b", "point"))
    got = store.rows(Query("SELECT * FROM ") + relation(source))
    assert [(r["a"], r["b"]) for r in got] == [("1234.50", "1234.50"), ("-2.5", "3"), ("7", "-1")]


# ---- real data


def test_online_retail(store: Store, online_retail: Path) -> None:
    proposal = propose(store, open_source(online_retail, spool=store.spool))
    assert roles(proposal.mapping) == {
        "InvoiceNo": "order", "StockCode": "item", "Description": "title", "Quantity": "quantity",
        "InvoiceDate": "time:%m/%d/%Y %H:%M", "UnitPrice": "price", "CustomerID": "user", "Country": "context",
    }  # fmt: skip
    why = {e.column: e.why for e in proposal.evidence}
    assert why["InvoiceDate"] == (
        "month first, since 541,909 of 541,909 rows parse so, and 57 % fail day first; from 1 Dec 2010 to 9 Dec 2011"
    )
    assert "406,829 of 541,909 rows have one, 4,372 different; the 135,080 without are anonymous" in why["CustomerID"]
    assert "10,624 are negative" in why["Quantity"]
    assert all(e.sure for e in proposal.evidence)
    assert (proposal.mapping.kind, proposal.mapping.event) == ("events", "purchase")


def test_movielens(store: Store, movielens: Path) -> None:
    for name, kind, expected in (
        ("ratings.csv", "events", ["user", "item", "rating", "time:epoch_s"]),
        ("movies.csv", "items", ["item", "title", "category:list"]),
    ):
        path = store.path.parent / name
        path.write_bytes((movielens / name).read_bytes())
        source = open_source(path, spool=store.spool)
        assert guess_kind(store, source) == kind
        proposal = propose(store, source)
        assert list(roles(proposal.mapping).values()) == expected
        assert proposal.mapping.event is None


def test_cdnow(store: Store, cdnow: Path) -> None:
    proposal = propose(store, open_source(cdnow, spool=store.spool))
    assert list(roles(proposal.mapping).values()) == ["user", "context", "time:%Y%m%d", "quantity", "value"]
    assert proposal.mapping.event == "purchase"
    assert not proposal.evidence[0].sure, "nothing but the values says who is who"
