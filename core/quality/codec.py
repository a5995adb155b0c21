"""Selections and repairs as JSON and back, strictly: what does not say exactly one repair is refused.

`{"selection": {"code": "missing", "params": {"column": "age", "table": "users"}},
"action": {"do": "fill", "column": "age", "method": "median", "group": "country"}, "note": "..."}`; what equals its
default is left out. Reading is about form alone: whether the rule, its table and its columns exist is asked of the
registry and the data when a repair is added or applied.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any, cast, get_args

from core.errors import Refusal
from core.quality.types import Action, Cap, Exclude, Fill, FillMethod, Merge, Param, Repair, Returns, Selection

ACTIONS: dict[str, type[Action]] = {"exclude": Exclude, "cap": Cap, "fill": Fill, "returns": Returns, "merge": Merge}
MOST_TEXT = 10_000
MOST_NAMED = 200_000
_MOST = 1e15  # of numbers: what money can hold, DECIMAL(18, 4), with room for a product
_NAMES = {kind: name for name, kind in ACTIONS.items()}


def repair_to_json(repair: Repair) -> dict[str, Any]:
    """The repair as a JSON object; `repair_from_json` gives an equal one back (parameters in order of their names).

    >>> repair_to_json(Repair(Selection.of("bot"), Exclude()))
    {'selection': {'code': 'bot'}, 'action': {'do': 'exclude'}}
    """
    action: dict[str, Any] = {"do": _NAMES[type(repair.action)]}
    for part in fields(repair.action):
        value = getattr(repair.action, part.name)
        if part.default is MISSING or value != part.default:
            action[part.name] = _plain(value)
    told = {"selection": selection_to_json(repair.selection), "action": action}
    return told | ({"note": repair.note} if repair.note else {})


def repair_from_json(raw: object) -> Repair:
    """The repair that a JSON text, or the object read from one, describes. Raises Refusal `bad_repair`."""
    try:
        told = _object(_parsed(raw) if isinstance(raw, str) else raw, "The repair", ("selection", "action", "note"))
        action = told.get("action")
        note = _text(told.get("note", ""), "note")
        return Repair(selection_from_json(told.get("selection")), _action(action), note)
    except RecursionError:
        raise bad_repair("The repair is nested too deeply.") from None


def selection_to_json(selection: Selection) -> dict[str, Any]:
    """The selection as a JSON object: its code, and the parameters that were given."""
    params = {name: _plain(value) for name, value in selection.params}
    return {"code": selection.code} | ({"params": params} if params else {})


def selection_from_json(raw: object) -> Selection:
    """The selection that a JSON object describes. Raises Refusal `bad_repair`."""
    told = _object(raw, "The selection", ("code", "params"))
    code = _text(told.get("code"), "selection.code", some=True)
    params = told.get("params", {})
    if not isinstance(params, Mapping):
        raise bad_repair("selection.params must be an object of names and values.")
    return Selection.of(code, **{_text(name, "selection.params"): _param(params[name], name) for name in params})


def bad_repair(message: str, hint: str = "") -> Refusal:
    """The refusal of a repair that makes no sense."""
    return Refusal("bad_repair", message, hint)


# ---- inside


def _action(raw: object) -> Action:
    told = raw if isinstance(raw, Mapping) else {}
    do = told.get("do")
    kind = ACTIONS.get(do) if isinstance(do, str) else None
    if kind is None:
        raise bad_repair(f"action.do must be one of {', '.join(ACTIONS)}.")
    names = [part.name for part in fields(kind)]
    told = _object(raw, "The action", ("do", *names))
    given: dict[str, Any] = {name: _READ[name](told[name], f"action.{name}") for name in names if name in told}
    for part in fields(kind):
        if part.default is MISSING and part.name not in given:
            raise bad_repair(f"action.{part.name} is missing.")
    made: Action = kind(**given)
    return checked(made)


def checked(action: Action) -> Action:
    """The action, if it makes sense whatever the data. Raises Refusal `bad_repair`."""
    if isinstance(action, Cap):
        if action.low is None and action.high is None:
            raise bad_repair("A cap needs a lowest or a highest value.", 'Give "low", "high" or both.')
        if action.low is not None and action.high is not None and action.low > action.high:
            raise bad_repair(f"The lowest value ({action.low:,}) is above the highest ({action.high:,}).")
        limits = [limit for limit in (action.low, action.high) if limit is not None]
        if action.quantiles and not all(0 <= limit <= 1 for limit in limits):
            raise bad_repair("With quantiles, low and high are shares from 0 to 1.")
        if action.group is not None and not action.quantiles:
            raise bad_repair("A group goes with quantiles: a fixed limit is the same in every group.")
    if isinstance(action, Fill):
        if (action.method == "constant") != (action.value is not None):
            raise bad_repair('A value goes with the method "constant", and with that alone.')
        if not 1 <= action.neighbours <= 1000:
            raise bad_repair(f"neighbours must be from 1 to 1,000, not {action.neighbours:,}.")
    return action


def _parsed(text: str) -> object:
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise bad_repair(f"This is not JSON: {error.msg} in line {error.lineno}, column {error.colno}.") from None
    except ValueError:
        raise bad_repair("This is not JSON: it holds a number with too many digits.") from None


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise bad_repair("An object has the same key twice.")
    return found


def _no_constant(word: str) -> object:
    raise bad_repair(f"This holds {word}, which is not a JSON number.")


def _object(raw: object, what: str, known: tuple[str, ...]) -> Mapping[str, object]:
    if not isinstance(raw, Mapping):
        raise bad_repair(f"{what} must be a JSON object.")
    for key in raw:
        if key not in known:
            raise bad_repair(f"{what} has {str(key)[:50]!r}, which is not known there.", f"Known: {', '.join(known)}.")
    return raw


def _text(raw: object, path: str, *, some: bool = False) -> str:
    if not isinstance(raw, str) or (some and not raw):
        raise bad_repair(f"{path} must be a text.")
    if len(raw) > MOST_TEXT or "\0" in raw or any("\ud800" <= c <= "\udfff" for c in raw):
        raise bad_repair(f"{path} holds a text that is too long or holds characters that no text has.")
    return raw


def _name(raw: object, path: str) -> str:
    return _text(raw, path, some=True)


def _number(raw: object, path: str) -> float | int:
    if isinstance(raw, bool) or not isinstance(raw, int | float) or not math.isfinite(raw) or abs(raw) > _MOST:
        raise bad_repair(f"{path} must be a number of at most {_MOST:,.0f}.")
    return raw


def _whole(raw: object, path: str) -> int:
    if isinstance(raw, bool) or not isinstance(raw, int):
        raise bad_repair(f"{path} must be a whole number.")
    return raw


def _flag(raw: object, path: str) -> bool:
    if not isinstance(raw, bool):
        raise bad_repair(f"{path} must be true or false.")
    return raw


def _value(raw: object, path: str) -> str | float:
    return _text(raw, path) if isinstance(raw, str) else _number(raw, path)


def _list(raw: object, path: str) -> list[object]:
    if not isinstance(raw, list) or len(raw) > MOST_NAMED:
        raise bad_repair(f"{path} must be a list of at most {MOST_NAMED:,}.")
    return raw


def _texts(raw: object, path: str) -> tuple[str, ...]:
    return tuple(_name(inner, path) for inner in _list(raw, path))


def _pairs(raw: object, path: str) -> tuple[tuple[str, str], ...]:
    pairs = [_texts(inner, path) for inner in _list(raw, path)]
    if any(len(pair) != 2 for pair in pairs):
        raise bad_repair(f"{path} must hold pairs of ids: [from, into].")
    return cast("tuple[tuple[str, str], ...]", tuple(pairs))


def _param(raw: object, name: str) -> Param:
    path = f"selection.params.{name}"
    if raw is None or isinstance(raw, bool):
        return raw
    if isinstance(raw, str):
        return _text(raw, path)
    return tuple(_text(inner, path) for inner in _list(raw, path)) if isinstance(raw, list) else _number(raw, path)


def _choice(*known: str) -> Any:
    def read(raw: object, path: str) -> str:
        if raw not in known:
            raise bad_repair(f"{path} must be one of {', '.join(known)}.")
        return str(raw)

    return read


def _or_none(read: Any) -> Any:
    return lambda raw, path: None if raw is None else read(raw, path)


_READ: dict[str, Any] = {
    "column": _name,
    "low": _or_none(_number),
    "high": _or_none(_number),
    "quantiles": _flag,
    "group": _or_none(_name),
    "method": _choice(*get_args(FillMethod)),
    "value": _or_none(_value),
    "using": _texts,
    "neighbours": _whole,
    "table": _choice("users", "items"),
    "pairs": _pairs,
}


def _plain(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        raise bad_repair(f"{value} is no number that a repair can hold.")
    return [_plain(inner) for inner in value] if isinstance(value, tuple) else value
