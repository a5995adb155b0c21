"""A file in the making: written beside the page, fetched once, and gone after that, or when nobody waits for it."""

from __future__ import annotations

import logging
import secrets
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

from core.errors import Refusal
from core.progress import Cancelled, Step

PATIENCE = 150.0
"""Seconds without a question after which nobody waits any longer; browsers let hidden tabs ask once a minute."""

_LEAVING = 5.0  # seconds that a tab which has said that it goes has to come back (it was loaded again)


class Making(Step):
    """Has `make(path, step)` write a file into `folder` on a thread of its own.

    Attributes:
        id: the only way to it from a browser.
        over: set when the file is there, or will never be.
        error: why it will not; None when all is well, or it was stopped.
    """

    def __init__(self, folder: Path, make: Callable[[Path, Step], object], filename: str, media_type: str) -> None:
        self.id = secrets.token_urlsafe(24)
        self.filename, self.media_type = filename, media_type
        self.over = threading.Event()
        self.error: Refusal | None = None
        self._path = folder / uuid.uuid4().hex
        self._make = make
        self._began = self._seen = time.monotonic()
        self._share, self._note = 0.0, ""
        self._stopped = False
        self._taken = threading.Event()
        _makings[self.id] = self
        threading.Thread(target=self._run, name="limelight-file", daemon=True).start()

    def state(self) -> dict[str, Any]:
        """How it stands, for the tab that waits: bytes written, seconds, share (0 where not told), error in words."""
        self._seen = time.monotonic()
        try:
            written = self._path.stat().st_size
        except OSError:
            written = 0
        over, error = self.over.is_set(), self.error
        said = None if error is None else str(error)
        if over and error is None and self._taken.is_set():
            said = "This file has been fetched, or was cancelled. Go back to Limelight and press the button again."
        seconds = self._seen - self._began
        return {
            "filename": self.filename, "written": written, "seconds": seconds, "share": self._share,
            "note": self._note, "over": over, "error": said,
        }  # fmt: skip

    def leave(self) -> None:
        """The tab that waits is going: unless it comes back at once, nobody waits any longer."""
        self._seen = time.monotonic() - PATIENCE + _LEAVING

    def stop(self) -> None:
        """Make an end of it; what was written goes."""
        self._stopped = True
        if self.over.is_set():
            self.discard()

    def take(self) -> Path | None:
        """The file, for one who will call `discard`; None when it is not there (yet), or was taken."""
        if not self.over.is_set() or self.error is not None or self._taken.is_set():
            return None
        self._taken.set()
        return self._path

    def discard(self) -> None:
        """Remove the file."""
        self._taken.set()
        self._path.unlink(missing_ok=True)

    def cancelled(self) -> bool:
        """Whether it was stopped, or nobody waits for it."""
        return self._stopped or time.monotonic() - self._seen > PATIENCE

    def _tell(self, share: float, note: str) -> None:
        self._share, self._note = max(self._share, share), note or self._note

    def _run(self) -> None:
        try:
            self._make(self._path, self)
            self.check()
        except Cancelled:
            self.discard()
        except Refusal as refusal:
            self.error = refusal
        except Exception as fault:  # a defect must end in words, not in a silent thread
            logging.getLogger("limelight").error("writing a file failed", exc_info=fault)
            self.error = Refusal("defect", f"Limelight failed while it wrote the file ({type(fault).__name__}).")
        if self.error is not None:
            self._path.unlink(missing_ok=True)
        self.over.set()
        while not self._taken.wait(1.0):
            if self.cancelled():
                self.discard()


_makings: WeakValueDictionary[str, Making] = WeakValueDictionary()


def find_making(making_id: str) -> Making | None:
    """A file in the making by its id, as long as someone waits for it."""
    return _makings.get(making_id)
