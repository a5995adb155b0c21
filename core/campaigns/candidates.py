"""Who could be on a list, and in what order: everybody known, a segment or given ids, scored for the items asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.campaigns.ids import ids_digest
from core.campaigns.types import Campaign
from core.errors import Refusal
from core.interactions import Array, IdMap
from core.progress import Step, no_step
from core.recommend import Recommender
from core.segments import compile_rule, read_schema, saved_segments
from core.store import Query, Store, contact_columns, contacts_query, ident, joined
from core.store.keys import FINGERPRINT, pseudonymiser

_SCORES = 4_000_000  # scores held at a time, before they are added up: 32 MB
_MOST_ROWS = 8192
_DIGITS = 6


@dataclass(frozen=True, eq=False)
class People:
    """All known users, by user_no.

    Attributes:
        store: where their raw ids and contacts are.
        user_no: int32 (n,), rising.
        lots: uint64 (n,): settles ties; the first 16 hexadecimal digits of SHA-256 of "lot:SALT:USER_ID".
        holds: uint64 (n,): of "holdout:SALT:USER_ID"; another draw, so that ties do not lean on the control group.
    """

    store: Store
    user_no: Array
    lots: Array
    holds: Array

    @classmethod
    def read(cls, store: Store, salt: str, step: Step = no_step) -> People:
        """Everybody the workspace knows, with or without behaviour."""
        draw = "('0x' || left(sha256(? || user_id), 16))::UBIGINT"
        query = Query(
            f"SELECT user_no, {draw} AS lot, {draw} AS hold FROM users ORDER BY user_no",
            (f"lot:{salt}:", f"holdout:{salt}:"),
        )
        table = store.read(query, step=step)
        numbers = table["user_no"].to_numpy().astype(np.int32)
        return cls(store, numbers, table["lot"].to_numpy(), table["hold"].to_numpy())

    def __len__(self) -> int:
        return len(self.user_no)

    def places(self, user_nos: Array) -> Array:
        """int64: the place of each user_no; -1 where there is none."""
        return IdMap(self.user_no).rows(user_nos)

    def mask(self, query: Query, step: Step = no_step) -> Array:
        """Bool (n,): the users of a query that yields user_no."""
        made = np.zeros(len(self), dtype=bool)
        places = self.places(self.store.read(query, step=step)["user_no"].to_numpy())
        made[places[places >= 0]] = True
        return made

    @cached_property
    def raw(self) -> pa.ChunkedArray:
        """Strings (n,): the raw ids."""
        return self.store.read(Query("SELECT user_id FROM users ORDER BY user_no"))["user_id"].cast(pa.string())

    def named(self, texts: Sequence[str], *, contacts: bool) -> tuple[Array, int]:
        """Bool (n,): the users of these ids (blanks around them aside); and how many of the texts name nobody.

        Where ids are pseudonyms and their key is at hand, raw ids name their users too. With `contacts`, a text names
        as well whoever has it in a contact column, or as an id with an @: upper and lower
        case alike, and for telephone numbers blanks, brackets, dots, bars and hyphens aside.
        """
        given = pa.array(list(dict.fromkeys(text.strip() for text in texts)), pa.string())
        ids = pc.utf8_trim_whitespace(self.raw)
        made, known = _matched(ids, given)
        if hide := pseudonymiser(self._key_known):  # ids that a load made pseudonyms of are given raw
            users, texts_known = _matched(ids, pa.array([hide(text) for text in given.to_pylist()], pa.string()))
            made, known = made | users, known | texts_known
        if contacts and len(given):
            wanted = _comparable(given)
            for cells in self._contacts():
                users, texts_known = _matched(_comparable(cells), wanted)
                made, known = made | users, known | texts_known
        return made, int((~known).sum())

    @property
    def _key_known(self) -> str | None:
        """The fingerprint of the key of this workspace's pseudonyms."""
        found = self.store.rows(Query("SELECT value FROM meta WHERE key = ?", (FINGERPRINT,)))
        return str(found[0]["value"]) if found else None

    def _contacts(self) -> Iterator[Any]:
        yield pc.if_else(pc.match_substring(self.raw, "@"), self.raw, None)
        for column in contact_columns(self.store):
            query = Query("SELECT c0 AS contact FROM users LEFT JOIN (") + contacts_query([column])
            yield self.store.read(query + ") USING (user_no) ORDER BY user_no")["contact"]


@dataclass(frozen=True, eq=False)
class Candidates:
    """Users who could be on the list, before any gate but this.

    Attributes:
        asked: how many users were asked for; of given ids, unknown ones too.
        places: int64 (m,), in People.
        scores: float64 (m,), rounded to 6 digits so that equal histories have equal scores; NaN where the
            question has none.
        order: float64 (m,): what they are ranked by, the greatest first.
        words: what the stage did.
        notes, facts: see TargetList.
    """

    asked: int
    places: Array
    scores: Array
    order: Array
    words: str
    notes: tuple[str, ...]
    facts: Mapping[str, Any]


