"""Repairs in plain words."""

from __future__ import annotations

from core.quality.kinds import KINDS
from core.quality.types import Cap, Exclude, Fill, Merge, Param, Repair, Returns, Selection
from core.quality.where import in_words

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
    return f"{'Fill' if what == action.column else 'Replace'} {what} with {with_}"


def rows_in_words(selection: Selection) -> str:
    """The rows of a selection: its rule's few words, and what its parameters narrow them to.

    >>> rows_in_words(Selection.of("price_outlier", paired="unpaired", limit=8.0))
    'purchases at an unusual price, over 8 times the usual spread away, that no return cancels'
    >>> rows_in_words(Selection.of("impossible_rating", low=1.0, high=5.0))
    'ratings off the scale, outside 1 to 5'
    """
    params = dict(selection.params)
    if selection.code == "where":
        return in_words(selection)
    kind = KINDS.get(selection.code)
    label = kind.label if kind else selection.code
    default = kind.defaults if kind else {}
    table, column = params.pop("table", None), params.pop("column", None)
    if table:
        label = label.replace("users or items", str(table)).replace("rows", str(table))
    if selection.code == "missing":
        label = f"{table} without {column}"
    if {"low", "high"} <= params.keys() and None not in (params["low"], params["high"]):
        params["scale"] = f"{_shown(params.pop('low'))} to {_shown(params.pop('high'))}"
    given = [_narrowed(name, params[name]) for name in sorted(params) if default.get(name) != params[name]]
    return ", ".join([label, *(word for word in given if word)])


_NARROWED: dict[str, str] = {
    "scale": "outside {}",
    "low": "below {}",
    "high": "above {}",
    "limit": "over {} times the usual spread away",
    "within_hours": "within {} hours",
    "before": "before {}",
    "batch_no": "number {}",
    "events": "of kind {}",
    "event": "of kind {}",
    "days": "{}",
    "ids": "{}",
    "pattern": "with an id like {}",
    "prefix": "{} before the number",
    "most": "at most {}",
}
_STATES: dict[tuple[str, Param], str] = {
    ("paired", "paired"): "that a return cancels",
    ("paired", "unpaired"): "that no return cancels",
    ("with_return", True): "with their returns",
    ("slip", True): "where the decimal point slipped",
    ("returns", "leave"): "returns aside",
    ("returns", "only"): "returns only",
    ("case", False): "upper and lower case told apart",
    ("space", False): "spaces told apart",
    ("point", False): "“.0” at the end told apart",
    ("zeros", True): "leading zeros too",
}


def _narrowed(name: str, value: Param) -> str:
    if value is None:
        return ""
    if name in _NARROWED:
        return _NARROWED[name].format(_shown(value))
    return _STATES.get((name, value), f"{name.replace('_', ' ')} {_shown(value)}")


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
    return f"{value:,g}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)
