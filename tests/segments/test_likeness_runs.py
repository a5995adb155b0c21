"""Runs that keep their answer: names, data that change under way, which notes warn."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.errors import Refusal
from core.progress import no_step
from core.segments import (
    ClusterRun,
    ClusterSpec,
    cautions,
    clustering_now,
    get_group,
    groups_state,
    made_in,
    rename_group,
)
from core.segments.likeness import HeldOut
from core.segments.likeness.lookalike_words import _told_apart, verdict
from core.segments.likeness.task import clustered
from core.segments.likeness.types import Lookalikes, LookalikeSpec
from core.store import Store
from tests.behaviour.world import E, build


@dataclass
class Done:
    result: dict[str, Any]
    arrays: dict[str, np.ndarray[Any, Any]] = field(default_factory=dict)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    rows = [E(f"u{u}", f"i{u % 2 * 2 + n}", "purchase", f"2025-03-{1 + n:02d}") for u in range(30) for n in range(2)]
    return build(tmp_path / "a.duckdb", rows, categories={"i0": "a", "i1": "a", "i2": "b", "i3": "b"})


def run(store: Store) -> tuple[ClusterRun, Done]:
    spec = ClusterSpec(k=2, min_events=1, tried=(2, 2))
    one = ClusterRun(store, spec)
    return one, Done(*clustered(spec, one.arrays(no_step)))


def test_a_run_is_kept_under_a_name_of_its_own_and_found_after_a_rename(store: Store) -> None:
    one, done = run(store)
    stamps = [groups_state(store)]
    with store.atomic(data=False) as writer:
        first = one.publish(writer, done)
        second = one.publish(writer, done)
    assert second["group"] == f"{first['group']} (2)"
    stamps.append(groups_state(store))
    rename_group(store, first["group"], "Mine")
    stamps.append(groups_state(store))
    assert len(set(stamps)) == 3
    found = made_in(store, first)
    assert found is not None
    assert found.name == "Mine"
    now = clustering_now(store, get_group(store, "Mine"))
    assert [c.users for c in now.clusters] == [15, 15]
    assert [c.share for c in now.clusters] == [0.5, 0.5]
    assert set(first) == {"group", "made_at"}


def test_data_that_change_under_way_are_refused(store: Store) -> None:
    one, done = run(store)
    with store.atomic() as _:
        pass
    with pytest.raises(Refusal, match="changed"), store.atomic(data=False) as writer:
        one.publish(writer, done)


def test_what_look_alikes_must_be_warned_of_is_found_among_the_notes() -> None:
    def held(found: int, low: float, random: float) -> HeldOut:
        return HeldOut("taste", 10, 100, found, found / 100, low, 1.0, random, ())

    grave = [
        verdict(held(90, 0.8, 1.0), held(10, 0.0, 1.0)),
        verdict(held(10, 0.05, 0.1), held(5, 0.0, 0.1)),
        verdict(held(50, 0.4, 0.1), held(60, 0.5, 0.1)),
        verdict(held(50, 0.4, 0.1), held(45, 0.3, 0.1)),
        _told_apart([("Orders", 0.999)]),
        _told_apart([("Orders", 0.999), ("Items", 0.99)]),
    ]
    fine = verdict(held(90, 0.8, 0.1), held(20, 0.1, 0.1))
    answer = Lookalikes(LookalikeSpec("s"), 1, 1, 1, 0, (), (), (), (*grave, fine))
    assert cautions(answer) == tuple(grave)
