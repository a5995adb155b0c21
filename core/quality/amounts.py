"""Ranges of price and quantity: nothing, and below nothing.

The price is value / quantity; a row without quantity is about one unit. In returns quantity and value are stored at or
below zero whichever sign the file had, so a price below zero cannot be told there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from core.errors import Refusal
from core.quality import said
from core.quality.ask import one
from core.quality.event_examples import behind
from core.quality.types import Action, Asked, Exclude, Fill, Finding, Kind, Param, Repair, Returns, Selection
from core.store import Query

_TESTS: dict[str, str] = {
    "zero_price": "(value = 0 AND coalesce(quantity, 1) <> 0)",
    "negative_price": "((value < 0 AND coalesce(quantity, 1) > 0) OR (value > 0 AND quantity < 0))",
    "zero_quantity": "quantity = 0",
    "negative_quantity": "quantity < 0",
}
_OF_RETURNS = {"all": "", "leave": " AND event <> 'return'", "only": " AND event = 'return'"}
_TOLD = {
    "zero_price": ("a price of zero", "Free samples and give-aways, or lines that book stock in and out. Each "
                   "counts as an order line; revenue does not change."),
    "negative_price": ("a price below zero", "Discounts, vouchers or bad debt booked as lines of an order: they lower "
                       "revenue, and count as something sold."),
    "zero_quantity": ("a quantity of zero", "Nothing was sold; the line still counts as an order."),
    "negative_quantity": ("a quantity below zero", "Most likely returns booked as purchases: they count as orders and "
                          "buyers, and as nothing sent back."),
}  # fmt: skip


def detect(asked: Asked) -> list[Finding]:
    """Findings `zero_price`, `negative_price`, `zero_quantity` and `negative_quantity`: the last once of
    purchases, and once of the returns that loads made of them.
    """
    tests = {
        code: f"{test}{_OF_RETURNS['leave'] if code == 'negative_quantity' else ''}" for code, test in _TESTS.items()
    }
    counts = ", ".join(f"count(*) FILTER ({test}) AS {code}" for code, test in tests.items())
    # The counts of odd rows are taken over the few rows that may be odd, not over all.
    row = one(asked, Query("SELECT count(value) AS priced, count(quantity) AS counted FROM events")) | one(
        asked, Query(f"SELECT {counts} FROM events WHERE value <= 0 OR quantity <= 0")
    )
    found = [_finding(asked, code, row) for code in _TESTS if row[code]]
    return [each for each in (*found, _made_returns(asked)) if each]


# ---- the selections


def _where(code: str, returns: Param = "all") -> Query:
    if returns not in _OF_RETURNS:
        raise Refusal("bad_selection", f"{returns!r} is not known.", "`returns` is all, leave (out) or only.")
    return Query(f"{_TESTS[code]}{_OF_RETURNS[str(returns)]}")


def _kind(code: str, label: str) -> Kind:
    def choose(asked: Asked, params: Mapping[str, Param]) -> Query:
        return Query("SELECT event_no FROM events WHERE ") + _where(code, params["returns"])

    default = "leave" if code == "negative_quantity" else "all"  # those of returns are as they should be
    return Kind(code, "events", label, {"returns": default}, choose)


KINDS: tuple[Kind, ...] = tuple(_kind(code, f"events with {told}") for code, (told, _) in _TOLD.items())


# ---- findings


def _finding(asked: Asked, code: str, row: Mapping[str, Any]) -> Finding:
    told, meaning = _TOLD[code]
    selection = Selection(code)
    of = int(row["counted" if code.endswith("quantity") else "priced"])
    order = "value, event_no" if code == "negative_price" else "abs(quantity) DESC NULLS LAST, event_no"
    stand = behind(asked, _where(code, "leave" if code == "negative_quantity" else "all"), order=order)
    words = {str(r["event"]): int(r["n"]) for r in asked.reader.rows(_by_event(selection, asked), step=asked.step)}
    by_event = ", ".join(f"{said.plural(word)} {n:,}" for word, n in words.items())
    kind = "quantity" if code.endswith("quantity") else "price"
    return Finding(
        code, "look" if code.startswith("zero") else "serious",
        f"{said.of_all(stand.count, of, f'events with a {kind}')} {said.have(stand.count)} {told}.",
        f"{meaning} By event: {by_event}.", "events", stand.count, of,
        column=kind, selection=selection, examples=stand.examples, users=stand.users,
        facts={"by_event": words, "value": stand.value},
        repairs=tuple(Repair(selection, action) for action in _actions(code, words)),
    )  # fmt: skip


def _by_event(selection: Selection, asked: Asked) -> Query:
    where = _where(selection.code, "leave" if selection.code == "negative_quantity" else "all")
    return Query("SELECT event, count(*) AS n FROM events WHERE ") + where + " GROUP BY event ORDER BY n DESC, event"


def _actions(code: str, words: Mapping[str, int]) -> tuple[Action, ...]:
    if code == "negative_quantity":
        return (Returns(), Exclude()) if "purchase" in words else (Exclude(),)
    fill = {"zero_price": "price", "negative_price": "price", "zero_quantity": "quantity"}[code]
    return (Exclude(), Fill(fill, "median", group="item"))


# ---- returns


def _made_returns(asked: Asked) -> Finding | None:
    """Purchases with a quantity below zero that the load made into returns: nothing is left to repair.

    Of loads that name no returns themselves these are all returns that there are; of others only the figure that the
    load noted is known, for every return is stored below zero.
    """
    every = asked.reader.rows(_LOADS, step=asked.step)
    loads = [load for load in every if json.loads(str(load["mapping"])).get("returns") == "negative"]
    noted = sum(int(load["negative"] or 0) for load in loads)
    if not noted:
        return None
    plain = [load for load in every if _only_by_sign(json.loads(str(load["mapping"])))]
    of = sum(int(load["rows"]) for load in loads if load["negative"] is not None)
    title = (
        f"{said.of_all(noted, of, 'rows of the files')} {said.have(noted)} a quantity below zero: loaded as returns."
    )
    meaning = (
        "As the mapping says, such a purchase is a return: it lowers revenue and is no order. Nothing is to be done."
    )
    selection = Selection.of("negative_quantity", returns="only")
    if len(plain) == len(every):
        stand = behind(asked, _where("negative_quantity", "only"), order="quantity, event_no")
        if stand.count == noted:
            return Finding(
                "negative_quantity", "note", title, meaning, "events", noted, of, column="quantity",
                selection=selection, examples=stand.examples, users=stand.users, facts={"value": stand.value},
            )  # fmt: skip
    meaning += " The files name other returns too, and all are stored below zero: which rows these are cannot be told."
    return Finding("negative_quantity", "note", title, meaning, "rows", noted, of, column="quantity")


_LOADS = Query(
    "SELECT mapping, c.rows, c.negative FROM batches SEMI JOIN live_batches USING (batch_no) "
    "LEFT JOIN (SELECT batch_no, rows, negative FROM batch_columns WHERE role = 'quantity') c USING (batch_no) "
    "WHERE kind = 'events'"
)


def _only_by_sign(mapping: Mapping[str, Any]) -> bool:
    """The load makes returns of purchases below zero, and the file names none itself."""
    words = [*mapping.get("events", {}).values(), mapping.get("event"), *mapping.get("events", {})]
    return mapping.get("returns") == "negative" and "return" not in [str(word).strip().lower() for word in words]
