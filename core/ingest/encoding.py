"""Which encoding a text file is written in, and reading it as UTF-8.

Decided in this order: a byte order mark; NUL bytes at every other place (UTF-16 without a mark); clean UTF-8. When
bytes are found that are not UTF-8, the lines that hold them decide: a file in which well-formed UTF-8 characters
outnumber the broken ones ten to one is damaged UTF-8, and its damaged rows are rejected by the load, one by one; else
it is GB18030 if those lines decode so into common Chinese characters, else Windows-1252, of which Latin-1 is a part.
In the encodings transcoded here a byte that means nothing becomes 0xFF, which is not UTF-8, so that the row is
rejected too: no byte is ever replaced in silence.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from core.errors import Refusal

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_NOT_UTF8 = b"\xff"
_HIGH_RUN = re.compile(rb"[\x80-\xff]+")
_LEADS = bytes(range(0xC2, 0xF5))
_SUSPECT_BYTES = 1 << 20
_LONGEST_LINE = 64 << 20
_ALIASES = {"latin-1": "windows-1252", "iso-8859-1": "windows-1252", "cp1252": "windows-1252", "latin1": "windows-1252"}


def known_encoding(name: str) -> str:
    """The name used here for an encoding a person named. Raises Refusal `unknown_encoding`.

    >>> known_encoding("Latin-1"), known_encoding("GBK"), known_encoding("utf8")
    ('windows-1252', 'gb18030', 'utf-8')
    """
    lower = name.strip().lower().replace("_", "-")
    lower = _ALIASES.get(lower, lower)
    if lower in ("gbk", "gb2312", "cp936", "gb18030"):
        return "gb18030"
    if lower in ("utf-8-sig", "windows-1252"):
        return lower
    try:
        found = codecs.lookup(lower)
        "a".encode(found.name)
    except (LookupError, UnicodeError, TypeError):
        raise Refusal(
            "unknown_encoding",
            f"{name!r} is not an encoding that Limelight knows.",
            "Use utf-8, utf-16, latin-1, windows-1252 or gb18030, for instance.",
        ) from None
    return {"iso8859-1": "windows-1252", "cp1252": "windows-1252"}.get(found.name, found.name)


def marked(head: bytes) -> tuple[str, int] | None:
    """The encoding that the first bytes tell, and the length of the mark; None when they tell nothing.

    >>> marked(b"\\xff\\xfea\\x00"), marked(b"a\\x00b\\x00,\\x001\\x00"), marked(b"a,b")
    (('utf-16-le', 2), ('utf-16-le', 0), None)
    """
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name, len(mark)
    head = head[: len(head) // 2 * 2]
    even, odd = head[0::2], head[1::2]
    if len(head) >= 4:
        if odd.count(0) > 0.4 * len(odd) and even.count(0) < 0.05 * len(even):
            return "utf-16-le", 0
        if even.count(0) > 0.4 * len(even) and odd.count(0) < 0.05 * len(odd):
            return "utf-16-be", 0
    return None


@dataclass
class Utf8Check:
    """Watches the bytes of a file go by and keeps what speaks for and against UTF-8.

    Attributes:
        good: well-formed characters beyond ASCII. bad: stretches of bytes that are not UTF-8.
        suspects: up to 1 MB of the lines that hold bytes beyond ASCII, for `decide`.
    """

    good: int = 0
    bad: int = 0
    suspects: bytearray = field(default_factory=bytearray)
    _rest: bytes = b""

    def feed(self, chunk: bytes) -> None:
        """Look at the next chunk."""
        if not self._rest and chunk.isascii():
            return
        data = self._rest + chunk
        cut = data.rfind(b"\n") + 1 or (len(data) if len(data) > _LONGEST_LINE else 0)
        self._rest = data[cut:]
        self._look(data[:cut])

    def finish(self) -> None:
        """Look at what is left after the last line break."""
        rest, self._rest = self._rest, b""
        self._look(rest)

    def _look(self, data: bytes) -> None:
        if data.isascii():
            return
        try:
            data.decode("utf-8")
        except UnicodeDecodeError:
            text = data.decode("utf-8", "replace")
            broken = text.count("\ufffd")
            self.bad += broken
            self.good += max(_beyond_ascii(data) - broken, 0)
            self._keep(data)
        else:
            self.good += _beyond_ascii(data)

    def _keep(self, data: bytes) -> None:
        for line in data.splitlines():
            if len(self.suspects) >= _SUSPECT_BYTES:
                return
            if not line.isascii():
                self.suspects += line[:10_000] + b"\n"


def decide(check: Utf8Check) -> str:
    """The encoding of a file without a mark, from what its bytes beyond ASCII look like."""
    if not check.bad or check.good >= 10 * check.bad:
        return "utf-8"
    suspects = bytes(check.suspects)
    try:
        chinese = suspects.decode("gb18030")
    except UnicodeDecodeError:
        return "windows-1252"
    high = [c for c in chinese if ord(c) > 127]
    common = sum("\u4e00" <= c <= "\u9fff" or "\u3000" <= c <= "\u303f" or "\uff00" <= c <= "\uffef" for c in high)
    # Western accents stand alone between letters; Chinese characters come in runs of two or more bytes.
    paired = sum(len(run) for run in _HIGH_RUN.findall(suspects) if len(run) % 2 == 0 or len(run) > 3)
    total = sum(len(run) for run in _HIGH_RUN.findall(suspects))
    return "gb18030" if high and common >= 0.9 * len(high) and paired >= 0.5 * total else "windows-1252"


def to_utf8(chunks: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    """The chunks as UTF-8; bytes that mean nothing in `encoding` become 0xFF."""
    name = "cp1252" if encoding == "windows-1252" else encoding
    errors = "limelight-c1" if encoding == "windows-1252" else "limelight-mark"
    decoder = codecs.getincrementaldecoder(name)(errors)
    for chunk in chunks:
        yield _encoded(decoder.decode(chunk))
    yield _encoded(decoder.decode(b"", final=True))


def _encoded(text: str) -> bytes:
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:  # a lone surrogate: a half of a UTF-16 pair, or the mark of a byte without meaning
        return text.encode("utf-8", "limelight-ff")


def _beyond_ascii(data: bytes) -> int:
    """Bytes that begin a character beyond ASCII, if the text is UTF-8."""
    return len(data) - len(data.translate(None, _LEADS))


def _keep_c1(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return error.object[error.start : error.end].decode("latin-1"), error.end


def _mark(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return "\udcff", error.end


def _as_ff(error: UnicodeError) -> tuple[bytes, int]:
    assert isinstance(error, UnicodeEncodeError)
    return _NOT_UTF8 * (error.end - error.start), error.end


codecs.register_error("limelight-c1", _keep_c1)
codecs.register_error("limelight-mark", _mark)
codecs.register_error("limelight-ff", _as_ff)
