"""What was read or worked out once, kept while a workspace's data stay as they are."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

from core.behaviour import Window
from core.store import Store

T = TypeVar("T")


class Kept(Generic[T]):
    """The last `most` answers for each workspace, by window; the oldest goes first."""

    def __init__(self, most: int = 3) -> None:
        self._most, self._lock = most, threading.Lock()
        self._held: WeakKeyDictionary[Store, tuple[int, dict[Window, T]]] = WeakKeyDictionary()

    def get(self, store: Store, window: Window, make: Callable[[], T]) -> T:
        """The answer for a window, made by `make` where it is not there; two askers at once may both make it."""
        version = store.version
        with self._lock:
            held = self._held.get(store)
            if held is not None and held[0] == version and window in held[1]:
                return held[1][window]
        made = make()
        with self._lock:
            held = self._held.get(store)
            if held is None or held[0] != version:
                held = self._held[store] = (version, {})
            while len(held[1]) >= self._most:
                held[1].pop(next(iter(held[1])))
            if store.version == version:
                held[1][window] = made
        return made
