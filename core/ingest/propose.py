"""A mapping proposed for a file, with the evidence for each column in words and counts."""

from __future__ import annotations

from dataclasses import replace

from core.ingest import personal
from core.ingest.basket_guess import Baskets, guess_baskets
from core.ingest.clocks import clock_format, with_clock
from core.ingest.evidence import Seen, sentence
from core.ingest.names import event_in, event_word, plain
from core.ingest.profile import ColumnFacts, Facts, facts, table
from core.ingest.remember import Remembered, recall
from core.ingest.roles import Part, assign, constant_event, guess_kind_from
from core.ingest.types import ColumnMap, Evidence, Kind, Mapping, Personal, Proposal, Source, Type
from core.progress import Step, no_step
from core.store import Query, Store, ident

_CODES = ("zip", "zipcode", "plz", "postcode", "postal", "code", "phone", "telephone", "id")
_MOST_EVENTS = 200


def guess_kind(store: Store, source: Source, *, step: Step = no_step) -> Kind:
    """Which table a file feeds, from its name, its columns' names and their values."""
    return guess_kind_from(source, facts(store, source, step=step))


def propose(
    store: Store, source: Source, kind: Kind | None = None, *, remembered: bool = True, step: Step = no_step
) -> Proposal:
    """A role for each column, from its name and from its values, which are counted over the whole file.

    `kind` is guessed when it is not given. What an analyst should look at is marked `sure=False`. The evidence stands
    in the order of Source.columns; every column has an entry in the mapping.

    With `remembered`, the mapping of the latest load of a file of the same shape is taken where there is one
    (core.ingest.remember); Proposal.from_batch says which.
    """
    found = facts(store, source, step=step.part(0, 0.8))
    if remembered and (known := recall(store, source, found, kind, step)):
        return _as_before(store, source, found, known, step)
    kind = kind or guess_kind_from(source, found)
    roles = assign(source, found, kind)
    baskets = Baskets(roles)
    if kind == "events":
        roles = with_clock(found, _titles_of_items(store, source, found, roles, step))
        baskets = guess_baskets(store, source, found, roles, step)
        roles = baskets.roles
    words = _event_words(store, source, found, roles, step)
    columns, evidence = [], []
    for column in found.columns:
        mapped = _mapped(column, roles.get(column.name), kind)
        found_personal = personal_data(column, kind)
        mapped, found_personal = _decided(mapped, found_personal, kind)
        part = roles.get(column.name)
        seen = _evidence(column, Seen(column, mapped, part, found, words, found_personal, kind), source)
        if column.name in baskets.marks:
            mapped = replace(mapped, split=baskets.marks[column.name], type="text")
            seen = replace(seen, why=f"{_ROLE_SAID[mapped.role]}; {baskets.said[column.name]}", sure=False)
        columns.append(mapped)
        evidence.append(seen)
    event = _constant(source, columns) if kind == "events" else None
    events = {value: word for value, _ in words if (word := event_word(value))}
    step.report(1.0, "")
    return Proposal(Mapping(kind, tuple(columns), event=event, events=events), tuple(evidence))


_ROLE_SAID = {
    "item": "items",
    "quantity": "quantities",
    "price": "prices of one unit",
    "value": "money of each item",
    "rating": "ratings",
    "title": "the items' titles",
    "category": "the items' categories",
    "context": "your own column",
}


def _as_before(store: Store, source: Source, found: Facts, known: Remembered, step: Step) -> Proposal:
    """The proposal that repeats an earlier load's mapping, with the words of new values in the event column."""
    roles = {c.column: Part(c.role, c.event) for c in known.mapping.columns if c.role not in ("context", "attribute")}
    words = _event_words(store, source, found, roles, step)
    evidence = []
    for column, mapped in zip(found.columns, known.mapping.columns, strict=True):
        if mapped.role == "ignore":
            seen = Evidence(column.name, "left out", column.filled, column.distinct, column.examples)
        else:
            seen = _evidence(column, Seen(column, mapped, roles.get(column.name), found, words), source)
        why = f"{known.said}; {seen.why.replace(' by its name', '')}"
        evidence.append(replace(seen, why=why, sure=column.name not in known.doubtful))
    events = {value: word for value, _ in words if (word := event_word(value))} | known.mapping.events
    step.report(1.0, "")
    return Proposal(
        replace(known.mapping, events=events if words else known.mapping.events), tuple(evidence), known.batch_no
    )


def _constant(source: Source, columns: list[ColumnMap]) -> str | None:
    if any(c.split for c in columns) and not {c.role for c in columns} & {"event", "rating", "count"}:
        named = event_in(source.name.split(".")[0])
        return named if named and named != "cart" else "purchase"  # "baskets.csv" holds what was bought
    time = next((c.column for c in columns if c.role == "time"), "")
    return constant_event(source, (c.role for c in columns), time=time)


