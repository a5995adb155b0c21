"""Where a file may be written: not over the workspace, not where something is that must not go."""

from __future__ import annotations

from pathlib import Path

from core.errors import Refusal
from core.store import Store


def check_target(store: Store | None, path: Path, *, folder: bool = False, replace: bool = True) -> None:
    """Refuse a place for a file (or, with `folder`, for a new folder or archive) that cannot be written to.

    Raises Refusal `over_workspace`, `no_such_folder`, `is_a_folder`, `file_exists`.
    """
    if store and path.resolve() in (store.path.resolve(), store.path.with_name(f"{store.path.name}.wal").resolve()):
        raise Refusal("over_workspace", f"{path} is the workspace itself.", "Name another file.")
    if store and path.exists() and path.samefile(store.path):
        raise Refusal("over_workspace", f"{path} is another name of the workspace itself.", "Name another file.")
    if not path.absolute().parent.is_dir():
        raise Refusal("no_such_folder", f"The folder {path.parent} does not exist.", "Make it first, or name another.")
    if folder:
        if path.is_file() or (path.is_dir() and (path.suffix == ".zip" or any(path.iterdir()))):
            raise Refusal("file_exists", f"{path} exists, and is not an empty folder.", "Name a new one.")
    elif path.is_dir():
        raise Refusal("is_a_folder", f"{path} is a folder.", "Name a file.")
    elif path.exists() and not replace:
        raise Refusal("file_exists", f"{path} exists.", "Name another file, or replace it on purpose (--replace).")
