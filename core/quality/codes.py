"""Item codes that are no products: postage, discounts, fees, vouchers, corrections.

Nothing in a file says which codes are products. Several hints do: what the code is called, that it is written unlike
the others, and how it is used (prices of every size, or below zero; bought often but never looked at). One hint is not
enough, but for a code that consists of nothing but a service's name.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.quality.ask import remember
from core.quality.given import amount
from core.quality.per_user import Bools, Floats, Place, column, numbers, per_item
from core.quality.types import Asked, Exclude, Finding, Kind, Param, Repair, Selection
from core.store import Query, ident

DEFAULTS: Mapping[str, Param] = {"hints": 2, "far": 5.0}
RARE = 0.05  # a way to write a code that at most this share of codes has

# English, German, French, Spanish, Italian, Dutch: what shops book as a line beside the goods.
_CARRYING = (
    "post|postage|porto|shipping|delivery|freight|carriage|courier|dotcompostage|versand|versandkosten|fracht|lieferung|"
    "fraisdeport|port|livraison|envio|envío|gastosdeenvio|spedizione|verzending|verzendkosten"
)
_MONEY = (
    "fees?|amazonfees?|bankcharges?|charges?|surcharge|commission|provision|gebühr|gebuehr|frais|discount|rebate|rabatt|"
    "remise|descuento|sconto|korting|coupon|gutschein|voucher|giftvoucher|giftcard|giftcertificate|bon|storecredit|"
    "credit|deposit|pfand|tax|vat|mwst|tva|iva|btw|rounding|rundung|donation|spende|tip|trinkgeld|insurance"
)
_OTHER = (
    "manual|adjust|adjustment|adjustbaddebt|baddebt|correction|korrektur|samples?|muster|giftwrap|giftwrapping|"
    "geschenkverpackung|emballagecadeau|service"
)
# In a title these words stand among others, so those that are also things ("post", "port", "tip", "bon") are left out.
_TITLE = (
    "postage|shipping|delivery charge|freight|carriage|versand|versandkosten|frais de port|livraison|fees?|"
    "bank charges?|surcharge|commission|discount|rabatt|gutschein|vouchers?|gift ?cards?|coupon|adjust(ment)?|"
    "bad debt|manual|samples?|gift ?wrap(ping)?|korrektur|donation"
)
_BY_NAME = f"^({_CARRYING}|{_MONEY}|{_OTHER})$"
_BY_TITLE = f"(^|[^\\p{{L}}])({_TITLE})([^\\p{{L}}]|$)"


def non_products(asked: Asked, params: Mapping[str, Param]) -> list[dict[str, object]]:
    """Items taken for no products, those with the most events first: item_no, item, title, why, events, money.

    Asked once for the same parameters. Raises Refusal `bad_selection`.
    """
    hints, far = amount(params, "hints", low=1), amount(params, "far")
    return remember(asked, f"codes {hints} {far}", lambda: _non_products(asked, hints, far))


def detect(asked: Asked) -> list[Finding]:
    """At most one finding, with the reasons for each code."""
    found = non_products(asked, DEFAULTS)
    if not found:
        return []
    of = _items(asked).num_rows
    events = sum(int(str(row["events"])) for row in found)
    money = sum(float(str(row["money"])) for row in found)
    selection = Selection.of("non_product")
    named = ", ".join(str(row["item"]) for row in found[:12]) + (
        f" and {len(found) - 12:,} more" if len(found) > 12 else ""
    )
    return [
        Finding(
            "non_product",
            "serious",
            f"{len(found):,} of {of:,} item codes look like no products: {named}.",
            "A code counts as no product when it is nothing but the name of a service (postage, fee, discount ...), or "
            f"when {DEFAULTS['hints']} hints agree: a service in its title, a code written unlike {1 - RARE:.0%} of "
            "the others, prices that vary far more than those of other items, lie far from them or go below zero, "
            "bought but never looked at where other items are. How it is used alone is never enough. Left in, such "
            "codes come up in lists of top items and in recommendations.",
            "items",
            len(found),
            of,
            column="item_id",
            selection=selection,
            examples=tuple({k: v for k, v in row.items() if k != "item_no"} for row in found[:8]),
            facts={
                "events": events,
                "revenue": round(money, 2),
                "codes": [str(row["item"]) for row in found[:200]],
                "reasons": {str(row["item"]): str(row["why"]) for row in found[:200]},
            },
            repairs=(Repair(selection, Exclude()),),
        )
    ]


def _items(asked: Asked) -> pa.Table:
    """One row an item, used or not: how its code is written, what it is called, and how it is used."""
    titles = [name for name in asked.columns.get("items", {}) if asked.roles.get(("items", name)) == "title"]
    title = f"{ident(titles[0])}::VARCHAR" if titles else "NULL::VARCHAR"
    query = Query(
        "WITH traded AS (SELECT item_no, "
        "count(*) FILTER (event = 'purchase') AS bought, sum(value)::DOUBLE AS money, "
        "count(*) FILTER (event = 'purchase' AND quantity > 0 AND value < 0) AS below, avg(ln(price)) AS level, "
        "stddev_pop(ln(price)) AS vary FROM (SELECT item_no, event, value, quantity, "
        "CASE WHEN event = 'purchase' AND quantity > 0 AND value > 0 THEN value::DOUBLE / quantity END AS price "
        "FROM events WHERE event IN ('purchase', 'return') AND item_no IS NOT NULL) GROUP BY item_no) "
        f"SELECT i.item_no, i.item_id AS item, {title} AS title, "
        "coalesce(bought, 0) AS bought, coalesce(money, 0) AS money, "
        "coalesce(below, 0) AS below, exp(level) AS price, vary, length(i.item_id) AS long, "
        "NOT regexp_matches(i.item_id, '[0-9]') AS letters, "
        "regexp_replace(lower(i.item_id), '[\\p{L}\\p{N}]+', '', 'g') AS marks, "
        f"regexp_matches(regexp_replace(lower(i.item_id), '[^\\p{{L}}]+', '', 'g'), ?) AS named, "
        f"coalesce(regexp_matches(lower({title}), ?), false) AS titled FROM items i "
        "LEFT JOIN traded USING (item_no) "
        "ORDER BY item_no",
        (_BY_NAME, _BY_TITLE),
    )
    return remember(asked, "items by code", lambda: _with_events(asked, asked.reader.read(query, step=asked.step)))


def _with_events(asked: Asked, table: pa.Table) -> pa.Table:
    """The items with their events and views, those with the most events first."""
    seen = per_item(asked)
    seen = seen.filter(pc.is_in(seen["item_no"], table["item_no"].combine_chunks()))
    place = np.searchsorted(numbers(table, "item_no"), numbers(seen, "item_no"))
    for name, given in (("events", "n"), ("views", "views")):
        counts = np.zeros(table.num_rows, np.int64)
        counts[place] = numbers(seen, given)
        table = table.append_column(name, pa.array(counts))
    return table.sort_by([("events", "descending"), ("item", "ascending")])


def _non_products(asked: Asked, hints: float, far: float) -> list[dict[str, object]]:
    table = _items(asked)
    if not table.num_rows:
        return []
    named, titled, digits = _flag(table, "named"), _flag(table, "titled"), ~_flag(table, "letters")
    if (named & digits).mean() > RARE:  # "SERVICE-001" is a dinner service where many codes are like it
        named = named & ~digits
    form, use = _form(table), _use(table, far)
    written = sum(shown.astype(np.int64) for shown in form.values())
    used = sum(shown.astype(np.int64) for shown in use.values())
    # A name counts twice. How an item is used says nothing by itself: real goods are sold at many prices, or unseen.
    points = 2 * named.astype(np.int64) + titled + written + used
    is_one = (points >= hints) & (named | titled | (written > 0))
    rows = table.select(["item_no", "item", "title", "events", "money"]).take(np.flatnonzero(is_one)).to_pylist()
    why = {"it is the name of a service": named, "its title names a service": titled, **form, **use}
    for i, row in zip(np.flatnonzero(is_one), rows, strict=True):
        row["money"] = round(row["money"], 2)
        row["why"] = "; ".join(text for text, shown in why.items() if shown[i])
    return list(rows)


def _form(table: pa.Table) -> dict[str, Bools]:
    """Ways in which a code is written unlike nearly all others."""
    letters, long = _flag(table, "letters"), column(table, "long")
    marks = np.asarray(table["marks"].to_numpy(zero_copy_only=False), object)
    kinds, place, number = np.unique(marks.astype(str), return_inverse=True, return_counts=True)
    odd = (number[place] <= RARE * len(marks)) & (kinds[place] != "")
    short = long <= 0.7 * np.median(long)
    return {
        "letters alone, where other codes have digits": letters & (letters.mean() <= RARE),
        "far shorter than other codes": short & (short.mean() <= RARE),
        "signs that other codes do not have": odd & ~letters,
    }


def _use(table: pa.Table, far: float) -> dict[str, Bools]:
    """Ways in which an item is used unlike other items."""
    bought, vary, views = column(table, "bought"), column(table, "vary"), column(table, "views")
    place = Place.of(vary[bought >= 5])
    wide: Bools = np.zeros(len(vary), np.bool_)
    if place is not None:
        far_out: Floats = place.far(vary)
        wide = (bought >= 5) & (far_out >= far) & (vary >= 0.7)  # e^0.7 = 2: prices mostly at half to double the usual
    price = column(table, "price")
    usual = Place.of(price[bought >= 3])
    apart = np.zeros(len(vary), np.bool_) if usual is None else (bought >= 3) & (np.abs(usual.far(price)) >= far)
    bought_items = bought > 0
    looked_at = bool(bought_items.any()) and float((views[bought_items] > 0).mean()) >= 0.9
    expected = bought * views.sum() / max(bought.sum(), 1.0)
    return {
        "prices of every size": wide,
        "a price far from that of all other items": apart,
        "prices below zero": column(table, "below") > 0,
        "bought but never looked at": np.asarray(looked_at & (bought >= 5) & (views == 0) & (expected >= 5), np.bool_),
    }


def _flag(table: pa.Table, name: str) -> Bools:
    return np.asarray(table[name].to_numpy(zero_copy_only=False), np.bool_)


def _choose(asked: Asked, params: Mapping[str, Param]) -> Query | pa.Array:
    return pa.array([row["item_no"] for row in non_products(asked, params)], pa.int64())


KINDS: tuple[Kind, ...] = (Kind("non_product", "items", "item codes that are no products", DEFAULTS, _choose),)
"""non_product: `hints` that must agree (a service's name counts for two); `far` = spreads of a price from others."""
