"""Repairs without a user who is erased: their id stands in no rule, also in none that was taken back."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from core.errors import Refusal
from core.quality.codec import repair_from_json, repair_to_json
from core.quality.merge import flat
from core.quality.types import Fill, Merge, Param, Repair, Selection
from core.store import Query, Writer

_OF_ITEMS = frozenset({"item", "item_id", "items", "title", "category"})
_OWN_WORDS = frozenset({"table", "column", "op", "paired", "days"})
"""Parameters that hold words of the rules, never an id."""


def forget_in_repairs(writer: Writer, user_id: str, sentence: Callable[[str], str], gone: str) -> int:
    """Take an id out of all repairs' rules; how many changed. `reapply` is the caller's. Inside Store.atomic.

    Lists of ids and pairs lose it (a chain a -> id -> c becomes a -> c); a merge that has no pair left is taken back.
    Where a single value is the id, `gone` stands in its place, and `sentence` takes it out of notes. Items may have
    the id that the user had: rules about items keep it.
    """
    changed = 0
    for row in writer.rows(Query("SELECT repair_no, spec::VARCHAR AS spec FROM repairs ORDER BY repair_no")):
        try:
            repair = repair_from_json(str(row["spec"]))
        except Refusal:  # not of our writing, and applied by nobody
            continue
        after = repair_without(repair, user_id, sentence, gone)
        if after == repair:
            continue
        changed += 1
        spec = json.dumps(repair_to_json(after), ensure_ascii=False)
        writer.run(Query("UPDATE repairs SET spec = ?::JSON WHERE repair_no = ?", (spec, row["repair_no"])))
        # without pairs it would mean all ids that are alike
        if isinstance(repair.action, Merge) and repair.action.pairs and not getattr(after.action, "pairs", ()):
            now = datetime.now(UTC).replace(tzinfo=None)
            writer.run(
                Query(
                    "UPDATE repairs SET ended_at = coalesce(ended_at, ?) WHERE repair_no = ?", (now, row["repair_no"])
                )
            )
    return changed


def repair_without(repair: Repair, user_id: str, sentence: Callable[[str], str], gone: str) -> Repair:
    """The same rule without the id of a user."""
    action, selection = repair.action, repair.selection
    if isinstance(action, Merge) and action.table == "users" and any(user_id in pair for pair in action.pairs):
        pairs = _flat(action.pairs)
        action = replace(action, pairs=tuple(pair for pair in pairs if user_id not in pair))
    if isinstance(action, Fill) and action.value == user_id:
        action = replace(action, value=gone)
    if not _about_items(selection):
        told = {name: _without(name, value, user_id, gone) for name, value in selection.params}
        selection = Selection(selection.code, tuple(told.items()))
    return Repair(selection, action, sentence(repair.note))


def _flat(pairs: tuple[tuple[str, str], ...]) -> list[tuple[str, str]]:
    try:
        return list(flat(pairs).items())
    except Refusal:  # a circle: it does nothing anyway
        return list(pairs)


def _about_items(selection: Selection) -> bool:
    return selection.get("table") == "items" or selection.get("column") in _OF_ITEMS


def _without(name: str, value: Param, user_id: str, gone: str) -> Param:
    if name in _OWN_WORDS:
        return value
    if isinstance(value, tuple):
        return tuple(one for one in value if one != user_id)
    return gone if value == user_id else value
