"""A large events file for benchmarks: the same bytes every time, shaped like a shop's export."""

from __future__ import annotations

from pathlib import Path

import duckdb

_ROWS = """
    SELECT
        'C' || lpad(CAST(floor(200000 * pow(hash(i) % 1000003 / 1000003.0, 2)) AS INTEGER)::VARCHAR, 7, '0') AS user_id,
        'SKU-' || lpad(CAST(floor(20000 * pow(hash(i * 7 + 1) % 1000003 / 1000003.0, 3)) AS INTEGER)::VARCHAR, 6, '0')
            AS item_id,
        ['view', 'view', 'view', 'cart', 'purchase'][CAST(1 + hash(i * 3) % 5 AS INTEGER)] AS event_type,
        strftime(
            TIMESTAMP '2024-01-01' + to_seconds(CAST(hash(i * 11) % 31536000 AS BIGINT)), '%Y-%m-%d %H:%M:%S'
        ) AS event_time,
        1 + hash(i * 13) % 3 AS quantity,
        CAST(hash(i * 17) % 10000 / 100.0 AS DECIMAL(9, 2)) AS price,
        'O' || (i // 3) AS order_id
    FROM range({rows}) AS rows(i)
"""


def write_shop_file(path: Path, rows: int) -> None:
    """`rows` rows (62 bytes each) of user_id, item_id, event_type, event_time, quantity, price, order_id."""
    with duckdb.connect() as connection:
        connection.execute(f"COPY ({_ROWS.format(rows=rows)}) TO '{path}' (HEADER, DELIMITER ',')")
