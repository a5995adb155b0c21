"""A source as SQL: a FROM item whose columns are all text.

Measured on DuckDB 2.0.0 with 5 M rows, 244 MB, 2 cores (see also core.ingest.count on what a row is):

- `auto_detect=false` with explicit delimiter, quote, escape, columns; the header is passed over by `skip`, which counts
  records (a header with a line break in it is one) and blank lines. Counting rows so takes 1.1 s, CREATE TABLE AS 5 s.
- There is no row number: neither `file_row_number` nor `rowid` exists for CSV. `row_number() OVER ()` follows the order
  of the file and costs a quarter more in CREATE TABLE AS (6.4 s).
- `store_rejects` costs nothing that can be measured. `reject_errors.line` is right with any number of threads, but
  counts records and blank lines, not physical lines: `refused_lines` (core.ingest.lines) gives those. One row may have
  several errors.
- `ignore_errors=true` without `store_rejects` loses good rows in silence (a file of 2,999,787 good rows and 145 bad
  ones gave 1,072,413): never use it.
- Strict mode accepts spaces behind a closing quote and an empty value too many at the end of a row; it rejects other
  ragged rows, `"5" x`, bytes that are not UTF-8, and rows longer than 2 MB. Not strict, `"5" x` would become `5 ` and
  values too many would be lost without a word, so strict it is; `null_padding` would fill short rows without a word,
  so it is off.
- Rows that end in different ways make the strict reader fail altogether: core.ingest.source writes a copy first.
- Casts to TIMESTAMP ignore an offset (`+02:00`) in the text: use core.ingest.times.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq

from core.ingest import numbers
from core.ingest.dialect import unquoted
from core.ingest.types import Source
from core.progress import Step, no_step
from core.store import Query, Store, ident, literal


def relation(source: Source) -> Query:
    """A FROM item with every column of `source` as VARCHAR under its name in Source.columns, rows in file order.

    Missing values are NULL (in a CSV an empty value, quoted or not). Malformed rows of a CSV are left out and noted
    in the cursor's temporary table `reject_errors`, once for each error.
    """
    if source.readable.suffix == ".parquet" or source.format == "parquet":
        return Query(_plain_numbers(source, _parquet(source)))
    columns = ", ".join(f"{literal(c)}: 'VARCHAR'" for c in source.columns)
    options = [
        "auto_detect=false",
        f"delim={literal(chr(9) if unquoted(source.delimiter) else source.delimiter)}",
        f"quote={literal(source.quote)}",
        f"escape={literal(source.escape)}",
        "header=false",
        f"skip={source.skip}",
        f"columns={{{columns}}}",
        "strict_mode=true",
        "encoding='utf-8'",
        "compression='none'",
        "store_rejects=true",
    ]
    table = f"read_csv({literal(str(source.readable))}, {', '.join(options)})"
    return Query(_plain_numbers(source, table))


def _plain_numbers(source: Source, table: str) -> str:
    if not source.numbers:
        return table
    picked = (f"{numbers.read(ident(c), style)} AS {ident(c)}" for c, style in source.numbers)
    return f"(SELECT * REPLACE ({', '.join(picked)}) FROM {table})"


def preview(store: Store, source: Source, rows: int = 50, *, step: Step = no_step) -> pa.Table:
    """The first rows as text under Source.columns, missing values as null. Malformed rows are left out."""
    return store.read(Query("SELECT * FROM ") + relation(source) + Query(" LIMIT ?", (rows,)), step=step)


def _parquet(source: Source) -> str:
    """Columns by position, since names may differ by case alone; text that loses nothing of the value."""
    schema = pq.read_schema(source.readable)
    names = [f"c{k}" for k in range(len(schema))]
    picked = ", ".join(
        f"{_as_text(f'c{k}', schema.field(k).type)} AS {ident(name)}" for k, name in enumerate(source.columns)
    )
    return f"(SELECT {picked} FROM read_parquet({literal(str(source.readable))}) AS t({', '.join(names)}))"


def _as_text(column: str, kind: pa.DataType) -> str:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return f"nullif({column}, '')"
    if pa.types.is_floating(kind):  # pandas writes whole numbers with gaps as floats: 17850.0 is the id 17850
        whole = f"{column} = trunc({column}) AND abs({column}) < 1e15"
        text = f"CASE WHEN {whole} THEN {column}::BIGINT::VARCHAR ELSE {column}::VARCHAR END"
        return f"CASE WHEN NOT isnan({column}) THEN {text} END"
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        if pa.types.is_nested(kind.value_type):
            return f"to_json({column})::VARCHAR"
        return f"array_to_string({column}::VARCHAR[], '|')"
    if pa.types.is_nested(kind):
        return f"to_json({column})::VARCHAR"
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return f"coalesce(try_cast({column} AS VARCHAR), hex({column}))"
    return f"{column}::VARCHAR"
