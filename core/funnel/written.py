"""Steps as a person types them, and as an address keeps them: `view,cart[channel=email],purchase[item.brand=A|B]`."""

from __future__ import annotations

import re

from core.errors import Refusal
from core.segments import ANY_EVENT, EventStep, Filter, Scalar, Schema, Span, Test

_STEP = re.compile(r'\s*([^\[\],]+?)\s*((?:\[(?:"[^"]*"|[^\]"])*\])*)\s*(?:,|$)')
_BRACKET = re.compile(r'\[((?:"[^"]*"|[^\]"])*)\]')
_PART = re.compile(r'("[^"]*"|[^|"]+)(?:\||$)')
_PLAIN = re.compile(r"[^\s\"|\[\],=][^\"|\[\],=]*(?<!\s)|[^\s\"|\[\],=]")
_HINT = "Write view,cart,purchase, or with filters view[channel=email][device=app],purchase[item.brand=A|B]."
_SPAN = re.compile(r"(\d+)\s*(minute|hour|day|week)s?")


def read_steps(text: str, schema: Schema) -> tuple[EventStep, ...]:
    """The steps that `text` names.

    `[column=value]` after an event is a filter on the event's own column, or with `item.` before it on its item's;
    `|` parts several values, quotes hold values with commas, brackets or bars. Several filters must all pass.
    Raises Refusal `bad_steps`; BadRule where an event or a column does not exist.
    """
    steps: list[EventStep] = []
    at = 0
    while at < len(text):
        found = _STEP.match(text, at)
        if found is None:
            raise Refusal("bad_steps", f"The steps cannot be read from {text[at:]!r} on.", _HINT)
        schema.check_word(found[1], f"steps[{len(steps)}]")
        steps.append(EventStep(found[1], tuple(_filter(inner, schema) for inner in _BRACKET.findall(found[2]))))
        at = found.end()
    return tuple(steps)


def steps_text(steps: tuple[EventStep, ...]) -> str | None:
    """What `read_steps` reads as `steps`; None where a filter is none that can be typed (only "is one of" can)."""
    said = []
    for step in steps:
        brackets = []
        for part in step.where:
            if part.test.op not in ("is", "any_of") or any('"' in str(value) for value in part.test.values):
                return None
            values = "|".join(_quoted(value) for value in part.test.values)
            brackets.append(f"[{'item.' if part.of == 'item' else ''}{part.column}={values}]")
        said.append(step.event + "".join(brackets))
    return ",".join(said)


def step_label(step: EventStep) -> str:
    """A step in words, its event as it is spelt.

    >>> step_label(EventStep("view", (Filter("item", "brand", Test("is", ("A", "B"))),)))
    'view, item brand A or B'
    """
    name = "any event" if step.event == ANY_EVENT else step.event
    return ", ".join([name, *(_filter_label(part) for part in step.where)])


def filters_label(step: EventStep) -> str:
    """The filters of a step in words; "" where there are none."""
    return ", ".join(_filter_label(part) for part in step.where)


def read_span(text: str) -> Span:
    """A length of time: "7 days", "30 minutes". Raises Refusal `bad_time`."""
    found = _SPAN.fullmatch(text.strip().lower())
    if found is None or not int(found[1]):
        raise Refusal("bad_time", f"{text!r} is no length of time.", 'Write "30 minutes", "2 hours" or "7 days".')
    return Span(int(found[1]), f"{found[2]}s")  # type: ignore[arg-type]  # the pattern names the units


def _filter_label(part: Filter) -> str:
    column = f"{'item ' if part.of == 'item' else ''}{part.column}"
    if part.test.op in ("is", "any_of"):
        return f"{column} {' or '.join(_shown(value) for value in part.test.values)}"
    return f"{column} {part.test.op.replace('_', ' ')} {' and '.join(_shown(value) for value in part.test.values)}"


def _filter(inner: str, schema: Schema) -> Filter:
    column, equals, wanted = inner.partition("=")
    column = column.strip()
    if not equals or not column or not wanted.strip():
        raise Refusal("bad_steps", f"[{inner}] is no filter.", _HINT)
    of = "event"
    if column.startswith("item."):
        of, column = "item", column.removeprefix("item.")
    kind = schema.kind(of, column, f"[{inner}]")  # type: ignore[arg-type]
    if kind == "date":
        raise Refusal("bad_steps", f"{column} holds dates, which a filter typed here cannot ask for.", _HINT)
    texts = [part.strip() for part in _PART.findall(wanted)]
    values = tuple(_value(text, kind) for text in texts)
    return Filter(of, column, Test("any_of" if kind == "list" else "is", values))  # type: ignore[arg-type]


def _value(text: str, kind: str) -> Scalar:
    bare = text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text
    if kind == "boolean" and bare.lower() in ("true", "false", "yes", "no"):
        return bare.lower() in ("true", "yes")
    if kind == "number":
        try:
            return float(bare) if "." in bare or "e" in bare.lower() else int(bare)
        except ValueError:
            raise Refusal("bad_steps", f"{bare!r} is no number, and the column holds numbers.", _HINT) from None
    return bare


def _quoted(value: Scalar) -> str:
    text = _shown(value)
    return text if _PLAIN.fullmatch(text) else f'"{text}"'


def _shown(value: Scalar) -> str:
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)
