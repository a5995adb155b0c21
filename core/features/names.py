"""Names of features from names and values of people: stable, ASCII, snake_case, unique."""

from __future__ import annotations

import re
import unicodedata
import zlib

_LONGEST = 40


def safe(text: str) -> str:
    """`text` as a part of a name. What has no ASCII letters at all is named by a checksum, the same every time.

    >>> safe("Candles & Scent"), safe("Käse/Würste"), safe("50% off!"), safe("日用品")
    ('candles_scent', 'kase_wurste', '50_off', 'x57114eca')
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    name = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")
    return name[:_LONGEST].rstrip("_") if name else f"x{zlib.crc32(text.encode()):08x}"


def distinct(texts: list[str], taken: frozenset[str] = frozenset()) -> list[str]:
    """`safe` of each; where several would be alike, all but the first carry a checksum of their text.

    >>> distinct(["Red", "red!", "other"], frozenset({"other"}))
    ['red', 'red_e396003d', 'other_d9583520']
    """
    seen, names = set(taken), []
    for text in texts:
        name = safe(text)
        if name in seen:
            name = f"{name}_{zlib.crc32(text.encode()):08x}"
        while name in seen:
            name += "_x"
        seen.add(name)
        names.append(name)
    return names
