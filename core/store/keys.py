"""Secrets that live outside the workspace, and pseudonyms made with one: keyed hashes in place of raw values.

A key comes from the environment or from a file; it stands in no SQL text, error, job or workspace. The workspace keeps
only a fingerprint of its pseudonym key, by which another key is noticed.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from core.errors import Refusal

PSEUDONYM_KEY = "LIMELIGHT_PSEUDONYM_KEY"
FINGERPRINT = "pseudonym_key"
"""The row of `meta` that holds the fingerprint of the pseudonym key."""

_SHORTEST = 16
_BLOCK = 64  # bytes of a block of SHA-256
_AROUND = re.compile(r"^[\s\x85\x1c-\x1f\v]+|[\s\x85\x1c-\x1f\v]+$")  # as core.ingest.typed.text trims


def secret(name: str) -> str | None:
    """A key of at least 16 characters: the variable `name`, else the text of the file that `name`_FILE names.

    None where neither is set. Raises Refusal `key_unreadable`, `weak_key`; none of them shows the key.
    """
    given = os.environ.get(name)
    file = os.environ.get(f"{name}_FILE")
    if not given and file:
        try:
            given = Path(file).expanduser().read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            raise Refusal(
                "key_unreadable", f"The key file {file} cannot be read.", f"Check {name}_FILE and the file's rights."
            ) from None
    given = (given or "").strip()
    if not given:
        return None
    if len(given) < _SHORTEST:
        raise Refusal("weak_key", f"{name} is too short to be a key.", f"Give at least {_SHORTEST} characters.")
    return given


def pseudonym_key(*, make: bool = False) -> bytes | None:
    """The key of pseudonyms: LIMELIGHT_PSEUDONYM_KEY, else the key file; with `make`, the file is made when absent.

    The file is LIMELIGHT_PSEUDONYM_KEY_FILE, else `limelight/pseudonym.key` in the user's folder of settings
    (XDG_CONFIG_HOME, else ~/.config), which no copy of a workspace takes along. It is made with 256 random bits,
    readable by its owner alone. None where there is no key. Raises Refusal `key_unreadable`, `weak_key`.
    """
    file = key_file()
    if os.environ.get(PSEUDONYM_KEY) or file.exists() or not make:
        if not os.environ.get(PSEUDONYM_KEY) and not file.exists():
            return None
        found = secret(PSEUDONYM_KEY) if os.environ.get(PSEUDONYM_KEY) else _read(file)
        return found.encode() if found else None
    _make(file)
    return _read(file).encode()


def key_file() -> Path:
    """The file of the pseudonym key, whether it is there or not."""
    named = os.environ.get(f"{PSEUDONYM_KEY}_FILE")
    if named:
        return Path(named).expanduser()
    settings = os.environ.get("XDG_CONFIG_HOME")
    return (Path(settings) if settings else Path.home() / ".config") / "limelight" / "pseudonym.key"


def fingerprint(key: bytes) -> str:
    """16 hexadecimal digits that tell keys apart and say nothing about this one."""
    return hmac.new(key, b"limelight: fingerprint of a pseudonym key", hashlib.sha256).hexdigest()[:16]


def pads(key: bytes) -> tuple[str, str]:
    """The outer and inner pad of HMAC-SHA-256 as hexadecimal text: what SQL needs as parameters, in this order.

    >>> outer, inner = pads(b"k" * 32)
    >>> len(outer), len(inner)
    (128, 128)
    """
    block = (hashlib.sha256(key).digest() if len(key) > _BLOCK else key).ljust(_BLOCK, b"\0")
    return bytes(b ^ 0x5C for b in block).hex(), bytes(b ^ 0x36 for b in block).hex()


def hashed(text: str, key: bytes) -> str:
    """The pseudonym of a raw value: 64 hexadecimal digits, HMAC-SHA-256 of its text without blanks around it."""
    return hmac.new(key, _AROUND.sub("", text).encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


def pseudonymiser(known: str | None) -> Callable[[str], str] | None:
    """What turns a raw value into its pseudonym, where the key with the fingerprint `known` is at hand; else None."""
    if not known:
        return None
    with suppress(Refusal):  # without its key a workspace can still be used; raw ids just match nobody in it
        key = pseudonym_key()
        if key and hmac.compare_digest(fingerprint(key), known):
            return lambda text: hashed(text, key)
    return None


def _read(file: Path) -> str:
    try:
        text = file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise Refusal(
            "key_unreadable", f"The key file {file} cannot be read.", "Check that it is there and its rights."
        ) from None
    if len(text) < _SHORTEST:
        raise Refusal("weak_key", f"The key in {file} is too short.", f"It needs at least {_SHORTEST} characters.")
    return text


def _make(file: Path) -> None:
    """Write a new key whole or not at all; of two programs that do so at once, one wins and both use its key."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, part = tempfile.mkstemp(dir=file.parent, prefix=".pseudonym-")  # mode 0600
        try:
            with os.fdopen(handle, "w") as out:
                out.write(os.urandom(32).hex() + "\n")
                out.flush()
                os.fsync(out.fileno())
            with suppress(FileExistsError):
                os.link(part, file)
        finally:
            Path(part).unlink(missing_ok=True)
    except OSError as error:
        raise Refusal(
            "key_unreadable",
            f"No key file can be made at {file}: {error.strerror}.",
            f"Set {PSEUDONYM_KEY}, or {PSEUDONYM_KEY}_FILE to a file in a folder of your own.",
        ) from None
