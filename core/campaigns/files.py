"""The files of a target list: whom to send to, and the control group. CSV as campaign tools take it, of any length."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.campaigns.gates import YES
from core.campaigns.ids import consent_columns, users_query
from core.campaigns.types import Campaign, Members, TargetList
from core.errors import Refusal
from core.interactions import Array
from core.progress import Step, no_step
from core.store import Query, Store, contact_columns, contacts_query, ident
from core.store.cells import defuse, defuse_sql

Arm = Literal["contacted", "control"]

_AT_A_TIME = 50_000  # rows held at a time, whatever the length of the list
_BOM = b"\xef\xbb\xbf"
_QUOTED = '[",\r\n]|^[ \t]|[ \t]$'  # RFC 4180, and blanks at the edge, which some readers cut off

# What a contact column is called -> what consent to it is called, both as parts of names.
_KINDS: tuple[tuple[frozenset[str], frozenset[str]], ...] = (
    (frozenset({"email", "mail", "newsletter"}), frozenset({"email", "mail", "newsletter"})),
    (
        frozenset({"phone", "mobile", "tel", "telephone", "sms", "cell", "msisdn", "whatsapp"}),
        frozenset({"phone", "mobile", "tel", "telephone", "sms", "call", "calls", "whatsapp", "text"}),
    ),
    (
        frozenset({"address", "street", "post", "postal", "zip", "postcode", "city"}),
        frozenset({"post", "postal", "letter", "address", "print", "catalogue", "catalog"}),
    ),
    (frozenset({"push", "device", "token"}), frozenset({"push", "app", "notification", "notifications"})),
)


@dataclass(frozen=True)
class Written:
    """A file that was written.

    Attributes:
        path: where it is.
        rows: rows of people, the header apart; 0 for a manifest.
        sha256: hexadecimal, of the bytes.
        bytes: its length.
    """

    path: Path
    rows: int
    sha256: str
    bytes: int


def write_list(  # noqa: PLR0913  # each is a choice of the person who asks for the file
    store: Store,
    target: TargetList,
    path: Path,
    *,
    arm: Arm = "contacted",
    excel: bool = False,
    contact: bool = True,
    score: bool = False,
    why: Sequence[str] | None = None,
    step: Step = no_step,
) -> Written:
    """Write one arm of a list to `path`, in the order of rank: UTF-8, lines end with a line feed, RFC 4180 quotes.

    Columns: user_id, rank; for each offer item and item_title (item_1, item_1_title, ... where there are several);
    score with `score`; why where given (one sentence for each member, in their order); for the contacted the contact
    columns of the users with `contact`. An address stands only where its own consent allows: see `contact_shown`.
    The control group's file never has contact columns. Missing values are empty.

    Ids stand as in the file, leading zeros kept; cells that a spreadsheet would run as formulas get a leading
    apostrophe (telephone numbers and negative figures stay). `excel` begins the file with a byte order mark. The same
    list gives the same bytes; memory does not grow with its length; `path` appears only when it is whole.
    Raises Refusal `cannot_write`, Cancelled; ValueError where `why` is not as long as the arm.
    """
    members = target.contacted if arm == "contacted" else target.control
    if why is not None and len(why) != len(members):
        raise ValueError(f"{len(why)} reasons for {len(members)} members")
    contacts = contact_shown(store, target.campaign) if contact and arm == "contacted" else {}
    offers = members.offers.shape[1]
    names = _names(offers, score, why is not None, list(contacts))
    order = np.argsort(members.ranks, kind="stable")
    titles = _titles(store, members.offers)
    with opened(path) as out:
        if excel:
            out.write(_BOM)
        out.write((",".join(_cells(pa.array([defuse(name) for name in names])).to_pylist()) + "\n").encode())
        for begin in range(0, len(members), _AT_A_TIME):
            step.report(begin / len(members), "writing the file")
            part = order[begin : begin + _AT_A_TIME]
            columns = _columns(store, members, part, titles, contacts, score, step)
            if why is not None:
                columns.insert(len(columns) - len(contacts), pa.array([defuse(why[place]) for place in part.tolist()]))
            out.write(_lines(columns))
    step.report(1.0, "written")
    return Written(path, len(members), out.digest.hexdigest(), out.length)


def contact_shown(store: Store, campaign: Campaign) -> dict[str, tuple[str, ...]]:
    """Contact column -> the consent columns that must all say yes for a user's cell to be in the file.

    A column goes with consents by its name: email with consent_email, phone with consent_sms or consent_phone,
    an address with consent_post. With a channel, the channel's consent decides for the columns it goes with; a column
    that goes with another channel needs the consent for that one, and is left out where the data have none, unless
    the channel's name is a general one ("marketing"). A column whose name says nothing goes with the channel. Without
    a channel every consent column there is must say yes. Without any consent column all contact columns stand.
    """
    contacts, consents = (sorted(names(store), key=str.lower) for names in (contact_columns, consent_columns))
    channel = campaign.channel
    if channel is None or not consents:
        return dict.fromkeys(contacts, tuple(consents))
    wanted = channel.strip().casefold()
    gate = [name for name in consents if wanted in (name.casefold(), name.casefold().removeprefix("consent_"))]
    general = not any(says & _parts(name) for name in gate for _, says in _KINDS)
    found: dict[str, tuple[str, ...]] = {}
    for column in contacts:
        kind = next((says for called, says in _KINDS if called & _parts(column)), None)
        own = [] if kind is None else [name for name in consents if kind & _parts(name)]
        if kind is None or own or general:
            found[column] = tuple([name for name in own if name in gate] or own or gate)
    return found


@contextmanager
def opened(path: Path) -> Iterator[_Hashed]:
    """A file to write bytes to, hashed on the way; `path` appears, or changes, only when all went well.

    Raises Refusal `cannot_write`.
    """
    part = path.parent / f".limelight-{uuid.uuid4().hex}.part"
    try:
        try:
            with part.open("wb") as file:
                yield _Hashed(file)
            part.replace(path)
        finally:
            with suppress(OSError):
                part.unlink(missing_ok=True)
    except OSError as error:
        raise Refusal(
            "cannot_write", f"{path} cannot be written: {error.strerror or error}.", "Name another file."
        ) from None


class _Hashed:
    """Bytes on their way into a file."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self.digest, self.length = file, hashlib.sha256(), 0

    def write(self, data: bytes) -> None:
        self._file.write(data)
        self.digest.update(data)
        self.length += len(data)


