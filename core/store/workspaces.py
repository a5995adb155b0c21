"""Where workspaces live, what they are called, and the one open Store of each."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from core.errors import Refusal
from core.store.folders import open_folders
from core.store.store import Store

_NAME = re.compile(r"[\w][\w .-]{0,79}")
_open: dict[Path, Store] = {}
_opening = threading.RLock()


def home() -> Path:
    """The folder of workspaces: LIMELIGHT_HOME, else `data/workspaces` beside the program. Made if absent."""
    configured = os.environ.get("LIMELIGHT_HOME")
    folder = Path(configured).expanduser() if configured else Path(__file__).parents[2] / "data" / "workspaces"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def list_workspaces() -> list[str]:
    """The names of the workspaces in `home()`, in alphabetical order."""
    return sorted(path.stem for path in home().glob("*.duckdb"))


def workspace_path(name_or_path: str) -> Path:
    """The file of a workspace given by bare name ("shop") or by path ("out/shop.duckdb").

    Raises Refusal `bad_workspace_name` when a bare name could leave the folder or is not a file name everywhere.
    """
    if name_or_path.endswith(".duckdb") or "/" in name_or_path or os.sep in name_or_path:
        return Path(name_or_path).expanduser().resolve()
    if not _NAME.fullmatch(name_or_path):
        raise Refusal(
            "bad_workspace_name",
            f"{name_or_path!r} cannot be the name of a workspace.",
            "Use letters, digits, spaces, dots, hyphens and underscores, at most 80.",
        )
    return (home() / f"{name_or_path}.duckdb").resolve()


def open_workspace(name_or_path: str, *, create: bool = True, reads: Sequence[Path] = ()) -> Store:
    """The one Store of a workspace in this process, opened when first asked for.

    Raises Refusal `no_such_workspace` when the file is absent and `create` is false, and what Store raises.
    """
    path = workspace_path(name_or_path)
    with _opening:
        store = _open.get(path)
        if store is None:
            if not create and not path.exists():
                raise Refusal(
                    "no_such_workspace", f"There is no workspace {path}.", "Make it with `python -m core load`."
                )
            store = _open[path] = Store(path, reads=[*_server_folder(), *reads])
        return store


def is_open(path: Path) -> bool:
    """Whether this process has the workspace open."""
    with _opening:
        return path.resolve() in _open


def close_workspace(store: Store) -> None:
    """Close a workspace that `open_workspace` opened, so that another process may have the file."""
    with _opening:
        _open.pop(store.path, None)
        store.close()


@contextmanager
def kept_closed(path: Path, before: Callable[[Store], object]) -> Iterator[None]:
    """Inside, this process has the workspace closed, and whoever asks for it waits.

    `before` is given the open Store, if there is one, before it is closed: to stop what works on it. Others may go on
    using it meanwhile. Be quick inside: opening any workspace waits.
    """
    with _opening:
        store = _open.get(path.resolve())
    if store is not None:
        before(store)
    with _opening:
        late = _open.pop(path.resolve(), None)
        if late is not None:
            late.close()
        yield


def delete_workspace(name: str) -> None:
    """Delete a workspace of `home()` for good, with its write-ahead log. Close its runner first.

    Raises Refusal `no_such_workspace`, `bad_workspace_name`, `workspace_locked` (another program holds it).
    """
    store = open_workspace(name, create=False)  # a workspace that another program holds cannot be opened, nor deleted
    if store.path.parent != home().resolve():
        raise Refusal("no_such_workspace", f"{name!r} is not among the workspaces.", "Name one of the list.")
    close_workspace(store)
    for path in (store.path, store.path.with_name(f"{store.path.name}.wal")):
        path.unlink(missing_ok=True)


def server_folder() -> Path | None:
    """The folder whose files analysts may load without uploading, if the administrator set LIMELIGHT_SERVER_FOLDER."""
    configured = os.environ.get("LIMELIGHT_SERVER_FOLDER")
    return Path(configured).expanduser().resolve() if configured else None


def spool_folder() -> Path:
    """The folder in which uploads of this process lie: private to its user, removed when the process ends."""
    return open_folders()[0]


def _server_folder() -> list[Path]:
    folder = server_folder()
    return [folder] if folder and folder.is_dir() else []
