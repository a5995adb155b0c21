"""What the command `load` may be told, and what it means."""

from __future__ import annotations

import argparse
import csv
import json
from pathlib import Path
from typing import get_args

from core.commands.personal import listed
from core.errors import Refusal
from core.ingest import ColumnMap, Corrections, Kind, Mapping, Override, Repeats, Role, Type

KINDS: tuple[Kind, ...] = ("events", "items", "users")  # items and users last: what their files say wins


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's own arguments."""
    for kind in KINDS:
        parser.add_argument(
            f"--{kind}",
            nargs="+",
            action="extend",
            default=[],
            metavar="FILE",
            help=f"files, folders of {kind}",
        )
    parser.add_argument(
        "--map",
        action="append",
        default=[],
        metavar="ROLE=COLUMN,...",
        help="correct roles: user=CustomerID,time=Date,count:click=Clicks,consent:email=Mail,ignore=Notes",
    )
    parser.add_argument(
        "--mapping",
        action="append",
        default=[],
        metavar="JSON",
        help="a mapping as `export --all` writes it, in place of the proposal for files of its kind",
    )
    parser.add_argument("--event", metavar="WORD", help="the event of every row, where no column says it: purchase")
    parser.add_argument(
        "--time-format", metavar="F", help="iso, epoch_s, epoch_ms, epoch_us or a pattern: %%d.%%m.%%Y %%H:%%M"
    )
    parser.add_argument("--zone", metavar="Z", help="the zone of times without an offset: Europe/Berlin (default: UTC)")
    parser.add_argument(
        "--split",
        action="append",
        default=[],
        metavar="ROLE=MARK",
        help="cells that hold several parts, and what parts them: item=| (a basket in one cell)",
    )
    parser.add_argument("--returns", metavar="RULE", help="negative (default: negative quantity), none, or pattern:^C")
    parser.add_argument("--repeats", choices=("keep", "drop"), help="rows that repeat another exactly (default: keep)")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--append", action="store_true", help="add the files to what is loaded already (the default)")
    how.add_argument(
        "--replace", action="store_true", help="take the place of all earlier loads of these kinds, until it is undone"
    )
    parser.add_argument(
        "--overlap", choices=("keep", "drop"), help="rows that earlier loads have already (default: keep)"
    )
    parser.add_argument(
        "--key",
        metavar="COLUMN,...",
        help="what tells a row from any other, for --overlap drop (default: all that it says): invoice,line",
    )
    parser.add_argument(
        "--contact", action="append", default=[], metavar="COLUMN,...", help="keep as contact data, apart from all else"
    )
    parser.add_argument(
        "--pseudonym",
        action="append",
        default=[],
        metavar="COLUMN,...",
        help="keep a keyed hash of each value",
    )
    parser.add_argument("--ignore", action="append", default=[], metavar="COLUMN,...", help="leave columns out")
    parser.add_argument("--again", action="store_true", help="load files that are loaded already")
    parser.add_argument("--sheet", metavar="NAME", help="the sheet of a workbook; '*': every sheet that has rows")
    parser.add_argument("--delimiter", metavar="C", help="what parts a CSV's columns; line: each line is one cell")
    parser.add_argument("--encoding", metavar="E", help="of a CSV, if it is not recognised: utf-8, latin-1, gb18030")
    parser.add_argument("--rejects", metavar="CSV", help="write the rejected rows of this load to this file")


def corrections(args: argparse.Namespace) -> Corrections:
    """What the arguments say against the proposed mappings. Raises Refusal `key_without_drop`, `bad_...`."""
    overrides = [o for text in args.map for o in parse_map(text)]
    overrides += [Override(name, "contact") for name in listed(args.contact)]
    overrides += [Override(name, "ignore") for name in listed(args.ignore)]
    splits = tuple(parse_split(text) for text in args.split)
    key = _key(args.key)
    if key and args.overlap == "keep":
        raise Refusal("key_without_drop", "A key is given, and overlap is to be kept.", "Leave out one of the two.")
    overlap: Repeats | None = "drop" if key else args.overlap
    return Corrections(
        tuple(overrides),
        args.event,
        args.time_format,
        args.returns,
        args.repeats,
        zone=args.zone,
        splits=splits,
        overlap=overlap,
        key=key,
        pseudonym=tuple(listed(args.pseudonym)),
    )


