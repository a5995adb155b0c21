"""What is known of users and items beside their behaviour: titles and attributes, row by row of the matrix.

Models that serve new users and new items live on it (content, demographic). It travels to a worker as a table, never
with raw ids and never with contact columns.
"""

from __future__ import annotations

from typing import Literal, get_args

import pyarrow as pa

from core.interactions.types import Array
from core.store import Store

Need = Literal["times", "user_side", "item_side"]
"""What a model may ask for beside the matrix: when each pair was first seen, and what is known of users and items."""
NEEDS: tuple[Need, ...] = get_args(Need)


def side_of(store: Store, what: Literal["user", "item"], numbers: Array) -> pa.Table:
    """One row for each of `numbers` (user_no or item_no, rising), in their order: the analyst's own columns, typed.

    Items: `title` (string, null where missing) and every attribute column; users: every attribute column. Left out:
    contact columns (core.store says which), and columns that tell nearly everybody apart (a column of free text other
    than the title stays for items, since its words speak; for users it goes). Lists stay lists.
    """
    raise NotImplementedError