def _mapped(column: ColumnFacts, part: Part | None, kind: Kind) -> ColumnMap:
    if not column.filled:
        return ColumnMap(column.name, "ignore")
    if part is None:
        read = value_type(column)
        return ColumnMap(
            column.name,
            "context" if kind == "events" else "attribute",
            read,
            time_format=best_format(column) if read == "date" else None,
        )
    if part.role == "clock":
        return ColumnMap(column.name, "clock", time_format=clock_format(column))
    if part.role == "time":
        return ColumnMap(column.name, "time", time_format=best_format(column))
    return ColumnMap(column.name, part.role, _type_of(column, part), event=part.event)


def _type_of(column: ColumnFacts, part: Part) -> Type:
    return "list" if part.role == "category" and _is_list(column) else "text"


def personal_data(column: ColumnFacts, kind: Kind) -> tuple[Personal, int] | None:
    """The kind of personal data in a column, and how many of its values read so; None where there is none."""
    times = next(iter(column.times.values()), 0)
    return personal.recognise(
        column.name,
        column.personal,
        column.filled,
        column.distinct,
        kind=kind,
        times=times,
        first=column.first,
        last=column.last,
    )


def _decided(
    mapped: ColumnMap, found: tuple[Personal, int] | None, kind: Kind
) -> tuple[ColumnMap, tuple[Personal, int] | None]:
    """A personal column is left out, or a contact, until the analyst says otherwise; ids and items keep their role."""
    if found is None or mapped.role == "user":
        return mapped, found
    if mapped.role in ("context", "attribute", "contact", "session", "device") or (
        mapped.role == "time" and found[0] == "birth date"
    ):
        return ColumnMap(mapped.column, personal.proposed_role(found[0], kind)), found
    return mapped, None


def value_type(column: ColumnFacts) -> Type:
    """How a column of the analyst's own is read: the narrowest type that every value fits."""
    words = plain(column.name).split("_")
    if not column.filled:
        return "text"
    if column.booleans == column.filled and column.distinct <= 2 and (not column.numeric or _yes_or_no(words)):
        return "boolean"
    if column.numeric and not column.padded and not set(words) & set(_CODES):
        named = set(words) & {"date", "time", "day", "at", "timestamp", "birthday", "birthdate", "dob", "since", "on"}
        return "date" if named and column.numeric_times and column.time_share == 1 else "number"
    if column.time_share == 1 and (not column.numeric_times):
        return "date"
    return "list" if _is_list(column) else "text"


def _yes_or_no(words: list[str]) -> bool:
    return words[0] in ("is", "has", "was", "can", "did", "active", "flag") or words[-1] in ("flag", "bool", "yn")


def _is_list(column: ColumnFacts) -> bool:
    return column.lists >= 0.2 * column.filled and column.lists > 0


def best_format(column: ColumnFacts) -> str | None:
    """The format to read a column's times in. Where two do equally well: the one in which time goes back less often."""
    best = column.time_format
    if best is None or len(column.falls) < 2:
        return best
    return min(column.falls, key=lambda f: (column.falls[f], list(column.falls).index(f)))


def _titles_of_items(store: Store, source: Source, found: Facts, roles: dict[str, Part], step: Step) -> dict[str, Part]:
    """Keep `title` and `category` only where they say something about the item: mostly one value for each."""
    item = next((name for name, part in roles.items() if part.role == "item"), None)
    out = dict(roles)
    for name, part in roles.items():
        if part.role not in ("title", "category"):
            continue
        if item is None or _belongs(store, source, found, item, name, step) < 0.7:
            del out[name]
    return out


def _belongs(store: Store, source: Source, found: Facts, item: str, name: str, step: Step) -> float:
    """Share of the rows whose value is the commonest one of their item."""
    rows = Query(f"SELECT {ident(item)} AS i, {ident(name)} AS v, count(*) AS n FROM ") + table(source, found.sampled)
    each = rows + Query(f" WHERE {ident(item)} IS NOT NULL AND {ident(name)} IS NOT NULL GROUP BY ALL")
    query = (
        Query("SELECT sum(m) / sum(s) AS share FROM (SELECT max(n) AS m, sum(n) AS s FROM (") + each + ") GROUP BY i)"
    )
    share = store.rows(query, step=step)[0]["share"]
    return float(share) if isinstance(share, float) else 0.0


def _event_words(
    store: Store, source: Source, found: Facts, roles: dict[str, Part], step: Step
) -> tuple[tuple[str, int], ...]:
    """The values of the event column with their rows, commonest first."""
    name = next((name for name, part in roles.items() if part.role == "event"), None)
    if name is None:
        return ()
    query = Query(f"SELECT trim({ident(name)}) AS v, count(*) AS n FROM ") + table(source, found.sampled)
    query = query + Query(f" WHERE {ident(name)} IS NOT NULL GROUP BY 1 ORDER BY n DESC, v LIMIT ?", (_MOST_EVENTS,))
    return tuple((str(row["v"]), int(str(row["n"]))) for row in store.rows(query, step=step))


def _evidence(column: ColumnFacts, seen: Seen, source: Source) -> Evidence:
    why, sure = sentence(seen)
    if written := dict(source.numbers).get(column.name):
        why += "; written with decimal commas" if written == "comma" else "; written with thousands or a currency sign"
    what = seen.personal[0] if seen.personal else None
    return Evidence(column.name, why, column.filled, column.distinct, column.examples, sure, what)
