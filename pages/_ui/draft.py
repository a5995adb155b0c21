"""Files on their way into a workspace: chosen, being looked at, looked at. Knows nothing of how they are drawn."""

from __future__ import annotations

import shutil
import threading
import time
import uuid
import weakref
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

import pyarrow as pa

from core.errors import Refusal
from core.ingest import Kind, Proposal, Source, open_source, preview, propose, sheet_names, unpack
from core.jobs import Pace, time_left
from core.progress import Amount, Cancelled, Meter, Step
from core.store import Store

PREVIEW_ROWS = 50
ALL_SHEETS = "*"
"""A choice of sheet: each sheet that has rows is a file of its own."""


@dataclass(frozen=True)
class Choice:
    """What a person has said about a file; None where Limelight is to find out by itself."""

    kind: Kind | None = None
    sheet: str | None = None
    header: bool | None = None
    delimiter: str | None = None
    encoding: str | None = None


@dataclass(frozen=True)
class Picked:
    """A chosen file. `token` names it on the page; `owned` files lie in the spool and go when they are not needed."""

    path: Path
    name: str
    owned: bool
    token: str
    choice: Choice = Choice()


@dataclass(frozen=True)
class Looked:
    """A file that has been recognised: what it is, what its columns seem to mean, its first rows."""

    picked: Picked
    source: Source
    kind: Kind
    proposal: Proposal
    preview: pa.Table


@dataclass(frozen=True)
class Group:
    """Files of one kind with the same columns: they share one mapping and become one batch."""

    kind: Kind
    files: tuple[Looked, ...]

    @property
    def lead(self) -> Looked:
        """The file whose evidence is shown: the surest one, and of several the one with most rows."""
        return max(self.files, key=lambda f: (sum(e.sure for e in f.proposal.evidence), f.source.rows))

    @property
    def token(self) -> str:
        """Names the group on the page; another proposal is another group."""
        return f"{self.kind}-{self.lead.picked.token}"

    @property
    def rows(self) -> int:
        """Data rows in all its files."""
        return sum(f.source.rows for f in self.files)


class Draft:
    """The files of one load, from choosing to loading. When nobody holds it any longer, its files in the spool go.

    The page and the thread that looks both change it, under its lock; what they change are tuples, so that anyone may
    read them at any time.
    """

    def __init__(self, store: Store, *, as_proposed: bool = False) -> None:
        self.store = store
        self.as_proposed = as_proposed
        self.waiting: tuple[Picked, ...] = ()
        self.looked: tuple[Looked, ...] = ()
        self.refused: tuple[tuple[Picked, Refusal], ...] = ()
        self.looking: Looking | None = None
        self._lock = threading.Lock()
        self._spooled: list[Path] = []
        weakref.finalize(self, _remove, self._spooled)

    @property
    def empty(self) -> bool:
        """Nothing was chosen, or all of it was taken away."""
        return not (self.waiting or self.looked or self.refused or self.looking)

    def add_upload(self, name: str, content: IO[bytes]) -> None:
        """Write an upload into the spool under a name of ours: a person's file name is never a path."""
        path = self.store.spool / f"upload-{uuid.uuid4().hex}"
        self._spooled.append(path)
        try:
            with path.open("xb") as out:
                shutil.copyfileobj(content, out, 4 << 20)
        except OSError as error:
            path.unlink(missing_ok=True)
            raise Refusal(
                "disk_full", f"{name} could not be stored: {error.strerror}.", "Free some space and try again."
            ) from None
        self.add(path, name, owned=True)

    def add_arrived(self, path: Path, name: str) -> None:
        """Take over a file that lies in the spool already: no byte is copied, and it goes with the draft."""
        self._spooled.append(path)
        self.add(path, name, owned=True)

    def add(self, path: Path, name: str, *, owned: bool = False) -> None:
        """A file to be looked at; with `owned` it is removed when it is not needed any longer."""
        self.waiting = (*self.waiting, Picked(path, name, owned, _token()))

    def look(self) -> Looking | None:
        """Start looking at the files that wait, beside the page. What is under way, or None when nothing waits."""
        with self._lock:
            if self.looking is None and self.waiting:
                picked, self.waiting = self.waiting, ()
                self.looking = Looking(self, picked)
            return self.looking

    def correct(self, picked: Picked, choice: Choice) -> None:
        """Have a file looked at again, the person having said more about it."""
        self.drop(picked, keep=True)
        self.waiting = (*self.waiting, replace(picked, choice=choice, token=_token()))

    def drop(self, picked: Picked, *, keep: bool = False) -> None:
        """Leave a file out of the load. Its copies in the spool go; with `keep` not the upload itself."""
        with self._lock:
            made = [p for f in self.looked if f.picked == picked for p in (f.source.readable, f.source.rejects) if p]
            gone = [p for p in made if p != picked.path] + ([picked.path] if picked.owned and not keep else [])
            _remove([p for p in gone if p in self._spooled])
            self.looked = tuple(f for f in self.looked if f.picked != picked)
            self.refused = tuple((p, r) for p, r in self.refused if p != picked)

    def parts(self, picked: Picked, step: Step) -> tuple[Picked, ...]:
        """The files to look at behind a chosen one: those in an archive, the sheets of a workbook, mostly itself."""
        if picked.choice.sheet == ALL_SHEETS:
            names = sheet_names(picked.path)
            chosen = (replace(picked.choice, sheet=name) for name in names)
            return tuple(replace(picked, choice=choice, owned=False, token=_token()) for choice in chosen)
        inside = unpack(picked.path, name=picked.name, spool=self.store.spool, step=step)
        if not any(part.owned for part in inside):
            return (picked,)
        self._spooled += [part.path for part in inside]
        return tuple(Picked(part.path, part.name, part.owned, _token(), picked.choice) for part in inside)

    def found(self, looked: Looked) -> None:
        """A file has been looked at."""
        with self._lock:
            self.looked = (*self.looked, looked)

    def refuse(self, picked: Picked, refusal: Refusal) -> None:
        """A file cannot be loaded."""
        with self._lock:
            self.refused = (*self.refused, (picked, refusal))

    def groups(self) -> list[Group]:
        """The files by what they share, events first."""
        found: dict[tuple[Kind, tuple[str, ...]], list[Looked]] = {}
        for file in self.looked:
            found.setdefault((file.kind, file.source.columns), []).append(file)
        order = ("events", "items", "users")
        return sorted((Group(k, tuple(f)) for (k, _), f in found.items()), key=lambda g: order.index(g.kind))

    def took(self, source: Source) -> None:
        """Note the prepared copies of a file, to be removed with the draft."""
        self._spooled += [p for p in (source.readable, source.rejects) if p and p.parent == self.store.spool]


