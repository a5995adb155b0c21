"""Titles as the words they are made of: for any writing, also one without spaces between words.

Upper and lower case are one, accents on letters are left aside (cafe is café), wide and narrow forms of a sign are one.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Callable
from functools import cache
from typing import Literal

Reading = Literal["auto", "words", "characters"]

LONGEST = 2_000
"""Characters of a title that are read; what stands further back describes nothing more."""

# Writing without spaces between words: Thai, Lao, Myanmar, Khmer, Tibetan; kana, Chinese signs, Bopomofo, Yi
_UNSPACED = (
    "\u0e00-\u0eff\u0f00-\u0fff\u1000-\u109f\u1780-\u17ff"
    "\u3005-\u3007\u3041-\u312f\u31a0-\u31ff\u3400-\u9fff\ua000-\ua4cf\uf900-\ufaff\U00020000-\U0003ffff"
)
_ACCENTS = re.compile("[\u0300-\u036f]")


def reader(how: Reading) -> Callable[[str], list[str]]:
    """Title -> its words, with repeats, in order.

    words: runs of letters and digits; characters: of each run all pieces of two and of three signs (a run of one sign
    is its own piece); auto: pieces where a run is written without spaces between words, else words. A number with a
    point or a comma inside is one word.

    >>> reader("auto")("Café CRÈME 0.5 l"), reader("auto")("iPhone手机壳")
    (['cafe', 'creme', '0.5', 'l'], ['iphone', '手机', '机壳', '手机壳'])
    """
    word, unspaced = _patterns()

    def read(title: str) -> list[str]:
        found: list[str] = []
        for run in word.findall(folded(title[:LONGEST])):
            if how == "words":
                found.append(run)
            elif how == "characters":
                found += _pieces(run)
            else:
                for part in unspaced.split(run):
                    found += _pieces(part) if unspaced.fullmatch(part) else [part] if part else []
        return found

    return read


def folded(text: str) -> str:
    """Without upper case, accents, and narrow or wide forms; marks that are letters (vowels in Thai, voiced kana) stay.

    >>> folded("Ｃａｆé ガ")
    'cafe ガ'
    """
    return unicodedata.normalize("NFC", _ACCENTS.sub("", unicodedata.normalize("NFKD", text.casefold())))


def _pieces(run: str) -> list[str]:
    if len(run) < 2:
        return [run] if run else []
    return [run[k : k + n] for n in (2, 3) for k in range(len(run) - n + 1)]


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    # Python's \w leaves out vowels that are written as marks: half of Thai and of Hindi would fall to pieces
    marks = "".join(re.escape(chr(c)) for c in range(sys.maxunicode) if unicodedata.category(chr(c))[0] == "M")
    return re.compile(rf"\d+(?:[.,]\d+)+|(?:[^\W_]|[{marks}])+"), re.compile(f"([{_UNSPACED}]+)")
