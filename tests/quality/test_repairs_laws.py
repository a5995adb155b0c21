"""What shows is a function of the loaded rows and the rules in order, whatever was done to get there."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from core.ingest.types import Mapping
from core.ingest.undo import batches
from core.quality import Cap, Exclude, Fill, Merge, Repair, Returns, Selection
from core.quality.repairs import add_repair, end_repair, move_repair, repairs
from core.store import Query, Store
from core.store.digest import content_digest
from tests.examples import examples
from tests.ingest.loading import column, load_text, undo_batch, workspace
from tests.quality.rules_of_tests import in_place

HOW = Mapping(
    "events", (column("u", "user"), column("i", "item"), column("q", "quantity"), column("v", "value")),
    event="purchase", returns="none",
)  # fmt: skip
ROWS = "SELECT event_no, user_id, item_id, event, quantity, value::DOUBLE AS value FROM events " \
    "LEFT JOIN users USING (user_no) LEFT JOIN items USING (item_no) ORDER BY event_no"  # fmt: skip
EVERY = Selection.of("t_every", table="events")
RULES = (
    Repair(Selection.of("t_above", table="events", column="quantity", limit=6), Exclude()),
    Repair(Selection.of("t_above", table="events", column="quantity", limit=2), Returns()),
    Repair(Selection.of("t_named", table="users", ids=("a",)), Exclude()),
    Repair(Selection.of("t_named", table="items", ids=("x",)), Exclude()),
    Repair(EVERY, Cap("quantity", low=1, high=4)),
    Repair(EVERY, Cap("price", high=2.5)),
    Repair(EVERY, Cap("value", low=0.25, high=0.75, quantiles=True)),
    Repair(Selection.of("t_empty", table="events", column="quantity"), Fill("quantity", "median")),
    Repair(Selection.of("t_empty", table="events", column="value"), Fill("price", "constant", 3)),
    Repair(Selection.of("t_every", table="users"), Merge("users", (("a", "b"), ("b", "c")))),
)


def by_hand(  # noqa: PLR0911  # one way out for each rule
    events: pd.DataFrame, users: set[str], rule: Repair
) -> tuple[pd.DataFrame, set[str]]:
    """The same rule in pandas."""
    e, do, choose = events.copy(), rule.action, rule.selection
    if isinstance(do, Exclude):
        if choose.code == "t_above":
            return e[~(e.quantity > choose.get("limit"))], users
        gone = set(choose.get("ids"))  # type: ignore[arg-type]
        if choose.get("table") == "users":
            return e[~e.user_id.isin(gone)], users - gone
        return e[~e.item_id.isin(gone)], users
    if isinstance(do, Merge):
        known = dict.fromkeys(("a", "b"), "c") if users >= {"a", "b", "c"} else {}
        if not known:  # pairs of ids that are not there are left out
            known = {one: "c" for one in ("a", "b") if one in users and "c" in users}
        e["user_id"] = e.user_id.replace(known)
        return e, users - set(known)
    if isinstance(do, Returns):
        back = (e.quantity > choose.get("limit")) & (e.event == "purchase")
        e.loc[back, ["quantity", "value"]] = -e.loc[back, ["quantity", "value"]].abs()
        e.loc[back, "event"] = "return"
        return e, users
    price = e.value / e.quantity.replace(0, np.nan)
    returned = e.event == "return"
    if isinstance(do, Fill):
        if do.column == "quantity":
            rest = e.quantity.dropna()
            hole = e.quantity.isna()
            e.loc[hole, "quantity"] = rest.median()
            e.loc[hole & returned, "quantity"] = -abs(rest.median())
            return e, users
        hole = e.value.isna() & e.quantity.notna()
        e.loc[hole, "value"] = (3 * e.quantity[hole]).round(4)
        e.loc[hole & returned, "value"] = -e.value.abs()
        return e, users
    assert isinstance(do, Cap)
    if do.column == "value":
        low, high = (e.groupby("event").value.transform("quantile", share) for share in (0.25, 0.75))
        new = e.value.clip(low, high).round(4)
        e["value"] = new.where(~returned | (new == e.value), -new.abs())
        return e, users
    old = e.quantity if do.column == "quantity" else price
    new = old.clip(do.low, do.high)
    moved = old.notna() & (new != old)
    if do.column == "quantity":
        e.loc[moved & e.value.notna() & (old != 0), "value"] = (price * new).round(4)
        e.loc[moved, "quantity"] = new
        e.loc[moved & returned, "quantity"] = -new.abs()
    else:
        e.loc[moved, "value"] = (new * e.quantity).round(4)
    e.loc[moved & returned, "value"] = -e.value.abs()
    return e, users


def read(store: Store, *, raw: bool = False) -> pd.DataFrame:
    return store.read(Query(ROWS), raw=raw).to_pandas().astype({"quantity": float, "value": float})


def agrees(store: Store) -> None:
    events = read(store, raw=True)
    users = {str(row["user_id"]) for row in store.rows(Query("SELECT user_id FROM users"), raw=True)}
    for kept in repairs(store):
        if kept.ended_at is None:
            assert kept.done is not None
            if kept.done.after is not None:  # it could be applied
                events, users = by_hand(events, users, kept.repair)
                assert kept.done.after.events == len(events)
    pd.testing.assert_frame_equal(
        read(store), events.reset_index(drop=True), check_dtype=False, check_exact=False, atol=2e-4
    )
    assert {str(row["user_id"]) for row in store.rows(Query("SELECT user_id FROM users"))} == users


_ROW = st.tuples(
    st.sampled_from(["a", "b", "c", ""]), st.sampled_from(["x", "y"]), st.sampled_from(["", *map(str, range(9))]),
    st.sampled_from(["", "1.5", "6", "20", "0.01"]),
)  # fmt: skip
_FILE = st.lists(_ROW, min_size=2, max_size=6)
_STEP = st.one_of(
    st.tuples(st.just("add"), st.integers(0, len(RULES) - 1)),
    st.tuples(st.just("add"), st.integers(0, len(RULES) - 1)),
    st.tuples(st.sampled_from(["end", "move", "undo"]), st.integers(0, 5)),
    st.tuples(st.just("load"), _FILE),
)


def text(rows: Any) -> str:
    return "u,i,q,v\n" + "".join(",".join(row) + "\n" for row in [("c", "x", "1", "2"), *rows])


@settings(max_examples=examples(8))
@given(_FILE, st.lists(_STEP, min_size=2, max_size=7))
def test_what_shows_follows_from_rows_and_rules(first: Any, steps: Any) -> None:
    with in_place(), tempfile.TemporaryDirectory() as folder, workspace(Path(folder)) as store:
        load_text(store, text(first), HOW)
        for n, (what, how) in enumerate(steps):
            counting = [kept.repair_no for kept in repairs(store) if kept.ended_at is None]
            raw = read(store, raw=True)
            if what == "load":
                load_text(store, text(how), HOW, f"{n}.csv", again=True)
            elif what == "undo" and [b for b in batches(store)[1:] if not b["undone_at"]]:
                undo_batch(store, next(b["batch_no"] for b in batches(store)[:0:-1] if not b["undone_at"]))
            elif what == "add":
                with store.atomic() as writer:
                    named = isinstance(RULES[how].action, Merge)
                    known = {row["user_id"] for row in store.rows(Query("SELECT user_id FROM users"))}
                    if not named or known >= {"a", "b", "c"}:
                        add_repair(writer, RULES[how])
            elif what in ("end", "move") and counting:
                with store.atomic() as writer:
                    number = counting[how % len(counting)]
                    if what == "end":
                        end_repair(writer, number)
                    else:
                        move_repair(writer, number, 1 + how % len(counting))
            if what in ("add", "end", "move"):
                pd.testing.assert_frame_equal(read(store, raw=True), raw)
            agrees(store)
        bare = content_digest(store, raw=True)
        for kept in repairs(store):
            if kept.ended_at is None:
                with store.atomic() as writer:
                    end_repair(writer, kept.repair_no)
        assert content_digest(store) == bare
