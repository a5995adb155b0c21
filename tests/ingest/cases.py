"""Files as bytes, and what must be found in them: walked by test_source and mutilated by test_faults."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

TEXT = "user,item,note\nu1,Tee,süß\nu2,Kaffee,a;b\n"
CHINESE = "用户,商品,行为\n1001,茶叶,浏览\n1002,咖啡,购买\n"
ABC = ("a", "b", "c")
TWO = [("1", "2", "3"), ("4", "5", "6")]


@dataclass(frozen=True)
class Case:
    """A file's bytes, and what must be found."""

    data: bytes
    columns: tuple[str, ...]
    rows: Sequence[tuple[str | None, ...]]
    delimiter: str = ","
    header: bool = True
    encoding: str = "utf-8"
    quote: str = '"'
    lines_before: int = 1
    rejected: int = 0  # by recognising the file
    malformed: int = 0  # left out by DuckDB
    says: tuple[tuple[str, Any], ...] = ()  # what a person said
    format: str = "csv"

    @property
    def counted(self) -> int:
        return len(self.rows) + self.rejected + self.malformed


CASES: dict[str, Case] = {
    "comma": Case(b"a,b,c\n1,2,3\n4,5,6\n", ABC, TWO),
    "no line break at the end": Case(b"a,b,c\n1,2,3\n4,5,6", ABC, TWO),
    "semicolon": Case(b"a;b;c\n1;2;3\n4;5;6\n", ABC, TWO, ";"),
    "semicolon, decimal commas": Case(
        b"id;price\n1;2,50\n2;3,10\n", ("id", "price"), [("1", "2.50"), ("2", "3.10")], ";"
    ),
    "tab": Case(b"a\tb\tc\n1\t2\t3\n4\t5\t6\n", ABC, TWO, "\t"),
    "bar": Case(b"a|b|c\n1|2|3\n4|5|6\n", ABC, TWO, "|"),
    "comma with bars inside": Case(b"id,tags\n1,x|y\n2,z|w\n", ("id", "tags"), [("1", "x|y"), ("2", "z|w")]),
    "double colon": Case(
        b"1::2::3\n4::5::6\n", ("column1", "column2", "column3"), TWO, "::", header=False, lines_before=0
    ),
    "control character": Case(b"a\x01b\x01c\n1\x012\x013\n4\x015\x016\n", ABC, TWO, "\x01"),
    "one space": Case(b"a b c\n1 2 3\n4 5 6\n", ABC, TWO, "  "),
    "runs of spaces": Case(b"  a   b c\n 1  2    3\n   4 5 6\n", ABC, TWO, "  "),
    "one column": Case(b"user_id\nu1\nu2\n", ("user_id",), [("u1",), ("u2",)]),
    "one column of sentences": Case(b"title\nTea for two\nA book\n", ("title",), [("Tea for two",), ("A book",)]),
    "quoted": Case(b'a,b,c\n"1","2, ""two""","3\n3"\n4,5,6\n', ABC, [("1", '2, "two"', "3\n3"), ("4", "5", "6")]),
    "single quotes": Case(
        b"a,b\n'1','x, y'\n'2','z'\n'3','w'\n", ("a", "b"), [("1", "x, y"), ("2", "z"), ("3", "w")], quote="'"
    ),
    "backslash escapes": Case(b'a,b\n1,"say \\"hi\\" now"\n2,"x"\n', ("a", "b"), [("1", 'say "hi" now'), ("2", "x")]),
    "inches": Case(b'id,name\n1,12" disk\n2,5" x 3" box\n', ("id", "name"), [("1", '12" disk'), ("2", '5" x 3" box')]),
    "space before a quote": Case(b'a,b\n1, "x, y"\n2, "z"\n', ("a", "b"), [("1", "x, y"), ("2", "z")]),
    "CR LF": Case(b"a,b,c\r\n1,2,3\r\n4,5,6\r\n", ABC, TWO),
    "lone CR": Case(b"a,b,c\r1,2,3\r4,5,6\r", ABC, TWO),
    "mixed line ends": Case(b"a,b,c\r\n1,2,3\n4,5,6\r\n", ABC, TWO),
    "stray CR": Case(b"a,b\n1,2\n3,4\r5,6\n", ("a", "b"), [("1", "2"), ("3", "4"), ("5", "6")]),
    "blank lines": Case(b"\n\na,b,c\n\n1,2,3\n\n\n4,5,6\n\n", ABC, TWO, lines_before=3),
    "titles above": Case(b"Report for May\n\na,b,c\n1,2,3\n4,5,6\n", ABC, TWO, lines_before=3),
    "line break in the header": Case(b'"a\nx",b\n1,2\n3,4\n', ("a x", "b"), [("1", "2"), ("3", "4")], lines_before=2),
    "no header, numbers": Case(b"1,2,3\n4,5,6\n", ("column1", "column2", "column3"), TWO, header=False, lines_before=0),
    "no header, codes": Case(
        b"u1,i7,2024-01-05\nu2,i8,2024-01-06\nu3,i9,2024-01-07\n",
        ("column1", "column2", "column3"),
        [("u1", "i7", "2024-01-05"), ("u2", "i8", "2024-01-06"), ("u3", "i9", "2024-01-07")],
        header=False,
        lines_before=0,
    ),
    "header by word": Case(b"red,blue\nred,blue\n", ("red", "blue"), [("red", "blue")], says=(("header", True),)),
    "no header by word": Case(
        b"a,b\n1,2\n",
        ("column1", "column2"),
        [("a", "b"), ("1", "2")],
        header=False,
        lines_before=0,
        says=(("header", False),),
    ),
    "delimiter by word": Case(b"a;b,c\n1;x,3\n", ("a", "b,c"), [("1", "x,3")], ";", says=(("delimiter", ";"),)),
    "names trimmed and made unique": Case(
        b" A ,a,,A\n1,2,3,4\n", ("A", "a_2", "column3", "A_3"), [("1", "2", "3", "4")]
    ),
    "row names without a name": Case(
        b"a,b\nr1,1,2\nr2,3,4\n", ("column1", "a", "b"), [("r1", "1", "2"), ("r2", "3", "4")]
    ),
    "empty values": Case(b'a,b,c\n1,,3\n,"",6\n', ABC, [("1", None, "3"), (None, None, "6")]),
    "ragged rows": Case(b"a,b,c\n1,2,3\n4,5\n7,8,9,10\n4,5,6\n", ABC, TWO, malformed=2),
    "formulas stay text": Case(
        b"a,b\n1,=cmd|' /C calc'!A0\n2,@x\n", ("a", "b"), [("1", "=cmd|' /C calc'!A0"), ("2", "@x")]
    ),
    "hostile names": Case(b'a\'b,"x""y",?,$1;--\n1,2,3,4\n', ("a'b", 'x"y', "?", "$1;--"), [("1", "2", "3", "4")]),
    "stray text behind quotes": Case(b'a,b\n1,"5" x\n2,"3"\n4,5\n', ("a", "b"), [("2", "3"), ("4", "5")], rejected=1),
    "NUL bytes": Case(b"a,b,c\n1,2,3\n4,\0,9\n4,5,6\n", ABC, TWO, rejected=1),
    "NUL bytes in one column": Case(b"id\na\nb\0\nc\n", ("id",), [("a",), ("c",)], rejected=1),
    "BOM": Case(b"\xef\xbb\xbfa,b,c\n1,2,3\n4,5,6\n", ABC, TWO),
    "BOM before a quote": Case(b'\xef\xbb\xbf"a","b","c"\n1,2,3\n4,5,6\n', ABC, TWO),
    "BOM without a header": Case(
        b"\xef\xbb\xbf1,2,3\n4,5,6\n", ("column1", "column2", "column3"), TWO, header=False, lines_before=0
    ),
    "UTF-8": Case(TEXT.encode(), ("user", "item", "note"), [("u1", "Tee", "süß"), ("u2", "Kaffee", "a;b")]),
    "Latin-1": Case(
        TEXT.encode("latin-1"),
        ("user", "item", "note"),
        [("u1", "Tee", "süß"), ("u2", "Kaffee", "a;b")],
        encoding="windows-1252",
    ),
    "Windows-1252": Case(
        "a,b\n1,10 € – “so”\n".encode("cp1252"), ("a", "b"), [("1", "10 € – “so”")], encoding="windows-1252"
    ),
    "UTF-16 LE, marked": Case(
        b"\xff\xfe" + CHINESE.encode("utf-16-le"),
        ("用户", "商品", "行为"),
        [("1001", "茶叶", "浏览"), ("1002", "咖啡", "购买")],
        encoding="utf-16-le",
    ),
    "UTF-16 BE, marked": Case(
        b"\xfe\xff" + "a,b,c\n1,2,3\n4,5,6\n".encode("utf-16-be"), ABC, TWO, encoding="utf-16-be"
    ),
    "UTF-16 LE, not marked": Case("a,b,c\n1,2,3\n4,5,6\n".encode("utf-16-le"), ABC, TWO, encoding="utf-16-le"),
    "UTF-16 BE, not marked": Case("a,b,c\n1,2,3\n4,5,6\n".encode("utf-16-be"), ABC, TWO, encoding="utf-16-be"),
    "GB18030": Case(
        CHINESE.encode("gb18030"),
        ("用户", "商品", "行为"),
        [("1001", "茶叶", "浏览"), ("1002", "咖啡", "购买")],
        encoding="gb18030",
    ),
    "encoding by word": Case(
        "a,b\n1,Ж\n".encode("cp1251"), ("a", "b"), [("1", "Ж")], encoding="cp1251", says=(("encoding", "windows-1251"),)
    ),
    "one damaged row in UTF-8": Case(
        b"a,b\n" + "".join(f"{k},süß\n" for k in range(20)).encode() + b"x,\xff\xfe\n",
        ("a", "b"),
        [(str(k), "süß") for k in range(20)],
        malformed=1,
    ),
    "gzip": Case(gzip.compress(b"a,b,c\n1,2,3\n4,5,6\n"), ABC, TWO),
    "gzip of two members": Case(gzip.compress(b"a,b,c\n1,2,3\n") + gzip.compress(b"4,5,6\n"), ABC, TWO),
    "gzip of Latin-1": Case(
        gzip.compress("a,b\n1,süß\n".encode("latin-1")), ("a", "b"), [("1", "süß")], encoding="windows-1252"
    ),
}
