"""What an analyst says, and is told, on the command line about columns that hold personal data."""

from __future__ import annotations

import csv
from collections.abc import Sequence

from core.errors import Refusal
from core.ingest import Corrections, Mapping, Proposal, Source, personal_words


def listed(texts: Sequence[str]) -> list[str]:
    """The columns of options such as `--contact email,phone`, given once or more; a name with a comma in quotes.

    >>> listed(["email, phone", '"name, first"'])
    ['email', 'phone', 'name, first']
    """
    rows = (next(csv.reader([text], skipinitialspace=True), []) for text in texts)
    return [name.strip() for row in rows for name in row if name.strip()]


def has_column(source: Source, name: str) -> bool:
    """Whether the file has the column, in any case."""
    return name.lower() in (column.lower() for column in source.columns)


def refuse_unknown_columns(names: Sequence[str], sources: Sequence[Source]) -> None:
    """Raises Refusal `no_such_column` for a name that no file has."""
    for name in names:
        if not any(has_column(source, name) for source in sources):
            shown = "; ".join(f"{source.name}: {', '.join(source.columns[:40])}" for source in sources)
            raise Refusal("no_such_column", f"No file has a column {name!r}.", f"There are: {shown}.")


def personal_notes(proposal: Proposal, mapping: Mapping, said: Corrections) -> list[str]:
    """What became of each personal column that the analyst said nothing about, and the option that changes it."""
    named = {o.column.lower() for o in said.overrides} | {name.lower() for name in said.pseudonym}
    roles = {c.column: c.role for c in mapping.columns}
    notes = []
    for evidence in proposal.evidence:
        column, role = evidence.column, roles.get(evidence.column, "ignore")
        if evidence.personal is None or (column.lower() in named and role != "user"):
            continue
        option = f'"{column}"' if " " in column or "," in column else column
        if any(c.pseudonym for c in mapping.columns if c.column == column):
            continue
        looks = f"{column} looks like {personal_words(evidence.personal)}"
        if role == "ignore":
            keep = f"--pseudonym {option} keeps a keyed hash"
            keep = keep if mapping.kind == "items" else f"--contact {option} keeps it"
            notes.append(f"{looks} and was left out; {keep}.")
        elif role == "contact":
            notes.append(f"{looks} and is kept as contact, apart from all else; --ignore {option} leaves it out.")
        elif role == "user":
            notes.append(f"{looks} and is the user's id; --pseudonym {option} keeps a keyed hash in its place.")
    return notes
