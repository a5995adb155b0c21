"""Writing: text files whose bytes depend on nothing but their content."""

import csv
import gzip
import io
import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from data.sample_model.catalogue import SUBCATEGORIES
from data.sample_model.settings import GUEST, N_USERS, ROLES, iso_day
from data.sample_model.sheet import HEADER, Sheet, pounds
from data.sample_model.shop import Shop

TRUTH_USERS = (
    "user_id", "community", "role", "rhythm_days", "rhythm_cv", "active_from", "active_until", "orders",
    "rows_before_dirt",
)  # fmt: skip


def csv_text(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """RFC 4180 with line feeds: cells are quoted where they must be."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue()


def write_text(path: Path, text: str) -> None:
    """UTF-8, line feeds on every system."""
    path.write_bytes(text.encode("utf-8"))


def write_events(path: Path, sheet: Sheet) -> None:
    """Gzip without name and time, so that the same rows give the same bytes (with the same zlib)."""
    text = csv_text(HEADER, zip(*(sheet.cells[name] for name in HEADER), strict=True))
    with path.open("wb") as raw, gzip.GzipFile(filename="", fileobj=raw, mode="wb", compresslevel=9, mtime=0) as packed:
        packed.write(text.encode("utf-8"))


def json_text(facts: dict[str, Any]) -> str:
    """Indented JSON in which a list of plain values stays on one line."""
    text = json.dumps(facts, indent=1, ensure_ascii=False)
    flat = re.sub(r"\[\s+([^\[\]{}]+?)\s+\]", lambda found: "[" + re.sub(r",\s+", ", ", found[1]) + "]", text)
    return flat + "\n"


def truth_users(shop: Shop) -> str:
    """One row a user: community (empty for bots), role, rhythm, days between which the user may come, orders."""
    people, log = shop.world.people, shop.log
    bought = log.where(log.of_type("purchase") & (people.role[log["user"]] != GUEST))
    pairs = np.unique(np.stack([bought["user"], bought["order"]]), axis=1)
    orders = np.bincount(pairs[0], minlength=N_USERS)
    events = np.bincount(log["user"], minlength=N_USERS)
    rows = [
        [
            people.ids[i], "" if people.community[i] < 0 else people.community[i], ROLES[people.role[i]],
            *((people.rhythm[i], people.cv[i]) if people.rhythm[i] else ("", "")),
            iso_day(int(people.since[i])), iso_day(int(people.until[i])), orders[i], events[i],
        ]
        for i in range(N_USERS)
    ]  # fmt: skip
    return csv_text(TRUTH_USERS, sorted(rows))


def truth_items(shop: Shop) -> str:
    """One row an item: its true category and price, half-life of attention after launch, planted attention, quality."""
    items = shop.world.items
    watch = np.where(items.over, "over", np.where(items.under, "under", ""))
    rows = [
        [
            item, *SUBCATEGORIES[sub], pounds(price), half_life or "", watched, f"{popularity:.6f}", f"{quality:.4f}",
        ]
        for item, sub, price, half_life, watched, popularity, quality in zip(
            items.ids(), items.sub.tolist(), items.price.tolist(), items.half_life.tolist(), watch.tolist(),
            items.popularity.tolist(), items.quality.tolist(), strict=True,
        )
    ]  # fmt: skip
    header = ("item_id", "category", "subcategory", "price", "half_life_days", "watched", "popularity", "mean_rating")
    return csv_text(header, rows)
