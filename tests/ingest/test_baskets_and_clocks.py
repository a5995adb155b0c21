"""Baskets in one cell, a time of day beside the date, zones, and mappings that are proposed again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from core.errors import Refusal
from core.ingest import ColumnMap, Mapping, propose
from core.store import Query, Store
from tests.ingest.loading import events, load_text, mapping, reconciled, rejects, source, undo_batch, workspace


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with workspace(tmp_path) as store:
        yield store


HEADER = "order_id,user_id,items,quantity,amount,title\n"


def basket(**split: str) -> Mapping:
    """The mapping of HEADER with these columns split."""
    roles = {"order_id": "order", "user_id": "user", "items": "item", "quantity": "quantity", "amount": "value"}
    columns = [ColumnMap(name, role, split=split.get(name)) for name, role in roles.items()]  # type: ignore[arg-type]
    title = ColumnMap("title", "title" if "title" in split else "ignore", split=split.get("title"))
    return Mapping("events", (*columns, title), event="purchase")


def test_shares_add_up_to_the_value_to_the_last_digit(store: Store) -> None:
    amounts = ["10", "-0.0001", "0.01", "99999999999999.9999", "7.77", ""]
    sizes = [3, 7, 6, 11, 1, 2]
    rows = [f"{k},u,{'|'.join('x' * n)},,{a},\n" for k, (a, n) in enumerate(zip(amounts, sizes, strict=True))]
    report = reconciled(load_text(store, HEADER + "".join(rows), basket(items="|")))
    assert (report.rows_loaded, sum(report.events.values()), report.items) == (6, sum(sizes), 1)
    found = store.rows(Query("SELECT order_id, sum(value) AS s, count(*) AS n FROM events GROUP BY 1 ORDER BY 1"))
    assert [(r["s"], r["n"]) for r in found] == [
        (Decimal(a) if a else None, n) for a, n in zip(amounts, sizes, strict=True)
    ]
    assert any("shared out evenly" in note for note in report.notes)


def test_parts_go_with_their_item(store: Store) -> None:
    text = (
        HEADER
        + "1,u, a |b||a,1|2|9|-3,1.50|2|9|4,A|B||A\n2,v,a|b,1|2|,3,A|B\n3,v,a|b,1,3,A|B\n4,v,,,5,\n5,v,a|b,1|x,3,A|B\n"
    )
    how = basket(items="|", quantity="|", amount="|", title="|")
    report = reconciled(load_text(store, text, replace(how, returns="none")))
    assert (report.rows_loaded, report.rows_rejected, report.reasons) == (2, 3, {"parts_differ": 3, "bad_number": 1})
    assert events(store, "order_id", "item_id", "quantity", "value") == [
        ("1", "a", -3.0, Decimal(4)),
        ("1", "a", 1.0, Decimal("1.5")),
        ("1", "b", 2.0, Decimal(2)),
        ("4", None, None, Decimal(5)),
    ]
    titles = store.rows(Query("SELECT item_id, title FROM items ORDER BY 1"))
    assert [tuple(r.values()) for r in titles] == [("a", "A"), ("b", "B")]
    undo_batch(store, report.batch_no)
    assert store.rows(Query("SELECT (SELECT count(*) FROM events) + (SELECT count(*) FROM items) AS n")) == [{"n": 0}]


@pytest.mark.parametrize(
    "how, code",
    [
        (basket(quantity="|"), "split_without_item"),
        (basket(items="|", user_id="|"), "role_not_split"),
        (basket(items=""), "bad_split"),
        (mapping(event="view", item="items", clock="quantity"), "clock_without_date"),
        (replace(basket(), zone="Europe/Atlantis"), "no_such_zone"),
    ],
)
def test_mappings_that_cannot_be_carried_out(store: Store, how: Mapping, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        load_text(store, HEADER + "1,u,a,1,2,t\n2,u,b,1,2,t\n", how)
    assert refused.value.code == code


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Europe/London"])
def test_a_zone_agrees_with_pythons(store: Store, zone: str) -> None:
    hours = [
        datetime(2024, month, day, hour, 15)
        for month in (1, 3, 7, 10, 11)
        for day in (3, 10, 27)
        for hour in (0, 5, 13, 23)
    ]
    text = "item_id,time\n" + "".join(f"i{k:03d},{at:%Y-%m-%d %H:%M:%S}\n" for k, at in enumerate(hours))
    load_text(store, text, replace(mapping(event="view", item="item_id", time="time"), zone=zone))
    expected = [at.replace(tzinfo=ZoneInfo(zone)).astimezone(ZoneInfo("UTC")).replace(tzinfo=None) for at in hours]
    assert [row[1] for row in events(store, "item_id", "at_utc")] == expected


def test_hours_skipped_and_repeated_are_counted(store: Store) -> None:
    text = "item_id,time\na,2024-03-31 01:30:00\nb,2024-10-27 01:30:00\nc,2024-10-27 01:30:00+01:00\nd,2024-07-01\n"
    how = replace(mapping(event="view", item="item_id", time="time"), zone="Europe/London")
    [note] = [n for n in load_text(store, text, how).notes if "Europe/London" in n]
    assert "1 row has a time that a clock change skips" in note
    assert "1 row has a time that a clock change repeats" in note
    assert [row[1] for row in events(store, "item_id", "at_utc")] == [
        datetime(2024, 3, 31, 1, 30), datetime(2024, 10, 27, 1, 30), datetime(2024, 10, 27, 0, 30),
        datetime(2024, 7, 1),
    ]  # fmt: skip


def test_clock_cells(store: Store) -> None:
    good = {
        "14:05": "14:05",
        "2:05 PM": "14:05",
        "2:05p.m.": "14:05",
        "12 am": "00:00",
        "140530": "14:05",
        "905": "09:05",
        "": "00:00",
    }
    bad = ["24:00", "noon", "5", "1260", "14:60", "-1:00"]
    text = "item_id,day,hand\n" + "".join(f"i,2024-05-01,{cell}\n" for cell in [*good, *bad])
    report = reconciled(load_text(store, text, mapping(event="view", item="item_id", time="day", clock="hand")))
    assert (report.rows_loaded, report.reasons) == (len(good), {"bad_clock": len(bad)})
    assert [line for line, _, _ in rejects(store)] == list(range(2 + len(good), 2 + len(good) + len(bad)))
    assert sorted(f"{row[0]:%H:%M}" for row in events(store, "at_utc")) == sorted(good.values())


# ---- the next file of the same shape

SHOP = "kunde,artikel,aktion,wann\n" + "".join(f"k{n % 5},a{n % 7},kauf,0{n % 9 + 1}.05.2024\n" for n in range(30))


def test_an_accepted_mapping_is_proposed_again(store: Store) -> None:
    first = propose(store, source(store, SHOP))
    assert first.from_batch is None
    accepted = replace(first.mapping, zone="Europe/Berlin", events={"kauf": "purchase"}, repeats="drop")
    load_text(store, SHOP, accepted, "shop_april.csv")
    undo_batch(store, 1)
    again = SHOP.replace("kunde", "Kunde").replace("k1,", "k1 ,") + "k9,a9,view,01.06.2024\n"
    proposal = propose(store, source(store, again, "shop_may.csv"))
    assert (proposal.from_batch, proposal.mapping.zone, proposal.mapping.repeats) == (1, "Europe/Berlin", "drop")
    assert proposal.mapping.columns[0] == replace(accepted.columns[0], column="Kunde")
    assert proposal.mapping.events == {"kauf": "purchase", "view": "view"}
    assert all(
        e.why.startswith("as in load 1 of ") and "(shop_april.csv); " in e.why and e.sure for e in proposal.evidence
    )
    assert propose(store, source(store, again), remembered=False).from_batch is None
    broken = SHOP.replace(".05.2024", ". Mai")
    unsure = [e.column for e in propose(store, source(store, broken), "events").evidence if not e.sure]
    assert unsure == ["wann"]
    assert propose(store, source(store, SHOP.replace("artikel", "ware"))).from_batch is None


def test_without_a_header_the_values_must_suit_too(store: Store) -> None:
    text = "".join(f"u{k % 12}1,i{k % 15}7,2024-05-{k % 28 + 1:02d}\n" for k in range(60))
    load_text(store, text, propose(store, source(store, text)).mapping)
    assert propose(store, source(store, text.replace("2024-05", "2024-06"))).from_batch == 1
    swapped = "".join(f"{','.join(reversed(line.split(',')))}\n" for line in text.splitlines())
    assert propose(store, source(store, swapped)).from_batch is None
