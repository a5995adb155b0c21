"""Files and groups that an answer is kept in: what cannot be is refused before the work, not after."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from core.errors import Refusal
from core.segments import list_groups
from core.segments.groups import check_group_name
from core.store import Store


def check_place(out: str | None) -> None:
    """Refuse a file that cannot be there."""
    if out is not None and (Path(out).is_dir() or not Path(out).resolve().parent.is_dir()):
        raise Refusal("cannot_write", f"{out} cannot be written: no such folder.", "Name another file.")


def check_free(store: Store, name: str | None, *, replace: bool) -> None:
    """Refuse the name of a group that is taken, or can be no name."""
    if name is None:
        return
    check_group_name(name)
    held = next((group for group in list_groups(store) if group.name.casefold() == name.casefold()), None)
    if held and not replace:
        raise Refusal(
            "group_exists", f"There is a group {held.name!r} already.", "Choose another name, or --replace it."
        )


def written(out: str, write: Callable[[Path], int]) -> tuple[int, str]:
    """The number of rows that `write` put into the file, and the words for it. Raises Refusal `cannot_write`."""
    try:
        rows = write(Path(out))
    except OSError as error:
        raise Refusal("cannot_write", f"{out} cannot be written: {error.strerror}.", "Name another file.") from None
    return rows, f"{rows:,} {'row' if rows == 1 else 'rows'} written to {out}."
