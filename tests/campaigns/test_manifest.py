"""The manifest: all that a list was made from, the same bytes every time, and nobody's id."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core import __version__
from core.campaigns import (
    Campaign,
    TargetList,
    Written,
    make_list,
    manifest,
    manifest_bytes,
    write_list,
    write_manifest,
)
from core.errors import Refusal
from core.interactions import MatrixSpec
from core.quality import Exclude, Repair, Selection, add_repair
from core.recommend import spec
from core.segments import Prop, Segment, Test
from core.store import Store
from core.store.digest import content_digest
from tests.campaigns.shop import bring, put

USERS = {f"user-{n:04}": {"email": f"u{n}@mail.example", "consent_email": True} for n in range(120)}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    rng = np.random.default_rng(3)
    pairs = sorted({(f"user-{u:04}", i) for u in range(120) for i in rng.choice(["0042", "-5", "plain"], 2)})
    with put(tmp_path_factory.mktemp("manifest") / "w.duckdb", users=USERS) as opened:
        bring(opened, pairs, 1)
        with opened.atomic() as writer:  # events of nobody, so that their words may be weighed
            writer.run("INSERT INTO events (event, batch_no) VALUES ('created_at', 1), ('version', 1)")
        yield opened


def asked(**more: Any) -> Campaign:
    rule = Prop("user_id", Test("is_not", ("user-0007",)))
    return Campaign(
        "item",
        items=("plain",),
        model=spec("item-knn", {"neighbours": 7}),
        segment=Segment("All but one", rule, datetime(2026, 1, 1)),
        matrix=MatrixSpec(weights=(("created_at", 2.0), ("version", 3.0))),
        holdout=0.25,
        size=20,
        seed=11,
        channel="email",
        **more,
    )


@pytest.fixture(scope="module")
def target(store: Store) -> TargetList:
    return make_list(store, asked(), suppressed=["user-0001", "nobody-1"])


@pytest.fixture
def files(store: Store, target: TargetList, tmp_path: Path) -> dict[str, Written]:
    return {
        "contacted": write_list(store, target, tmp_path / "secret-folder-name.csv"),
        "control": write_list(store, target, tmp_path / "c.csv", arm="control"),
    }


def test_it_says_what_the_list_was_made_from(store: Store, target: TargetList, files: dict[str, Written]) -> None:
    told = manifest(store, target, files)
    assert told["limelight"] == __version__
    assert told["digest"] == content_digest(store)
    assert Campaign.from_json(told["campaign"]) == asked(), "the question can be asked again"
    assert told["segment"]["name"] == "All but one"
    assert told["segment"]["rule"] == told["campaign"]["segment"]["rule"]
    assert "user_id" in told["segment"]["words"]
    assert told["model"] == {"model": "item-knn", "params": told["model"]["params"]}
    assert told["model"]["params"]["neighbours"] == 7
    assert told["matrix"]["weights"] == {"created_at": 2.0, "version": 3.0}, "words of events are not taken for times"
    assert told["seed"] == 11
    stages = told["stages"]
    assert [s["stage"] for s in stages] == [s.stage for s in target.stages]
    assert all(a["out"] == b["in"] for a, b in pairwise(stages))
    assert stages[-1]["out"] == len(target.contacted)
    assert told["counts"] == {
        "contacted": len(target.contacted), "control": len(target.control), "asked_size": 20, "asked_share": None
    }  # fmt: skip
    assert told["notes"] == list(target.notes)
    assert told["files"] == {name: {"rows": f.rows, "bytes": f.bytes, "sha256": f.sha256} for name, f in files.items()}
    assert told["facts"]["suppressed_ids"] == 2
    assert told["backtest"] is None


def test_no_id_no_path_no_clock(store: Store, target: TargetList, files: dict[str, Written]) -> None:
    text = manifest_bytes(
        manifest(store, target, files, backtest={"seconds_fit": 1.5, "ways": [{"seconds": 3}]})
    ).decode()
    # the one id in it is the analyst's own rule
    assert [user for user in USERS if user in text] == ["user-0007"]
    assert "nobody-1" not in text
    assert "mail.example" not in text
    assert "secret-folder-name" not in text
    assert "seconds" not in text
    assert str(datetime.now().year) + "-" not in text.replace("2026-01-01", "")  # noqa: DTZ005


def test_the_same_again_gives_the_same_bytes(store: Store, target: TargetList, files: dict[str, Written]) -> None:
    again = make_list(store, asked(), suppressed=["nobody-1", "user-0001"])
    with store.atomic():
        pass  # the version rises, the data stay
    once = manifest_bytes(manifest(store, target, files))
    assert manifest_bytes(manifest(store, again, dict(reversed(files.items())))) == once
    other = make_list(store, asked(salt="another"), suppressed=["nobody-1", "user-0001"])
    assert manifest_bytes(manifest(store, other, files)) != once


def test_it_is_canonical_json(tmp_path: Path) -> None:
    told = {
        "b": np.float64(0.1),
        "a": [np.int32(3), np.array([1.5, np.nan]), float("inf"), True, None],
        "c": {"when": datetime(2026, 1, 2, 3), "é": "“ü”"},
    }
    written = write_manifest(told, tmp_path / "m.json")
    assert written.rows == 0
    text = written.path.read_text("utf-8")
    assert json.loads(text) == {
        "a": [3, [1.5, None], None, True, None], "b": 0.1, "c": {"when": "2026-01-02T03:00:00", "é": "“ü”"}
    }  # fmt: skip
    assert list(json.loads(text)) == ["a", "b", "c"]
    assert "“ü”" in text
    assert manifest_bytes(json.loads(text)).decode() == text
    with pytest.raises(Refusal) as refused:
        write_manifest(told, tmp_path / "nowhere" / "m.json")
    assert refused.value.code == "cannot_write"


def test_repairs_are_listed_and_name_nobody(tmp_path: Path) -> None:
    with put(tmp_path / "w.duckdb", users=USERS) as store:
        bring(
            store,
            [(user, item) for n, user in enumerate(USERS) for item in (("plain", "0042") if n % 2 else ("-5", "0042"))],
            1,
        )
        with store.atomic() as writer:
            writer.run("UPDATE events SET event_no = rowid")  # as a load gives them
            add_repair(writer, Repair(Selection.of("ids", table="users", ids=("user-0042",)), Exclude()))
        told = manifest(store, make_list(store, replace(asked(), matrix=MatrixSpec())), {})
    assert [repair["repair_no"] for repair in told["repairs"]] == [1]
    assert told["repairs"][0]["repair"]["action"] == {"do": "exclude"}
    assert "user-0042" not in manifest_bytes(told).decode()
