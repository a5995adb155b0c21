"""Where a raw id is mentioned in text and in JSON, and the same without it."""

from __future__ import annotations

import json
import re
from typing import Any

from core.store import Query

GONE = "(erased)"
"""What stands in place of an id that was erased."""

_EDGE = r"[^\p{L}\p{N}_.@+\-]"  # what may stand beside an id: not what ids are made of, or "1" would be in "2013"
_CUT = 1000  # characters of a row that rejects.raw keeps
_OF_ITEMS = frozenset("item items item_id item_no targets target category categories offers by".split())


def mentions(column: str, user_id: str) -> Query:
    """SQL that is true where the text of `column` (SQL of ours) holds the id as a whole cell or word.

    As it stands, or as CSV, JSON or Python write it inside quotes; at the end of a text that was cut at 1,000
    characters, half of the id is enough. NULL where the column is NULL.
    """
    spelt = "|".join(_pattern(way) for way in _spellings(user_id))
    starts = [user_id[:n] for n in range(max(1, len(user_id) // 2), len(user_id))]
    cut = "|".join(_pattern(start) for start in starts)
    query = Query(f"(regexp_matches({column}, ?)", (f"(?s)(^|{_EDGE})({spelt})($|{_EDGE})",))
    if cut:
        query += Query(f" OR (length({column}) >= {_CUT} AND regexp_matches({column}, ?))", (f"(^|{_EDGE})({cut})$",))
    return query + ")"


def without(told: Any, user_id: str, *, about_items: bool = False) -> Any:
    """Plain JSON in which every text that is the id says GONE, every name of a field too, and sentences that name it.

    What stands under the name of an item's field stays: an item may have the id that the user had.
    """
    if isinstance(told, dict):
        return {
            (GONE if key == user_id and not about_items else key): without(
                value, user_id, about_items=about_items or key in _OF_ITEMS
            )
            for key, value in told.items()
        }
    if isinstance(told, list):
        return [without(value, user_id, about_items=about_items) for value in told]
    if not isinstance(told, str) or about_items:
        return told
    return GONE if told == user_id else sentence_without(told, user_id)


def sentence_without(text: str, user_id: str) -> str:
    """A sentence that says GONE where it names the id: in quotes, or (if it is no short number or word) as a word.

    >>> sentence_without("No user 'C07': 7 others.", "C07"), sentence_without("7 rows of '7'", "7")
    ('No user (erased): 7 others.', '7 rows of (erased)')
    """
    quoted = "|".join(re.escape(f"{mark}{user_id}{mark}") for mark in "'\"")
    word = rf"|(?<![\w.@+\-]){re.escape(user_id)}(?![\w@+\-])" if len(user_id) >= 4 else ""
    return re.sub(quoted + word, GONE, text)


def rule_without(told: Any, user_id: str) -> Any:
    """A rule's JSON in which conditions on the column user_id, and an analyst's SQL, name GONE in the id's place.

    Nothing else changes. SQL goes on being SQL: what is in quotes stays so.
    """
    if isinstance(told, list):
        return [rule_without(value, user_id) for value in told]
    if not isinstance(told, dict):
        return told
    if "user_id" in told.values():
        return without(told, user_id)
    return {
        key: _sql_without(value, user_id) if key == "sql" and isinstance(value, str) else rule_without(value, user_id)
        for key, value in told.items()
    }


_OF_USERS = frozenset("map_ids ids examples example_ids members users user_id user_ids".split())


def answer_without(told: Any, user_id: str, *, of_users: bool = False) -> Any:
    """What a kept group answers, without the id where users stand, and in sentences that name it.

    Elsewhere short words and numbers of parts stay, or the id "0" would take the first part's name away.
    """
    if isinstance(told, dict):
        return {
            (GONE if key == user_id and (of_users or len(key) >= 4) else key): answer_without(
                value, user_id, of_users=of_users or key in _OF_USERS
            )
            for key, value in told.items()
        }
    if isinstance(told, list):
        return [answer_without(value, user_id, of_users=of_users) for value in told]
    if not isinstance(told, str):
        return told
    return GONE if of_users and told == user_id else words_without(told, user_id)


def words_without(text: str, user_id: str) -> str:
    """`sentence_without`, in the quotes of rules in words too.

    >>> words_without("user_id is “7” or “8”", "7")
    'user_id is “(erased)” or “8”'
    """
    return sentence_without(text.replace(f"“{user_id}”", f"“{GONE}”"), user_id)


def _sql_without(sql: str, user_id: str) -> str:
    spelt = user_id.replace("'", "''")
    sql = sql.replace(f"'{spelt}'", f"'{GONE}'")
    return re.sub(rf"(?<![\w.@+\-]){re.escape(spelt)}(?![\w@+\-])", GONE, sql) if len(user_id) >= 4 else sql


def cells_of(raw: str) -> set[str]:
    """The words that may be ids in a row as it stands: its cells, its words, the strings of JSON."""
    found = set(re.split(r"[^\w.@+\-]+", raw))
    found |= {part.strip() for part in re.split(r"[,;|\t]", raw)}
    found |= {part.strip().strip("\"'").replace('""', '"') for part in re.split(r"[,;|\t]", raw)}
    found |= {_unquoted(part) for part in re.findall(r'"(?:[^"\\]|\\.)*"', raw)}
    return found - {""}


def _unquoted(part: str) -> str:
    try:
        return str(json.loads(part)).strip()
    except ValueError:
        return part[1:-1].strip()


def _spellings(user_id: str) -> list[str]:
    ways = [
        user_id,
        user_id.replace('"', '""'),
        json.dumps(user_id)[1:-1],
        json.dumps(user_id, ensure_ascii=False)[1:-1],
        repr(user_id)[1:-1],
    ]
    return list(dict.fromkeys(ways))


def _pattern(text: str) -> str:
    """A regular expression (RE2) for exactly this text."""
    return "".join(c if c.isascii() and c.isalnum() else rf"\x{{{ord(c):x}}}" for c in text)