class Looking(Step):
    """Opening, counting and judging files on a thread of its own, with progress and a way to stop."""

    def __init__(self, draft: Draft, files: tuple[Picked, ...]) -> None:
        self.share, self.note = 0.0, ""
        self._pace, self._meter = Pace(), Meter()
        self.over = threading.Event()
        self._stop = threading.Event()
        self._draft = draft
        self._files = files
        threading.Thread(target=self._run, name="limelight-look", daemon=True).start()

    def stop(self) -> None:
        """Ask it to stop: files that it has not finished are left out."""
        self._stop.set()

    def cancelled(self) -> bool:
        """Whether someone has asked it to stop."""
        return self._stop.is_set()

    def said(self) -> str:
        """What it is at, how far and how fast that goes, and how long all of it will still take."""
        parts = (self.note or "starting", self._meter.say(), time_left(self._pace.remaining(time.monotonic())))
        return ", ".join(part for part in parts if part)

    def _tell(self, share: float, note: str) -> None:
        self.share, self.note = max(self.share, share), note or self.note
        self._pace.note(time.monotonic(), self.share)

    def _count(self, amount: Amount | None) -> None:
        self._meter.note(time.monotonic(), amount)

    def _run(self) -> None:
        draft = self._draft
        try:
            for k, picked in enumerate(self._files):
                self._look(picked, self.part(k / len(self._files), (k + 1) / len(self._files)))
        except Cancelled:
            pass
        except Exception as fault:  # noqa: BLE001  # a defect must end in words on the page, not in a silent thread
            draft.refuse(self._files[0], defect(fault))
        finally:
            draft.looking = None
            self.over.set()

    def _look(self, picked: Picked, step: Step) -> None:
        """Look at a chosen file, or at each of those in it: one that cannot be loaded does not stop the others."""
        draft = self._draft
        try:
            parts = draft.parts(picked, step.part(0.0, 0.1))
        except Refusal as refusal:
            draft.refuse(picked, refusal)
            return
        empty: tuple[str, ...] = ("empty_sheet", "no_rows") if picked.choice.sheet == ALL_SHEETS else ()
        told, left_out = False, None
        for k, part in enumerate(parts):
            try:
                draft.found(
                    look_at(draft, part, step.part(0.1 + 0.9 * k / len(parts), 0.1 + 0.9 * (k + 1) / len(parts)))
                )
            except Refusal as refusal:
                if refusal.code in empty:
                    left_out = refusal
                    continue
                draft.refuse(part, refusal)
            told = True
        if left_out and not told:
            draft.refuse(picked, left_out)


def look_at(draft: Draft, picked: Picked, step: Step) -> Looked:
    """Recognise a file, propose what its columns mean, and read its first rows."""
    store, choice = draft.store, picked.choice
    source = open_source(
        picked.path,
        name=picked.name,
        spool=store.spool,
        sheet=choice.sheet,
        header=choice.header,
        delimiter=choice.delimiter,
        encoding=choice.encoding,
        step=step.part(0, 0.5),
    )
    draft.took(source)
    proposal = propose(store, source, choice.kind, step=step.part(0.5, 0.95))
    return Looked(picked, source, proposal.mapping.kind, proposal, preview(store, source, PREVIEW_ROWS, step=step))


def defect(fault: Exception) -> Refusal:
    """What a person is told about a mistake of Limelight's own; the trace goes to the log."""
    import logging

    logging.getLogger("limelight").error("looking at a file failed", exc_info=fault)
    return Refusal(
        "defect",
        f"Limelight failed while it looked at the file ({type(fault).__name__}).",
        "The log of the app has more.",
    )


def _token() -> str:
    return uuid.uuid4().hex[:8]


def _remove(paths: list[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)
