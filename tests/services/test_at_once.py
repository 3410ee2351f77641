"""How many calls are made outside at the same time: as many as the settings say, and fewer to a mail server."""

from __future__ import annotations

from threading import Barrier, BrokenBarrierError

import pytest
from studio import Studio

from billing.domain.effects import EffectKind
from billing.domain.invoices import Invoice
from billing.domain.mail import Mail
from billing.domain.money import Money
from billing.domain.payments import PayLink
from billing.services.invoicing.deliver_invoices import render_invoices


class Meeting:
    """Whether so many are ever inside at the same time."""

    def __init__(self, size: int, is_expected: bool) -> None:
        self._barrier = Barrier(size, timeout=30 if is_expected else 0.5)  # a busy machine is late
        self.met = False

    def come(self) -> None:
        try:
            self._barrier.wait()
            self.met = True
        except BrokenBarrierError:
            pass


@pytest.fixture
def busy(studio: Studio) -> Studio:
    studio.concurrency = 16
    for number in range(16):
        studio.session(f"j{number}")
    studio.bill()
    return studio


@pytest.mark.parametrize(("size", "met"), [(16, True), (17, False)])
def test_as_many_pages_are_made_at_once_as_the_settings_say(busy: Studio, size: int, met: bool) -> None:
    meeting, make = Meeting(size, met), busy.gateway.create_pay_link

    def create_pay_link(invoice: Invoice, amount: Money, key: str, turn: int = 1) -> PayLink:
        meeting.come()
        return make(invoice, amount, key, turn)

    busy.gateway.create_pay_link = create_pay_link  # type: ignore[method-assign]
    busy.do(EffectKind.PAY_LINK)

    assert meeting.met is met
    assert len(busy.gateway.links) == 16


@pytest.mark.parametrize(("size", "met"), [(8, True), (9, False)])
def test_a_mail_server_takes_eight_at_once(busy: Studio, size: int, met: bool) -> None:
    meeting, send = Meeting(size, met), busy.mailer.send

    def meet_and_send(mail: Mail) -> dict[str, str]:
        meeting.come()
        return send(mail)

    busy.do(EffectKind.PAY_LINK)
    render_invoices(busy.ctx)
    busy.mailer.send = meet_and_send  # type: ignore[method-assign]
    busy.do(EffectKind.MAIL)

    assert meeting.met is met
    assert len(busy.mailer.sent) == 16
