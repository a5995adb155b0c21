"""Rules as JSON and back, strictly: what a rule's text does not say exactly is refused with the path to it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any as Json

from core.segments import fields as f
from core.segments import fields_more as m
from core.segments.fields import Kind
from core.segments.grid import DEFAULT_GRID, Grid, default_grid
from core.segments.parts import BadRule, Compare, Ever, joined_path
from core.segments.rule import (
    Abc,
    All,
    Any,
    At,
    Did,
    InGroup,
    InSegment,
    Loyalty,
    LoyaltySettings,
    Moment,
    Not,
    Order,
    Prop,
    Regularly,
    Resumed,
    Rfm,
    RfmSettings,
    Rule,
    Sample,
    Sql,
    Stopped,
    Top,
    default_measure,
)

_NONE = object()


@dataclass(frozen=True)
class _Field:
    """One key of a rule's JSON object; written only where it differs from `default`."""

    key: str
    attr: str
    kind: Kind
    default: object = _NONE


@dataclass(frozen=True)
class _Shape:
    """How one kind of rule is written; its first field's key tells it from the others."""

    make: Callable[..., Rule]
    fields: tuple[_Field, ...]


def _nested(raw: object, path: str) -> Rule:
    return _read(raw, path)


def _write(rule: Rule) -> dict[str, Json]:
    return rule_to_json(rule)


def _nested_list(raw: object, path: str) -> tuple[Rule, ...]:
    return tuple(_read(inner, f"{path}[{n}]") for n, inner in enumerate(f.a_list(raw, path)))


_RULE = Kind(_nested, _write, {"$ref": "#/$defs/rule"})
_RULES = Kind(_nested_list, lambda rules: [_write(r) for r in rules], {"type": "array", "items": _RULE.schema})
_SOME_RULES = Kind(_nested_list, _RULES.write, {**_RULES.schema, "minItems": 1})
_GRID = Kind(
    lambda raw, path: Grid.of(
        {name: f.a_list(cells, f"{path}.{name}") for name, cells in f.an_object(raw, path).items()}
    ),
    Grid.to_json,
    {
        "type": "object",
        "additionalProperties": {"type": "array", "items": {"type": "string"}},
        "description": "The cells of each name, as recency score then frequency score: all 25 (16, 9), each once.",
    },
)

SHAPES: dict[type, _Shape] = {
    Prop: _Shape(Prop, (_Field("prop", "column", f.TEXT), _Field("test", "test", f.TEST))),
    Did: _Shape(
        Did,
        (
            _Field("did", "event", f.TEXT),
            _Field("measure", "measure", f.MEASURE, None),
            _Field("compare", "compare", f.COMPARE, Compare("at_least", 1)),
            _Field("window", "window", f.WINDOW, Ever()),
            _Field("where", "where", f.WHERE, ()),
        ),
    ),
    Order: _Shape(
        Order,
        (
            _Field("first", "first", f.STEP),
            _Field("then", "then", f.STEP),
            _Field("within", "within", f.SPAN, None),
            _Field("window", "window", f.WINDOW, Ever()),
            _Field("same_item", "same_item", f.BOOLEAN, False),
            _Field("absent", "absent", f.BOOLEAN, False),
        ),
    ),
    Moment: _Shape(
        Moment,
        (
            _Field("moment", "which", m.WHICH),
            _Field("event", "event", f.TEXT),
            _Field("window", "window", f.WINDOW, Ever()),
            _Field("where", "where", f.WHERE, ()),
        ),
    ),
    Regularly: _Shape(
        Regularly,
        (
            _Field("regularly", "event", f.TEXT),
            _Field("in", "of_them", m.COUNT),
            _Field("of", "n", m.COUNT),
            _Field("unit", "unit", m.BEAT, "weeks"),
            _Field("where", "where", f.WHERE, ()),
        ),
    ),
    Stopped: _Shape(
        Stopped,
        (
            _Field("stopped", "event", f.TEXT),
            _Field("quiet", "quiet", f.SPAN),
            _Field("before", "before", f.SPAN, None),
            _Field("least", "least", m.COUNT, 1),
            _Field("where", "where", f.WHERE, ()),
        ),
    ),
    Resumed: _Shape(
        Resumed,
        (
            _Field("resumed", "event", f.TEXT),
            _Field("pause", "pause", f.SPAN),
            _Field("within", "within", f.SPAN),
            _Field("where", "where", f.WHERE, ()),
        ),
    ),
    Top: _Shape(
        Top,
        (
            _Field("top", "measure", f.MEASURE),
            _Field("share", "share", f.SHARE),
            _Field("event", "event", f.TEXT, "purchase"),
            _Field("window", "window", f.WINDOW, Ever()),
            _Field("where", "where", f.WHERE, ()),
        ),
    ),
    Sample: _Shape(Sample, (_Field("sample", "share", f.SHARE), _Field("salt", "salt", f.ANY_TEXT, ""))),
    InSegment: _Shape(InSegment, (_Field("segment", "name", f.TEXT),)),
    InGroup: _Shape(
        InGroup,
        (
            _Field("group", "name", f.TEXT),
            _Field("parts", "parts", m.PARTS, ()),
            _Field("closest", "closest", m.COUNT, None),
        ),
    ),
    Rfm: _Shape(
        Rfm,
        (
            _Field("rfm", "groups", f.GROUPS),
            _Field("grid", "grid", _GRID, DEFAULT_GRID),
            _Field("settings", "settings", m.RFM_SETTINGS, RfmSettings()),
        ),
    ),
    Abc: _Shape(
        Abc,
        (
            _Field("abc", "classes", m.CLASSES),
            _Field("measure", "measure", f.MEASURE, "value"),
            _Field("cuts", "cuts", m.CUTS, (0.8, 0.95)),
            _Field("event", "event", f.TEXT, "purchase"),
            _Field("window", "window", f.WINDOW, Ever()),
            _Field("where", "where", f.WHERE, ()),
        ),
    ),
    Loyalty: _Shape(
        Loyalty,
        (
            _Field("loyalty", "stages", m.STAGE_NAMES),
            _Field("settings", "settings", m.LOYALTY_SETTINGS, LoyaltySettings()),
        ),
    ),
    Sql: _Shape(Sql, (_Field("sql", "sql", m.LONG_TEXT),)),
    At: _Shape(At, (_Field("as_of", "as_of", m.AS_OF), _Field("rule", "rule", _RULE))),
    All: _Shape(All, (_Field("all", "rules", _RULES),)),
    Any: _Shape(Any, (_Field("any", "rules", _SOME_RULES),)),
    Not: _Shape(Not, (_Field("not", "rule", _RULE),)),
}
_BY_TAG = {shape.fields[0].key: shape for shape in SHAPES.values()}


