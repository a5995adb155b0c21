"""Personal data told by values (patterns and check digits) and, for names, addresses and birth dates, by names too.

A false alarm costs the analyst a column, so each kind asks for most of the values: codes, order numbers and bar codes
look like telephone numbers or cards now and then, but never nearly all of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from core.ingest.personal_names import says
from core.ingest.types import Kind, Personal, Role

_SHARE: dict[Personal, float] = {
    "email": 0.8, "phone": 0.8, "name": 0.8, "address": 0.6, "card": 0.9, "iban": 0.9, "ip": 0.9, "birth date": 0.8,
}  # fmt: skip
"""How much of a column's values must read so."""

WORDS: dict[Personal, str] = {
    "email": "e-mail addresses", "phone": "telephone numbers", "name": "people's names", "address": "postal addresses",
    "card": "payment card numbers", "iban": "bank account numbers (IBAN)", "ip": "IP addresses",
    "birth date": "dates of birth",
}  # fmt: skip
"""What each kind is called in a sentence."""

_BY_VALUES: tuple[Personal, ...] = ("email", "iban", "card", "ip", "phone")

_OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_V4 = rf"(?:{_OCTET}\.){{3}}{_OCTET}"
_HEX = "[0-9A-Fa-f]{1,4}"
_V6 = "|".join(
    [f"(?:{_HEX}:){{7}}{_HEX}"]
    + [f"(?:{_HEX}:){{1,{n}}}(?::{_HEX}){{1,{7 - n}}}" for n in range(1, 7)]
    + [f"(?:{_HEX}:){{1,7}}:", f":(?:(?::{_HEX}){{1,7}}|:)", rf"::(?:[Ff]{{4}}:)?{_V4}"]
)
IP = rf"{_V4}(?::[0-9]{{1,5}}|/[0-9]{{1,2}})?|(?:{_V6})(?:/[0-9]{{1,3}})?"
_PART = r"[ ()/.\-]"
_ABROAD = r"(?:\+|00)[1-9](?:[ ()/.\-]{0,2}[0-9]){6,13}"
_INLAND = rf"\(?0[1-9][0-9]{{0,4}}\)?(?:{_PART}{{1,3}}[0-9]{{1,9}}){{1,6}}"
_AMERICAN = r"(?:1[ .\-])?\(?[2-9][0-9]{2}\)?[ .\-]{1,2}[2-9][0-9]{2}[ .\-][0-9]{4}"
_EXTENSION = r"(?: ?(?:x|ext\.?|#|DW) ?[0-9]{1,5})?"
PHONE = rf"(?:{_ABROAD}|{_INLAND}|{_AMERICAN}){_EXTENSION}"
PLAIN_PHONE = rf"{PHONE}|0[1-9][0-9]{{7,10}}|[1-9][0-9]{{6,14}}"
"""Digits alone are telephone numbers only where the column's name says so."""
_PLUS_DECIMAL = r"\+[0-9]+\.[0-9]+"
IBAN = r"[A-Za-z]{2}[0-9]{2}(?: ?[0-9A-Za-z]){11,30}"
# Visa, Mastercard, American Express, Discover, Diners, JCB, UnionPay, Maestro: prefix and length
_PREFIX = (
    r"4[0-9]{15}|4[0-9]{18}|5[1-5][0-9]{14}|2(?:22[1-9]|2[3-9][0-9]|[3-6][0-9]{2}|7[01][0-9]|720)[0-9]{12}|3[47][0-9]{13}"
    r"|6(?:011|5[0-9]{2}|4[4-9][0-9])[0-9]{12}|3(?:0[0-5]|[68][0-9])[0-9]{11}|35(?:2[89]|[3-8][0-9])[0-9]{12}"
    r"|62[0-9]{14,17}|(?:5018|5020|5038|5893|6304|6759|676[1-3])[0-9]{12,15}"
)
_NAME = (
    r"\p{L}[\p{L}\p{M}'’`. ,\-]*"  # a limit here would make a program of thousands of steps: the length is tested apart
)
_ADDRESS = r"[^@]*\p{L}{2}[^@]*"
_PARTED = r".*(?: |[^\x00-\x7f]).*"  # an address has words, or is written in a script without spaces
_LETTERS = re.compile(r"[^\W\d_]")


