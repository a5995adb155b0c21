"""A queue of work with its own thread: what is added runs one after the other, in order."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable


class Lane:
    """`width` threads that carry out what is added. They are started with the first piece of work.

    What is added must not raise: it speaks through its job.
    """

    def __init__(self, name: str, width: int = 1) -> None:
        self._name, self._width = name, width
        self._queue: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()

    def add(self, work: Callable[[], None]) -> None:
        """Put `work` at the end of the queue."""
        with self._lock:
            if not self._threads:
                for number in range(self._width):
                    name = f"limelight-{self._name}-{number}"
                    self._threads.append(threading.Thread(target=self._serve, name=name, daemon=True))
                    self._threads[-1].start()
        self._queue.put(work)

    def close(self, seconds: float) -> bool:
        """Let the threads end once the queue is empty; whether they have within `seconds`."""
        deadline = time.monotonic() + seconds
        with self._lock:
            for _ in self._threads:
                self._queue.put(None)
            for thread in self._threads:
                thread.join(max(0.0, deadline - time.monotonic()))
            return not any(thread.is_alive() for thread in self._threads)

    def _serve(self) -> None:
        while (work := self._queue.get()) is not None:
            work()
            del work  # or its arrays would live until the next job
