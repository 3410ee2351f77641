"""Why the figures were not made anew, in a sentence: a full disk, a file that is held or damaged, too little memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from billing.adapters.warehouse.working_files import WorkingFiles, remove
from billing.domain.errors import TemporaryError
from billing.domain.storage import DAMAGED, FULL, LIMIT, in_one_line, in_words, refusal

_STAY = "The last figures stay."


@contextmanager
def failures_named(files: WorkingFiles) -> Iterator[None]:
    """What the disk, the files or the memory refuse is a TemporaryError; a mistake in a query stays what it is.

    What there is no room for is deleted, and so is a working copy that is damaged: the next extract makes it anew.
    """
    import duckdb

    of_the_machine = (
        duckdb.IOException, duckdb.OutOfMemoryException, duckdb.FatalException, duckdb.InternalException,
        duckdb.SerializationException, OSError,
    )  # fmt: skip
    try:
        yield
    except (duckdb.Error, OSError) as error:
        said = in_one_line(error)
        if not isinstance(error, of_the_machine) and refusal(said) is None:
            raise  # a wrong checksum has no class of its own, but words; what has neither is our mistake
        if no_room_left(said):
            files.give_way()
            raise files.no_room(files.published) from error
        if refusal(said) is DAMAGED:
            remove(files.building)
        raise TemporaryError("warehouse_unavailable", _not_made_anew(said)) from error


def no_room_left(said: str) -> bool:
    """Whether these words of the machine mean a full disk, or the limit that keeps it from being filled."""
    return refusal(said) in (FULL, LIMIT)


def not_copied(said: str) -> str:
    """One sentence, from the machine's own words, on what the ledger refused."""
    return f"The ledger could not be copied for the figures: {in_words(said)} {_STAY}"


def _not_made_anew(said: str) -> str:
    """The same, on what the warehouse's own files refused."""
    if refusal(said) is DAMAGED:
        return f"The figures are not made anew: a working copy was damaged ({said}), and the next one is new. {_STAY}"
    return f"The figures are not made anew: {in_words(said)} {_STAY}"
