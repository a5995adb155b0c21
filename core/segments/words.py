"""Rules in plain words, for pages, manifests and the command line."""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from datetime import date, datetime, timedelta

from core.segments.grid import Grid, default_grid
from core.segments.parts import (
    ANY_EVENT,
    Beside,
    Between,
    Compare,
    Earlier,
    EventStep,
    Filter,
    Last,
    Scalar,
    Span,
    Test,
    Window,
)
from core.segments.rule import (
    Abc,
    Ago,
    All,
    Any,
    At,
    Did,
    InGroup,
    InSegment,
    Loyalty,
    Measure,
    Moment,
    Not,
    Order,
    Prop,
    Regularly,
    Resumed,
    Rfm,
    RfmSettings,
    Rule,
    Sample,
    Sql,
    Stopped,
    Top,
)
from core.segments.schema import Group, Schema

_NOUNS = {
    "purchase": "purchase", "impression": "impression", "open": "open", "view": "view", "click": "click",
    "search": "search", "favourite": "favourite", "share": "share", "comment": "comment", "cart": "cart",
    "rating": "rating", "return": "return", ANY_EVENT: "event of any kind",
}  # fmt: skip
_PLURALS = {"search": "searches", "purchase": "purchases", ANY_EVENT: "events of any kind"}
_MEASURES: dict[Measure, str] = {
    "items": "distinct items", "days": "days", "quantity": "units", "value": "net value", "dwell": "seconds of dwell",
    "mean_quantity": "units per purchase", "order_value": "net value per order",
    "mean_dwell": "seconds of dwell on average", "mean_rating": "average rating",
    "orders": "orders", "events": "events", "rating": "sum of ratings", "mean_value": "money per purchase line",
}  # fmt: skip


def describe(rule: Rule, schema: Schema | None = None) -> str:
    """The rule as a person would say it; nested groups in brackets, texts in quotes.

    With the workspace's `schema`, parts of kept groups are named, and frozen members say what chose them.

    >>> describe(All((Did("purchase", compare=Compare("at_least", 2)), Not(Did("purchase", window=Last(30))))))
    'at least 2 orders, ever, and no purchase in the last 30 days'
    """
    return _said(rule, schema, top=True)


def _said(rule: Rule, schema: Schema | None, *, top: bool = False) -> str:  # noqa: PLR0911  # one answer a kind of rule
    match rule:
        case All(rules):
            return _group(rules, " and ", top, schema) if rules else "all users"
        case Any(rules):
            return _group(rules, " or ", top, schema)
        case Not(Did() as did) if did.measure in ("orders", "events") and did.compare == Compare("at_least", 1):
            return f"no {_noun(did.event, 1)}{_where(did.where)}{_when(did.window)}"
        case Not(Not(inner)):
            return _said(inner, schema, top=top)
        case Not(All() | Any() as inner):
            return f"not ({_said(inner, schema, top=True)})"
        case Not(inner):
            return f"not: {_said(inner, schema)}"
        case At(as_of, inner):
            moment = f"{_units(as_of.n, as_of.unit)} earlier" if isinstance(as_of, Ago) else say_end(as_of)
            said = f"as of {moment}: {_said(inner, schema, top=top)}"
            return said if top else f"({said})"
        case InGroup() if schema is not None and (kept := schema.groups.get(rule.name.casefold())):
            return _in_group(rule, kept, top)
        case _:
            return _leaf(rule)


def _in_group(rule: InGroup, kept: Group, top: bool) -> str:
    if kept.kind == "frozen" and not rule.parts and rule.closest is None:
        return kept.words if top else f"({kept.words})"
    named = " or ".join(f"“{kept.parts.get(part, str(part))}”" for part in rule.parts)
    of = f"{named} of " if named else ""
    return f"in {of}group “{kept.name}”" + (f", the closest {rule.closest:,}" if rule.closest else "")


def _group(rules: Sequence[Rule], word: str, top: bool, schema: Schema | None) -> str:
    if len(rules) == 1:
        return _said(rules[0], schema, top=top)
    parts = [_said(r, schema) for r in rules]
    # a comma before the word only where a part could be read on past it: "at least 2 orders, ever, and no purchase"
    unclear = any(mark in part for part in parts if not part.startswith("(") for mark in (",", word))
    between = ("," if unclear else "") + word
    text = between.join(parts)
    return text if top else f"({text})"


