"""More parts of rules as JSON: periods, moments, classes, stages, settings of RFM and loyalty."""

from __future__ import annotations

from dataclasses import fields as dataclass_fields
from datetime import datetime
from typing import Any as Json
from typing import get_args

from core.segments.fields import NUMBER, WHOLE, Kind, a_list, an_object, made, one_key, one_of_keys, only
from core.segments.listed import Ago
from core.segments.parts import BadRule, Unit, Which, number, text, whole
from core.segments.rhythm import Beat
from core.segments.worth import STAGES, Class, LoyaltySettings, Money, RfmSettings

_SETTINGS = tuple(f.name for f in dataclass_fields(LoyaltySettings))
_CUTS = ("recency", "frequency", "money")


def _same(value: Json) -> Json:
    return value


def _read_as_of(raw: Json, path: str) -> datetime | Ago:
    if isinstance(raw, dict):
        unit, n = one_key(raw, get_args(Unit), path)
        return made(path, Ago, n, unit)  # type: ignore[no-any-return]
    try:
        found = datetime.fromisoformat(raw) if isinstance(raw, str) and 10 <= len(raw) <= 32 else None
    except ValueError:
        found = None
    if found is None or found.tzinfo is not None:
        raise BadRule('must be a date or time in UTC such as "2011-12-09", or {"days": 90}', path)
    return found


def _write_as_of(value: datetime | Ago) -> Json:
    if isinstance(value, Ago):
        return {value.unit: value.n}
    midnight = value == value.replace(hour=0, minute=0, second=0, microsecond=0)
    return value.date().isoformat() if midnight else value.isoformat()


def _read_texts(raw: Json, path: str) -> tuple[str, ...]:
    return tuple(text(name, f"{path}[{n}]") for n, name in enumerate(a_list(raw, path)))


def _read_numbers(raw: Json, path: str) -> tuple[float, ...]:
    return tuple(number(value, f"{path}[{n}]") for n, value in enumerate(a_list(raw, path)))


def _read_parts(raw: Json, path: str) -> tuple[Json, ...]:
    return tuple(a_list(raw, path))


def _read_rfm(raw: Json, path: str) -> RfmSettings:
    found = an_object(raw, path)
    for key in found:
        if key not in ("scores", "cuts", "monetary"):
            raise BadRule("is not known here", f"{path}.{key}", "Known: scores, cuts, monetary.")
    cuts = an_object(found.get("cuts", {}), f"{path}.cuts")
    for key in cuts:
        if key not in _CUTS:
            raise BadRule("is not known here", f"{path}.cuts.{key}", f"Known: {', '.join(_CUTS)}.")
    own = {key: _read_numbers(cuts[key], f"{path}.cuts.{key}") for key in cuts}
    given = {key: found[key] for key in ("scores", "monetary") if key in found}
    return RfmSettings(**given, **own)  # type: ignore[arg-type]  # checked when made


def _write_rfm(settings: RfmSettings) -> dict[str, Json]:
    cuts = {key: list(getattr(settings, key)) for key in _CUTS if getattr(settings, key)}
    plain = RfmSettings()
    return (
        ({"scores": settings.scores} if settings.scores != plain.scores else {})
        | ({"cuts": cuts} if cuts else {})
        | ({"monetary": settings.monetary} if settings.monetary != plain.monetary else {})
    )


def _read_loyalty(raw: Json, path: str) -> LoyaltySettings:
    found = an_object(raw, path)
    for key in found:
        if key not in _SETTINGS:
            raise BadRule("is not known here", f"{path}.{key}", f"Known: {', '.join(_SETTINGS)}.")
    return LoyaltySettings(**found)  # type: ignore[arg-type]  # checked when made


def _write_loyalty(settings: LoyaltySettings) -> dict[str, Json]:
    return {name: getattr(settings, name) for name in _SETTINGS if getattr(settings, name) is not None}


def _read_cuts(raw: Json, path: str) -> tuple[float, ...]:
    return _read_numbers(raw, path)


def _enum(words: tuple[str, ...]) -> dict[str, Json]:
    return {"enum": list(words)}


def _some(words: tuple[str, ...]) -> dict[str, Json]:
    return {"type": "array", "items": _enum(words), "minItems": 1}


def _read_whole(raw: Json, path: str) -> int:
    return whole(raw, path, most=1_000_000_000)


_NUMBERS: dict[str, Json] = {"type": "array", "items": NUMBER}

AS_OF = Kind(
    _read_as_of,
    _write_as_of,
    {
        "anyOf": [
            {"type": "string", "minLength": 10, "maxLength": 32},
            one_of_keys(dict.fromkeys(get_args(Unit), WHOLE)),
        ]
    },
)
WHICH = Kind(text, _same, _enum(get_args(Which)))
BEAT = Kind(text, _same, _enum(get_args(Beat)))
COUNT = Kind(_read_whole, _same, {"type": "integer", "minimum": 1, "maximum": 1_000_000_000})
PARTS = Kind(_read_parts, list, {"type": "array", "items": {"type": "integer", "minimum": -1}})
CLASSES = Kind(_read_texts, list, _some(get_args(Class)))
STAGE_NAMES = Kind(_read_texts, list, _some(STAGES))
CUTS = Kind(_read_cuts, list, {**_NUMBERS, "minItems": 2, "maxItems": 2})
RFM_SETTINGS = Kind(
    _read_rfm,
    _write_rfm,
    only(
        {
            "scores": {"enum": [3, 4, 5]},
            "cuts": only(dict.fromkeys(_CUTS, _NUMBERS), []),
            "monetary": _enum(get_args(Money)),
        },
        [],
    ),
)
LOYALTY_SETTINGS = Kind(_read_loyalty, _write_loyalty, only(dict.fromkeys(_SETTINGS, WHOLE), []))
LONG_TEXT = Kind(
    lambda raw, path: text(raw, path, most=20_000), _same, {"type": "string", "minLength": 1, "maxLength": 20_000}
)