@dataclass(frozen=True)
class Test:
    """How values of one kind are told: in Python for the first values, in SQL for the whole file; both agree."""

    kind: Personal
    python: Callable[[str], bool]
    sql: str  # over {v}, the trimmed value


def tests(name: str) -> tuple[Test, ...]:
    """What to look for in the values of a column of this name; e-mail addresses are counted by core.ingest.profile."""
    said = says(name)
    found = [
        *([] if "version" in name.lower() else [Test("ip", _full(IP), _matches(IP))]),
        Test("iban", is_iban, f"({_matches(IBAN)} AND {_IBAN_SQL} = 1)"),
        Test("card", is_card, f"(regexp_full_match({_DIGITS}, '{_PREFIX}') AND {_LUHN_SQL} % 10 = 0)"),
    ]
    if said.phone or not said.code:
        pattern = PLAIN_PHONE if said.phone else PHONE
        found.append(Test("phone", lambda v: is_phone(v, plain=said.phone), _phone_sql(pattern)))
    if said.name:
        found.append(
            Test(
                "name",
                is_name,
                f"({_matches(_NAME)} AND length({{v}}) <= 80 AND array_length(string_split({{v}}, ' ')) <= 6)",
            )
        )
    if said.address:
        found.append(
            Test(
                "address", is_address, f"({_matches(_ADDRESS)} AND {_matches(_PARTED)} AND NOT contains({{v}}, '://'))"
            )
        )
    return tuple(found)


def measures(name: str, cell: str, values: Sequence[str]) -> dict[str, str]:
    """What to count in a column, by its name and its first values: kind -> SQL; nothing where none of them reads so."""
    trimmed = [v.strip() for v in values]
    out: dict[str, str] = {}
    for test in tests(name):
        share = sum(map(test.python, trimmed)) / len(trimmed) if trimmed else 0.0
        if share >= 0.5:
            out[test.kind] = f"count(*) FILTER ({test.sql.replace('{v}', f'trim({cell})')})"
    return out


def recognise(
    name: str,
    counts: Mapping[str, int],
    filled: int,
    distinct: int,
    *,
    kind: Kind,
    times: int = 0,
    first: datetime | None = None,
    last: datetime | None = None,
) -> tuple[Personal, int] | None:
    """The kind of personal data in a column and how many values read so; None where there is none.

    `times` values read as dates, from `first` to `last`. What only a name like "name" says counts in a users file.
    """
    if not filled:
        return None
    said = says(name)
    for what in _BY_VALUES:
        if counts.get(what, 0) >= _SHARE[what] * filled:
            return what, counts[what]
    if said.birth and times >= _SHARE["birth date"] * filled and first and last and _lived(first, last):
        return "birth date", times
    if said.address and counts.get("address", 0) >= _SHARE["address"] * filled:
        return "address", counts["address"]
    of_people = said.name == "sure" or (said.name and kind == "users" and distinct >= min(20, 0.3 * filled))
    if of_people and counts.get("name", 0) >= _SHARE["name"] * filled:
        return "name", counts["name"]
    return None


def sentence(kind: Personal, matched: int, filled: int) -> str:
    """What was seen: "looks like e-mail addresses: 812 of 812 values"."""
    by = "by its name and values, " if kind in ("name", "address", "birth date") else ""
    return f"looks like {WORDS[kind]}: {by}{matched:,} of {filled:,} value{'' if filled == 1 else 's'}"


def personal_words(kind: Personal) -> str:
    """What a kind of personal data is called: "e-mail addresses"."""
    return WORDS[kind]


def proposed_role(kind: Personal, of: Kind) -> Role:
    """What a personal column is proposed as: e-mail and telephone of a users file as contact, all else left out."""
    return "contact" if of == "users" and kind in ("email", "phone") else "ignore"


def advice(kind: Personal, role: Role, of: Kind) -> str:
    """What was proposed for a personal column, and what else can be chosen."""
    if role == "user":
        return "kept as the user's id; a pseudonym in its place keeps people apart and hides who they are"
    if role == "contact":
        return "kept as contact, apart from all else, for exported lists"
    other = "keep it as contact for exported lists, or make it a pseudonym" if of != "items" else "make it a pseudonym"
    return f"left out unless you choose otherwise: {other}"


