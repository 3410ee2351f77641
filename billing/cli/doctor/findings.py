"""What the doctor says of one thing, and how one look at a thing becomes that."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace

from billing.cli.group import sentence_of
from billing.settings import Settings, refusal, variable


@dataclass(frozen=True)
class Finding:
    """One line: what, whether it is well, and what it is like or what to do.

    `is_ok` is None where nothing could be looked at because of what another line says. `details` are many of a kind:
    each is shown only when it is not well.
    """

    name: str
    is_ok: bool | None
    sentence: str
    details: tuple[Finding, ...] = ()
    is_essential: bool = False


@dataclass(frozen=True)
class Check:
    """One thing to look at.

    `look` returns the sentence of what is well, or a whole finding, and raises what is wrong; the variables of the
    fields `settings` are named with that. It says nothing where a field of `settings` or `needs` is refused, or a
    check of `after` did not hold: each fault is one line. `billing up` refuses to start without what is essential.
    """

    name: str
    look: Callable[[Settings], str | Finding]
    settings: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    is_essential: bool = False

    def examine(self, settings: Settings, refused: Mapping[str, str], failed: Collection[str]) -> Finding:
        """`refused`: field -> what is wrong with it. `failed`: the checks that did not hold so far."""
        reasons = [refusal(field, refused[field]) for field in (*self.settings, *self.needs) if field in refused]
        reasons += [f"{name} comes first" for name in self.after if name in failed]
        if reasons:
            return Finding(self.name, None, f"not looked at: {'; '.join(reasons)}", is_essential=self.is_essential)
        return replace(self._looked(settings), name=self.name, is_essential=self.is_essential)

    def _looked(self, settings: Settings) -> Finding:
        try:
            found = self.look(settings)
        except Exception as error:
            return Finding(self.name, False, self._with_variables(sentence_of(error)))
        return Finding(self.name, True, found) if isinstance(found, str) else found

    def _with_variables(self, sentence: str) -> str:
        names = [variable(field) for field in self.settings]
        if not names or any(name in sentence for name in names):
            return sentence
        return f"{sentence} Set by {', '.join(names)}."
