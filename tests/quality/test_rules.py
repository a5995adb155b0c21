"""Each rule on small data where one can count by hand, with what it must leave alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import Refusal
from core.quality import Asked, Returns, Selection, amounts, cancellation, complete, constant, from_files, unique, valid
from core.quality.ask import ask
from tests.ingest.loading import load_text, mapping, workspace
from tests.quality.asking import by_ids, found, keys, one


@contextmanager
def events(folder: Path, text: str, **roles: str) -> Iterator[Asked]:
    """A workspace of one events file, taken as it stands, asked."""
    event = None if "event" in roles else "purchase"
    with workspace(folder) as store:
        how = {"event_": roles.pop("event")} if "event" in roles else {}
        plain = mapping(event=event, returns="none", **roles)
        if how:
            from core.ingest.types import ColumnMap

            plain = replace(plain, columns=(*plain.columns, ColumnMap(how["event_"], "event")))
        load_text(store, text, plain)
        yield ask(store, store.as_of())


ORDERS = {"user": "u", "item": "i", "quantity": "q", "price": "p", "order": "o"}


def _orders(*more: str) -> str:
    return "u,i,q,p,o\n" + "".join(f"u{k},i{k},2,3.5,{100 + k}\n" for k in range(50)) + "".join(f"{m}\n" for m in more)


def test_purchases_below_zero_are_offered_as_returns(tmp_path: Path) -> None:
    with events(tmp_path, _orders("u1,i1,-2,3.5,C101", "u2,i2,1,3.5,A1"), **ORDERS) as asked:
        for detect, code in ((amounts.detect, "negative_quantity"), (cancellation.detect, "cancellation")):
            finding = one(asked, detect, code)
            assert (finding.count, finding.level, finding.users) == (1, "serious", 1)
            assert finding.repairs[0].action == Returns()
            assert finding.examples[0] == {
                "user": "u1", "item": "i1", "event": "purchase", "order": "C101", "quantity": -2.0, "value": -7.0,
            }  # fmt: skip
        assert keys(asked, Selection("cancellation")) == keys(asked, Selection.of("cancellation", prefix="C"))


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("u1,i1,1,0,9", "zero_price"),
        ("u1,i1,,0,9", "zero_price"),  # one unit, where the quantity is not known
        ("u1,i1,1,-5,9", "negative_price"),
        ("u1,i1,-1,-5,9", "negative_price negative_quantity"),
        ("u1,i1,0,5,9", "zero_quantity"),
        ("u1,i1,0,0,9", "zero_quantity"),  # what it cost cannot be told
        ("u1,i1,,5,9", ""),
    ],
)
def test_amounts(tmp_path: Path, line: str, code: str) -> None:
    with events(tmp_path, _orders(line), **ORDERS) as asked:
        codes = {finding.code: finding.count for finding in amounts.detect(asked)}
        assert codes == dict.fromkeys(code.split(), 1)
        for each in codes:
            assert [user for user, _, _ in by_ids(asked, keys(asked, Selection(each)))] == ["u1"]


def test_orders_of_one_kind_have_no_cancellations(tmp_path: Path) -> None:
    text = "u,i,q,p,o\n" + "".join(f"u{k},i{k},{-1 if k % 2 else 1},3.5,{'AB'[k % 2]}{k}\n" for k in range(50))
    with events(tmp_path, text, **ORDERS) as asked:
        assert cancellation.detect(asked) == []  # half and half: neither is usual
        assert keys(asked, Selection("cancellation")) == []


def test_columns_are_missed_only_where_they_apply(tmp_path: Path) -> None:
    rows = [f"u{k},i{k},view,,web" for k in range(40)] + [f"u{k},i{k},rating,{k % 5 + 1},web" for k in range(10)]
    rows += [",i1,view,,", "u1,i2,rating,,web", "u1,,view,,web"] + [f"u{k},,search,,app" for k in range(30)]
    with events(
        tmp_path, "u,i,e,r,c\n" + "\n".join(rows) + "\n", user="u", item="i", event="e", rating="r", channel="c"
    ) as asked:
        told = {(f.code, f.column): f for f in complete.detect(asked)}
        assert {key: f.count for key, f in told.items()} == {
            ("missing", "user"): 1, ("no_item", "item"): 1, ("missing", "rating"): 1, ("missing", "channel"): 1,
        }  # fmt: skip
        assert told["missing", "rating"].of == 11
        assert told["no_item", "item"].of == 40 + 11 + 2  # searches are about none
        for finding in told.values():
            assert finding.selection
            assert len(keys(asked, finding.selection)) == 1
        views = Selection.of("missing", table="events", column="rating", events=("view",))
        assert len(keys(asked, views)) == 42


def test_unknown_columns_and_tables_are_refused(tmp_path: Path) -> None:
    with events(tmp_path, _orders(), **ORDERS) as asked:
        for params, code in (
            ({"table": "events", "column": "chanel"}, "no_such_column"),
            ({"table": "orders", "column": "user"}, "bad_selection"),
            ({"table": "events", "column": "user", "events": "view"}, "bad_selection"),
        ):
            with pytest.raises(Refusal) as refusal:
                keys(asked, Selection.of("missing", **params))
            assert refusal.value.code == code


def test_times_that_cannot_be(tmp_path: Path) -> None:
    days = [f"u{k},2024-{k % 12 + 1:02}-{k % 28 + 1:02}" for k in range(400)]
    text = "u,t\n" + "\n".join([*days, "old,1970-01-01", "early,2019-05-05", "late,2999-01-01"]) + "\n"
    with events(tmp_path, text, user="u", time="t") as asked:
        early, future = one(asked, valid.detect, "too_early"), one(asked, valid.detect, "future")
        assert [u for u, _, _ in by_ids(asked, keys(asked, early.selection))] == ["old", "early"]
        assert [u for u, _, _ in by_ids(asked, keys(asked, future.selection))] == ["late"]
        assert keys(asked, Selection("too_early")) == keys(asked, early.selection)
        assert len(keys(asked, Selection.of("too_early", before="1990-01-01"))) == 1


def test_a_slow_start_is_not_too_early(tmp_path: Path) -> None:
    text = "u,t\n" + "".join(f"u{k},2024-{k % 12 + 1:02}-01\n" for k in range(400)) + "u1,2023-11-01\n"
    with events(tmp_path, text, user="u", time="t") as asked:
        assert valid.detect(asked) == []
        assert keys(asked, Selection("too_early")) == []


@pytest.mark.parametrize(
    ("ratings", "scale"),
    [
        ([1, 2, 3, 4, 5] * 100 + [11, 0, -1], (1, 5)),
        ([0, 1, 2, 3, 4, 5] * 100, (0, 5)),
        ([0.5, 1, 1.5, 2, 4.5, 5] * 100 + [9], (0.5, 5)),
        ([7, 8, 9, 10, 3] * 100, (1, 10)),
        ([1.234 + k / 7 for k in range(300)], None),
    ],
)
def test_the_scale_of_ratings(tmp_path: Path, ratings: list[float], scale: tuple[float, float] | None) -> None:
    text = "u,i,e,r\n" + "".join(f"u{k},i{k},rating,{rating}\n" for k, rating in enumerate(ratings))
    with events(tmp_path, text, user="u", item="i", event="e", rating="r") as asked:
        assert valid.rating_scale(asked) == scale
        odd = [r for r in ratings if scale and not scale[0] <= r <= scale[1]]
        assert [f.count for f in found(asked, valid.detect, "impossible_rating")] == [len(odd)] * bool(odd)


def test_repeats_are_the_later_ones(tmp_path: Path) -> None:
    again = ["u3,i3,2,3.5,103", "u3,i3,2,3.5,103", ",i9,1,1,7", ",i9,1,1,7", "u3,i3,2,3.6,103"]
    with events(tmp_path, _orders(*again), **ORDERS) as asked:
        finding = one(asked, unique.detect, "repeat")
        assert finding.count == 3
        assert finding.facts["rows_repeated_in_files"] == 3
        assert by_ids(asked, keys(asked, finding.selection)) == [
            ("u3", "i3", "purchase"), ("u3", "i3", "purchase"), (None, "i9", "purchase")
        ]  # fmt: skip
        assert finding.users == 1
        assert finding.level == "look"  # without times they may have been done again


def test_columns_that_say_nothing(tmp_path: Path) -> None:
    text = "u,c,n,few,two\n" + "".join(
        f"u{k},web,{'plain' if k == 7 else 'html'},{'x' if k < 10 else ''},{k % 2}\n" for k in range(300)
    )
    columns = {"context__n": "n", "context__few": "few", "context__two": "two"}
    with events(tmp_path, text, user="u", channel="c", **columns) as asked:
        told = {f.column: (f.code, f.facts["value"]) for f in constant.detect(asked)}
        assert told == {"channel": ("constant", "web"), "n": ("nearly_constant", "html")}  # of few, 10 rows say nothing


def test_rows_that_a_load_left_out(tmp_path: Path) -> None:
    with workspace(tmp_path) as store:
        how = replace(mapping(event="purchase", **ORDERS), repeats="drop")
        load_text(store, _orders("u1,i1,x,1,5", "u3,i3,2,3.5,103"), how)
        asked = ask(store, store.as_of())
        told = {f.code: (f.count, f.of, f.column) for f in from_files.detect(asked)}
        assert told == {"rejected": (1, 52, "q"), "repeat_dropped": (1, 52, None)}
        assert unique.detect(asked) == []


def test_a_price_that_is_missing_in_some_purchases(tmp_path: Path) -> None:
    """It is the column looked at, so it stands in the examples, empty."""
    with events(tmp_path, _orders("u1,i1,2,,900", "u2,i2,1,,901"), **ORDERS) as asked:
        missing = [f for f in complete.detect(asked) if f.column == "value"]
        assert [(f.count, f.of) for f in missing] == [(2, 52)]
        assert [e["value"] for e in missing[0].examples] == [None, None]
