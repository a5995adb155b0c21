"""Zip archives: the files in them, one by one, as files of the spool. No path of an archive is ever used as a path."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from core.errors import Refusal
from core.ingest.expand import MOST_FILES, loadable, natural
from core.ingest.spool import CHUNK, write
from core.progress import Step, no_step

MOST_BYTES = 64 << 30
"""What an archive may unpack to, in all."""

_HIGHEST_RATIO = 250
_FIRST_LOOK = 256 << 20
_HINT = "Unpack it yourself and load the files that are inside."


@dataclass(frozen=True)
class Part:
    """One file to load: where it is, what people call it, and whether it is a copy to be removed behind the load."""

    path: Path
    name: str
    owned: bool


def unpack(path: Path, *, name: str | None = None, spool: Path, step: Step = no_step) -> list[Part]:
    """The files in a zip archive, in natural order, named `archive.zip/day1.csv`; any other file gives itself.

    A workbook (which is a zip too) gives itself. Hidden files and files that hold no data are left out, as in a folder
    (core.ingest.expand). Copies are in `spool` and `owned`: remove them when the load is done.

    Raises Refusal `no_such_file`, `unreadable_file`, `damaged_zip`, `encrypted_zip`, `nested_zip`, `too_compressed`,
    `too_many_files`, `no_file_found`, `disk_full`.
    """
    name = name or path.name
    try:
        with path.open("rb") as file:
            is_zip = file.read(4) in (b"PK\x03\x04", b"PK\x05\x06")
    except FileNotFoundError:
        raise Refusal("no_such_file", f"There is no file {path}.", "Check the name and the folder.") from None
    except OSError as error:
        raise Refusal("unreadable_file", f"{name} cannot be read: {error.strerror}.") from None
    if not is_zip:
        return [Part(path, name, False)]
    try:
        with zipfile.ZipFile(path) as archive:
            if _is_workbook(archive):
                return [Part(path, name, False)]
            return _unpacked(archive, path.stat().st_size, name, spool, step)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError) as error:
        if isinstance(error, NotImplementedError):
            said = f"{name} is packed in a way that cannot be read here."
        else:
            said = f"{name} is a zip archive that is damaged or cut off."
        raise Refusal("damaged_zip", said, "Fetch it again, or unpack it yourself.") from None


def remove_parts(parts: list[Part]) -> None:
    """Remove the copies that `unpack` made."""
    for part in parts:
        if part.owned:
            part.path.unlink(missing_ok=True)


# ---- inside


def _is_workbook(archive: zipfile.ZipFile) -> bool:
    names = set(archive.namelist())
    return "[Content_Types].xml" in names or {"mimetype", "content.xml"} <= names


def _unpacked(archive: zipfile.ZipFile, size: int, name: str, spool: Path, step: Step) -> list[Part]:
    entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    wanted = sorted((entry for entry in entries if loadable(entry.filename)), key=lambda e: natural(e.filename))
    if not wanted:
        inside = ", ".join(_shown(entry.filename) for entry in entries[:5]) or "nothing"
        raise Refusal("no_file_found", f"{name} holds no file that can be loaded; it has: {inside}.", _HINT)
    if len(wanted) > MOST_FILES:
        raise Refusal("too_many_files", f"{name} holds more than {MOST_FILES:,} files.", _HINT)
    for entry in wanted:
        if entry.flag_bits & 1:
            raise Refusal(
                "encrypted_zip", f"{name} is protected by a password.", "Unpack it yourself, or save it without one."
            )
    parts: list[Part] = []
    budget = _Budget(size, name)
    try:
        for k, entry in enumerate(wanted):
            step.report(k / len(wanted), f"Unpacking {name}")
            ending = f"{name}/{_shown(entry.filename)}"
            parts.append(Part(write(spool, _content(archive, entry, ending, budget), ".part"), ending, True))
    except BaseException:
        remove_parts(parts)
        raise
    return parts


@dataclass
class _Budget:
    """What has come out of an archive so far, against its size."""

    size: int
    name: str
    written: int = 0

    def spend(self, n: int) -> None:
        self.written += n
        ratio = self.written > _FIRST_LOOK and self.written > _HIGHEST_RATIO * self.size
        if ratio or self.written > MOST_BYTES:
            most = f"{_HIGHEST_RATIO} times its size; no table of events does" if ratio else f"{MOST_BYTES >> 30} GB"
            raise Refusal("too_compressed", f"{self.name} unpacks to more than {most}.", _HINT)


def _content(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str, budget: _Budget) -> Iterator[bytes]:
    first = True
    with archive.open(entry) as file:
        while piece := file.read(CHUNK):
            if first and piece.startswith(b"PK\x03\x04") and not _like_a_workbook(entry.filename):
                raise Refusal("nested_zip", f"{name} is an archive inside an archive.", _HINT)
            first = False
            budget.spend(len(piece))
            yield piece


def _like_a_workbook(name: str) -> bool:
    return name.lower().endswith((".xlsx", ".xlsm", ".xlsb", ".ods"))


def _shown(name: str) -> str:
    """An entry's name for people: no control characters, no way up."""
    parts = [part for part in re.sub(r"[\x00-\x1f\x7f]", "", name).replace("\\", "/").split("/") if part.strip(". ")]
    return "/".join(parts)[:200] or "file"
