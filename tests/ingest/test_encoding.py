"""Which encoding bytes are in, and reading them without replacing anything in silence."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Refusal
from core.ingest.encoding import Utf8Check, decide, known_encoding, marked, to_utf8

GERMAN = "Größe;Müller, Äpfel übers Straßenpflaster\n" * 20
FRENCH = "Élève déjà vu, où ça; Noël à l'hôtel\n" * 20
CHINESE = "用户购买了商品,今天的天气很好\n客户 A12 喜欢茶叶\n" * 20
RUSSIAN = "пользователь купил товар\n" * 20


def judged(data: bytes, size: int = 1 << 20) -> str:
    check = Utf8Check()
    for start in range(0, len(data), size):
        check.feed(data[start : start + size])
    check.finish()
    return decide(check)


@pytest.mark.parametrize("size", [1, 3, 64, 1 << 20])
@pytest.mark.parametrize(
    "text, encoding, found",
    [
        ("plain,ascii\n", "ascii", "utf-8"),
        (GERMAN, "utf-8", "utf-8"),
        (CHINESE, "utf-8", "utf-8"),
        (RUSSIAN, "utf-8", "utf-8"),
        (GERMAN, "latin-1", "windows-1252"),
        (FRENCH, "cp1252", "windows-1252"),
        (CHINESE, "gb18030", "gb18030"),
        (CHINESE, "gbk", "gb18030"),
    ],
)
def test_encodings_are_told_apart(text: str, encoding: str, found: str, size: int) -> None:
    assert judged(text.encode(encoding), size) == found


def test_a_few_broken_characters_are_damage_and_not_another_encoding() -> None:
    good = CHINESE.encode()
    assert judged(good + b"broken \xe9 row\n" + good) == "utf-8"
    assert judged(b"caf\xe9\n" * 3 + "ü\n".encode()) == "windows-1252"


@pytest.mark.parametrize("name", ["utf-16-le", "utf-16-be"])
def test_utf_16_with_and_without_a_mark(name: str) -> None:
    mark = "\ufeff".encode(name)
    assert marked(mark + CHINESE.encode(name)) == (name, 2)
    assert marked("a,b\n1,2\n".encode(name)) == (name, 0)
    assert marked(b"a,b\n1,2\n") is None


@given(st.text(), st.sampled_from(["utf-16-le", "utf-16-be", "gb18030", "utf-8"]), st.integers(1, 9))
def test_text_comes_through_whole(text: str, encoding: str, size: int) -> None:
    data = text.encode(encoding)
    pieces = [data[k : k + size] for k in range(0, len(data), size)]
    assert b"".join(to_utf8(pieces, encoding)).decode() == text


@given(st.binary(), st.integers(1, 9))
def test_every_byte_of_latin_text_means_something(data: bytes, size: int) -> None:
    pieces = [data[k : k + size] for k in range(0, len(data), size)]
    out = b"".join(to_utf8(pieces, "windows-1252")).decode()
    assert len(out) == len(data)
    assert out.isascii() == data.isascii()


@pytest.mark.parametrize(
    "data, encoding", [(b"a\xffb", "gb18030"), (b"\x00\xd8a\x00", "utf-16-le"), (b"a\x00b", "utf-16-le")]
)
def test_bytes_without_meaning_stay_invalid(data: bytes, encoding: str) -> None:
    out = b"".join(to_utf8([data], encoding))
    assert b"\xff" in out
    with pytest.raises(UnicodeDecodeError):
        out.decode()


def test_names_people_use() -> None:
    assert known_encoding("ISO-8859-1") == known_encoding("Latin1") == known_encoding("cp1252") == "windows-1252"
    assert known_encoding("utf8") == known_encoding("UTF-8") == "utf-8"
    assert known_encoding("gb2312") == "gb18030"
    assert known_encoding("shift_jis") == "shift_jis"
    for name in ("klingon", "base64", "rot13", ""):
        with pytest.raises(Refusal):
            known_encoding(name)
