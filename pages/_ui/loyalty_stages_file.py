"""Loyalty: the tables behind the figures as files."""

from __future__ import annotations

import pandas as pd

from core.store import write_rows
from pages._ui.downloads import csv_button


def table_button(label: str, table: pd.DataFrame, filename: str, key: str) -> None:
    """A button for the CSV of a small table; what is not known is an empty cell."""
    cells = table.astype(object).where(table.notna(), None)
    head = [str(name) for name in table.columns]
    csv_button(label, lambda path: write_rows(head, cells.itertuples(index=False, name=None), path), filename, key)