# ---- values


def is_phone(text: str, *, plain: bool = False) -> bool:
    """A telephone number: +49 30 901820, (030) 901-820, 212-555-0123; with `plain` also digits alone."""
    digits = sum(ch.isdigit() for ch in re.split(r"x|ext|#|DW", text)[0])
    pattern = PLAIN_PHONE if plain else PHONE
    least = 7 if plain or text.startswith("+") else 9  # 8 digits with dots are a date
    return least <= digits <= 15 and bool(re.fullmatch(pattern, text)) and not re.fullmatch(_PLUS_DECIMAL, text)


def is_card(text: str) -> bool:
    """A payment card: an issuer's prefix and length, and Luhn's check digit."""
    digits = re.sub(r"[ \-]", "", text)
    if not re.fullmatch(_PREFIX, digits):
        return False
    return _luhn(digits) % 10 == 0


def is_iban(text: str) -> bool:
    """An IBAN: country, two check digits, mod 97 = 1."""
    if not re.fullmatch(IBAN, text):
        return False
    bare = text.replace(" ", "").upper()
    return int("".join(str(int(ch, 36)) for ch in bare[4:] + bare[:4])) % 97 == 1


def is_name(text: str) -> bool:
    """What a person may be called: letters of any script, at most six words, no digits."""
    good = all(_LETTERS.match(ch) or ch in "'’`. ,-" or (not ch.isascii() and not ch.isdigit()) for ch in text)
    return good and bool(_LETTERS.match(text[:1])) and len(text) <= 80 and len(text.split(" ")) <= 6


def is_address(text: str) -> bool:
    """Where a person may live: a word, no e-mail address, no link."""
    words = bool(re.search(r"[^\W\d_]{2}", text)) and (" " in text or not text.isascii())
    return words and "@" not in text and "://" not in text and "\n" not in text


def _luhn(digits: str) -> int:
    total = 0
    for place, ch in enumerate(reversed(digits)):
        n = int(ch) * (2 if place % 2 else 1)
        total += n - 9 if n > 9 else n
    return total


def _lived(first: datetime, last: datetime) -> bool:
    return first.year >= 1890 and last <= datetime.now(UTC).replace(tzinfo=None)


# ---- the same in SQL


def _full(pattern: str) -> Callable[[str], bool]:
    compiled = re.compile(pattern)
    return lambda text: compiled.fullmatch(text) is not None


def _matches(pattern: str) -> str:
    return f"regexp_full_match({{v}}, '{pattern.replace(chr(39), chr(39) * 2)}')"


def _phone_sql(pattern: str) -> str:
    least = "7" if pattern == PLAIN_PHONE else "CASE WHEN starts_with({v}, '+') THEN 7 ELSE 9 END"
    digits = "length(regexp_replace(regexp_replace({v}, '(x|ext|#|DW).*', ''), '[^0-9]', '', 'g'))"
    return f"({digits} BETWEEN {least} AND 15 AND {_matches(pattern)} AND NOT {_matches(_PLUS_DECIMAL)})"


_DIGITS = "regexp_replace({v}, '[ \\-]', '', 'g')"
_LUHN_SQL = (
    f"list_sum(list_transform(string_split(reverse({_DIGITS}), ''), lambda d, k: "
    "CASE WHEN k % 2 = 1 THEN coalesce(try_cast(d AS INTEGER), 0) "
    "ELSE (coalesce(try_cast(d AS INTEGER), 0) * 2) // 10 + (coalesce(try_cast(d AS INTEGER), 0) * 2) % 10 END))"
)
_BARE = "upper(replace({v}, ' ', ''))"
_IBAN_SQL = (
    f"list_reduce(list_transform(string_split(substr({_BARE}, 5) || left({_BARE}, 4), ''), lambda c: "
    "CASE WHEN c BETWEEN '0' AND '9' THEN ascii(c) - 48 ELSE ascii(c) - 55 END), lambda seen, n: "
    "(seen * CASE WHEN n > 9 THEN 100 ELSE 10 END + n) % 97)"
)
