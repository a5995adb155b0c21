"""Line ends and quotes in a piece of a CSV, found with NumPy."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_LF, _CR, _BACKSLASH = 10, 13, 92

Bytes = npt.NDArray[np.uint8]
Positions = npt.NDArray[np.int64]
Truths = npt.NDArray[np.bool_]


def is_stray(data: bytes, after: int, ends: bytes) -> bool:
    """Something other than spaces stands between a closing quote (`after` is the next position) and the value's end."""
    while data[after : after + 1] == b" ":
        after += 1
    return after < len(data) and data[after] not in ends


def byte_table(values: list[int]) -> Truths:
    """256 truths: which bytes are among `values`."""
    table = np.zeros(256, np.bool_)
    table[values] = True
    return table


def line_ends(raw: Bytes, data: bytes) -> tuple[Positions, Truths, Truths]:
    """Where lines end (at the LF of a CR LF), and which of them end in CR LF, and which in a lone CR."""
    ends = np.flatnonzero(raw == _LF)
    if b"\r" not in data:
        none = np.zeros(len(ends), np.bool_)
        return ends, none, none
    returns = np.flatnonzero(raw == _CR)
    after = np.where(returns + 1 < len(raw), raw[np.minimum(returns + 1, len(raw) - 1)], 0)
    lone = returns[after != _LF]
    if len(lone):
        ends = np.sort(np.concatenate((ends, lone)))
    byte = raw[ends]
    crlf = (byte == _LF) & (ends > 0) & (raw[ends - 1] == _CR)
    return ends, crlf, byte == _CR


def not_escaped(quotes: Positions, raw: Bytes) -> Positions:
    """The quotes that do not follow an odd number of backslashes."""
    suspects = np.flatnonzero((quotes > 0) & (raw[quotes - 1] == _BACKSLASH))
    escaped = []
    for k in suspects.tolist():
        run, at = 0, int(quotes[k]) - 1
        while at >= 0 and raw[at] == _BACKSLASH:
            run, at = run + 1, at - 1
        if run % 2:
            escaped.append(k)
    return np.delete(quotes, escaped)
