"""Titles in any writing."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.recommend.words import Reading, reader


@pytest.mark.parametrize(
    ("title", "words"),
    [
        ("Café CRÈME, 0.5 l", ["cafe", "creme", "0.5", "l"]),
        ("STRASSE straße", ["strasse", "strasse"]),
        ("iPhone 15手机壳", ["iphone", "15", "手机", "机壳", "手机壳"]),
        ("ｉＰｈｏｎｅ", ["iphone"]),
        ("茶", ["茶"]),
        ("กาแฟ", ["กา", "าแ", "แฟ", "กาแ", "าแฟ"]),
        ("ガラス", ["ガラ", "ラス", "ガラス"]),
        ("हिन्दी किताब", ["हिन्दी", "किताब"]),
        ("한국어 책", ["한국어", "책"]),
        ("a\x00b\x1fc\u202ed", ["a", "b", "c", "d"]),
        ("!?\t\n", []),
        ("", []),
    ],
)
def test_auto_by_eye(title: str, words: list[str]) -> None:
    assert reader("auto")(title) == words


def test_the_other_ways_to_read() -> None:
    assert reader("characters")("tea 茶") == ["te", "ea", "tea", "茶"]
    assert reader("words")("手机壳 red") == ["手机壳", "red"]


@given(st.text(max_size=60), st.sampled_from(["auto", "words", "characters"]))
def test_any_text_gives_words_without_spaces(title: str, how: Reading) -> None:
    for word in reader(how)(title):
        assert word
        assert not any(sign.isspace() for sign in word)
    assert reader(how)(title.upper()) == reader(how)(title.upper().lower().upper())


def test_a_million_signs_take_no_time() -> None:
    read = reader("auto")
    start = time.perf_counter()
    for title in ("x" * 10**6, "茶 " * 10**6, "1." * 10**6):
        read(title)
    assert time.perf_counter() - start < 1
