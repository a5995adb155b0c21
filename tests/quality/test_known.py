"""What the report takes from counts that its detectors have made: the same as what is counted anew."""

from __future__ import annotations

from pathlib import Path

from core.quality import Finding, Selection, effects, figures
from core.quality.ask import ask
from core.quality.known import known_figures
from core.quality.per_user import per_item, per_user
from tests.behaviour.world import SHOP, build

SELECTIONS = (
    Selection.of("missing", table="events", column="user"),
    Selection.of("where", table="events", column="event", op="=", value="purchase"),
    Selection.of("where", table="events", column="event", op="=", value="view"),
    Selection.of("one_off_user"),
    Selection.of("one_off_item"),
)


def _findings() -> list[Finding]:
    return [Finding(s.code, "look", "", "", "users", 1, 10**6, selection=s) for s in SELECTIONS]


def test_figures_and_effects_are_the_same_with_counts_made_before(tmp_path: Path) -> None:
    store = build(tmp_path / "w.duckdb", SHOP)
    with store, store.scratch() as scratch:
        anew, before = (ask(scratch, store.as_of()) for _ in range(2))
        plain = [effects(anew, [finding])[0] for finding in _findings()]  # nobody has counted for the first three
        per_user(before), per_item(before)
        assert known_figures(before) == figures(store)
        together = effects(before, _findings(), now=known_figures(before))
    assert together == plain
    assert len({str(effect) for effect in together}) > 2
