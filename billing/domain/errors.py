"""Errors with a stable code and one sentence that says what is wrong, with which thing, and what to do."""

from __future__ import annotations


class BillingError(Exception):
    """Base of all errors of the application. `code` is stable and may be stored; `sentence` is for people."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence


class PermanentError(BillingError):
    """Trying again changes nothing; a person or a new fact is needed."""


class TemporaryError(BillingError):
    """Nothing happened outside; the same call may be made again, not before `retry_after_seconds`."""

    def __init__(self, code: str, sentence: str, retry_after_seconds: int | None = None) -> None:
        super().__init__(code, sentence)
        self.retry_after_seconds = retry_after_seconds


class UnknownOutcomeError(BillingError):
    """The call may or may not have taken effect outside: a time-out, a reset, a 500, a truncated answer."""


class UnreadableError(UnknownOutcomeError):
    """The outside has answered, and what we need is not in it or means nothing: nobody knows, and asking again would
    hardly help. A person looks."""


class RefusedAccess(PermanentError):
    """The outside refuses us as such (a wrong key, a wrong address): any other call would end the same."""


class NoRight(PermanentError):
    """The outside denies us this one thing, and may grant all else: a key without that right."""


class NeedsAttention(PermanentError):
    """One subject is set aside for a person; the others go on."""
