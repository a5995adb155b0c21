"""Results, files on their way in: kept in the spool under a harmless name for as long as somebody holds them."""

from __future__ import annotations

import re
import shutil
import uuid
import weakref
from typing import IO

from core.errors import Refusal
from core.store import Store


class Given:
    """An uploaded file. `name` is what the person calls it; `path` ends in a name like it, for refusals to say."""

    def __init__(self, store: Store, name: str, content: IO[bytes]) -> None:
        self.name = name
        folder = store.spool / f"given-{uuid.uuid4().hex}"
        self.path = folder / safe(name)
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        try:
            folder.mkdir()
            with self.path.open("xb") as out:
                shutil.copyfileobj(content, out, 4 << 20)
        except OSError as error:
            said = f"{name} could not be stored: {error.strerror}."
            raise Refusal("disk_full", said, "Free some space and try again.") from None


def safe(name: str) -> str:
    """A file name that is one everywhere and never a path.

    >>> safe("../../Réponses août.csv"), safe("..")
    ('Réponses-août.csv', 'file')
    """
    last = name.replace("\\", "/").rpartition("/")[2]
    return re.sub(r"[^\w.-]+", "-", last).strip(".-")[-60:] or "file"