def _names(offers: int, score: bool, why: bool, contacts: list[str]) -> list[str]:
    names = ["user_id", "rank"]
    for n in range(offers):
        item = "item" if offers == 1 else f"item_{n + 1}"
        names += [item, f"{item}_title"]
    names += ["score"] * score + ["why"] * why
    for column in contacts:
        while column.lower() in {name.lower() for name in names}:
            column = f"contact_{column}"
        names.append(column)
    return names


def _columns(
    store: Store,
    members: Members,
    part: Array,
    titles: pa.Table,
    contacts: dict[str, tuple[str, ...]],
    score: bool,
    step: Step,
) -> list[pa.Array]:
    """Text columns of some members, in the order of the names, without why."""
    people = _people(store, members.user_no[part], contacts, step)
    made: list[pa.Array] = [people[0], pa.array(members.ranks[part]).cast(pa.string())]
    for place in range(members.offers.shape[1]):
        offered = members.offers[part, place]
        where = pc.index_in(pa.array(offered, pa.int32()), value_set=titles["item_no"])
        made += [titles["item_id"].take(where).combine_chunks(), titles["title"].take(where).combine_chunks()]
    if score:
        made.append(pa.array([f"{value:.6g}" if np.isfinite(value) else "" for value in members.scores[part].tolist()]))
    return [*made, *people[1:]]


def _people(store: Store, user_nos: Array, contacts: dict[str, tuple[str, ...]], step: Step) -> list[pa.Array]:
    """user_id and the contact columns, in the order of `user_nos`."""
    cells = [
        defuse_sql("u.user_id"),
        *(_consenting(defuse_sql(f"k.c{n}"), asked) for n, asked in enumerate(contacts.values())),
    ]
    listed = ", ".join(f"{cell} AS c{n}" for n, cell in enumerate(cells))
    wanted = users_query(user_nos)
    reached = Query(" LEFT JOIN (") + contacts_query(list(contacts), wanted) + ") k USING (user_no)"
    query = Query(f"SELECT u.user_no, {listed} FROM users u") + reached + " WHERE u.user_no IN (" + wanted + ")"
    found = store.read(query, step=step)
    where = pc.index_in(pa.array(user_nos, pa.int32()), value_set=found["user_no"].combine_chunks())
    return [found[f"c{n}"].combine_chunks().take(where) for n in range(len(cells))]


def _consenting(cell: str, asked: tuple[str, ...]) -> str:
    """`cell` where every consent asked for says yes, else NULL; a missing consent is no."""
    if not asked:
        return cell
    said = " AND ".join(consent_sql(f"u.{ident(name)}") for name in asked)
    return f"CASE WHEN {said} THEN {cell} END"


def consent_sql(column: str) -> str:
    """The condition that a cell of a consent column says yes, however it was typed; false where it is missing."""
    return f"coalesce(lower(trim(CAST({column} AS VARCHAR))) IN ({YES}), false)"


def _titles(store: Store, offers: Array) -> pa.Table:
    """item_no, item_id and what people call the item (its title, else its id) of all items offered, defused."""
    wanted = np.unique(offers[offers >= 0])
    columns = store.rows(
        Query(
            "SELECT column_name FROM columns WHERE table_name = 'items' AND role = 'title' ORDER BY lower(column_name)"
        )
    )
    title = ", ".join(f"nullif(trim(CAST({ident(str(row['column_name']))} AS VARCHAR)), '')" for row in columns)
    called = f"coalesce({title}, item_id)" if title else "item_id"
    return store.read(
        Query(
            f"SELECT item_no, {defuse_sql('item_id')} AS item_id, {defuse_sql(called)} AS title FROM items "
            "WHERE item_no IN (SELECT TRY_CAST(unnest(string_split(?, ',')) AS INTEGER))",
            (",".join(map(str, wanted.tolist())),),
        )
    )


def _lines(columns: list[pa.Array]) -> bytes:
    """Rows of a CSV file, each with a line feed at its end."""
    cells = [_cells(column) for column in columns]
    joined = pc.binary_join_element_wise(*cells, ",")
    ended = pc.binary_join_element_wise(joined, "\n", "")
    return b"".join(text.encode("utf-8", "replace") for text in ended.to_pylist())


def _cells(column: pa.Array) -> pa.Array:
    """Text as cells: in quotes where it must be, "" where it is missing."""
    text = pc.fill_null(column.cast(pa.string()), "")
    quoted = pc.binary_join_element_wise('"', pc.replace_substring(text, '"', '""'), '"', "")
    return pc.if_else(pc.match_substring_regex(text, _QUOTED), quoted, text)


def _parts(name: str) -> frozenset[str]:
    """The words of a column's name, lower case, and the name as one word: "E-mail" is "e", "mail" and "email"."""
    words = "".join(c if c.isalnum() else " " for c in name.lower()).split()
    return frozenset([*words, "".join(words)])