def parse_split(text: str) -> tuple[str, str]:
    """(role or column, mark) of one --split: `item=|`, `quantity=;`; `none` for a mark means not split.

    >>> parse_split("item=|"), parse_split("Items bought=,")
    (('item', '|'), ('Items bought', ','))
    """
    what, sign, mark = text.partition("=")
    if not sign or not what.strip() or not mark:
        raise Refusal("bad_split", f"{text!r} is not ROLE=MARK.", "Write --split 'item=|'.")
    return what.strip(), {"none": "", "tab": "\t"}.get(mark, mark)


def _key(text: str | None) -> tuple[str, ...] | None:
    """The columns of --key, parted by commas; one may be quoted."""
    if text is None:
        return None
    names = tuple(name.strip() for name in next(csv.reader([text], skipinitialspace=True), []))
    if not all(names) or not names:
        raise Refusal("bad_key", f"{text!r} does not name the columns of a key.", "Write --key invoice,line.")
    return names


def parse_map(text: str) -> list[Override]:
    """The overrides of one --map: `role=Column` or `role:word=Column`, parted by commas; a part may be quoted.

    >>> parse_map('user=Customer ID,"item=Code, short",count:click=Clicks')[1:]
    [Override(column='Code, short', role='item', word=None), Override(column='Clicks', role='count', word='click')]
    """
    out = []
    for part in next(csv.reader([text], skipinitialspace=True), []):
        left, sign, column = part.partition("=")
        role, _, word = left.strip().partition(":")
        if not sign or not column.strip():
            raise Refusal("bad_map", f"{part!r} is not ROLE=COLUMN.", "Write --map user=CustomerID,time=Date.")
        role = _ROLE_NAMES.get(role.strip().lower(), role.strip().lower())
        if role not in get_args(Role):
            raise Refusal("no_such_role", f"{role!r} is not a role.", f"Roles are: {', '.join(get_args(Role))}.")
        out.append(Override(column.strip(), role, word.strip() or None))  # type: ignore[arg-type]  # checked above
    return out


_ROLE_NAMES = {"customer": "user", "product": "item", "timestamp": "time", "date": "time", "qty": "quantity"}


def mappings(args: argparse.Namespace) -> dict[Kind, Mapping]:
    """The mappings of --mapping by the kind of file they are for. Raises Refusal `bad_mapping`, `no_such_file`."""
    found: dict[Kind, Mapping] = {}
    for name in args.mapping:
        try:
            mapping = Mapping.from_json(Path(name).read_text(encoding="utf-8"))
            if mapping.kind not in KINDS or not all(map(_is_sound, mapping.columns)) or not _says_words(mapping):
                raise ValueError
        except OSError as error:
            raise Refusal("no_such_file", f"{name} cannot be read: {error.strerror}.", "Check the path.") from None
        except (ValueError, TypeError, KeyError, AttributeError, json.JSONDecodeError):
            raise Refusal(
                "bad_mapping", f"{name} is not a mapping of Limelight.", "Name an export's NAME.mapping.json."
            ) from None
        if mapping.kind in found:
            raise Refusal("bad_mapping", f"Two mappings for {mapping.kind} are given.", "Name one for each kind.")
        found[mapping.kind] = mapping
    return found


def _is_sound(column: ColumnMap) -> bool:
    """Whether what stands in a file is a column of a mapping: someone may have written it by hand."""
    given: list[tuple[object, type]] = [(column.column, str), (column.pseudonym, bool)]
    given += [(word, str) for word in (column.time_format, column.event, column.split) if word is not None]
    known = column.role in get_args(Role) and column.type in get_args(Type)
    return known and all(isinstance(value, kind) for value, kind in given)


def _says_words(mapping: Mapping) -> bool:
    words = [*mapping.events, *mapping.events.values(), *mapping.key, mapping.returns]
    words += [word for word in (mapping.event, mapping.zone) if word is not None]
    choices = {mapping.repeats, mapping.overlap} <= set(get_args(Repeats))
    return choices and all(isinstance(word, str) for word in words)
