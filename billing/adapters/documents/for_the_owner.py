"""What mails to the owner say: alerts of our own, in English; the morning mail, in the studio's language."""

from __future__ import annotations

from collections.abc import Sequence

from billing.adapters.documents.drafts import Draft, Row, Section, draft
from billing.adapters.documents.names import isolated
from billing.adapters.documents.wording import Wording, wording_for
from billing.domain.mail import DigestLine, DigestPart, OwnerAlert, OwnerDigest
from billing.domain.money import Money

__all__ = ["draft"]


@draft.register
def _owner_alert(alert: OwnerAlert) -> Draft:
    wording = wording_for("en", alert.studio.country)  # our own voice; its sentences are in English
    return Draft(
        wording=wording,
        studio=alert.studio,
        subject=wording.say("owner_alert.subject", title=isolated(alert.title)),
        addressee="",
        headline=isolated(alert.title),
        headline_note=wording.say("owner_alert.since", when=wording.moment(alert.occurred_at)),
        opening=tuple(isolated(sentence) for sentence in alert.sentences),
        for_the_operator=tuple(isolated(sentence) for sentence in alert.technical),
    )


@draft.register
def _owner_digest(digest: OwnerDigest) -> Draft:
    morning = _Morning(digest)
    return Draft(
        wording=morning.wording,
        studio=digest.studio,
        subject=morning.subject(),
        addressee="",
        headline=morning.headline(),
        headline_note=morning.wording.full_date(digest.day),
        opening=(),
        sections=morning.sections(),
        button=morning.button(),
        for_the_operator=morning.for_the_operator(),
    )


class _Morning:
    """Speaks about one morning."""

    def __init__(self, digest: OwnerDigest) -> None:
        self.digest = digest
        self.wording: Wording = wording_for(digest.language, digest.studio.country)

    def say(self, key: str, **values: str) -> str:
        return self.wording.say(f"digest.{key}", **values)

    def counted(self, key: str, count: int) -> str:
        """ "1 task", "3 tasks"."""
        return self.say(f"{key}_one") if count == 1 else self.say(f"{key}_many", count=str(count))

    def subject(self) -> str:
        """What waits; on a morning on which nothing does, what went out."""
        parts = {"drafts": self.digest.drafts, "tasks": self.digest.tasks, "overdue": self.digest.overdue}
        what = [self.counted(name, part.count) for name, part in parts.items() if part.count]
        what = what or [self.counted("mails", sum(one.count for one in self.digest.sent))]
        return self.say("subject", studio=isolated(self.digest.studio.name), what=", ".join(what))

    def headline(self) -> str:
        waiting = self.digest.drafts.count + self.digest.tasks.count
        return self.counted("waits", waiting) if waiting else self.say("waits_none")

    def sections(self) -> tuple[Section, ...]:
        """Without those in which there is nothing."""
        digest = self.digest
        found = (
            self._section("drafts", digest.drafts, self.say("drafts_note")),
            self._section("tasks", digest.tasks, ""),
            self._section("overdue", digest.overdue, self.say("overdue_note")),
            self._sent(),
        )
        return tuple(section for section in found if section)

    def _section(self, name: str, part: DigestPart, note: str) -> Section | None:
        if not part.count:
            return None
        more = part.count - len(part.lines)
        return Section(
            title=self.say(name),
            count=str(part.count),
            amounts=tuple(self.wording.coded(amount) for amount in part.amounts),
            note=note,
            rows=tuple(self._row(line) for line in part.lines),
            more=self.counted("more", more) if more else "",
        )

    def _row(self, line: DigestLine) -> Row:
        client, what = (isolated(part) if part else "" for part in (line.client, line.what))
        amount = self.wording.coded(line.amount) if line.amount else ""
        if line.task:
            about = ", ".join(filter(None, (client, what)))
            return Row(about, self.wording.say(f"task.{line.task.value}"), amount)
        return Row(client, f"{what}, {self.counted('late', line.days)}" if line.days else what, amount)

    def _sent(self) -> Section | None:
        if not self.digest.sent:
            return None
        rows = [
            Row(self.counted(one.kind.value, one.count), "", self._amounts(one.amounts)) for one in self.digest.sent
        ]
        return Section(self.say("sent"), str(sum(one.count for one in self.digest.sent)), rows=tuple(rows))

    def button(self) -> tuple[str, str] | None:
        url = self.digest.dashboard_url
        return (self.say("button"), url) if url else None

    def for_the_operator(self) -> tuple[str, ...]:
        keys = ["approve"] * bool(self.digest.drafts.count) + ["tasks"] * bool(self.digest.tasks.count) + ["off"]
        return tuple(self.wording.say(f"owner.operator_{key}") for key in keys)

    def _amounts(self, amounts: Sequence[Money]) -> str:
        return ", ".join(self.wording.coded(amount) for amount in amounts)
