"""The files that `load` is given: folders and patterns looked through, archives unpacked, sheets chosen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from core.errors import Refusal
from core.ingest import Source, open_source, sheet_names
from core.ingest.expand import expand
from core.ingest.unpack import Part, remove_parts, unpack
from core.progress import Step

EVERY_SHEET = "*"
_EMPTY = ("no_rows", "empty_file", "empty_sheet")


@dataclass
class Given:
    """What one option (`--events`) names: its files, and which of them a folder, pattern or archive brought along."""

    words: Sequence[str]
    paths: list[Path] = field(default_factory=list)
    named: set[Path] = field(default_factory=set)

    @classmethod
    def of(cls, words: Sequence[str]) -> Given:
        """The files behind the words. Raises Refusal as core.ingest.expand.expand."""
        own = {Path(word).expanduser().resolve() for word in words if Path(word).expanduser().is_file()}
        return cls(words, expand(words), own)


@dataclass
class Opened:
    """What was opened for one load: copies of archives to be removed behind it, and what a person should know."""

    parts: list[Part] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def open_all(
        self, given: Given, *, spool: Path, sheet: str | None, delimiter: str | None, encoding: str | None, step: Step
    ) -> Iterator[Source]:
        """The sources of all files, one by one. A file without rows that nobody named is left out with a note.

        Raises Refusal as core.ingest.open_source and core.ingest.unpack.unpack; `no_rows` when no file has any.
        """
        found = skipped = 0
        for k, path in enumerate(given.paths):
            part_of = step.part(k / len(given.paths), (k + 1) / len(given.paths))
            parts = unpack(path, spool=spool, step=part_of.part(0, 0.3))
            self.parts += parts
            for n, (part, title) in enumerate((p, s) for p in parts for s in _sheets(p, sheet)):
                several = title is not None and sheet == EVERY_SHEET
                alone = path in given.named and not part.owned and not several
                try:
                    source = open_source(
                        part.path, name=f"{part.name}/{title}" if several else part.name, spool=spool, sheet=title,
                        delimiter=delimiter, encoding=encoding, step=part_of if n == 0 else Step(),
                    )  # fmt: skip
                except Refusal as refused:
                    if alone or refused.code not in _EMPTY:
                        raise
                    self.notes.append(f"{refused.message} It was left out.")
                    skipped += 1
                    continue
                found += 1
                yield source
        if skipped and not found:
            words = ", ".join(given.words[:3])
            raise Refusal("no_rows", f"{words}: none of the {skipped:,} files has rows.", "Choose files with data.")

    def close(self) -> None:
        """Remove the copies of archives."""
        remove_parts(self.parts)


def _sheets(part: Part, sheet: str | None) -> list[str | None]:
    """The sheets to open of one file: the one named, each for `*`, and None for a file that has none."""
    if sheet != EVERY_SHEET:
        return [sheet]
    with part.path.open("rb") as file:
        head = file.read(8)
    if head.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        return list(sheet_names(part.path))
    return [None]
