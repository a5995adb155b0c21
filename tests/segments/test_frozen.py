"""Frozen segments, lists from files: members that stay, names that cannot clash."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pytest

from core.errors import Refusal
from core.segments import (
    All,
    Compare,
    Did,
    InGroup,
    InSegment,
    Not,
    Segment,
    count,
    delete_group,
    delete_segment,
    describe,
    freeze,
    get_group,
    get_segment,
    list_from_file,
    list_from_text,
    list_groups,
    list_segments,
    read_schema,
    rename_group,
    rename_segment,
    save_segment,
    saved_segments,
    segment_to_json,
    thaw,
)  # fmt: skip
from core.segments.groups import write_group
from core.segments.id_file import decoded
from core.store import Query, Store
from core.takeout import export_table
from tests.segments.world import World, event, put

TWICE = Did("purchase", compare=Compare("at_least", 2))


def world(*users: str) -> World:
    return World(events=tuple(event(u, "purchase", f"2024-01-0{d}", item="a") for u in users for d in (1, 2)))


def refused(code: str, act: Callable[[], object]) -> None:
    with pytest.raises(Refusal) as caught:
        act()
    assert caught.value.code == code


def kept(store: Store, name: str, kind: str = "clusters", *, replace: bool = False) -> None:
    members = pa.table({"user_id": ["a"], "part": [0]})
    with store.atomic(data=False) as writer:
        write_group(writer, name, kind, members, words="w", spec={}, parts={0: "Big"}, replace=replace)  # type: ignore[arg-type]


def test_members_stay_as_they_were(store: Store) -> None:
    put(store, world("a", "b"))
    save_segment(store, Segment("Twice", TWICE))
    save_segment(store, Segment("Others", Not(InSegment("twice"))))
    version = store.version
    saved = freeze(store, "TWICE")
    assert (saved.frozen, saved.segment.rule, saved.segment.made_from) == (True, InGroup("Twice"), TWICE)
    assert get_segment(store, "Twice") == saved.segment
    assert store.version == version
    put(store, world("b", "c"))  # a was undone, c was loaded later
    assert (count(store, InSegment("Twice")), count(store, TWICE), count(store, InSegment("Others"))) == (1, 2, 1)
    said = describe(InGroup("Twice"), read_schema(store))
    assert said.startswith("frozen ")
    assert said.endswith(", data to 2 Jan 2024 (2 users): at least 2 orders, ever")
    assert segment_to_json(saved.segment)["made_from"] == {"did": "purchase", "compare": {"at_least": 2}}
    refused("already_frozen", lambda: freeze(store, "Twice"))
    live = thaw(store, "twice")
    assert live.segment == Segment("Twice", TWICE) == get_segment(store, "Twice")
    assert list_groups(store) == ()
    refused("not_frozen", lambda: thaw(store, "Twice"))


def test_its_own_moment(store: Store) -> None:
    put(store, World(events=(event("a", "view", "2024-01-01"), event("b", "view", "2024-03-01"))))
    pinned = Segment("Early", Did("view"), datetime(2024, 2, 1))
    save_segment(store, pinned)
    assert freeze(store, "Early").frozen
    group = get_group(store, "early")
    assert (group.users, group.as_of, group.kind) == (1, datetime(2024, 2, 1), "frozen")
    assert thaw(store, "Early").segment == pinned


def test_names_move_together(store: Store) -> None:
    put(store, world("a"))
    save_segment(store, Segment("Base", TWICE))
    save_segment(store, Segment("Twice", InSegment("Base")))
    freeze(store, "Twice")
    save_segment(store, Segment("Use", Not(InGroup("twice"))))
    rename_segment(store, "Twice", "Two")
    rename_segment(store, "Base", "Ground")
    found = {s.name: s for s in saved_segments(store)}
    assert found["Two"] == Segment("Two", InGroup("Two"), None, InSegment("Ground"))
    assert found["Use"].rule == Not(InGroup("Two"))
    assert get_group(store, "two").name == "Two"
    refused("segment_in_use", lambda: delete_segment(store, "Ground"))
    refused("group_in_use", lambda: delete_segment(store, "Two"))
    refused("group_in_use", lambda: thaw(store, "Two"))
    refused("group_in_use", lambda: save_segment(store, Segment("Two", TWICE), replace=True))
    refused("group_is_frozen", lambda: delete_group(store, "Two"))
    refused("group_is_frozen", lambda: rename_group(store, "Two", "Three"))
    delete_segment(store, "Use")
    assert save_segment(store, found["Two"], replace=True).frozen
    assert not save_segment(store, Segment("Two", TWICE), replace=True).frozen
    assert (list_groups(store), [s.frozen for s in list_segments(store)]) == ((), [False, False])
    delete_segment(store, "Two")


def test_groups_of_other_kinds(store: Store, tmp_path: Path) -> None:
    put(store, world("a"))
    save_segment(store, Segment("Mine", TWICE))
    kept(store, "mine")
    refused("group_exists", lambda: freeze(store, "Mine"))
    assert get_segment(store, "Mine").made_from is None, "all or nothing"
    assert rename_group(store, "MINE", "Yours").name == "Yours"
    freeze(store, "Mine")
    refused("group_exists", lambda: kept(store, "MINE", replace=True))
    refused("group_exists", lambda: rename_group(store, "Yours", "mine"))
    refused("group_exists", lambda: rename_segment(store, "Mine", "yours"))
    assert get_segment(store, "Mine").rule == InGroup("Mine")
    save_segment(store, Segment("Part", InGroup("Yours", (0,))))
    refused("group_in_use", lambda: delete_group(store, "yours"))
    assert describe(get_segment(store, "Part").rule, read_schema(store)) == "in “Big” of group “Yours”"
    assert export_table(store, "groups", tmp_path / "g.csv") == 2
    assert "Yours,clusters,w,,a,0,Big,," in (tmp_path / "g.csv").read_text()


TEXTS = (
    ("a\nb\n", None, 2, 0, 0), ("\ufeffUser_ID\r\n\"a\"\r\nb\r\n\r\na\r\n", "User_ID", 2, 1, 1),
    ("name;id;city\nAnn;a;x\nBob; b ;y\nCy\n", "id", 2, 0, 1), ("a\tx\nb\ty\n", None, -1, 0, 0),
    ('"mail","customer"\n"a@x, b","b"\n"c","zzz"\n', "customer", 1, 0, 0), ("\n \n", None, -1, 0, 0),
)  # fmt: skip


@pytest.mark.parametrize(("text", "column", "known", "repeated", "blank"), TEXTS)
def test_lists(
    store: Store, tmp_path: Path, text: str, column: str | None, known: int, repeated: int, blank: int
) -> None:
    put(store, world("a", "b"))
    (tmp_path / "l.csv").write_bytes(text.encode())
    if known < 0:
        with pytest.raises(Refusal):
            list_from_file(store, "L", tmp_path / "l.csv")
        return
    report = list_from_file(store, "L", tmp_path / "l.csv")
    assert (report.column, report.known, report.repeated, report.blank) == (column, known, repeated, blank)
    assert report.lines == report.known + report.unknown + report.repeated + report.blank + report.erased
    assert count(store, InGroup("L")) == known
    assert report.unknown_ids == (("zzz",) if "zzz" in text else ())
    refused("group_exists", lambda: list_from_text(store, "l", "a"))
    assert list_from_text(store, "l", "a\nc\n", replace=True).unknown == 1
    put(store, world("a", "c"))
    assert count(store, InGroup("L")) == 2, "unknown ids count once they are loaded"


def test_what_is_no_list(store: Store, tmp_path: Path) -> None:
    refused("no_such_file", lambda: list_from_file(store, "L", tmp_path / "none"))
    refused("no_id_column", lambda: list_from_text(store, "L", "a,b\n", column="c"))
    refused("not_text", lambda: decoded(b"\0\1\2"))
    assert decoded("é".encode("utf-16")) == decoded("é".encode("cp1252")) == "é"
    assert list_groups(store) == ()


def test_pseudonyms_and_the_erased(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    from core.ingest.erase import erase
    from core.store.keys import FINGERPRINT, fingerprint, hashed

    key = "k" * 40
    monkeypatch.setenv("LIMELIGHT_PSEUDONYM_KEY", key)
    ann, bob = hashed("ann", key.encode()), hashed("bob", key.encode())
    put(store, world(ann, bob))
    with store.atomic() as writer:
        writer.run(Query("INSERT INTO meta VALUES (?, ?)", (FINGERPRINT, fingerprint(key.encode()))))
        erase(writer, "bob")
    report = list_from_text(store, "L", f"ann\nbob\n{ann}\ncy\n")
    assert (report.known, report.erased, report.repeated, report.unknown) == (1, 1, 1, 1)
    assert report.unknown_ids == ("cy",)
    with store.atomic() as writer:
        assert erase(writer, "ann").rows["grouping_members"] == 1
    assert count(store, All((InGroup("L"),))) == 0
