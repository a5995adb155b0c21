"""The analyst's own conditions, against the same condition in pandas, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
import pytest

from core.errors import Refusal
from core.quality import Asked, Selection
from core.quality.ask import ask
from core.quality.types import Param
from core.quality.where import in_words
from core.store import Query
from tests.ingest.loading import column, load_text, mapping, workspace
from tests.quality.asking import keys

FRAME = pd.DataFrame(
    {
        "u": ["a", "B", None, "ab", "c'; --"],
        "t": ["2026-01-02 00:00:00", "2026-01-02 23:59:59", "2026-01-03 00:00:00", None, "2026-01-05 12:00:00"],
        "q": [1.0, 2.0, None, 10.0, -1.0],
        "p": [2.0, 3.0, 4.0, 0.5, 5.0],
        "c": ["Web", "web shop", None, "App", "web"],
        "vip": ["yes", "no", None, "yes", "no"],
        "tags": ["red|blue", "reddish", None, "blue", "green|red"],
    }
)


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    plain = mapping(event="purchase", returns="none", user="u", time="t", quantity="q", price="p", channel="c")
    more = (column("vip", "context", type="boolean"), column("tags", "context", type="list"))
    how = type(plain)(plain.kind, (*plain.columns, *more), event="purchase", returns="none")
    with workspace(tmp_path_factory.mktemp("where")) as store:
        load_text(store, FRAME.to_csv(index=False), how)
        yield ask(store, store.as_of())


def _rows(asked: Asked, table: str, column: str, op: str, value: Param = None) -> list[int]:
    first = asked.reader.rows(_FIRST)[0]["n"]
    return [key - first for key in keys(asked, Selection.of("where", table=table, column=column, op=op, value=value))]


_FIRST = Query("SELECT min(event_no) AS n FROM events")
TIMES = pd.to_datetime(FRAME.t)
_at = pd.Timestamp
CASES: list[tuple[str, str, Param, pd.Series]] = [
    ("quantity", "missing", None, FRAME.q.isna()),
    ("quantity", "present", None, FRAME.q.notna()),
    ("quantity", "!=", 2, FRAME.q.notna() & (FRAME.q != 2)),
    ("quantity", ">=", "2", FRAME.q >= 2),
    ("quantity", "between", ("1", "2"), FRAME.q.between(1, 2)),
    ("quantity", "in", ("1", "10"), FRAME.q.isin([1, 10])),
    ("price", "<", 3, FRAME.p.where(FRAME.q.notna()) < 3),
    ("value", "=", 6.0, FRAME.q.fillna(1) * FRAME.p == 6),
    ("at_utc", "=", "2026-01-02", TIMES.dt.strftime("%Y-%m-%d") == "2026-01-02"),
    ("at_utc", ">", "2026-01-02", TIMES.ge(_at("2026-01-03"))),
    ("at_utc", "<=", "2026-01-02", TIMES.lt(_at("2026-01-03"))),
    ("at_utc", "!=", "2026-01-02", TIMES.notna() & (TIMES.ge(_at("2026-01-03")))),
    ("at_utc", "between", ("2026-01-02", "2026-01-03"), TIMES.lt(_at("2026-01-04"))),
    ("at_utc", "in", ("2026-01-03", "2026-01-05T13:00:00+01:00"), TIMES.ge(_at("2026-01-03"))),
    ("channel", "=", "web", FRAME.c == "web"),
    ("channel", "contains", "WEB", FRAME.c.str.contains("web", case=False).fillna(False).astype(bool)),
    ("channel", "matches", "^[a-z]+$", FRAME.c.str.match("^[a-z]+$").fillna(False).astype(bool)),
    ("Channel", "in", ("App", "Web"), FRAME.c.isin(["App", "Web"])),
    ("user", "=", "c'; --", FRAME.u == "c'; --"),
    ("user", "!=", "a", FRAME.u.notna() & (FRAME.u != "a")),
    ("user", "missing", None, FRAME.u.isna()),
    ("vip", "=", "yes", FRAME.vip == "yes"),
    ("vip", "!=", True, FRAME.vip == "no"),
    ("tags", "contains", "red", pd.Series([True, False, False, False, True])),
    ("tags", "in", ("green", "blue"), pd.Series([True, False, False, True, True])),
    ("tags", "matches", "^red", pd.Series([True, True, False, False, True])),
    ("tags", "missing", None, FRAME.tags.isna()),
]


@pytest.mark.parametrize(("column", "op", "value", "wanted"), CASES)
def test_conditions(asked: Asked, column: str, op: str, value: Param, wanted: pd.Series) -> None:
    assert _rows(asked, "events", column, op, value) == [k for k, yes in enumerate(wanted) if yes]


@pytest.mark.parametrize(
    ("column", "op", "value", "code"),
    [
        ("chanel", "missing", None, "no_such_column"),
        ("quantity", "contains", "1", "bad_condition"),
        ("quantity", "<", "1,5", "bad_condition"),
        ("quantity", "<", "nan", "bad_condition"),
        ("quantity", "between", "1", "bad_condition"),
        ("quantity", "missing", "1", "bad_condition"),
        ("quantity", "; DROP TABLE events", "1", "bad_condition"),
        ("channel", "<", "a", "bad_condition"),
        ("channel", "matches", "(", "bad_condition"),
        ("channel", "matches", "(?=a)", "bad_condition"),
        ("tags", "matches", "(", "bad_condition"),
        ("at_utc", ">", "yesterday", "bad_condition"),
        ("vip", "=", "perhaps", "bad_condition"),
        ("channel", "in", (), "bad_condition"),
    ],
)
def test_what_is_refused(asked: Asked, column: str, op: str, value: Param, code: str) -> None:
    with pytest.raises(Refusal) as refusal:
        _rows(asked, "events", column, op, value)
    assert refusal.value.code == code
    assert refusal.value.message


def test_users_by_their_id(asked: Asked) -> None:
    selection = Selection.of("where", table="users", column="user_id", op="matches", value="^[aB]$")
    assert len(keys(asked, selection)) == 2


def test_conditions_in_words() -> None:
    said = {
        ("channel", "missing", None): "events whose channel is missing",
        ("quantity", "between", ("1", "5")): "events whose quantity is from 1 to 5",
        ("price", ">", 1234.5): "events whose price is above 1,234.5",
        ("device", "in", ("app", "web", "till")): "events whose device is app, web or till",
        ("at_utc", "<", "2026-01-31"): "events whose time is before 2026-01-31",
    }
    for (name, op, value), words in said.items():
        assert in_words(Selection.of("where", table="events", column=name, op=op, value=value)) == words