def _leaf(rule: Rule) -> str:  # noqa: PLR0911, PLR0912  # one answer a kind of rule
    match rule:
        case Moment(which, event, window, where):
            return f"{which} {_noun(event, 1)}{_where(where)}{_when(window)}"
        case Regularly(event, least, n, unit, where):
            return f"{_noun(event, 1)}{_where(where)} in at least {least:,} of the last {_units(n, unit)}"
        case Stopped(event, quiet, before, least, where):
            many = f"at least {least:,} {_noun(event, 2)}" if least > 1 else _noun(event, 1)
            earlier = f" in the {_span(before)} before" if before else " before"
            return f"no {_noun(event, 1)}{_where(where)} in the last {_span(quiet)}, but {many}{earlier}"
        case Resumed(event, pause, within, where):
            return f"again {_noun(event, 1)}{_where(where)} in the last {_span(within)}, after {_span(pause)} without"
        case InGroup(name, parts, closest):
            of = f" part {', '.join(map(str, parts))}" if parts else ""
            first = f", the closest {closest:,}" if closest else ""
            return f"in group “{name}”{of}{first}"
        case Abc(classes, _, cuts):
            own = "" if cuts == (0.8, 0.95) else f" (cut at {_percent(cuts[0])} and {_percent(cuts[1])})"
            return f"class {' or '.join(classes)} by {amount_words(rule)}{own}"
        case Loyalty(stages, _):
            return f"{' or '.join(stages)} customers"
        case Sql(sql):
            return f"in the SQL “{' '.join(sql.split())[:60]}{'…' if len(' '.join(sql.split())) > 60 else ''}”"
        case Prop(column, test):
            return f"{column} {say_test(test)}"
        case Did():
            return _did(rule)
        case Order(first, then, within, window, same, absent):
            item = " of the same item" if same else ""
            gap = "" if within is None else f" within {_span(within)}"
            if absent:
                return f"{_step(first)} without {_step(then)}{item}{gap} after it{_when(window)}"
            return f"{_step(first)}, then {_step(then)}{item}{gap}{_when(window)}"
        case Top(measure, share, event, window, where):
            what = _MEASURES[measure] if measure != "events" else _noun(event, 2)
            of = "" if event == "purchase" or measure == "events" else f" of {_noun(event, 2)}"
            return f"the top {_percent(share)} by {what}{of}{_where(where)}{_when(window)}"
        case Sample(share, salt):
            return f"a fixed random {_percent(share)} of users" + (f" (draw “{salt}”)" if salt else "")
        case InSegment(name):
            return f"in segment “{name}”"
        case Rfm(groups, grid, settings):
            second = "FM" if settings.monetary == "with_frequency" else "F"
            cells = grid.all_cells()
            listed = ", ".join(f"R{group[0]} {second}{group[1]}" if group in cells else group for group in groups)
            notes = _rfm_notes(grid, settings)
            return f"RFM {listed}" + (f" ({', '.join(notes)})" if notes else "")
        case _:
            raise TypeError(type(rule))


def _rfm_notes(grid: Grid, settings: RfmSettings) -> list[str]:
    own = any((settings.recency, settings.frequency, settings.money))
    notes = [] if grid == default_grid(settings.scores) else ["own grid"]
    if own or settings.scores != 5:
        notes.append("own cuts" if own else {3: "thirds", 4: "quartiles"}[settings.scores])
    return notes + (["frequency and money together"] if settings.monetary == "with_frequency" else [])


def amount_words(rule: Abc) -> str:
    """What users are put in classes by, with its filters and window.

    >>> amount_words(Abc(("A",), window=Last(90)))
    'net value in the last 90 days'
    """
    of = "" if rule.event == "purchase" or rule.measure == "events" else f" of {_noun(rule.event, 2)}"
    what = _MEASURES[rule.measure] if rule.measure != "events" else _noun(rule.event, 2)
    return f"{what}{of}{_where(rule.where)}{_when(rule.window)}"


def _did(rule: Did) -> str:
    measure, compare, end = rule.measure or "events", rule.compare, _where(rule.where) + _when(rule.window)
    number = compare.value if compare.upper is None else compare.upper
    if measure == "orders":
        return f"{say_compare(compare)} {'order' if number == 1 else 'orders'}{end}"
    if measure == "events":
        return f"{say_compare(compare)} {_noun(rule.event, number)}{end}"
    if measure in ("items", "days"):
        thing = {"items": ("distinct item", "distinct items"), "days": ("day", "days")}[measure][number != 1]
        link = "with" if measure == "days" else "in"
        return f"{say_compare(compare)} {thing} {link} {_noun(rule.event, 2)}{end}"
    of = "" if rule.event == "purchase" else f" of {_noun(rule.event, 2)}"
    return f"{_MEASURES[measure]}{of} {say_compare(compare)}{end}"