def rule_to_json(rule: Rule) -> dict[str, Json]:
    """The rule as a JSON object; `rule_from_json` gives an equal rule back. Defaults are left out.

    >>> rule_to_json(Not(Did("purchase")))
    {'not': {'did': 'purchase'}}
    """
    shape = SHAPES[type(rule)]
    written: dict[str, Json] = {}
    for place, part in enumerate(shape.fields):
        value = getattr(rule, part.attr)
        plain = value == part.default or (
            isinstance(rule, Did) and part.key == "measure" and value == default_measure(rule.event)
        )
        plain = plain or (isinstance(rule, Rfm) and part.key == "grid" and value == default_grid(rule.settings.scores))
        if place == 0 or not plain:
            written[part.key] = part.kind.write(value)
    return written


def rule_from_json(raw: object) -> Rule:
    """The rule that a JSON text, or the object read from one, describes.

    Raises BadRule (a Refusal, code `bad_rule`) whose message names the path of what is wrong:

    >>> rule_from_json({"all": [{"did": "view"}, {"did": "view", "window": {"days": 0}}]})
    Traceback (most recent call last):
    ...
    core.segments.parts.BadRule: all[1].window.days: must be a whole number from 1 to 100,000, not 0.
    """
    try:
        return _read(_parsed(raw) if isinstance(raw, str) else raw, "")
    except RecursionError:
        raise BadRule("is nested too deeply") from None


def rule_to_text(rule: Rule) -> str:
    """The rule as indented JSON text, as files and pages show it."""
    return json.dumps(rule_to_json(rule), ensure_ascii=False, indent=2)


def json_schema() -> dict[str, Json]:
    """The JSON schema of rules (draft 2020-12), from the same table that reads and writes them."""
    kinds = {name: _object_schema(shape) for name, shape in _BY_TAG.items()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Limelight rule",
        "$ref": "#/$defs/rule",
        "$defs": {"rule": {"oneOf": [{"$ref": f"#/$defs/{name}"} for name in kinds]}, **kinds, **f.DEFS},
    }


def _object_schema(shape: _Shape) -> dict[str, Json]:
    return {
        "type": "object",
        "description": " ".join((shape.make.__doc__ or "").split("\n")[0].split()),
        "properties": {part.key: part.kind.schema for part in shape.fields},
        "required": [part.key for part in shape.fields if part.default is _NONE],
        "additionalProperties": False,
    }


def _read(raw: object, path: str) -> Rule:
    found = f.an_object(raw, path)
    tags = [key for key in found if key in _BY_TAG]
    # "event" aside, no key of one rule opens another, so more than one tag is two rules run together
    if len(tags) != 1:
        said = f"has {' and '.join(map(repr, tags))}" if tags else f"has {', '.join(map(repr, found)) or 'nothing'}"
        raise BadRule(f"must be exactly one condition, but {said}", path, f"Known: {', '.join(_BY_TAG)}.")
    shape = _BY_TAG[tags[0]]
    _refuse_unknown(found, shape, path)
    given = {
        part.attr: part.kind.read(found[part.key], joined_path(path, part.key))
        for part in shape.fields
        if part.key in found
    }
    try:
        return shape.make(**given)
    except BadRule as bad:
        raise bad.under(path) from None


def _refuse_unknown(found: Mapping[str, object], shape: _Shape, path: str) -> None:
    known = [part.key for part in shape.fields]
    for key in found:
        if key not in known:
            raise BadRule("is not known here", joined_path(path, key), f"Known: {', '.join(known)}.")
    for part in shape.fields:
        if part.default is _NONE and part.key not in found:
            raise BadRule("is missing", joined_path(path, part.key))


def _parsed(text: str) -> object:
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise BadRule(f"is not JSON: {error.msg} in line {error.lineno}, column {error.colno}") from None
    except ValueError:
        raise BadRule("is not JSON: it holds a number with too many digits") from None


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise BadRule(f"has the key {twice!r} twice in one object")
    return found


def _no_constant(word: str) -> object:
    raise BadRule(f"holds {word}, which is not a JSON number")
