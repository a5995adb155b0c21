"""From staged rows to events: what happened in each row, returns, several measures a row."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from core.errors import Refusal
from core.ingest import overlap, typed
from core.ingest.distinct import distinct
from core.ingest.plan import Field, Plan
from core.ingest.stored import kept_types, stored_columns
from core.ingest.types import Mapping, Role
from core.progress import Step, no_step
from core.store import Query, Writer, ident, literal

MOST_EVENT_WORDS = 1_000
_BUYING: tuple[Role, ...] = ("quantity", "price", "value", "order")
_ALWAYS = ("at_utc", "session", "channel", "campaign", "device")
_DEED = ("order_id", "quantity", "value", "rating", "dwell")


@dataclass(frozen=True)
class _Deed:
    """One event that a row may give: SQL of its word, of the columns that are its own, and of when there is one."""

    word: str
    columns: dict[str, str]
    when: str = "true"
    params: tuple[str, ...] = ()


def insert_events(writer: Writer, batch_no: int, plan: Plan, step: Step = no_step) -> int:
    """Turn `load_stage` into events. `load_user` and `load_item` give the numbers where the file has the column.

    A row gives one event by name (a column, or the same for all); a rating beside an event that is not itself a
    rating, and each count column with a number above 0, give events of their own (a count as its quantity). A file
    that names no event gives purchases where there are quantity, price, value or order, and views where there is
    dwell. Returns how many events were written. Raises Refusal `too_many_event_words`.
    """
    written = 0
    words = _words(writer, plan)
    deeds = _deeds(plan)
    with writer.table("load_words", words):
        for k, deed in enumerate(deeds):
            part = step.part(k / len(deeds), (k + 1) / len(deeds))
            part.report(0.0, "Writing events")
            written += writer.run(
                _insert(writer, batch_no, plan, deed, (k, len(deeds))), step=part, note="Writing events"
            )
    return written


def rows_without_event(writer: Writer, plan: Plan) -> int:
    """Rows kept that gave no event (an empty rating and no clicks)."""
    deeds = _deeds(plan)
    if any(deed.when == "true" for deed in deeds):
        return 0
    none = " AND ".join(f"NOT coalesce({deed.when}, false)" for deed in deeds)
    return int(str(writer.rows(Query(f"SELECT count(*) AS n FROM load_stage s WHERE {none}"))[0]["n"]))


def event_word(raw: str, mapping: Mapping) -> str:
    """The word for a value of the event column: as mapped (in any case), else itself in lower case.

    >>> mapping = Mapping("events", (), events={"add_to_cart": "cart"})
    >>> event_word(" Add_To_Cart", mapping), event_word("Buy ", mapping)
    ('cart', 'buy')
    """
    value = raw.strip()
    lower = {key.strip().lower(): word for key, word in mapping.events.items()}
    return mapping.events.get(value) or lower.get(value.lower()) or value.lower()


# ---- inside


def _words(writer: Writer, plan: Plan) -> pa.Table:
    field = plan.field("event")
    raws: list[str] = []
    if field:
        limit = MOST_EVENT_WORDS + 1
        found = writer.rows(Query(f"SELECT raw FROM {distinct(writer, 'event_raw')} LIMIT {limit}"))
        if len(found) > MOST_EVENT_WORDS:
            raise Refusal(
                "too_many_event_words",
                f"{field.map.column!r} holds more than {MOST_EVENT_WORDS:,} different values; an event column has few.",
                "Map another column as event, or name one event for all rows.",
            )
        raws = [str(row["raw"]) for row in found]
    words = [event_word(raw, plan.mapping) for raw in raws]
    return pa.table({"raw": pa.array(raws, pa.string()), "word": pa.array(words, pa.string())})


def _deeds(plan: Plan) -> list[_Deed]:
    mapping = plan.mapping
    deeds = []
    named = "w.word" if plan.field("event") else _word(mapping.event) if mapping.event else None
    rating = plan.field("rating")
    if named:
        deeds.append(_named(plan, named))
        if rating:
            beside = f"s.rating IS NOT NULL AND {named} <> 'rating'"
            deeds.append(_Deed("'rating'", {"rating": "s.rating"}, beside))
    else:
        buying = plan.all(*_BUYING)
        if buying:
            filled = [f"s.{f.name}" for f in buying if f.staged] + (["s.value"] if plan.value else [])
            deeds.append(
                _named(plan, "'purchase'", f"coalesce({', '.join(f'{f}::VARCHAR' for f in filled)}) IS NOT NULL")
            )
        elif plan.field("dwell"):
            deeds.append(_Deed("'view'", {"dwell": "s.dwell"}, "s.dwell IS NOT NULL"))
        if rating:
            deeds.append(_Deed("'rating'", {"rating": "s.rating"}, "s.rating IS NOT NULL"))
    for count in plan.all("count"):
        word = _word((count.map.event or "").strip().lower())
        deeds.append(_Deed(word, {"quantity": f"s.{count.name}"}, f"s.{count.name} > 0"))
    return deeds


def _named(plan: Plan, word: str, when: str = "true") -> _Deed:
    """The event that the row is about, with all that belongs to it; a purchase that is a return becomes one."""
    has = {f.name for f in plan.fields if f.staged}
    returned, params = _returned(plan)
    is_return = f"({word} = 'return' OR ({word} = 'purchase' AND {returned}))"
    columns: dict[str, str] = {name: f"s.{name}" for name in ("order_id", "dwell") if name in has}
    if "quantity" in has:
        columns["quantity"] = f"CASE WHEN {is_return} THEN 0 - abs(s.quantity) ELSE s.quantity END"
    if plan.value:
        columns["value"] = f"CASE WHEN {is_return} THEN 0 - abs(s.value) ELSE s.value END"
    if "rating" in has:
        columns["rating"] = f"CASE WHEN {word} = 'rating' THEN s.rating END"
    uses = 1 + sum(name in columns for name in ("quantity", "value"))
    return _Deed(f"CASE WHEN {is_return} THEN 'return' ELSE {word} END", columns, when, params * uses)


def _returned(plan: Plan) -> tuple[str, tuple[str, ...]]:
    """SQL that is true for a purchase that is a return, and its parameters."""
    rule = plan.mapping.returns
    if rule.startswith("pattern:"):
        return "coalesce(regexp_matches(s.order_id, ?), false)", (rule.removeprefix("pattern:"),)
    if rule == "negative":
        # Without quantities a refund can only be told from its negative amount.
        measure = "s.quantity" if plan.field("quantity") else "s.value" if plan.value else None
        if measure:
            return f"coalesce({measure} < 0, false)", ()
    return "false", ()


def _insert(writer: Writer, batch_no: int, plan: Plan, deed: _Deed, number: tuple[int, int]) -> Query:
    """`number`: the deed's place among those of a row, and how many there are.

    They are written in order of user and time: what asks for each user's events in turn then need not sort them.
    """
    has = {f.name for f in plan.fields if f.staged}
    columns: dict[str, str] = {
        "user_no": "u.no" if "user_raw" in has else "NULL",
        "item_no": "i.no" if "item_raw" in has else "NULL",
        "event": deed.word,
    }
    columns |= {name: deed.columns[name] for name in _DEED if name in deed.columns}
    columns |= {name: f"s.{name}" for name in _ALWAYS if name in has}
    columns |= {ident(name): sql for name, sql in context_columns(writer, plan, "s").items()}
    columns |= overlap.row_number(plan.mapping, "s")
    place = "s.event_place" if any(f.map.role == "item" and f.map.split for f in plan.fields) else "s.rowid"
    columns["event_no"] = f"{batch_no << 40} + {place} * {number[1]} + {number[0]}"  # in the file's order
    joins = ""
    if "user_raw" in has:
        joins += " LEFT JOIN load_user u ON s.user_raw = u.raw"
    if "item_raw" in has:
        joins += " LEFT JOIN load_item i ON s.item_raw = i.raw"
    if "event_raw" in has:
        joins += " LEFT JOIN load_words w ON s.event_raw = w.raw"
    order = [columns["user_no"]] * ("user_raw" in has) + ["s.at_utc"] * ("at_utc" in has) + [columns["event_no"]]
    return Query(
        f"INSERT INTO events ({', '.join(columns)}, batch_no) SELECT {', '.join(columns.values())}, {batch_no} "
        f"FROM load_stage s{joins} WHERE {deed.when} ORDER BY {', '.join(order)}",
        deed.params,
    )


def context_columns(writer: Writer, plan: Plan, alias: str) -> dict[str, str]:
    """Stored name -> SQL of the staged value, in the type that the events table keeps that column."""
    kept = kept_types(writer, "events")
    by_header: dict[str, Field] = {f.map.column: f for f in plan.fields}
    out = {}
    for header, stored in stored_columns(plan.mapping).items():
        if stored.table != "events":
            continue
        value = f"{alias}.{by_header[header].name}"
        text_kept = kept[stored.name.lower()] == "text" and stored.type != "text"
        out[stored.name] = typed.as_text(value, stored.type) if text_kept else value
    return out


def _word(value: str) -> str:
    return literal(value.strip().lower())
