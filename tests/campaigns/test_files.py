"""The files of a list: read back cell by cell, whatever the ids, titles and contacts hold; and the bytes repeat."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.campaigns import (
    Campaign,
    Members,
    TargetList,
    contact_shown,
    make_list,
    manifest,
    manifest_bytes,
    write_list,
    write_manifest,
)
from core.campaigns import files as files_module
from core.errors import Refusal
from core.progress import Amount, Step
from core.recommend import spec
from core.store import Store
from tests.campaigns.shop import CONSENT, CONTACT, ITEMS, USERS, bring, numbers, put

ARMS: tuple[files_module.Arm, ...] = ("contacted", "control")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with put(tmp_path / "w.duckdb") as opened:
        yield opened


def listed(
    store: Store,
    users: Sequence[str],
    offers: Sequence[Sequence[str | None]] = (),
    *,
    control: Sequence[str] = (),
    **asked: Any,
) -> TargetList:
    """A list of these users in this order, made by hand."""
    nos, items = numbers(store, "user"), numbers(store, "item")

    def members(names: Sequence[str], first: int) -> Members:
        given = [[-1 if i is None else items[i] for i in row] for row in (offers or [()] * len(names))][: len(names)]
        return Members(
            np.array([nos[u] for u in names], dtype=np.int32),
            np.arange(first, first + len(names), dtype=np.int32),
            np.linspace(2, 1, len(names)) if len(names) else np.empty(0),
            np.array(given, dtype=np.int32).reshape(len(names), -1 if names and given[0] else 0),
        )

    campaign = Campaign("ids", ids="0" * 64, **asked)
    return TargetList(campaign, members(users, 1), members(control, 1 + len(users)), (), {}, ("a note",), {})


def cells(path: Path) -> list[dict[str, str]]:
    """The file as the standard library reads it, every quote and line end as written."""
    return list(csv.DictReader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline=""), strict=True))


def test_every_cell_comes_back(store: Store, tmp_path: Path) -> None:
    users = list(USERS)
    offers = [[i, "plain"] for i in ITEMS] + [["plain", None]] * 3
    why = [f'Suggested because\n"{n}", = good' for n in range(len(users))]
    path = tmp_path / "list.csv"
    written = write_list(store, listed(store, users, offers, channel="sms"), path, why=why)
    found = cells(path)
    assert [row["rank"] for row in found] == [str(n) for n in range(1, len(users) + 1)]
    assert [row["user_id"] for row in found] == ["'=1+1" if u == "=1+1" else u for u in users]
    assert [row["item_1"] for row in found][:4] == ["0042", "-5", "'=SUM(A1)", "plain"], "-5 is a figure, no formula"
    titles = ['Bowl "Ōsaka",\nsage 🏺', "-5", "'-CMD|' /C calc'!A0", "Lamp"]
    assert [row["item_1_title"] for row in found][:4] == titles
    assert [row["item_2"] for row in found] == ["plain"] * 4 + [""] * 3
    assert [row["item_2_title"] for row in found] == ["Lamp"] * 4 + [""] * 3
    assert [row["why"] for row in found] == why
    allowed = {"000123", "two\nlines", "Ünï-😀", "cr\rid", " padded "}  # consent_sms
    phones = ["+49 30 901820", "", "", "'+SUM(A1)", "", "1", "2"]
    assert [row["phone"] for row in found] == phones
    assert all((u in allowed) or not p for u, p in zip(users, phones, strict=True))
    # an address of another channel stands only with that channel's own consent
    assert [row["email"] for row in found] == ["a@mail.example", "'=HYPERLINK(\"x\")", "", "b@mail.example",
                                               "'@SUM(A1)", "", ""]  # fmt: skip
    data = path.read_bytes()
    assert written.rows == len(users)
    assert (written.sha256, written.bytes) == (hashlib.sha256(data).hexdigest(), len(data))
    assert not data.startswith(b"\xef\xbb\xbf")
    assert data.endswith(b"\n")
    assert b"\r\n" not in data


def test_pandas_reads_the_same(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    users = [u for u in USERS if u != "cr\rid"]
    write_list(store, listed(store, users, [["0042"]] * len(users)), path, excel=True)
    found = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig", skipinitialspace=False)
    assert list(found.columns) == ["user_id", "rank", "item", "item_title", "email", "phone"]
    assert found["user_id"].tolist() == ["'=1+1" if u == "=1+1" else u for u in users]
    assert set(found["item"]) == {"0042"}
    assert path.read_bytes().startswith(b"\xef\xbb\xbfuser_id,rank")


def test_control_group_has_no_contacts(store: Store, tmp_path: Path) -> None:
    target = listed(store, ["000123"], [["plain"]], control=["two\nlines"])
    path = tmp_path / "control.csv"
    assert write_list(store, target, path, arm="control").rows == 1
    assert cells(path) == [{"user_id": "two\nlines", "rank": "2", "item": "plain", "item_title": "Lamp"}]
    assert "mail.example" not in path.read_text("utf-8")
    write_list(store, target, path, contact=False)
    assert list(cells(path)[0]) == ["user_id", "rank", "item", "item_title"]


@pytest.mark.parametrize(
    ("channel", "kept"),
    [
        ("email", {"email": ("consent_email",), "phone": ("consent_sms",)}),
        ("consent_SMS", {"email": ("consent_email",), "phone": ("consent_sms",)}),
        (None, {"email": CONSENT, "phone": CONSENT}),
    ],
)
def test_which_consent_an_address_needs(store: Store, channel: str | None, kept: dict[str, tuple[str, ...]]) -> None:
    campaign = Campaign("ids", ids="0" * 64, channel=channel)
    assert contact_shown(store, campaign) == kept


def test_an_address_without_a_consent_of_its_own(store: Store) -> None:
    asked = Campaign("ids", ids="0" * 64, channel="email")
    with store.atomic() as w:
        w.run("UPDATE columns SET role = 'attribute' WHERE column_name = 'consent_sms'")
    assert contact_shown(store, asked) == {"email": ("consent_email",)}, "nobody agreed to be telephoned"
    with store.atomic() as w:
        w.run("ALTER TABLE users RENAME COLUMN consent_email TO consent_marketing")
        w.run("UPDATE columns SET column_name = 'consent_marketing' WHERE column_name = 'consent_email'")
    general = Campaign("ids", ids="0" * 64, channel="marketing")
    assert contact_shown(store, general) == dict.fromkeys(CONTACT, ("consent_marketing",))
    with store.atomic() as w:
        w.run("UPDATE columns SET role = 'attribute' WHERE column_name = 'consent_marketing'")
    assert contact_shown(store, general) == {"email": (), "phone": ()}


def test_a_contact_column_may_be_called_like_one_of_ours(store: Store, tmp_path: Path) -> None:
    with store.atomic() as w:
        w.run("UPDATE contact_facts SET column_name = 'Rank' WHERE column_name = 'phone'")
        w.run("UPDATE columns SET column_name = 'Rank' WHERE column_name = 'phone'")
    write_list(store, listed(store, ["000123"]), tmp_path / "l.csv")
    assert cells(tmp_path / "l.csv") == [
        {"user_id": "000123", "rank": "1", "email": "a@mail.example", "contact_Rank": "+49 30 901820"}
    ]


def test_order_is_that_of_rank_and_reasons_go_along(store: Store, tmp_path: Path) -> None:
    target = listed(store, ["000123", "two\nlines", "Ünï-😀"])
    target.contacted.ranks[:] = [7, 2, 5]
    write_list(store, target, tmp_path / "l.csv", why=["seven", "two", "five"], score=True, contact=False)
    found = cells(tmp_path / "l.csv")
    assert [(row["rank"], row["user_id"], row["why"]) for row in found] == [
        ("2", "two\nlines", "two"), ("5", "Ünï-😀", "five"), ("7", "000123", "seven")]  # fmt: skip
    assert [row["score"] for row in found] == ["1.5", "1", "2"]
    with pytest.raises(ValueError, match="1 reasons for 3 members"):
        write_list(store, target, tmp_path / "l.csv", why=["one"])


def test_an_empty_list_is_a_heading(store: Store, tmp_path: Path) -> None:
    assert write_list(store, listed(store, []), tmp_path / "l.csv").rows == 0
    assert (tmp_path / "l.csv").read_text() == "user_id,rank,email,phone\n"


def test_members_without_any_offer(store: Store, tmp_path: Path) -> None:
    write_list(store, listed(store, ["000123"], [[None, None]]), tmp_path / "l.csv", contact=False)
    assert cells(tmp_path / "l.csv") == [
        {"user_id": "000123", "rank": "1", "item_1": "", "item_1_title": "", "item_2": "", "item_2_title": ""}
    ]


def test_portions_do_not_show(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = listed(store, list(USERS), [["0042"]] * len(USERS))
    whole = write_list(store, target, tmp_path / "whole.csv", why=["x"] * len(USERS))
    monkeypatch.setattr(files_module, "_AT_A_TIME", 2)
    assert write_list(store, target, tmp_path / "parts.csv", why=["x"] * len(USERS)).sha256 == whole.sha256


def test_what_was_there_stays_when_it_cannot_be_written(store: Store, tmp_path: Path) -> None:
    target = listed(store, ["000123"])
    folder = tmp_path / "folder"
    folder.mkdir()
    for path in (folder, tmp_path / "nowhere" / "l.csv"):
        with pytest.raises(Refusal) as refused:
            write_list(store, target, path)
        assert refused.value.code == "cannot_write"
    old = tmp_path / "old.csv"
    old.write_text("old")

    class Broken(Exception):
        pass

    class Breaking(Step):
        def report(self, share: float, note: str = "", amount: Amount | None = None) -> None:
            raise Broken

    with pytest.raises(Broken):
        write_list(store, target, old, step=Breaking())
    assert old.read_text() == "old"
    assert sorted(p.name for p in tmp_path.iterdir() if ".part" in p.name) == []


def test_two_workspaces_with_shuffled_rows_give_the_same_bytes(tmp_path: Path) -> None:
    users = {f"{n:04}": {"email": f"u{n}@mail.example", "consent_email": n % 7 > 0} for n in range(200)}
    rng = np.random.default_rng(5)
    pairs = sorted({(f"{u:04}", i) for u, i in zip(rng.integers(200, size=500), rng.choice(list(ITEMS), 500))})  # noqa: B905
    made: list[list[bytes]] = []
    for seed in (1, 2):
        with put(tmp_path / f"w{seed}.duckdb", users=users, shuffle=seed) as store:
            bring(store, pairs, seed)
            campaign = Campaign("item", items=("plain",), model=spec("item-knn"), size=60, holdout=0.2, channel="email")
            target = make_list(store, campaign)
            assert len(target.contacted) > 20
            assert len(target.control) > 3
            found = {arm: write_list(store, target, tmp_path / f"{arm}{seed}.csv", arm=arm) for arm in ARMS}
            told = manifest(store, target, {str(arm): file for arm, file in found.items()})
            last = write_manifest(told, tmp_path / f"m{seed}.json")
            assert manifest_bytes(told) == last.path.read_bytes()
            made.append([file.path.read_bytes() for file in (*found.values(), last)])
    assert made[0] == made[1]
