"""Text of people's files and names, shown as it stands."""

from __future__ import annotations

import re

_FLAG = re.compile(r" \(--[a-z][^)]*\)")
# What Streamlit looks for in the text itself, after Markdown, so that no backslash helps: addresses, which become links
# that lead out of the app, and the names of icons. An invisible joiner, at which no line breaks, takes them apart.
_LIVE = re.compile(r"(?<=https:)(?=//)|(?<=http:)(?=//)|(?<=www)(?=\.)|(?<=:)(?=material/|streamlit:)", re.IGNORECASE)
_JOINER = "\N{WORD JOINER}"
_EMPHASIS = re.compile(r"(\*{1,3}|(?<!\w)_{1,3})(?=\S)[^*_]*[^*_\s]\1")
_MARKS = frozenset("\\`*_{}[]()#+-!|<>~:$&")


def plain(text: str) -> str:
    """`text` with all that Markdown would take as its own disarmed: a file's name may look like a link or an image."""
    text = _LIVE.sub(_JOINER, text)
    return "".join("\\" + c if c in _MARKS else " " if c in "\r\n\t\0" else c for c in text)


def label(text: str) -> str:
    """`text` for a widget's label: as `plain`, but only what could become a link, an image or code is disarmed.

    Labels are read aloud and looked up as they are written, backslashes included, so that `user_id` stays `user_id`;
    only where stars or underlines would make the text bold or slanted are they disarmed too.
    """
    marks = "\\[]`<$:~*_" if _EMPHASIS.search(text) else "\\[]`<$:~"
    text = _LIVE.sub(_JOINER, text)
    return "".join("\\" + c if c in marks else " " if c in "\r\n\t\0" else c for c in text)


def unbroken(text: str) -> str:
    """The text with each number and its per cent sign kept on one line."""
    return text.replace(" %", "\N{NO-BREAK SPACE}%")


def unflagged(hint: str) -> str:
    """A refusal's hint without what it tells users of the command line to type.

    >>> unflagged("Name another, or replace it (--replace).")
    'Name another, or replace it.'
    """
    return _FLAG.sub("", hint)
