"""Online Retail put into a workspace without core.ingest, and what its answers are by pandas alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from core.store import Store


def read(path: Path) -> pd.DataFrame:
    """The file's rows that name a customer: columns user, item, order, quantity, at, value (pounds)."""
    raw = pd.read_csv(path, dtype=str, keep_default_na=False)
    raw = raw[raw["CustomerID"] != ""]
    quantity = raw["Quantity"].astype(int)
    return pd.DataFrame(
        {
            "user": raw["CustomerID"],
            "item": raw["StockCode"],
            "order": raw["InvoiceNo"],
            "quantity": quantity,
            "at": pd.to_datetime(raw["InvoiceDate"], format="%m/%d/%Y %H:%M"),
            "value": (quantity * raw["UnitPrice"].astype(float)).round(4),
        }
    )


def put(store: Store, rows: pd.DataFrame) -> None:
    """Fill an empty workspace with the rows in the order they stand: negative quantities are returns."""
    table = pa.Table.from_pandas(rows.assign(at=rows["at"].astype("datetime64[us]")), preserve_index=False)
    with store.atomic() as writer, writer.table("rows_in", table):
        writer.run(
            "INSERT INTO batches VALUES "
            "(1, 'events', '[]', '{}', 0, 0, 0, 0, 0, 0, 0, TIMESTAMP '2020-01-01', NULL, 'append', 0, 0)"
        )
        writer.run(
            'INSERT INTO users SELECT row_number() OVER ()::INTEGER, "user" FROM (SELECT DISTINCT "user" FROM rows_in)'
        )
        writer.run(
            "INSERT INTO items SELECT row_number() OVER ()::INTEGER, item FROM (SELECT DISTINCT item FROM rows_in)"
        )
        writer.run(
            "INSERT INTO events BY NAME SELECT user_no, item_no, if(quantity < 0, 'return', 'purchase') AS event, "
            'r."at" AS at_utc, "order" AS order_id, quantity, value::DECIMAL(18, 4) AS value, 1 AS batch_no '
            'FROM rows_in r JOIN users u ON u.user_id = r."user" JOIN items i ON i.item_id = r.item'
        )


def rfm_by_pandas(rows: pd.DataFrame) -> pd.DataFrame:
    """Index user; columns recency, frequency, monetary, r, f, m: the definitions of docs/rules.md, without SQL."""
    end = rows["at"].max() + pd.Timedelta(microseconds=1)
    bought = rows[rows["quantity"] > 0].groupby("user")
    gap = end - bought["at"].max()
    table = pd.DataFrame(
        {
            "recency": np.ceil(gap / pd.Timedelta(days=1)).astype(int),
            "frequency": bought["order"].nunique(),
            "monetary": rows.assign(cents=(rows["value"] * 10_000).round().astype(int)).groupby("user")["cents"].sum()
            / 10_000,
        }
    ).dropna(subset=["frequency"])
    table["r"] = scores(-table["recency"])
    table["f"] = scores(table["frequency"])
    table["m"] = scores(table["monetary"])
    return table


def scores(values: pd.Series) -> pd.Series:
    """1 to 5: for each quintile, the boundary between two values with the nearest number of buyers below it."""
    below = values.value_counts().sort_index().cumsum().iloc[:-1]  # so many buyers at or below each value but the last
    found = pd.Series(1, index=values.index)
    for quintile in (0.2, 0.4, 0.6, 0.8):
        cut = (below - quintile * len(values)).abs().idxmin()
        found += (values > cut).astype(int)
    return found


NAMES = {
    **dict.fromkeys(("11", "12", "21", "22"), "Hibernating"), **dict.fromkeys(("13", "14", "23", "24"), "At risk"),
    **dict.fromkeys(("15", "25"), "Can't lose them"), **dict.fromkeys(("31", "32"), "About to sleep"),
    "33": "Need attention", **dict.fromkeys(("34", "35", "44", "45"), "Loyal customers"), "41": "Promising",
    "51": "New customers", **dict.fromkeys(("42", "43", "52", "53"), "Potential loyalists"),
    **dict.fromkeys(("54", "55"), "Champions"),
}  # fmt: skip
"""The grid of FACTS.md, written out cell by cell."""
