"""Files, folders and patterns become a list of files."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

from core.errors import Refusal

MOST_FILES = 10_000
"""Files of one call."""

_ENDINGS = (
    "csv tsv tab txt dat data psv asc log json jsonl ndjson parquet parq pq xlsx xlsm xlsb xls ods zip gz".split()
)
_TEMPORARY = (".tmp", ".temp", ".part", ".partial", ".crdownload", ".download", ".swp", ".bak", ".crc", "~")
_ABOUT = re.compile(r"(?i)(?:readme|licen[cs]e|changelog|copying|desktop\.ini|thumbs\.db)\b")
_LEFT_OUT = ("__MACOSX", "_SUCCESS", "_temporary")


def expand(words: Sequence[str]) -> list[Path]:
    """The files that words name: a file as it is, a folder's loadable files, what a pattern (`2024-*.csv`) matches.

    Folders are looked through to the bottom, in natural order (day2 before day10). Hidden and temporary files,
    `__MACOSX`, read-me files and files whose ending is not one of data are left out of folders and patterns; a file
    that is named itself is taken whatever it is called. Each file of a folder or pattern is given once.

    Raises Refusal `no_such_file`, `no_file_found`, `too_many_files`.
    """
    out: list[Path] = []
    for word in words:
        path = Path(word).expanduser()
        if path.is_dir():
            found = _in_folder(path)
        elif path.exists() or not glob.has_magic(word):
            if not path.exists():
                raise Refusal("no_such_file", f"There is no file {word}.", "Check the path.")
            out.append(path.resolve())
            continue
        else:
            matched = [Path(name) for name in glob.iglob(str(path), recursive=True)]  # noqa: PTH207  # absolute patterns
            folders = (file for folder in matched if folder.is_dir() for file in _in_folder(folder))
            found = [*(file for file in matched if file.is_file() and loadable(file.name)), *folders]
        if not found:
            raise Refusal(
                "no_file_found",
                f"{word} holds no file that can be loaded.",
                "Limelight loads CSV, Parquet, Excel and JSON lines, also in .gz and .zip.",
            )
        resolved = sorted({file.resolve() for file in found}, key=lambda file: natural(str(file)))
        out += [file for file in resolved if file not in out]
        if len(out) > MOST_FILES:
            break
    if len(out) > MOST_FILES:
        raise Refusal(
            "too_many_files",
            f"{', '.join(words[:3])}: more than {MOST_FILES:,} files.",
            "Load them in parts: a month or a year at a time.",
        )
    return out


def loadable(name: str) -> bool:
    """A file of this name (inside an archive: its path) is taken from a folder or archive.

    >>> [loadable(n) for n in ("a/day1.csv.gz", ".x.csv", "__MACOSX/a.csv", "photo.png", "~$book.xlsx", "README.txt")]
    [True, False, False, False, False, False]
    """
    *folders, last = PurePosixPath(name.replace("\\", "/")).parts or ("",)
    if any(
        (part.startswith(".") and part != "..") or part in _LEFT_OUT for part in (*folders, last)
    ) or last.startswith(("~$", "~")):
        return False
    if last.lower().endswith(_TEMPORARY) or _ABOUT.match(last):
        return False
    return last.lower().rpartition(".")[2] in _ENDINGS if "." in last else last.startswith("part-")


def natural(text: str) -> list[tuple[int, str]]:
    """A key that sorts numbers inside texts by their size.

    >>> sorted(["day10", "day9", "Day1"], key=natural)
    ['Day1', 'day9', 'day10']
    """
    return [(int(run), "") if run.isdigit() else (-1, run) for run in re.split(r"([0-9]+)", text.lower())]


def _in_folder(folder: Path) -> list[Path]:
    found: list[Path] = []
    for where, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".") and name not in _LEFT_OUT]
        found += _taken(Path(where), files)
        if len(found) > MOST_FILES:
            break
    return found


def _taken(where: Path, names: Iterable[str]) -> list[Path]:
    return [where / name for name in names if loadable(name) and (where / name).is_file()]
