"""What the columns of a source hold, counted over the whole file in one query, by the parsers that the load uses."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from core.ingest import personal, typed
from core.ingest.relation import relation
from core.ingest.times import TimeFormats, candidates
from core.ingest.types import Source
from core.progress import Step, no_step
from core.store import Query, Store, ident

EXACT_ROWS = 1_000_000
SAMPLED_ROWS = 3_000_000
_SAMPLE = 1_000_000
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}")
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_BOOLEAN = re.compile(
    r"(?i)yes|no|y|n|true|false|t|f|1|0|1\.0|0\.0|on|off|x|ja|nein|oui|non|s[ií]|opt.?(?:ed.?)?(?:in|out)|(?:un)?subscribed"
)


@dataclass(frozen=True)
class ColumnFacts:
    """One column, counted.

    Attributes:
        name: as in Source.columns.
        filled: rows with a value; distinct: different values (exact up to EXACT_ROWS rows, else estimated).
        examples: up to five different values, as they stand.
        numbers, whole, negative: values that are numbers, whole numbers, below zero; low, high: their range.
        padded: numbers written with leading zeros (codes, not amounts).
        booleans, lists, emails: values that read so.
        personal: kind of personal data (core.ingest.personal) -> values that read so, for the kinds worth a look.
        times: format -> values that it reads, for the formats worth trying, best first.
        numeric_times: those formats are plain digits (epoch, yyyymmdd).
        first, last: the range of the times in the best format.
        falls: among the first values, how often the time goes back, by format.
    """

    name: str
    filled: int
    distinct: int
    examples: tuple[str, ...]
    numbers: int = 0
    whole: int = 0
    negative: int = 0
    low: float | None = None
    high: float | None = None
    padded: int = 0
    booleans: int = 0
    lists: int = 0
    emails: int = 0
    personal: Mapping[str, int] = field(default_factory=dict)
    times: Mapping[str, int] = field(default_factory=dict)
    numeric_times: bool = False
    first: datetime | None = None
    last: datetime | None = None
    falls: Mapping[str, int] = field(default_factory=dict)

    @property
    def numeric(self) -> bool:
        """Every value is a number."""
        return self.filled > 0 and self.numbers == self.filled

    @property
    def time_format(self) -> str | None:
        """The format that reads most values."""
        return next(iter(self.times), None)

    @property
    def time_share(self) -> float:
        """Share of the values that the best format reads."""
        return next(iter(self.times.values()), 0) / self.filled if self.filled else 0.0


@dataclass(frozen=True)
class Facts:
    """All columns of a source, and how many rows were looked at; `sampled` when those are not all."""

    columns: tuple[ColumnFacts, ...]
    rows: int
    sampled: bool

    def named(self, name: str) -> ColumnFacts:
        """The column of that name."""
        return next(c for c in self.columns if c.name == name)


def facts(store: Store, source: Source, *, step: Step = no_step) -> Facts:
    """Count what each column holds; of files of more than 3 million rows, in a repeatable sample of about 1 million.

    The first rows tell which readings are worth counting: no numbers are looked for in a column of words.
    """
    step.report(0.0, f"Looking at the columns of {source.name}")
    head = store.read(Query("SELECT * FROM ") + relation(source) + " LIMIT 2000", step=step)
    first = [[v for v in column.to_pylist() if v is not None and v.strip()] for column in head.columns]
    formats = [candidates(values[:1000]) for values in first]
    sampled = source.rows > SAMPLED_ROWS
    exact = source.rows <= EXACT_ROWS
    measures = [
        _measures(ident(name), values, tried.formats, exact)
        | {f"personal {kind}": sql for kind, sql in personal.measures(name, ident(name), values).items()}
        for name, values, tried in zip(source.columns, first, formats, strict=True)
    ]
    parts = [f"{sql} AS {ident(f'{k} {key}')}" for k, wanted in enumerate(measures) for key, sql in wanted.items()]
    query = Query(f"SELECT count(*) AS seen, {', '.join(parts)} FROM ") + table(source, sampled)
    row = store.rows(query, step=step)[0]
    out = []
    for k, name in enumerate(source.columns):
        found = {key: row[f"{k} {key}"] for key in measures[k]}
        column = _column(name, first[k], found, formats[k])
        out.append(_falls(store, source, column, step))
    return Facts(tuple(out), _int(row["seen"]), sampled)


def table(source: Source, sampled: bool) -> Query:
    """The rows to judge a file by, as a FROM item."""
    if not sampled:
        return relation(source)
    percent = max(100 * _SAMPLE / source.rows, 0.001)
    picked = Query("(SELECT * FROM ") + relation(source)
    return picked + f" TABLESAMPLE bernoulli({percent:.4f}%) REPEATABLE (20))"


def _measures(cell: str, values: list[str], formats: Sequence[str], exact: bool) -> dict[str, str]:
    """What to count in a column: measure -> SQL."""
    out = {
        "filled": f"count(nullif(trim({cell}), ''))",
        "distinct": f"count(DISTINCT {cell})" if exact else f"approx_count_distinct({cell})",
    }
    number = f"try_cast({cell} AS DOUBLE)"
    if _share(_NUMBER, values) >= 0.5:
        fine = f"isfinite({number})"
        out |= {
            "numbers": f"count(*) FILTER ({fine})",
            "whole": f"count(*) FILTER ({fine} AND {number} = trunc({number}))",
            "negative": f"count(*) FILTER ({fine} AND {number} < 0)",
            "low": f"min({number}) FILTER ({fine})",
            "high": f"max({number}) FILTER ({fine})",
            "padded": f"count(*) FILTER ({cell} LIKE '0_%' AND {cell} NOT LIKE '0.%')",
        }
    if _share(_BOOLEAN, values) == 1:
        out["booleans"] = f"count(*) FILTER (strlen({cell}) <= 16 AND {typed.boolean(cell)} IS NOT NULL)"
    if any("|" in v or ";" in v for v in values) or not values:
        out["lists"] = f"count(*) FILTER (contains({cell}, '|') OR contains({cell}, ';'))"
    if _share(_EMAIL, values) >= 0.5:
        out["emails"] = (
            f"count(*) FILTER (contains({cell}, '@') AND regexp_full_match(trim({cell}), '{_EMAIL.pattern}'))"
        )
    for time_format in formats:
        moment = typed.moment(cell, time_format)
        fine = f"{moment} BETWEEN TIMESTAMP '1900-01-01' AND TIMESTAMP '2200-01-01'"
        out[f"times {time_format}"] = f"count(*) FILTER ({fine})"
        out[f"first {time_format}"] = f"min({moment}) FILTER ({fine})"
        out[f"last {time_format}"] = f"max({moment}) FILTER ({fine})"
    return out


def _share(pattern: re.Pattern[str], values: list[str]) -> float:
    """Share of the first values that match; 1 where there are none, so that everything is looked for."""
    return sum(bool(pattern.fullmatch(v.strip())) for v in values) / len(values) if values else 1.0


def _column(name: str, values: list[str], found: dict[str, object], tried: TimeFormats) -> ColumnFacts:
    counts = {
        key: _int(value) for key, value in found.items() if key.split()[0] not in ("low", "high", "first", "last")
    }
    times = {f: counts[f"times {f}"] for f in tried.formats if counts[f"times {f}"]}
    times = dict(sorted(times.items(), key=lambda item: -item[1]))
    best = next(iter(times), None)
    low, high = found.get("low"), found.get("high")
    return ColumnFacts(
        name,
        filled=counts["filled"],
        distinct=min(counts["distinct"], counts["filled"]),
        examples=tuple(dict.fromkeys(v[:200] for v in values))[:5],
        low=low if isinstance(low, float) else None,
        high=high if isinstance(high, float) else None,
        times=times,
        numeric_times=tried.numeric,
        first=_moment(found[f"first {best}"]) if best else None,
        last=_moment(found[f"last {best}"]) if best else None,
        numbers=counts.get("numbers", 0),
        whole=counts.get("whole", 0),
        negative=counts.get("negative", 0),
        padded=counts.get("padded", 0),
        booleans=counts.get("booleans", 0),
        lists=counts.get("lists", 0),
        emails=counts.get("emails", 0),
        personal={k.removeprefix("personal "): n for k, n in counts.items() if k.startswith("personal ")}
        | {"email": counts.get("emails", 0)},
    )


def _int(value: object) -> int:
    return value if isinstance(value, int) else 0


def _moment(value: object) -> datetime | None:
    return value if isinstance(value, datetime) else None


def _falls(store: Store, source: Source, column: ColumnFacts, step: Step) -> ColumnFacts:
    """Where two readings do equally well, how often each makes time go back among the first rows."""
    rivals = [f for f, n in column.times.items() if n == max(column.times.values())]
    if len(rivals) < 2:
        return column
    falls: dict[str, int] = {}
    for time_format in rivals:
        rows = Query(f"SELECT {typed.moment(ident(column.name), time_format)} AS t FROM ") + relation(source)
        query = Query("SELECT count(*) FILTER (t < before) AS falls FROM (SELECT t, lag(t) OVER () AS before FROM (")
        falls[time_format] = int(store.read(query + rows + " LIMIT 2000))", step=step)["falls"][0].as_py())
    return replace(column, falls=falls)