def candidates(
    people: People,
    campaign: Campaign,
    ids: Sequence[str],
    model: Recommender | None,
    items: Array | None,
    as_of: datetime | None,
    step: Step = no_step,
) -> Candidates:
    """The users asked for, scored (ask "item", "category": `items` are item_no) or valued (ask "segment", "ids")."""
    asked, total, notes, facts = _asked(people, campaign, ids, as_of)
    places = np.flatnonzero(asked)
    facts["users_asked"] = total
    of = f" of segment {campaign.segment.name!r}" if campaign.segment else ""
    if campaign.ask in ("segment", "ids"):
        words = f"known users{of}" + (", of the ids given" if campaign.ask == "ids" else "")
        none = np.full(len(places), np.nan)
        return Candidates(total, places, none, _net_value(people, as_of)[places], words, tuple(notes), facts)
    assert model is not None
    assert items is not None
    scores = summed(model, model.x.users.rows(people.user_no[places]), model.x.items.rows(items), step)
    can = np.isfinite(scores)
    notes += _without_history(model, people.user_no[places][can])
    silent = int((~can).sum())
    facts["users_unscored"] = silent
    if silent:
        notes.append(
            f"The model cannot score {counted(silent)} of {total:,}: they have no behaviour that it uses. "
            "They cannot be on the list."
        )
    return Candidates(
        total, places[can], scores[can], scores[can], f"users{of} the model can score", tuple(notes), facts
    )


def _without_history(model: Recommender, user_nos: Array) -> list[str]:
    """A note on users who are scored though they did nothing: models for new users reach them."""
    rows = model.x.users.rows(user_nos)
    new = int((np.diff(model.x.matrix.indptr)[rows[rows >= 0]] == 0).sum())
    if not new:
        return []
    return [
        f"The model also scores {counted(new)} who did nothing that it uses: by what is known of them, or by what most "
        "take. A segment, or a model that needs behaviour, leaves them out."
    ]


