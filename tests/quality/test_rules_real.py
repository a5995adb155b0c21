"""The rules on the sample, whose dirt is known, and on Online Retail, against what pandas counts in the files."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from pathlib import Path

import pandas as pd

from core.quality import Asked, Finding, amounts, cancellation, complete, constant, from_files, unique, valid
from tests.quality.asking import copy_of, keys, one

DETECTORS = (complete, valid, amounts, cancellation, unique, constant, from_files)


def _all(asked: Asked) -> list[Finding]:
    return [finding for module in DETECTORS for finding in module.detect(asked)]


def test_the_samples_dirt_is_found(sample_workspace: Path, sample: Path, tmp_path: Path) -> None:
    truth = json.loads((sample / "truth.json").read_text())
    dirt = {kind: planted["count"] for kind, planted in truth["dirt"]["events.csv.gz"].items()}
    with copy_of(sample_workspace, tmp_path) as asked:
        count = {(f.code, f.column): f.count for f in _all(asked)}
        assert count["missing", "user"] == truth["load"]["rows_anonymous"] == 8147
        assert count["repeat", None] == truth["load"]["rows_repeated"] == 600
        assert count["future", "at_utc"] == dirt["future_date"] == 24
        assert count["no_item", "item"] == dirt["missing_item"] == 90
        assert count["impossible_rating", "rating"] == dirt["impossible_rating"] == 40
        assert count["zero_price", "price"] == dirt["zero_price"] == 20
        assert count["negative_price", "price"] == 90  # the discounts
        assert count["negative_quantity", "quantity"] == dirt["negative_quantity"] == 30
        assert count["nearly_constant", "newsletter_format"] == 1
        rejected = Counter({f.column: f.count for f in from_files.detect(asked) if f.code == "rejected"})
        wanted = truth["load"]["rejected_by_reason"]
        assert rejected == {
            "event_time": wanted["unparseable_time"], "event_type": wanted["missing_event_type"],
            "quantity": wanted["bad_quantity"], "unit_price": wanted["bad_price"], "rating": wanted["bad_rating"],
        }  # fmt: skip
        future = one(asked, valid.detect, "future")
        assert {example["time"][:4] for example in future.examples} == {"2062"}
        assert ("cancellation", "order_id") not in count  # every order has the same letter
        assert ("too_early", "at_utc") not in count


def test_what_is_missing_in_the_sample_against_pandas(sample_workspace: Path, sample: Path, tmp_path: Path) -> None:
    events = pd.read_csv(sample / "events.csv.gz", dtype=str)
    users, items = (pd.read_csv(sample / name, dtype=str) for name in ("users.csv", "items.csv"))
    with copy_of(sample_workspace, tmp_path) as asked:
        found = complete.detect(asked)
        unknown = {f.facts["table"]: f.count for f in found if f.code == "not_described"}
        assert unknown == {"users": 6, "items": 3}  # test ids and codes
        missing = {(f.facts["table"], f.column): f.count for f in found if f.code == "missing"}
        for table, frame, skip in (("users", users, "user_id"), ("items", items, "item_id")):
            blank = {name: int(n) for name, n in frame.isna().sum().items() if n and name not in ("email", "phone")}
            ours = {name: n - unknown[table] for (of, name), n in missing.items() if of == table}
            assert ours == blank
            assert skip not in ours
        fits = events.event_type.isin(["rating", "share", "comment"])
        assert missing["events", "channel"] == int((events.channel.isna() & fits).sum()) - _rejected(events, fits)
        assert ("events", "campaign") not in missing  # only messages, and what follows them, have one
        contacts = {f.column: f.count for f in from_files.detect(asked) if f.code == "missing_in_file"}
        assert contacts == {"email": int(users.email.isna().sum()), "phone": int(users.phone.isna().sum())}
        shown = json.dumps([list(f.examples) for f in _all(asked)], default=str)
        assert "@" not in shown  # no address in any example


def _rejected(events: pd.DataFrame, fits: pd.Series) -> int:
    """Ratings that are no numbers, without channel."""
    wrong = pd.to_numeric(events.rating, errors="coerce").isna() & events.rating.notna()
    return int((wrong & fits & events.channel.isna()).sum())


def test_online_retail(retail_workspace: Path, online_retail: Path, tmp_path: Path) -> None:
    with gzip.open(online_retail) as file:
        raw = pd.read_csv(file, dtype=str, keep_default_na=False, encoding="utf-8")
    with copy_of(retail_workspace, tmp_path) as asked:
        found = {(f.code, f.column): f for f in _all(asked)}
        count = {key: f.count for key, f in found.items()}
        assert count["missing", "user"] == (raw.CustomerID == "").sum() == 135_080
        assert count["missing_in_file", "Description"] == (raw.Description == "").sum() == 1_454
        assert count["cancellation", "order_id"] == raw.InvoiceNo.str.startswith("C").sum() == 9_288
        assert count["negative_quantity", "quantity"] == raw.Quantity.str.startswith("-").sum() == 10_624
        price = raw.UnitPrice.astype(float)
        assert count["zero_price", "price"] == (price == 0).sum()
        assert count["negative_price", "price"] == (price < 0).sum() == 2
        assert count["zero_price", "price"] + count["negative_price", "price"] == 2_517
        assert found["repeat", None].facts["rows_repeated_in_files"] == raw.duplicated().sum() == 5_268
        assert count["repeat_in_file", None] == 5_268
        kept = raw.drop(columns="Description").assign(UnitPrice=price)
        assert count["repeat", None] == kept.duplicated().sum() == 5_270
        for code in ("negative_quantity", "cancellation"):  # returns already: nothing to repair
            (finding,) = [f for f in found.values() if f.code == code]
            assert (finding.repairs, finding.level, finding.scope) == ((), "note", "events")
        for finding in found.values():
            if finding.selection:
                assert len(keys(asked, finding.selection)) == finding.count
