"""Proposals: files as shops, logs and public data sets write them, with the role of every column known by eye."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from core.ingest import Mapping, Proposal, guess_kind, open_source, profile, propose
from core.ingest.types import Kind
from core.store import Store
from tests.ingest.files import FILES, rows
from tests.prepared import new_store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with new_store(tmp_path / "w.duckdb", reads=[tmp_path]) as store:
        yield store


def proposed(store: Store, text: str, name: str = "file.csv", kind: Kind | None = None) -> Proposal:
    path = store.path.parent / name
    path.write_text(text, encoding="utf-8")
    return propose(store, open_source(path, spool=store.spool), kind)


def roles(mapping: Mapping) -> dict[str, str]:
    """Role by column, with the event, type or format where it matters."""
    out = {}
    for c in mapping.columns:
        more = c.time_format or c.event or (c.type if c.type != "text" else None)
        out[c.column] = f"{c.role}:{more}" if more else c.role
    return out


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
    assert roles(proposal.mapping) == {
        "user": "user",
        "item": "item",
        "created_at": "context:iso",
        "event_time": "time:iso",
    }


# ---- items inside events


def test_a_text_that_belongs_to_the_item_becomes_its_title(store: Store) -> None:
    lines = [f"u{k % 7},i{k % 5},Item {k % 5},{'wet' if k % 2 else 'dry'},note {k}" for k in range(70)]
    text = "user,item,description,category,comments_text\n" + "\n".join(lines) + "\n"
    assert roles(proposed(store, text).mapping) == {
        "user": "user", "item": "item", "description": "title", "category": "context", "comments_text": "context",
    }  # fmt: skip


def test_contact_data_in_an_events_file_is_left_out(store: Store) -> None:
    text = rows("user_id,item,mail", "u#9,p#9,a#9").replace(",a", ",x@y.de,a").replace("mail\n", "mail,z\n")
    assert roles(proposed(store, text).mapping)["mail"] == "ignore"


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
