"""Segments: the rule being built, kept in the address (`?rule=`), so that a link opens the same rule.

It is the rule's JSON, packed (zlib) and written in base64url. What an address says is nobody's word: it is unpacked to
a bounded length and read as strictly as any rule from a file.
"""

from __future__ import annotations

import base64
import binascii
import json
import zlib

import streamlit as st

from core.errors import Refusal
from core.segments import All, Rule, rule_from_json, rule_to_json
from core.store import Store

RULE = "rule"
"""Name in the address."""
LONGEST = 3_500
"""Characters: what browsers, mail programs and chats carry without cutting."""
_MOST_JSON = 400_000
_WRITTEN = "_rule_written"
_REMEMBERED = 200


def packed(rule: Rule) -> str:
    """The rule as text for an address: letters, digits, "-" and "_"."""
    text = json.dumps(rule_to_json(rule), ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(zlib.compress(text.encode(), 9)).decode().rstrip("=")


def unpacked(text: str) -> Rule:
    """The rule that `packed` wrote. Raises Refusal `bad_link`, BadRule."""
    damaged = Refusal("bad_link", "The link's rule cannot be read: it is cut off or damaged.", "Ask for it again.")
    if len(text) > 4 * LONGEST:
        raise Refusal("bad_link", "The link's rule is too long.", "Ask for the rule as a file.")
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        opened = zlib.decompressobj()
        plain = opened.decompress(raw, _MOST_JSON)
        if opened.unconsumed_tail:
            raise Refusal("bad_link", "The link's rule is too large.", "Ask for the rule as a file.")
        if not opened.eof:
            raise damaged
        return rule_from_json(plain.decode())
    except (ValueError, binascii.Error, zlib.error):  # UnicodeDecodeError is a ValueError
        raise damaged from None


def linked(store: Store) -> Rule | None:
    """Called before the page is drawn: the rule that the address newly says; None where it says nothing new.

    What this session wrote there itself is never new, however late the browser sends it back: a click that overtakes
    the page must not undo what was chosen since. Raises Refusal once for a link that cannot be read.
    """
    text = st.query_params.get(RULE)
    if not text or text in _written(store):
        return None
    _remember(store, text)
    try:
        return unpacked(text)
    except Refusal:
        st.query_params.pop(RULE, None)
        raise


def show(store: Store, rule: Rule) -> int | None:
    """Put the rule into the address; its length where it is too long for one, and None where it is there."""
    if rule == All():
        st.query_params.pop(RULE, None)
        return None
    text = packed(rule)
    if len(text) > LONGEST:
        st.query_params.pop(RULE, None)
        return len(text)
    _remember(store, text)
    if st.query_params.get(RULE) != text:
        st.query_params[RULE] = text
    return None


def _written(store: Store) -> list[str]:
    kept: dict[str, list[str]] = st.session_state.setdefault(_WRITTEN, {})
    return kept.setdefault(str(store.path), [])


def _remember(store: Store, text: str) -> None:
    kept = _written(store)
    if text in kept:
        kept.remove(text)
    kept.append(text)
    del kept[:-_REMEMBERED]
