"""The letters to clients: plain text as a person would write it, and HTML as the same letter with one button."""

from __future__ import annotations

from billing.adapters.documents.colour import accent_on_dark, legible_accent
from billing.adapters.documents.drafts import Draft, Row, Section
from billing.adapters.documents.for_the_owner import draft
from billing.adapters.documents.names import one_line
from billing.adapters.documents.typesetter import templates
from billing.domain.mail import Letter, MailContent

_UNBREAKABLE = str.maketrans({"\N{NO-BREAK SPACE}": " ", "\N{NARROW NO-BREAK SPACE}": " "})


class Letters:
    """MailWriter in the client's language; English where the application has no words. Knows no sender, no clock."""

    def write(self, content: MailContent) -> Letter:
        """Subject (always one line), plain text and HTML of one mail."""
        letter = draft(content)
        return Letter(subject=_subject(letter), text=_text(letter), html=_html(letter))


def _subject(letter: Draft) -> str:
    return " ".join(letter.subject.split())


def _text(letter: Draft) -> str:
    parts = [_greeting(letter), *letter.opening, *(_list(section) for section in letter.sections)]
    if letter.button:
        label, url = letter.button
        parts.append(f"{letter.wording.say('letter.link', label=label)}\n{url}")
    if letter.facts:
        parts.append(
            "\n".join(f"{letter.wording.say('letter.link', label=label)} {value}" for label, value in letter.facts)
        )
    parts += [*letter.closing, _signature(letter), _for_the_operator(letter)]
    return "\n\n".join(filter(None, parts)).translate(_UNBREAKABLE) + "\n"


def _list(section: Section) -> str:
    """A head, and a dash before each line."""
    amount = f" ({', '.join(section.amounts)})" if section.amounts else ""
    head = [f"{section.title}: {section.count}{amount}", section.note]
    return "\n".join(filter(None, [*head, *(_line(row) for row in section.rows), section.more]))


def _line(row: Row) -> str:
    said = " ".join(filter(None, (f"{row.about}:" if row.about and row.note else row.about, row.note)))
    return f"- {said}{f' ({row.amount})' if row.amount and row.note else f': {row.amount}' if row.amount else ''}"


def _for_the_operator(letter: Draft) -> str:
    if not letter.for_the_operator:
        return ""
    head = letter.wording.say("letter.link", label=letter.wording.say("owner.operator"))
    return "\n".join([head, *letter.for_the_operator])


def _greeting(letter: Draft) -> str:
    if not letter.closing:
        return f"{letter.headline}. {letter.headline_note}"  # an alert of our own: nobody to greet
    if not letter.addressee:
        return letter.wording.say("letter.greeting_nobody")
    return letter.wording.say("letter.greeting", name=letter.addressee)


def _signature(letter: Draft) -> str:
    if not letter.closing:
        return ""
    return "\n".join(filter(None, (letter.wording.say("letter.closing"), *_sender(letter))))


def _sender(letter: Draft) -> tuple[str, ...]:
    studio = letter.studio
    return tuple(one_line(part) for part in (studio.name, studio.phone, studio.website) if part)


def _html(letter: Draft) -> str:
    accent = legible_accent(letter.studio.accent)
    return (
        templates()
        .get_template("letter.html")
        .render(
            letter=letter,
            subject=_subject(letter),
            greeting=_greeting(letter) if letter.closing else "",
            farewell=letter.wording.say("letter.closing") if letter.closing else "",
            sender=_sender(letter),
            accent=accent,
            accent_on_dark=accent_on_dark(accent),
        )
    )
