"""Files arriving in pieces: where they lie until they are whole, and how much may lie there. Knows no page, no server.

A Box belongs to one visitor. Its token is the only way to it; when nobody holds the box any longer (the session is
over), what lies in it is removed. A file is begun with its name and size, grows by pieces at the offset that the box
says it has, and is handed over with `ready` and `take`.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import threading
import time
import uuid
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from core.errors import Refusal
from pages._ui import format as fmt

PIECE = 8 << 20
"""The most bytes of one piece: what the app holds in memory of a file, whatever its size."""

RESERVE = 1 << 30
"""Free disk space that uploads never take: what is unpacked, and the workspace itself, need some too."""

IDLE = 2 * 3600.0
"""Seconds without a word from the visitor's page after which uploads that are not whole are given up.

Streamlit forgets a closed session only when another one ends; on a quiet machine that may be tomorrow. A page that
holds an upload, also a paused one, speaks up every minute.
"""

MOST_FILES = 2_000
_LIMIT = "LIMELIGHT_UPLOAD_LIMIT"
_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}


@dataclass
class Upload:
    """A file on its way. `offset` bytes of `size` are in `path`, whose name says nothing of `name`."""

    id: str
    name: str
    size: int
    path: Path
    offset: int = 0
    gone: bool = False
    ready: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)


class WrongOffset(Exception):
    """A piece does not continue the file; `offset` is where it would."""

    def __init__(self, offset: int) -> None:
        super().__init__(offset)
        self.offset = offset


class Box:
    """What one visitor is uploading. Safe for any thread.

    Args:
        spool: the folder that files grow in.
        free: bytes free on its disk, asked anew each time.
    """

    def __init__(self, spool: Path, free: Callable[[], int] | None = None) -> None:
        self.token = secrets.token_urlsafe(24)
        self.turn = 0
        self._seen = time.monotonic()
        self._spool = spool
        self._free = free or (lambda: shutil.disk_usage(spool).free)
        self._held: dict[str, Upload] = {}
        self._lock = threading.Lock()
        weakref.finalize(self, _remove_all, self._held)
        _boxes[self.token] = self
        _give_up_idle()

    def begin(self, files: Sequence[tuple[str, int]]) -> list[Upload]:
        """Make room for files of these names and sizes; all of them, or none.

        Raises Refusal `bad_upload` (a size that is none), `too_many_files`, `upload_too_large` (above
        LIMELIGHT_UPLOAD_LIMIT), `disk_full` (more than the disk can take).
        """
        if not files or any(size < 0 for _, size in files):
            raise Refusal("bad_upload", "No file was named, or one without a size.", "Choose the files again.")
        self._seen = time.monotonic()
        _give_up_idle()
        with self._lock:
            if len(self._held) + len(files) > MOST_FILES:
                raise Refusal(
                    "too_many_files",
                    f"More than {MOST_FILES:,} files at once.",
                    "Load them in several goes, or put them into one file.",
                )
            self._check_room(sum(size for _, size in files))
            begun = []
            for name, size in files:
                path = self._spool / f"upload-{uuid.uuid4().hex}"
                upload = Upload(secrets.token_urlsafe(12), _shown(name), size, path)
                self._held[upload.id] = upload
                begun.append(upload)
                try:
                    path.touch(mode=0o600, exist_ok=False)
                except OSError as error:
                    for one in begun:
                        self._drop(one)
                    raise _unwritten(upload.name, error) from None
            return begun

    def find(self, upload_id: str) -> Upload | None:
        """An upload of this box by its id. Whoever asks is there: the box is not idle."""
        self._seen = time.monotonic()
        return self._held.get(upload_id)

    def append(self, upload: Upload, offset: int, piece: bytes | bytearray) -> int:
        """Add `piece` at `offset`; the offset after it. All of the piece is written, or none.

        Raises WrongOffset when the file does not end there (a piece sent twice), Refusal `bad_upload` when it would
        grow beyond its size or was cancelled, `disk_full`.
        """
        with upload.lock:
            if upload.gone or upload.ready:
                raise Refusal("bad_upload", f"{upload.name} is not being uploaded any longer.", "Choose it again.")
            if offset != upload.offset:
                raise WrongOffset(upload.offset)
            if offset + len(piece) > upload.size:
                raise Refusal("bad_upload", f"{upload.name} is longer than it was said to be.", "Choose it again.")
            if self._free() - len(piece) < RESERVE // 2:
                raise _full(upload.name)
            try:
                with upload.path.open("r+b", buffering=0) as file:
                    file.truncate(offset)  # what a failed write may have left
                    file.seek(offset)
                    view = memoryview(piece)
                    while view:
                        view = view[file.write(view) :]
            except OSError as error:
                raise _unwritten(upload.name, error) from None
            upload.offset += len(piece)
            return upload.offset

    def cancel(self, upload: Upload) -> None:
        """Remove an upload and what has arrived of it."""
        with upload.lock, self._lock:
            self._drop(upload)

    def ready(self, ids: Sequence[str]) -> None:
        """The visitor wants these files loaded, together. Raises Refusal `bad_upload` unless all are whole."""
        with self._lock:
            found = [self._held.get(one) for one in ids]
            whole = [one for one in found if one is not None and one.offset == one.size]
            if len(whole) != len(ids):
                raise Refusal("bad_upload", "A file has not arrived whole.", "Choose it again.")
            for one in whole:
                one.ready = True

    @property
    def any_ready(self) -> bool:
        """Whether `take` would give anything."""
        return any(one.ready for one in list(self._held.values()))

    def take(self) -> list[Upload]:
        """The files that are ready, in the order they were begun. Whoever takes them removes them."""
        with self._lock:
            taken = [one for one in self._held.values() if one.ready]
            for one in taken:
                del self._held[one.id]
            if taken:
                self.turn += 1
            return taken

    def give_up_idle(self) -> None:
        """Remove what has not arrived whole, if nobody has asked for it for IDLE seconds."""
        if time.monotonic() - self._seen > IDLE:
            for upload in [one for one in list(self._held.values()) if not one.ready]:
                self.cancel(upload)

    def _check_room(self, wanted: int) -> None:
        limit = upload_limit()
        mine = sum(one.size for one in self._held.values())
        if limit is not None and mine + wanted > limit:
            raise Refusal(
                "upload_too_large",
                f"{fmt.size(mine + wanted)} is more than may be uploaded here ({fmt.size(limit)}).",
                "Ask whoever runs Limelight to put the files into the server folder, or to raise the limit.",
            )
        promised = sum(o.size - o.offset for box in list(_boxes.values()) for o in list(box._held.values()))
        room = max(0, self._free() - promised - RESERVE)
        if wanted > room:
            raise Refusal(
                "disk_full",
                f"{fmt.size(wanted)} do not fit: the disk of this machine has room for {fmt.size(room)}.",
                "Free some space, or load part of the files.",
            )

    def _drop(self, upload: Upload) -> None:
        upload.gone = True
        self._held.pop(upload.id, None)
        upload.path.unlink(missing_ok=True)


_boxes: weakref.WeakValueDictionary[str, Box] = weakref.WeakValueDictionary()


def _give_up_idle() -> None:
    for box in list(_boxes.values()):
        box.give_up_idle()


def find_box(token: str) -> Box | None:
    """The box of a token, while its session lasts."""
    return _boxes.get(token)


def upload_limit() -> int | None:
    """LIMELIGHT_UPLOAD_LIMIT in bytes ("20GB", "500 MB", "1000000"); None when it is not set or says nothing.

    It bounds what one visitor may be uploading at once. Without it only the free disk does.
    """
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?\s*", os.environ.get(_LIMIT, ""), re.IGNORECASE)
    return int(float(match[1]) * _UNITS[match[2].lower()]) if match else None


def _shown(name: str) -> str:
    """A name to be read, never to be opened: printable, and not endless."""
    return "".join(c for c in name if c.isprintable())[:255].strip() or "file"


def _full(name: str) -> Refusal:
    return Refusal(
        "disk_full", f"The disk of this machine is full: {name} could not be stored.", "Free some space and try again."
    )


def _unwritten(name: str, error: OSError) -> Refusal:
    return Refusal("disk_full", f"{name} could not be stored: {error.strerror}.", "Free some space and try again.")


def _remove_all(held: dict[str, Upload]) -> None:
    for upload in held.values():
        upload.gone = True
        upload.path.unlink(missing_ok=True)
