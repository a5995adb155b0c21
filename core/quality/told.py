"""Repairs in plain words."""

from __future__ import annotations

from core.quality import said, where
from core.quality.kinds import KINDS
from core.quality.types import Cap, Exclude, Fill, Merge, Param, Repair, Returns, Selection

_FIGURE = {
    "mean": "the mean",
    "median": "the median",
    "mode": "the most frequent value",
    "interpolate": "values between those before and after",
    "neighbours": "the mean of the rows that are most alike",
    "iterative": "what a model says from the other columns",
}


def describe(repair: Repair) -> str:
    """What a repair does, as a sentence without its full stop.

    >>> describe(Repair(Selection.of("missing", table="users", column="age"), Fill("age", "median", group="country")))
    'Fill age with the median of its country'
    """
    action, rows = repair.action, rows_in_words(repair.selection)
    if isinstance(action, Exclude):
        return f"Leave out {rows}"
    if isinstance(action, Returns):
        return f"Count as returns: {rows}"
    if isinstance(action, Cap):
        return f"Hold {action.column} {_limits(action)}: {rows}"
    if isinstance(action, Merge):
        if not action.pairs:
            return f"Count as one: {rows}"
        n, one = len(action.pairs), action.table[:-1]
        return f"Count {n:,} {one if n == 1 else action.table} as part of another {one}"
    with_ = f"{action.value!r}" if action.method == "constant" else _FIGURE[action.method]
    if action.group:
        with_ += f" of its {action.group}"
    if action.using:
        with_ += f" ({', '.join(action.using)})"
    what = action.column if _is_missing(repair.selection, action) else f"{action.column} of {rows}"
    return f"Fill {what} with {with_}"


def rows_in_words(selection: Selection) -> str:
    """The rows of a selection: its rule's few words, and the parameters that differ from the defaults."""
    params = dict(selection.params)
    if selection.code == "where":
        return where.in_words(selection)
    if selection.code == "missing":
        events = params.get("events")
        words = f" ({said.listed([said.plural(w) for w in events])})" if isinstance(events, tuple) and events else ""
        return f"{params.get('table')}{words} without a value in {params.get('column')}"
    if selection.code in ("ids", "days") and isinstance(params.get(selection.code), tuple):
        return _named(selection)
    kind = KINDS.get(selection.code)
    label = kind.label if kind else selection.code
    default = kind.defaults if kind else {}
    given = [
        _PARAMS.get((name, value)) or f"{name.replace('_', ' ')} {_shown(value)}"
        for name, value in selection.params
        if value is not None and default.get(name) != value
    ]
    return f"{label} ({', '.join(given)})" if given else label


_PARAMS: dict[tuple[str, Param], str] = {
    ("paired", "paired"): "those with a cancellation",
    ("paired", "unpaired"): "those that nothing cancels",
    ("with_return", True): "with the return that cancels it",
    ("slip", True): "by a slip of the decimal point",
    ("table", "users"): "users",
    ("table", "items"): "items",
}


def _named(selection: Selection) -> str:
    params = dict(selection.params)
    if selection.code == "ids":
        return f"the {params.get('table')} {_shown(params['ids'])}"
    event = params.get("event")
    return f"{said.plural(str(event)) if event else 'events'} of {_shown(params['days'])} (UTC)"


def _is_missing(selection: Selection, action: Fill) -> bool:
    return selection.code == "missing" and selection.get("column") == action.column


def _limits(cap: Cap) -> str:
    def told(limit: float) -> str:
        return f"the {100 * limit:g} % quantile" if cap.quantiles else f"{limit:,}"

    low = None if cap.low is None else told(cap.low)
    high = None if cap.high is None else told(cap.high)
    said = f"between {low} and {high}" if low and high else f"at {low} or above" if low else f"at {high} or below"
    return f"{said} of its {cap.group}" if cap.group else said


def _shown(value: Param) -> str:
    if isinstance(value, tuple):
        more = f" and {len(value) - 3:,} more" if len(value) > 3 else ""
        return ", ".join(value[:3]) + more
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int | float) else str(value)
