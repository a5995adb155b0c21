"""The sections that fading and ways give to the command attention: plain values and lines."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from core.behaviour import EVERYTHING
from core.commands.attention_fading import sections
from core.progress import no_step
from tests.attention.fading_world import at, shop


def test_sections_are_plain(tmp_path: Path) -> None:
    events = [
        {"user": u, "item": 1 + u % 2, "event": k, "at": at(f"0{u} {h}:00"), "campaign": "x"}
        for u in (1, 2, 3) for k, h in (("view", 10), ("impression", 11), ("click", 12), ("view", 12), ("purchase", 13))
    ]  # fmt: skip
    events.append({"user": 1, "item": 1, "event": "view", "at": at("20 10:00")})
    with shop(tmp_path / "w.duckdb", events, {1: "A", 2: "B"}) as store:
        found = sections(store, EVERYTHING, None, argparse.Namespace(), no_step)
    assert [key for key, _, _ in found] == ["launch", "fatigue", "flow", "paths"]
    assert all(lines for _, _, lines in found)
    plain = json.loads(json.dumps({key: result for key, result, _ in found}, allow_nan=False))
    assert plain["fatigue"]["table"][0]["exposures"] == 3
    assert plain["fatigue"]["table"][0]["responses"] == 3
    assert plain["launch"]["problem"]
    assert sum(way["visits"] for way in plain["paths"]["ways"]) == plain["paths"]["visits"] == 10