def summed(model: Recommender, rows: Array, columns: Array, step: Step = no_step) -> Array:
    """float64 (len(rows),): each user's scores for the columns added up, to 6 digits.

    NaN where a row is -1 or the model can say nothing of any of them; one item it cannot judge adds nothing. Columns
    of -1 are left out. Six digits, because the last of float32 depend on the place of a row in its block.
    """
    made = np.full(len(rows), np.nan)
    columns = columns[columns >= 0]
    known = np.flatnonzero(rows >= 0)
    block = int(np.clip(_SCORES // max(len(columns), 1), 1, _MOST_ROWS))
    for begin in range(0, len(known) if len(columns) else 0, block):
        part = known[begin : begin + block]
        each = model.score(rows[part], columns).astype(np.float64)
        missing = ~np.isfinite(each)
        made[part] = np.where(missing.all(axis=1), np.nan, np.where(missing, 0.0, each).sum(axis=1))
        step.report((begin + len(part)) / len(known), "scoring users")
    return _to_digits(made)


def items_asked(store: Store, campaign: Campaign) -> Array | None:
    """item_no int64 of the items that the campaign is about, in the order of their raw ids; None = all items.

    Raises Refusal `unknown_item`, `no_such_column`, `unknown_category`.
    """
    if campaign.ask == "category" or (campaign.category and not campaign.items):
        return _of_category(store, str(campaign.column), str(campaign.category))
    if not campaign.items:
        return None
    wanted = sorted(set(campaign.items))
    marks = joined(", ", [Query("?", (raw,)) for raw in wanted])
    rows = store.rows(Query("SELECT item_id, item_no FROM items WHERE item_id IN (") + marks + ")")
    found = {str(row["item_id"]): int(row["item_no"]) for row in rows}
    for raw in wanted:
        if raw not in found:
            raise Refusal("unknown_item", f"There is no item {raw!r} in these data.", "Check how the id is written.")
    return np.array([found[raw] for raw in wanted], dtype=np.int64)


def check_columns(model: Recommender, items: Array, what: str) -> tuple[str, ...]:
    """A note on items that the model knows nothing of. Raises Refusal `item_without_behaviour` where that is all."""
    silent = int((model.x.items.rows(items) < 0).sum())
    if silent == len(items):
        raise Refusal(
            "item_without_behaviour",
            f"The model knows no behaviour around {what}, so nobody can be chosen for it.",
            "Where its title or attributes are known, Alike by description (content) chooses by these. Or choose "
            "another item, a category, or a segment; event weights and the period say what counts.",
        )
    return (f"Of {len(items):,} items the model knows nothing of {silent:,}; they add nothing.",) if silent else ()


def _asked(
    people: People, campaign: Campaign, ids: Sequence[str], as_of: datetime | None
) -> tuple[Array, int, list[str], dict[str, Any]]:
    """Bool (n,) of the users asked for, how many were asked for, notes and facts."""
    notes: list[str] = []
    facts: dict[str, Any] = {"unknown_ids": 0}
    asked = np.ones(len(people), dtype=bool)
    if campaign.segment is not None:
        schema = read_schema(people.store, saved=saved_segments(people.store))
        asked = people.mask(compile_rule(campaign.segment.rule, schema, campaign.segment.as_of or as_of))
    total = int(asked.sum())
    if campaign.ask != "ids":
        return asked, total, notes, facts
    if ids_digest(ids) != campaign.ids:
        raise Refusal("other_ids", "The ids given are not those that the list was asked for.", "Give the same file.")
    distinct = list(dict.fromkeys(ids))
    given, unknown = people.named([raw for raw in distinct if "@" not in raw], contacts=False)
    mailed, unknown_mail = people.named([raw for raw in distinct if "@" in raw], contacts=True)
    facts["unknown_ids"] = unknown + unknown_mail
    if facts["unknown_ids"]:
        notes.append(f"{facts['unknown_ids']:,} of {len(distinct):,} ids given are not in these data.")
    return asked & (given | mailed), len(distinct), notes, facts


def _of_category(store: Store, column: str, value: str) -> Array:
    kinds = read_schema(store).item
    if column not in kinds:
        raise Refusal("no_such_column", f"Items have no column {column!r}.", f"There are: {', '.join(kinds)}.")
    cell = ident(column)
    cells = f"CAST({cell} AS VARCHAR[])" if kinds[column] == "list" else f"[CAST({cell} AS VARCHAR)]"
    pairs = f"SELECT item_no, item_id, trim(unnest({cells})) AS category FROM items"
    named = f"SELECT DISTINCT item_no, item_id FROM ({pairs}) WHERE category = ? ORDER BY item_id"
    found = np.asarray(store.read(Query(named, (value.strip(),)))["item_no"].to_numpy(), dtype=np.int64)
    if not len(found):
        common = store.rows(
            Query(f"SELECT category FROM ({pairs}) WHERE category <> '' GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 10")
        )
        known = ", ".join(str(row["category"]) for row in common) or "none"
        raise Refusal(
            "unknown_category", f"No item has {value!r} in the column {column!r}.", f"The most frequent: {known}."
        )
    return found


def _net_value(people: People, as_of: datetime | None) -> Array:
    """float64 (n,): money of purchases less returns before as_of; 0 where there is none."""
    before = Query("") if as_of is None else Query(" AND (at_utc < ? OR at_utc IS NULL)", (as_of,))
    table = people.store.read(
        Query(
            "SELECT user_no, coalesce(sum(value), 0)::DOUBLE AS net FROM events "
            "WHERE user_no IS NOT NULL AND event IN ('purchase', 'return')"
        )
        + before
        + " GROUP BY user_no"
    )
    made = np.zeros(len(people))
    made[people.places(table["user_no"].to_numpy())] = table["net"].to_numpy()
    return made


def _matched(cells: Any, wanted: Any) -> tuple[Array, Array]:
    """Bool per cell: it is among the wanted; bool per wanted text: a cell has it. Missing cells match nothing."""
    cells = cells.combine_chunks() if isinstance(cells, pa.ChunkedArray) else cells
    inside = pc.is_in(cells, value_set=wanted, skip_nulls=True)
    known = pc.is_in(wanted, value_set=cells, skip_nulls=True)
    return np.asarray(inside, dtype=bool), np.asarray(known, dtype=bool)


def _comparable(texts: Any) -> Any:
    """Contacts as they are compared; an empty text is missing."""
    lower = pc.utf8_lower(pc.utf8_trim_whitespace(pc.utf8_normalize(texts, form="NFKC")))
    digits = pc.replace_substring_regex(lower, r"[^0-9+]", "")
    phone = pc.match_substring_regex(lower, r"^\+?[0-9(][0-9 ()./\-]*$")
    made = pc.if_else(phone, digits, lower)
    return pc.if_else(pc.equal(made, ""), None, made)


def _to_digits(values: Array) -> Array:
    size = np.abs(values)
    with np.errstate(divide="ignore", invalid="ignore"):
        unit = 10.0 ** (_DIGITS - 1 - np.floor(np.log10(size)))
        return np.where((size > 0) & np.isfinite(unit), np.round(values * unit) / unit, values)


def counted(n: int) -> str:
    """So many users, in words.

    >>> counted(1), counted(1200)
    ('1 user', '1,200 users')
    """
    return "1 user" if n == 1 else f"{n:,} users"
