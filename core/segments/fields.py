"""The parts of rules as JSON: how each is read, written and described in the schema."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any as Json
from typing import get_args

from core.segments.amounts import Measure
from core.segments.parts import (
    BadRule,
    Beside,
    Between,
    Compare,
    CompareOp,
    Earlier,
    EventStep,
    Ever,
    Filter,
    Gap,
    Last,
    Scalar,
    Span,
    Test,
    TestOp,
    Unit,
    Which,
    Window,
    joined_path,
    number,
    one_of,
    share,
    text,
)

_MANY = ("is", "is_not", "any_of", "all_of", "none_of", "in_month")
_DATES = ("before", "since", "after", "during")
_BESIDE = ("before", "after", "which", "within")


@dataclass(frozen=True)
class Kind:
    """One kind of value: `read(raw, path)` raises BadRule, `write` is its inverse, `schema` says it in JSON schema."""

    read: Callable[[Json, str], Json]
    write: Callable[[Json], Json]
    schema: dict[str, Json]


def an_object(raw: object, path: str) -> Mapping[str, object]:
    """Refuse all but JSON objects."""
    if not isinstance(raw, dict):
        raise BadRule(f"must be an object {{...}}, not {_shown(raw)}", path)
    return raw


def a_list(raw: object, path: str) -> list[Json]:
    """Refuse all but JSON arrays."""
    if not isinstance(raw, list):
        raise BadRule(f"must be a list [...], not {_shown(raw)}", path)
    return raw


def one_key(raw: object, known: tuple[str, ...], path: str) -> tuple[str, Json]:
    """The key and value of an object with exactly one of the known keys."""
    found = an_object(raw, path)
    for key in found:
        if key not in known:
            raise BadRule("is not known here", joined_path(path, key), f"Known: {', '.join(known)}.")
    if len(found) != 1:
        raise BadRule(f"must have exactly one key, not {len(found)}", path, f"Known: {', '.join(known)}.")
    return next(iter(found.items()))


def made(path: str, make: Callable[..., Json], *args: object) -> Json:
    """What `make` makes of the arguments; its refusals say where it stands."""
    try:
        return make(*args)
    except BadRule as bad:
        raise bad.under(path) from None


def _read_compare(raw: Json, path: str) -> Compare:
    op, value = one_key(raw, get_args(CompareOp), path)
    if op != "between":
        return Compare(op, number(value, f"{path}.{op}"))  # type: ignore[arg-type]
    ends = a_list(value, f"{path}.{op}")
    if len(ends) != 2:
        raise BadRule("takes two numbers: [lowest, highest]", f"{path}.{op}")
    return made(path, Compare, op, *(number(end, f"{path}.{op}[{n}]") for n, end in enumerate(ends)))  # type: ignore[no-any-return]


def _read_test(raw: Json, path: str) -> Test:
    op, value = one_key(raw, get_args(TestOp), path)
    several = op in ("between", "during") or (op in _MANY and isinstance(value, list))
    values = a_list(value, f"{path}.{op}") if several else [value]
    if op in _DATES:
        values = [_day(v, f"{path}.{op}") for v in values]
    for v in values:
        if not isinstance(v, Scalar):
            raise BadRule(f"cannot be {_shown(v)}", f"{path}.{op}")
    return made(path, Test, op, tuple(values))  # type: ignore[no-any-return]


def _write_test(test: Test) -> dict[str, Json]:
    values = [v.isoformat() if isinstance(v, date) else v for v in test.values]
    return {test.op: values if len(values) > 1 or test.op in ("between", "during") else values[0]}


def _read_window(raw: Json, path: str) -> Window:
    if raw == "ever":
        return Ever()
    if isinstance(raw, str):
        raise BadRule(f"unknown window {raw!r}", path, 'Known: "ever", or an object such as {"days": 90}.')
    found = an_object(raw, path)
    if "before" in found or "after" in found:
        return _read_beside(found, path)
    if found and set(found) <= {"from", "until"}:
        ends = {key: _day(found[key], f"{path}.{key}") for key in found}
        return made(path, Between, ends.get("from"), ends.get("until"))  # type: ignore[no-any-return]
    key, value = one_key(raw, (*get_args(Unit), "earlier_than", "from", "until"), path)
    if key != "earlier_than":
        return made(path, Last, value, key)  # type: ignore[no-any-return]
    unit, n = one_key(value, get_args(Unit), f"{path}.{key}")
    return made(f"{path}.{key}", Earlier, n, unit)  # type: ignore[no-any-return]


def _read_beside(found: Mapping[str, object], path: str) -> Beside:
    for key in found:
        if key not in _BESIDE or ("before" in found and key == "after"):
            raise BadRule("is not known here", joined_path(path, key), f"Known: {', '.join(_BESIDE)}.")
    side = "before" if "before" in found else "after"
    step = _read_step(found[side], f"{path}.{side}")
    within = _read_span(found["within"], f"{path}.within") if "within" in found else None
    return made(path, Beside, side, step, found.get("which", "last"), within)  # type: ignore[no-any-return]


def _write_beside(window: Beside) -> dict[str, Json]:
    more: dict[str, Json] = {} if window.which == "last" else {"which": window.which}
    more |= {} if window.within is None else {"within": {window.within.unit: window.within.n}}
    return {window.side: _write_step(window.step), **more}


def _write_window(window: Window) -> Json:
    match window:
        case Beside():
            return _write_beside(window)
        case Ever():
            return "ever"
        case Last(n, unit):
            return {unit: n}
        case Earlier(n, unit):
            return {"earlier_than": {unit: n}}
        case Between(start, until):
            ends = {"from": start, "until": until}
            return {key: day.isoformat() for key, day in ends.items() if day is not None}


def _read_span(raw: Json, path: str) -> Span:
    unit, n = one_key(raw, get_args(Gap), path)
    return made(path, Span, n, unit)  # type: ignore[no-any-return]


def _read_where(raw: Json, path: str) -> tuple[Filter, ...]:
    return tuple(_read_filter(part, f"{path}[{n}]") for n, part in enumerate(a_list(raw, path)))


def _read_filter(raw: Json, path: str) -> Filter:
    found = an_object(raw, path)
    of, column = one_key({k: v for k, v in found.items() if k != "test"}, ("event", "item"), path)
    if "test" not in found:
        raise BadRule("is missing", f"{path}.test")
    return made(path, Filter, of, column, _read_test(found["test"], f"{path}.test"))  # type: ignore[no-any-return]


def _write_where(where: tuple[Filter, ...]) -> list[Json]:
    return [{part.of: part.column, "test": _write_test(part.test)} for part in where]


def _read_step(raw: Json, path: str) -> EventStep:
    found = an_object(raw, path)
    for key in found:
        if key not in ("event", "where"):
            raise BadRule("is not known here", f"{path}.{key}", "Known: event, where.")
    if "event" not in found:
        raise BadRule("is missing", f"{path}.event")
    return made(path, EventStep, found["event"], _read_where(found.get("where", []), f"{path}.where"))  # type: ignore[no-any-return]


def _write_step(step: EventStep) -> dict[str, Json]:
    return {"event": step.event} | ({"where": _write_where(step.where)} if step.where else {})


def _read_measure(raw: Json, path: str) -> Json:
    made(path, one_of, raw, get_args(Measure), "measure")
    return raw


def _read_boolean(raw: Json, path: str) -> bool:
    if not isinstance(raw, bool):
        raise BadRule(f"must be true or false, not {_shown(raw)}", path)
    return raw


def _read_groups(raw: Json, path: str) -> tuple[str, ...]:
    return tuple(text(name, f"{path}[{n}]") for n, name in enumerate(a_list(raw, path)))


def _day(raw: object, path: str) -> date:
    try:
        found = date.fromisoformat(raw) if isinstance(raw, str) and len(raw) == 10 else None
    except ValueError:
        found = None
    if found is None:
        raise BadRule(f"must be a date such as 2011-12-09, not {_shown(raw)}", path)
    return found


def _shown(raw: object) -> str:
    return "nothing" if raw is None else f"{raw!r}"[:60]


def _same(value: Json) -> Json:
    return value


def only(properties: dict[str, Json], required: list[str]) -> dict[str, Json]:
    """The schema of an object with these keys and no others."""
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def one_of_keys(properties: dict[str, Json]) -> dict[str, Json]:
    """The schema of an object with exactly one of these keys."""
    return {
        "type": "object",
        "properties": properties,
        "minProperties": 1,
        "maxProperties": 1,
        "additionalProperties": False,
    }


_TEXT: dict[str, Json] = {"type": "string", "minLength": 1, "maxLength": 1000}
NUMBER: dict[str, Json] = {"type": "number", "minimum": -1e15, "maximum": 1e15}
WHOLE: dict[str, Json] = {"type": "integer", "minimum": 1, "maximum": 100_000}
_DATE: dict[str, Json] = {"type": "string", "format": "date", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}
_PAIR: dict[str, Json] = {"type": "array", "items": NUMBER, "minItems": 2, "maxItems": 2}
_MONTH: dict[str, Json] = {"type": "integer", "minimum": 1, "maximum": 12}
_TEXTS: dict[str, Json] = {"anyOf": [_TEXT, {"type": "array", "items": _TEXT, "minItems": 1, "maxItems": 10_000}]}
_SCALAR: dict[str, Json] = {"type": ["string", "number", "boolean"]}
_EQUAL: dict[str, Json] = {"anyOf": [_SCALAR, {"type": "array", "items": _SCALAR, "minItems": 1, "maxItems": 10_000}]}
_TESTS: dict[str, Json] = (
    dict.fromkeys(("is", "is_not"), _EQUAL)
    | dict.fromkeys(("contains", "not_contains", "starts", "ends", "matches"), _TEXT)
    | dict.fromkeys(("at_least", "at_most", "more_than", "less_than"), NUMBER)
    | {"between": _PAIR}
    | dict.fromkeys(("before", "since", "after"), _DATE)
    | {"during": {"type": "array", "items": _DATE, "minItems": 2, "maxItems": 2}}
    | dict.fromkeys(("last_days", "next_days"), WHOLE)
    | {"anniversary_within": {**WHOLE, "maximum": 366}}
    | {"in_month": {"anyOf": [_MONTH, {"type": "array", "items": _MONTH, "minItems": 1, "maxItems": 10_000}]}}
    | dict.fromkeys(("any_of", "all_of", "none_of"), _TEXTS)
    | {"missing": {"type": "boolean"}}
)
_UNITS = dict.fromkeys(get_args(Unit), WHOLE)
_FILTER: dict[str, Json] = {
    "oneOf": [only({of: _TEXT, "test": {"$ref": "#/$defs/test"}}, [of, "test"]) for of in ("event", "item")]
}
_STEP: dict[str, Json] = {"$ref": "#/$defs/step"}
_BESIDE_MORE: dict[str, Json] = {"which": {"enum": list(get_args(Which))}, "within": {"$ref": "#/$defs/span"}}

DEFS: dict[str, Json] = {
    "compare": one_of_keys({op: _PAIR if op == "between" else NUMBER for op in get_args(CompareOp)}),
    "test": one_of_keys(_TESTS),
    "window": {
        "oneOf": [
            {"const": "ever"},
            one_of_keys({**_UNITS, "earlier_than": one_of_keys(_UNITS)}),
            {**only({"from": _DATE, "until": _DATE}, []), "minProperties": 1},
            *(only({side: _STEP, **_BESIDE_MORE}, [side]) for side in ("before", "after")),
        ]
    },
    "span": one_of_keys(dict.fromkeys(get_args(Gap), WHOLE)),
    "where": {"type": "array", "items": _FILTER},
    "step": only({"event": _TEXT, "where": {"$ref": "#/$defs/where"}}, ["event"]),
    "measure": {"enum": list(get_args(Measure))},
}
"""The parts of the JSON schema that rules refer to."""

TEXT = Kind(text, _same, _TEXT)
ANY_TEXT = Kind(lambda raw, path: text(raw, path, empty=True), _same, {"type": "string", "maxLength": 1000})
BOOLEAN = Kind(_read_boolean, _same, {"type": "boolean"})
SHARE = Kind(share, _same, {"type": "number", "exclusiveMinimum": 0, "maximum": 1})
MEASURE = Kind(_read_measure, _same, {"$ref": "#/$defs/measure"})
COMPARE = Kind(
    _read_compare,
    lambda c: {c.op: c.value if c.upper is None else [c.value, c.upper]},
    {"$ref": "#/$defs/compare"},
)
TEST = Kind(_read_test, _write_test, {"$ref": "#/$defs/test"})
WINDOW = Kind(_read_window, _write_window, {"$ref": "#/$defs/window"})
SPAN = Kind(_read_span, lambda span: {span.unit: span.n}, {"$ref": "#/$defs/span"})
WHERE = Kind(_read_where, _write_where, {"$ref": "#/$defs/where"})
STEP = Kind(_read_step, _write_step, {"$ref": "#/$defs/step"})
GROUPS = Kind(_read_groups, list, {"type": "array", "items": _TEXT, "minItems": 1})
