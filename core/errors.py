"""Refusals: what a person is told when Limelight will not do what was asked."""

from __future__ import annotations


class Refusal(Exception):
    """A request that cannot be carried out, explained in the analyst's language.

    Every input a person can get wrong ends in a Refusal, never in a stack trace. Pages show `message` and
    `hint`; the command line prints them and exits with `exit_code`; programs match on `code`.

    Attributes:
        code: stable, snake_case, never translated (`"workspace_locked"`).
        message: what was wrong and where, in one or two sentences, with the value that was found.
        hint: what would work; empty when there is nothing to suggest.
        exit_code: of `python -m core`: 2 for bad input, 4 for a workspace held by another process.

    >>> str(Refusal("no_such_column", "The file has no column 'Qty'.", "It has: Quantity, UnitPrice."))
    "The file has no column 'Qty'. It has: Quantity, UnitPrice."
    """

    def __init__(self, code: str, message: str, hint: str = "", *, exit_code: int = 2) -> None:
        super().__init__(code, message, hint)
        self.code = code
        self.message = message
        self.hint = hint
        self.exit_code = exit_code

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()

    def as_json(self) -> dict[str, str]:
        """The refusal as the object that `--json` prints under the key `error`."""
        return {"code": self.code, "message": self.message, "hint": self.hint}
