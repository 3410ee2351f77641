"""A studio whose name has a comma and is long, at an address with an umlaut: its mail arrives, and is one sender's."""

from __future__ import annotations

from email import message_from_bytes
from email.header import decode_header, make_header
from email.policy import compat32, default
from email.utils import getaddresses
from pathlib import Path

from studios import studio_at_the_wire

from billing.domain.effects import EffectKind, EffectState
from billing.sandbox.mail import raw_mail

NAME = "Northern Light Photography Studio of Bristol, Bath and the West Country of England"


def test_mail_of_a_long_name_at_an_address_with_an_umlaut_arrives(tmp_path: Path) -> None:
    with studio_at_the_wire(tmp_path, studio_name=NAME, studio_email="hallo@müller.example") as (wire, _):
        for _ in range(2):
            wire.round()
        store = wire.sandbox.store
        kept = [(body, raw_mail(store, str(body["id"]))) for body in store.newest("mail")]
        with wire.ctx.ledger.read() as uow:
            refused = {mail.outcome_code for mail in uow.effects.in_state(EffectState.FAILED, EffectKind.MAIL)}

    assert kept
    assert refused <= {"mail_bounced"}  # the plan has a client whose address is gone
    for body, raw in kept:
        assert raw is not None
        assert body["envelope_from"] == "hallo@xn--mller-kva.example"
        assert raw.partition(b"\r\n\r\n")[0].isascii()
        old, new = message_from_bytes(raw, policy=compat32), message_from_bytes(raw, policy=default)
        [(name, address)] = getaddresses([str(old["From"])])
        assert (str(make_header(decode_header(name))), address) == (NAME, "hallo@xn--mller-kva.example")
        [sender] = new["From"].addresses
        assert (sender.display_name, sender.addr_spec) == (NAME, address)
        assert new["Reply-To"].addresses[0].addr_spec == address
        assert str(new["Message-ID"]).endswith("@xn--mller-kva.example>")
