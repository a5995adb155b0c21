"""The registry of rules by which rows can be chosen, for findings and for repairs.

A module of rules offers `KINDS: tuple[Kind, ...]`; it is listed here, and nowhere else.
"""

from __future__ import annotations

import pyarrow as pa

from core.errors import Refusal
from core.quality import (
    alike,
    amounts,
    bots,
    cancellation,
    codes,
    complete,
    drift,
    forest,
    ids,
    once,
    outliers,
    pairs,
    resellers,
    unique,
    valid,
    volume,
    where,
)
from core.quality.types import KEY, Asked, Kind, Scope, Selection
from core.store import Query

_MODULES = (
    alike,
    amounts,
    bots,
    cancellation,
    codes,
    complete,
    drift,
    forest,
    ids,
    once,
    outliers,
    pairs,
    resellers,
    unique,
    valid,
    volume,
    where,
)

KINDS: dict[str, Kind] = {kind.code: kind for module in _MODULES for kind in module.KINDS}


def kind_of(selection: Selection) -> Kind:
    """The rule that a selection names. Raises Refusal `bad_selection`."""
    found = KINDS.get(selection.code)
    if found is None:
        raise Refusal(
            "bad_selection", f"There is no rule {selection.code!r}.", f"There are: {', '.join(sorted(KINDS))}."
        )
    return found


def scope_of(selection: Selection) -> Scope:
    """Whose numbers a selection yields. Raises Refusal `bad_selection`."""
    kind = kind_of(selection)
    scope = kind.scope or kind.filled(selection).get("table")
    if scope not in KEY:
        raise Refusal("bad_selection", f"{selection.code!r} needs a table.", f"There are: {', '.join(KEY)}.")
    return scope


def chosen(asked: Asked, selection: Selection) -> Query | pa.Array:
    """The numbers of the rows that a selection means: a Query with one column (the scope's KEY), or an int64 array.

    Raises Refusal `bad_selection`, `no_such_column`.
    """
    kind = kind_of(selection)
    return kind.choose(asked, kind.filled(selection))
