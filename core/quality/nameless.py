"""Repairs for papers that leave the house: what they are, without the ids of the users that they name."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import Any

from core.quality.codec import repair_to_json
from core.quality.told import describe
from core.quality.types import Merge, Param, Repair, Selection

_NAMING = {"ids": ("ids",), "where": ("value",)}  # rule -> parameters that may hold raw ids


def without_ids(repair: Repair) -> tuple[dict[str, Any], str]:
    """The repair's JSON and words, each list of raw user ids replaced by how many there are and their SHA-256.

    So two papers can be compared, and nobody can be read off them. Ids of items stay: they are no persons.
    """
    selection, action = repair.selection, repair.action
    params: dict[str, Param] = dict(selection.params)
    for name in _NAMING.get(selection.code, ()):
        if _about_users(selection) and params.get(name) is not None:
            held = params[name]
            params[name] = (_sealed(held if isinstance(held, tuple) else (held,)),)
    hidden = Selection(selection.code, tuple(sorted(params.items())))
    shown = repair_to_json(replace(repair, selection=hidden))
    if isinstance(action, Merge) and action.table == "users" and action.pairs:
        shown["action"]["pairs"] = _sealed(action.pairs)
    return shown, describe(replace(repair, selection=hidden))


def _about_users(selection: Selection) -> bool:
    named = selection.code == "ids" or selection.get("column") in ("user_id", "user")
    return named and (selection.get("table") == "users" or selection.get("column") == "user")


def _sealed(ids: Any) -> str:
    digest = hashlib.sha256(json.dumps(ids, ensure_ascii=False).encode("utf-8", "replace")).hexdigest()
    return f"{len(ids):,} not shown, SHA-256 {digest[:16]}"
