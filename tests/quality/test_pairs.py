"""Purchases and their cancellations: by hand, against a brute force row by row, and in real data."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from core.quality.ask import ask
from core.quality.kinds import chosen
from core.quality.pairs import cancelled, detect, match, paired
from core.quality.types import Selection
from core.store import Query, Store
from tests.examples import examples
from tests.prepared import copied
from tests.quality.small_shop import shop

START = datetime(2026, 5, 1)


def row(
    minute: int | None, quantity: float, *, price: float = 2.0, user: int | None = 1, item: int = 1, order: str = ""
) -> dict[str, Any]:
    return {
        "event": "purchase" if quantity > 0 else "return",
        "user_no": user,
        "item_no": item,
        "order_id": order or None,
        "at_utc": None if minute is None else START + timedelta(minutes=minute),
        "quantity": quantity,
        "value": quantity * price,
    }


def pairs_of(path: Path, *rows: dict[str, Any]) -> list[tuple[int, int, bool]]:
    with shop(path / "w.duckdb", rows) as store:
        table = paired(ask(store, store.as_of()))
    return [(r["purchase_no"], r["return_no"], r["whole"]) for r in table.to_pylist()]


def test_latest_purchase_first(tmp_path: Path) -> None:
    rows = [row(0, 3), row(5, 3), row(9, -3), row(12, -3), row(13, -3), row(20, 3)]
    assert pairs_of(tmp_path, *rows) == [(2, 3, True), (1, 4, True)]


def test_at_the_same_moment_and_by_event_number(tmp_path: Path) -> None:
    assert pairs_of(tmp_path, row(5, -3), row(5, 3), row(5, 3)) == [(3, 1, True)]


def test_named_order_comes_before_a_later_purchase(tmp_path: Path) -> None:
    rows = [row(0, 3, order="536379"), row(5, 3, order="536380"), row(9, -3, order="C536379")]
    assert pairs_of(tmp_path, *rows) == [(1, 3, True)]


def test_a_part_is_taken_from_what_is_left(tmp_path: Path) -> None:
    rows = [row(0, 4), row(1, 10), row(2, -7), row(3, -5), row(4, -3), row(5, -1)]
    assert pairs_of(tmp_path, *rows) == [(2, 3, False), (2, 5, False), (1, 6, False)]


def test_another_price_user_or_item_is_no_pair(tmp_path: Path) -> None:
    rows = [row(0, 3), row(1, -3, price=2.5), row(1, -3, user=2), row(1, -3, item=2), row(1, -3, user=None)]
    assert pairs_of(tmp_path, *rows) == []


def test_anonymous_ones_are_paired_whole_only(tmp_path: Path) -> None:
    rows = [row(0, 9, user=None), row(1, 3, user=None), row(2, -3, user=None), row(3, -2, user=None)]
    assert pairs_of(tmp_path, *rows) == [(2, 3, True)]


def test_without_times_the_order_of_the_file_counts(tmp_path: Path) -> None:
    with shop(tmp_path / "w.duckdb", [row(None, 3), row(None, -3), row(None, 3)]) as store:
        asked = ask(store, None)
        assert paired(asked).to_pylist() == [{"purchase_no": 1, "return_no": 2, "whole": True, "minutes": None}]
        assert len(cancelled(asked, 24.0)) == 0
        assert len(cancelled(asked, None)) == 1


def test_purchases_of_a_negative_quantity_are_returns(tmp_path: Path) -> None:
    assert pairs_of(tmp_path, row(0, 3), {**row(4, -3), "event": "purchase"}) == [(1, 2, True)]


def test_nothing_there(tmp_path: Path) -> None:
    assert pairs_of(tmp_path, row(0, 3)) == []


def by_hand(frame: pd.DataFrame) -> set[tuple[int, int, bool]]:
    """Row by row: each return in order of time looks back for the latest purchase that fits, in three rounds."""
    found: set[tuple[int, int, bool]] = set()
    buys = frame[~frame.back].sort_values(["at", "no"], ascending=False).to_dict("records")
    backs = frame[frame.back].sort_values(["at", "no"]).to_dict("records")
    used: set[int] = set()
    for named in (True, False):
        for r in backs:
            if r["no"] in used or (named and r["named"] == 0):
                continue
            for p in buys:
                same = all(p[k] == r[k] for k in ("who", "what", "pieces", "money", *(["named"] if named else [])))
                if same and p["no"] not in used and p["at"] <= r["at"]:
                    used |= {p["no"], r["no"]}
                    found.add((p["no"], r["no"], True))
                    break
    left = {p["no"]: p["pieces"] for p in buys if p["no"] not in used}
    for r in backs:
        if r["no"] in used or r["who"] < 0:
            continue
        fits = [
            p
            for p in buys
            if p["no"] in left
            and (p["who"], p["what"]) == (r["who"], r["what"])
            and p["at"] <= r["at"]
            and left[p["no"]] >= r["pieces"]
        ]
        own = [p for p in fits if r["named"] and p["named"] == r["named"]]
        like = [
            p
            for p in fits
            if abs(p["money"] / p["pieces"] - r["money"] / r["pieces"]) <= 0.01 * r["money"] / r["pieces"]
        ]
        for p in (own or like)[:1]:
            left[p["no"]] -= r["pieces"]
            found.add((p["no"], r["no"], False))
    return found


EVENTS = st.lists(
    st.tuples(
        st.integers(-1, 2), st.integers(0, 1), st.integers(0, 2), st.integers(1, 3), st.sampled_from([10_000, 20_000]),
        st.integers(0, 6), st.booleans(),
    ),
    max_size=40,
)  # fmt: skip


@settings(max_examples=examples(100))
@given(EVENTS)
def test_same_as_by_brute_force(events: list[tuple[int, int, int, int, int, int, bool]]) -> None:
    frame = pd.DataFrame(
        [(i, w, t, n, float(q), q * p, at, b) for i, (w, t, n, q, p, at, b) in enumerate(events)],
        columns=["no", "who", "what", "named", "pieces", "money", "at", "back"],
    ).astype(
        {
            "no": "int64",
            "who": "int64",
            "what": "int64",
            "named": "int64",
            "pieces": "float64",
            "money": "int64",
            "at": "int64",
            "back": "bool",
        }
    )
    answer = match(pa.Table.from_pandas(frame, preserve_index=False))
    ours = {(r["purchase_no"], r["return_no"], r["whole"]) for r in answer.to_pylist()}
    assert ours == by_hand(frame)


def test_the_two_of_online_retail(retail_workspace: Path, tmp_path: Path) -> None:
    with Store(copied(retail_workspace, tmp_path)) as store:
        asked = ask(store, store.as_of())
        table = paired(asked)
        orders = {r["event_no"]: (r["order_id"], r["quantity"]) for r in store.rows(Query(
            "SELECT event_no, order_id, quantity FROM events WHERE abs(quantity) > 70000"))}  # fmt: skip
        big = [r for r in table.to_pylist() if r["purchase_no"] in orders]
        seen = {(*orders[r["purchase_no"]], orders[r["return_no"]][0], r["minutes"], r["whole"]) for r in big}
        assert seen == {("581483", 80995.0, "C581484", 12.0, True), ("541431", 74215.0, "C541433", 16.0, True)}
        (finding,) = detect(asked)
        keys = chosen(asked, finding.selection or Selection("none"))
        assert isinstance(keys, pa.Array)
        assert finding.count == len(keys.unique()) == 2 * len(cancelled(asked, 24.0))
        assert finding.facts["returns"] == 10_624
        ids = ", ".join(str(no) for no in keys.to_pylist())
        gone = store.rows(Query(f"SELECT sum(value) AS v FROM events WHERE event_no IN ({ids})"))[0]["v"]
        assert gone == 0  # leaving both sides out keeps net revenue as it is
        assert "80,995" in str({f"{e['quantity']:,.0f}" for e in finding.examples})
