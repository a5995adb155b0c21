"""Pseudonyms: every value of a column replaced by its keyed HMAC-SHA-256 before a row of it is kept.

The key lives outside the workspace (core.store.keys) and reaches DuckDB as a parameter, never in the text of a
statement. Distinct values are hashed, not rows. The same raw value gives the same pseudonym in every file, so that
events and attributes still meet.
"""

from __future__ import annotations

import hmac

from core.errors import Refusal
from core.ingest.plan import Plan
from core.ingest.types import ColumnMap, Mapping, Role
from core.progress import Step, no_step
from core.store import Query, Writer
from core.store.keys import FINGERPRINT, PSEUDONYM_KEY, fingerprint, hashed, pads, pseudonym_key

ROLES_HIDDEN: tuple[Role, ...] = ("user", "item", "order", "session", "context", "attribute")
"""The roles whose values can be pseudonyms; the analyst's own columns only as text."""


def pseudonym(text: str) -> str:
    """The pseudonym of a raw value under this machine's key, as a load writes it: 64 hexadecimal digits.

    For lists of raw ids given later. Raises Refusal `no_pseudonym_key`, `key_unreadable`, `weak_key`.
    """
    key = pseudonym_key()
    if key is None:
        raise Refusal("no_pseudonym_key", "There is no key for pseudonyms here.", f"Set {PSEUDONYM_KEY}.")
    return hashed(text, key)


def as_kept(writer: Writer, text: str) -> str | None:
    """The pseudonym by which this workspace keeps a raw value; None where it keeps none, or its key is not here."""
    key, known = pseudonym_key(), _known(writer)
    if key is None or known is None or not hmac.compare_digest(fingerprint(key), known):
        return None
    return hashed(text, key)


def check_pseudonyms(mapping: Mapping) -> None:
    """Refuse pseudonyms that cannot be. Raises Refusal `pseudonym_not_for_role`, `returns_on_pseudonym`."""
    for column in mapping.columns:
        if not column.pseudonym:
            continue
        own = column.role in ("context", "attribute")
        if column.role not in ROLES_HIDDEN or (own and column.type != "text"):
            what = f"{column.role} read as {column.type}" if own else f"{column.role!r}"
            raise Refusal(
                "pseudonym_not_for_role",
                f"{column.column!r} cannot be a pseudonym: it is {what}.",
                f"Pseudonyms can stand for {', '.join(ROLES_HIDDEN[:4])} and for columns of your own read as text.",
            )
        if column.role == "order" and mapping.returns.startswith("pattern:"):
            raise Refusal(
                "returns_on_pseudonym",
                f"Returns are told by the order id, and {column.column!r} is to be a pseudonym.",
                "Keep the order id as it is, or tell returns by a negative quantity (--returns negative).",
            )


def ready_key(writer: Writer, mapping: Mapping) -> bytes | None:
    """The key for a load's pseudonyms, None where the mapping has none; the workspace keeps its fingerprint.

    The first such load makes the key file where there is neither a file nor a variable. Raises Refusal `other_key`
    when loads that count were made with another key, `pseudonym_unlike` when they have raw users (or items) where this
    one has pseudonyms or the reverse: either would make two people of each.
    """
    _refuse_unlike(writer, mapping)
    if not any(column.pseudonym for column in mapping.columns):
        return None
    known = _known(writer) if _in_use(writer) else None
    key = pseudonym_key(make=known is None)
    if key is None or (known and not hmac.compare_digest(fingerprint(key), known)):
        raise Refusal(
            "other_key",
            "The pseudonyms in this workspace were made with another key"
            + (" than the one here." if key else ", which is not here."),
            f"Set {PSEUDONYM_KEY} (or {PSEUDONYM_KEY}_FILE) to the key of the earlier loads, or undo those first.",
        )
    writer.run(Query("DELETE FROM meta WHERE key = ?", (FINGERPRINT,)))
    writer.run(Query("INSERT INTO meta VALUES (?, ?)", (FINGERPRINT, fingerprint(key))))
    return key


def hidden(value: str, plan: Plan, role: Role) -> Query:
    """SQL of an id as the workspace keeps it: the value, or its pseudonym where the plan's column asks so."""
    field = plan.field(role)
    return _hashed(value, plan.secret) if plan.secret and field and field.map.pseudonym else Query(value)


def hide_ids(writer: Writer, table: str, plan: Plan, role: Role) -> None:
    """Replace the ids of a table (raw, id, ...) of distinct values, where the plan's column of that role asks so."""
    field = plan.field(role)
    if plan.secret and field and field.map.pseudonym:
        writer.run(Query(f"UPDATE {table} SET id = ") + _hashed("id", plan.secret) + " WHERE id IS NOT NULL")


def hide_columns(writer: Writer, plan: Plan, step: Step = no_step) -> None:
    """Replace the values of all other pseudonym columns in `load_stage`; call it when rejects and repeats are settled.

    Rows keep their place: DuckDB changes columns of text where they stand.
    """
    for field in plan.fields:
        if plan.secret and field.map.pseudonym and field.map.role not in ("user", "item"):
            made = _hashed(field.name, plan.secret)
            each = f"FROM (SELECT DISTINCT {field.name} FROM load_stage WHERE {field.name} IS NOT NULL)"
            writer.run(
                Query(f"UPDATE load_stage SET {field.name} = m.made FROM (SELECT {field.name} AS raw, ")
                + made
                + f" AS made {each}) m WHERE load_stage.{field.name} = m.raw",
                step=step,
            )


# ---- inside


def _hashed(value: str, key: bytes) -> Query:
    """SQL of HMAC-SHA-256 in hexadecimal: the hash of the outer pad and the hash of the inner pad and the value."""
    return Query(f"sha256(unhex(?) || unhex(sha256(unhex(?) || encode({value}))))", pads(key))


def _known(writer: Writer) -> str | None:
    found = writer.rows(Query("SELECT value FROM meta WHERE key = ?", (FINGERPRINT,)))
    return str(found[0]["value"]) if found else None


def _mappings(writer: Writer) -> list[Mapping]:
    rows = writer.rows(Query("SELECT mapping FROM batches WHERE undone_at IS NULL AND mapping <> '{}'"))
    return [Mapping.from_json(str(row["mapping"])) for row in rows]


def _in_use(writer: Writer) -> bool:
    return any(column.pseudonym for mapping in _mappings(writer) for column in mapping.columns)


def _refuse_unlike(writer: Writer, mapping: Mapping) -> None:
    here = {role: column.pseudonym for role in ("user", "item") if (column := _named(mapping, role))}
    for earlier in _mappings(writer) if here else ():
        for role, hidden in here.items():
            column = _named(earlier, role)
            if column and column.pseudonym != hidden:
                raw, made = ("this file", "earlier loads") if column.pseudonym else ("earlier loads", "this file")
                raise Refusal(
                    "pseudonym_unlike",
                    f"The {role} would be a pseudonym in {made} and stand as it is in {raw}: each would count twice.",
                    "Make it a pseudonym in all loads (--pseudonym COLUMN) or in none; undo earlier loads to change "
                    "how theirs are kept.",
                )


def _named(mapping: Mapping, role: str) -> ColumnMap | None:
    return next((c for c in mapping.columns if c.role == role), None)
