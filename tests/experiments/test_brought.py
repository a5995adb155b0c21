"""A past campaign's file: groups, moments, offers, and every way such a file goes wrong."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from core.errors import Refusal
from core.experiments import bring_list, list_saved
from core.store import Query
from tests.experiments.world import CAMPAIGN, SENT, bring, shop, written


def test_a_campaign_is_kept(tmp_path: Path) -> None:
    with shop(tmp_path) as store:
        saved = bring(store, tmp_path)
        assert (saved.contacted, saved.control, saved.holdout, saved.manifest) == (6, 4, 0.4, {})
        assert saved.sent_at == SENT, "the earliest"
        rows = store.rows(Query("SELECT user_id, arm, rank, items FROM saved_members ORDER BY user_id"))
        assert [r["user_id"] for r in rows] == [f"{n:03}" for n in range(1, 11)], "leading zeros stay"
        assert [r["items"] for r in rows][3:7] == ['["i2"]', None, None, '["i1"]']
        assert {r["rank"] for r in rows} == {None}
        later = bring(store, tmp_path, name="later", sent_at=datetime(2025, 4, 1))
        assert later.sent_at == datetime(2025, 4, 1), "what is said beside the file counts"


@pytest.mark.parametrize(
    "text",
    [
        "user_id;arm;sent_at\nu1;Treatment;2025-03-01\nu2;Hold-out;2025-03-01\n",
        "sep=;\r\nCustomer ID;Group;Sent At\r\nu1;TEST;2025-03-01T00:00:00Z\r\nu2;Held back;2025-03-01 00:00 UTC\r\n",
        '\n\nuser\tarm\tsent\tnote\n"u1"\texposed\t2025-03-01\ta "b" c\n\n u2 \tcontrol\t\t\n',
        "id,arm,sent_at\nu1,contacted,2025-03-01\nu2,control,2025-03-01\nu1,contacted,2025-03-02\n",
        "\ufeffuser_id,arm,sent_at\nu1,contacted,2025-03-01\nu2,control,2025-03-01",
        "user_id,arm,sent_at\ru1,contacted,2025-03-01\ru2,control,2025-03-01\r",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_ways_of_writing_the_same(tmp_path: Path, text: str, encoding: str) -> None:
    with shop(tmp_path) as store:
        saved = bring_list(store, "x", written(tmp_path, text.lstrip("\ufeff").encode(encoding)))
        assert (saved.contacted, saved.control, saved.sent_at) == (1, 1, datetime(2025, 3, 1))
        rows = store.rows(Query("SELECT arm, user_id FROM saved_members ORDER BY arm"))
        assert [tuple(row.values()) for row in rows] == [("contacted", "u1"), ("control", "u2")]


def test_windows_text_is_read(tmp_path: Path) -> None:
    with shop(tmp_path) as store:
        text = "user_id,arm,sent_at,city\nMüller,contacted,2025-03-01,Köln\n"
        bring_list(store, "x", written(tmp_path, text.encode("cp1252")))
        assert store.rows(Query("SELECT user_id FROM saved_members")) == [{"user_id": "Müller"}]


@pytest.mark.parametrize(
    ("content", "code", "said"),
    [
        ("", "empty_file", "is empty"),
        (" \n\n", "empty_file", "is empty"),
        ("user_id,arm,sent_at\n", "empty_file", "names no user"),
        (b"PK\x03\x04\x00\x00rest", "not_text", "Save the sheet as CSV"),
        (b"\x00\x01\x02", "not_text", "not a text file"),
        ("name,arm\nu1,control\n", "no_such_column", "has no column user_id. It has: name, arm."),
        ("user_id\nu1\n", "no_such_column", "has no column arm"),
        ("user_id,arm\nu1,control\n", "no_sent_at", "does not say when"),
        ("user_id,arm,sent_at\nu1,control,2025-03-01\nu2,B,2025-03-01\n", "bad_line", "Line 3 of .* group 'B'"),
        ("user_id,arm,sent_at\nu1,,2025-03-01\n", "bad_line", "Line 2 of .* has no arm"),
        ("user_id,arm,sent_at\n ,control,2025-03-01\n", "bad_line", "Line 2 of .* has no user_id"),
        ("user_id,arm,sent_at\nu1,control,18/08/26\n", "bad_line", "Line 2 of .* the time '18/08/26'"),
        ("user_id,arm,sent_at\nu1,control,0001-01-01T00:00+14:00\n", "bad_line", "Line 2 of"),
        ("user_id,arm,sent_at\n\nu1,control,2025-03-01\nu1,test,\n", "bad_line", "Line 4 of .* who was in control"),
        ("a" * 500 + ",b\n1,2\n", "no_such_column", r"It has: a{197}\.\.\. and 1 more\. Name it user_id"),
        (",".join(f"column_{k:03d}" for k in range(400)), "no_such_column", r"column_015 and 384 more\. Name"),
        ("user_id,arm,sent_at\nu1,control\n", "bad_line", "Line 2 of .* has 2 cells where the header has 3"),
        ("user_id,arm,sent_at\nu1,control,2025-03-01,x\n", "bad_line", "Line 2 of .* has 4 cells"),
        ('user_id,arm,sent_at\n"u1,control,2025-03-01\nu2,control,2025-03-01\n', "bad_line", r"left open .* it\? C"),
        ('user_id,arm,sent_at\nu1,control,2025-03-01\n"u2"x,control,\n', "bad_line", "Line 3 of"),
        ("user_id,arm,sent_at\n" + "x" * 200_000 + ",control,2025-03-01\n", "bad_line", "Line 2 of"),
    ],
)
def test_files_that_are_refused_keep_nothing(tmp_path: Path, content: str | bytes, code: str, said: str) -> None:
    with shop(tmp_path) as store:
        with pytest.raises(Refusal, match=said) as refused:
            bring_list(store, "x", written(tmp_path, content))
        assert refused.value.code == code
        assert list_saved(store) == []


def test_other_refusals(tmp_path: Path) -> None:
    with shop(tmp_path) as store:
        for path in (tmp_path / "none.csv", tmp_path):
            with pytest.raises(Refusal) as refused:
                bring_list(store, "x", path)
            assert refused.value.code == "no_such_file"
        for holdout in (-0.1, 1.0, float("nan")):
            with pytest.raises(Refusal) as refused:
                bring(store, tmp_path, holdout=holdout)
            assert refused.value.code == "bad_list"
        bring(store, tmp_path)
        with pytest.raises(Refusal, match="already"):
            bring(store, tmp_path)
        assert bring(store, tmp_path, CAMPAIGN.replace("001", "abc"), replace=True).contacted == 6
        assert len(list_saved(store)) == 1


def test_it_is_kept_with_all_else_or_not_at_all(tmp_path: Path) -> None:
    with shop(tmp_path) as store:
        path = written(tmp_path, CAMPAIGN)
        with pytest.raises(RuntimeError), store.atomic() as writer:
            bring_list(writer, "x", path)
            raise RuntimeError
        assert list_saved(store) == []
        with store.atomic() as writer:
            bring_list(writer, "x", path)
        assert len(list_saved(store)) == 1
