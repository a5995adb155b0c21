"""Text of people's files and names, shown as it stands."""

from __future__ import annotations

import re

_FLAG = re.compile(r" \(--[a-z][^)]*\)")
_MARKS = frozenset("\\`*_{}[]()#+-!|<>~:$&")


def plain(text: str) -> str:
    """`text` with all that Markdown would take as its own disarmed: a file's name may look like a link or an image."""
    return "".join("\\" + c if c in _MARKS else " " if c in "\r\n\t\0" else c for c in text)


def label(text: str) -> str:
    """`text` for a widget's label: as `plain`, but only what could become a link, an image or code is disarmed.

    Labels are read aloud and looked up as they are written, backslashes included, so that `user_id` stays `user_id`.
    """
    return "".join("\\" + c if c in "\\[]`<$:~" else " " if c in "\r\n\t\0" else c for c in text)


def unbroken(text: str) -> str:
    """The text with each number and its per cent sign kept on one line."""
    return text.replace(" %", "\N{NO-BREAK SPACE}%")


def unflagged(hint: str) -> str:
    """A refusal's hint without what it tells users of the command line to type.

    >>> unflagged("Name another, or replace it (--replace).")
    'Name another, or replace it.'
    """
    return _FLAG.sub("", hint)
