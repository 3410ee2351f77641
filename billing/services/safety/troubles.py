"""Why a part of the machinery stopped: in plain words for the owner, and apart from them what programs said of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from billing.domain.errors import BillingError, RefusedAccess, TemporaryError, UnknownOutcomeError


class Cause(StrEnum):
    """What the owner can make of it, and of what to do."""

    UNANSWERED = "unanswered"  # an outside system, which may answer in a minute
    REFUSED = "refused"  # an outside system refuses us as such
    SETUP = "setup"
    OTHER_ACCOUNT = "other_account"
    BOOKS = "books"
    MACHINE = "machine"  # its disk, its database
    NOT_STARTED = "not_started"
    TOO_LONG = "too_long"
    KILLED = "killed"
    UNFORESEEN = "unforeseen"


@dataclass(frozen=True, slots=True)
class Trouble:
    """`technical`: what a program said, for whoever looks after the installation; never for the owner's own part.

    `system`: whom we had asked, as the owner knows them; empty where that is not known.
    """

    cause: Cause
    technical: str
    system: str = ""


_BY_CODE = {
    "settings": Cause.SETUP,
    "env_file": Cause.SETUP,
    "wrong_account": Cause.OTHER_ACCOUNT,
    "books_broken": Cause.BOOKS,
    "ledger_unavailable": Cause.MACHINE,
    "extract_failed": Cause.MACHINE,
    "no_ledger": Cause.MACHINE,
    "no_room": Cause.MACHINE,
    "warehouse_unavailable": Cause.MACHINE,
}
_SYSTEMS = {"vsco": "VSCO Workspace", "stripe": "Stripe", "smtp": "The mail server", "pixieset": "Pixieset"}
_WHY = {
    Cause.UNANSWERED: "{system} did not answer.",
    Cause.REFUSED: "{system} does not let us in: a key or a password is not right any more.",
    Cause.SETUP: "A setting is missing or not right.",
    Cause.OTHER_ACCOUNT: "The Stripe key opens another account than the one that these books belong to.",
    Cause.BOOKS: "The books do not add up, so nobody is charged and nothing is sent until they do.",
    Cause.MACHINE: "The computer that it runs on could not keep or read what it needed: its disk or its database.",
    Cause.NOT_STARTED: "It could not begin in time: the computer was too busy, or the program was not running.",
    Cause.TOO_LONG: "It took far longer than it should, and was ended.",
    Cause.KILLED: "It was interrupted: the computer or the program went off in the middle.",
    Cause.UNFORESEEN: "Something happened that nobody has foreseen.",
}
_BY_ITSELF = "It is tried again by itself, so there is nothing that you must do."
HAND_IT_ON = "Please pass this mail on to whoever looks after the installation."
_IF_IT_LASTS = f"{_BY_ITSELF} If this mail comes again tomorrow, pass it on to whoever looks after the installation."
_DO = {
    Cause.UNANSWERED: _IF_IT_LASTS,
    Cause.NOT_STARTED: _IF_IT_LASTS,
    Cause.TOO_LONG: _IF_IT_LASTS,
    Cause.KILLED: _IF_IT_LASTS,
}


def trouble_of(error: BillingError) -> Trouble:
    """One of our own errors. Its sentence may quote an outside program, so it is the technical part."""
    return Trouble(_cause_of(error), error.sentence, _SYSTEMS.get(error.code.partition("_")[0], ""))


def _cause_of(error: BillingError) -> Cause:
    if error.code in _BY_CODE:
        return _BY_CODE[error.code]
    if isinstance(error, RefusedAccess):
        return Cause.REFUSED
    return Cause.UNANSWERED if isinstance(error, TemporaryError | UnknownOutcomeError) else Cause.UNFORESEEN


def why_and_what_to_do(troubles: Sequence[Trouble]) -> list[str]:
    """Sentences for the owner, each once: first why it stopped, then what to do."""
    found = troubles or [Trouble(Cause.UNFORESEEN, "")]
    whys = [_WHY[one.cause].format(system=one.system or "A service outside") for one in found]
    return list(dict.fromkeys([*whys, *(_DO.get(one.cause, HAND_IT_ON) for one in found)]))


def what_programs_said(troubles: Sequence[Trouble]) -> list[str]:
    """Each sentence once."""
    return list(dict.fromkeys(one.technical for one in troubles if one.technical))