def say_compare(compare: Compare) -> str:
    """A comparison: "at least 2", "between 2 and 5"."""
    if compare.upper is not None:
        return f"between {_number(compare.value)} and {_number(compare.upper)}"
    return f"{compare.op.replace('_', ' ')} {_number(compare.value)}"


def say_test(test: Test) -> str:  # noqa: PLR0911  # one answer a kind of test
    """A test of a value: "is “France”", "is missing"."""
    first = test.values[0]
    match test.op:
        case "missing":
            return "is missing" if first else "is known"
        case "between":
            return f"between {_listed(test.values, ' and ')}"
        case "during":
            return _from_until(first, test.values[1])
        case "last_days":
            return f"in the last {_number(first)} {'day' if first == 1 else 'days'}"
        case "next_days":
            return f"in the next {_number(first)} {'day' if first == 1 else 'days'}"
        case "anniversary_within":
            return f"comes round within {_number(first)} {'day' if first == 1 else 'days'}"
        case "in_month":
            return "in " + " or ".join(calendar.month_name[int(str(month))] for month in test.values)
        case "any_of" | "all_of" | "none_of":
            return f"has {test.op.replace('_', ' ')} {_listed(test.values, ', ')}"
        case op:
            said = {"starts": "starts with", "ends": "ends with", "not_contains": "does not contain"}
            return f"{said.get(op, op.replace('_', ' '))} {_listed(test.values, ' or ')}"


def say_window(window: Window) -> str:
    """A window: "ever", "in the last 90 days", "from 1 Mar 2011 to 31 Mar 2011"."""
    match window:
        case Last(n, unit):
            return f"in the last {_units(n, unit)}"
        case Earlier(n, unit):
            return f"more than {_units(n, unit)} ago"
        case Between(start, until):
            return _from_until(start, until)
        case Beside(side, step, which, within):
            gap = f"within {_span(within)} " if within else ""
            return f"{gap}{side} their {which} {_step(step)}"
        case _:
            return "ever"


def _when(window: Window) -> str:
    said = say_window(window)
    return f", {said}" if said == "ever" else f" {said}"


def _from_until(start: object, until: object) -> str:
    """Days as people say them: the last day named is the last that counts."""
    first = f"from {_day(start)}" if isinstance(start, date) else ""
    last = f"to {_day(until - timedelta(days=1))}" if isinstance(until, date) else ""
    return f"{first} {last}".strip() if first else f"up {last}"


def _where(where: Sequence[Filter]) -> str:
    if not where:
        return ""
    return " where " + " and ".join(f"{_column(part)} {say_test(part.test)}" for part in where)


def _column(part: Filter) -> str:
    if part.of == "event":
        return part.column
    return "item" if part.column == "item_id" else f"item {part.column}"


def _step(step: EventStep) -> str:
    return f"{_noun(step.event, 1)}{_where(step.where)}"


def _noun(event: str, n: float) -> str:
    one = _NOUNS.get(event, f"“{event}”")
    return one if n == 1 else _PLURALS.get(event, f"{one}s" if event in _NOUNS else one)


def _listed(values: Sequence[Scalar], word: str) -> str:
    shown = [_value(v) for v in values[:5]]
    more = len(values) - len(shown)
    return word.join(shown) + (f"{word}{more:,} more" if more else "")


def _value(value: Scalar) -> str:
    if isinstance(value, str):
        return f"“{value}”"
    if isinstance(value, bool):
        return "true" if value else "false"
    return _day(value) if isinstance(value, date) else _number(value)


def say_end(value: datetime) -> str:
    """The half-open end of data as people say it: at midnight the day before is the last that counts.

    >>> say_end(datetime(2011, 12, 10)), say_end(datetime(2011, 12, 9, 12, 50))
    ('the end of 9 Dec 2011', '9 Dec 2011, 12:50')
    """
    midnight = value == value.replace(hour=0, minute=0, second=0, microsecond=0)
    return f"the end of {_day(value - timedelta(days=1))}" if midnight else f"{_day(value)}, {value:%H:%M}"


def _day(value: date) -> str:
    return f"{value.day} {value:%b %Y}"


def _number(value: Scalar) -> str:
    if not isinstance(value, int | float):
        return str(value)
    # thousands are parted from 10,000 on, so that a year stays a year
    return f"{value:,.15g}" if abs(value) >= 10_000 else f"{value:.15g}"


def _percent(share: float) -> str:
    return f"{share * 100:.6g} %"


def _units(n: int, unit: str) -> str:
    return unit.removesuffix("s") if n == 1 else f"{n:,} {unit}"


def _span(span: Span) -> str:
    return f"{span.n:,} {span.unit.removesuffix('s') if span.n == 1 else span.unit}"
