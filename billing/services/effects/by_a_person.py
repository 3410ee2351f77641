"""Which effects a person may try again or settle: asked before they are asked, and once more when it is done."""

from __future__ import annotations

from billing.domain.effect_specs import EFFECT_SPECS
from billing.domain.effects import Effect, EffectKind, EffectState
from billing.domain.errors import PermanentError
from billing.domain.settlements import NEVER_ARRIVED
from billing.ports.ledger import UnitOfWork


def effect_to_retry(uow: UnitOfWork, effect_id: str, elsewhere: bool) -> Effect:
    """The effect, if it failed cleanly and may be tried again (`elsewhere`: a mail, to another address).

    PermanentError says why not, and what to do instead.
    """
    effect = uow.effects.get(effect_id)
    if effect is None or effect.state is not EffectState.FAILED:
        raise PermanentError("not_failed", f"{effect_id} has not failed; only what failed cleanly is tried again.")
    if effect.kind is EffectKind.CHARGE:
        sentence = "A card that was refused is not tried again; the client has a pay link, or record another payment."
        raise PermanentError("charge_refused", sentence)
    if effect.kind is EffectKind.REFUND and effect.outcome_code in NEVER_ARRIVED:
        sentence = "The bank returned this refund, and Stripe does not send it again; make another: `billing refund`."
        raise PermanentError("refund_returned", sentence)
    if effect.kind is EffectKind.MAIL:
        _check_that_it_goes_nowhere(uow, effect)
    elif elsewhere:
        raise PermanentError("not_a_mail", f"{effect.key} is no mail; only a mail goes to another address.")
    return effect


def effect_to_settle(uow: UnitOfWork, effect_id: str, happened: bool) -> Effect:
    """The effect, if nobody knows how it ended and a person's word is enough; PermanentError says why not."""
    effect = uow.effects.get(effect_id)
    if effect is None or effect.state is not EffectState.UNKNOWN:
        raise PermanentError("not_unknown", f"{effect_id} is not unknown; there is nothing to settle.")
    if happened:
        _check_that_a_word_is_enough(uow, effect)
    return effect


def _check_that_it_goes_nowhere(uow: UnitOfWork, mail: Effect) -> None:
    """Nobody gets the same mail twice: an older version wrote it anew to send it to another address."""
    for other in uow.effects.of_subject(mail.subject_id, EffectKind.MAIL):
        is_the_same = other.purpose == mail.purpose and other.effect_id != mail.effect_id
        if is_the_same and other.state not in (EffectState.FAILED, EffectState.CANCELLED):
            how = "went" if other.state is EffectState.DONE else "is on its way"
            sentence = f"{mail.effect_id} {how} to another address already; it is not sent twice."
            raise PermanentError("sent_elsewhere", sentence)


def _check_that_a_word_is_enough(uow: UnitOfWork, effect: Effect) -> None:
    """What follows from some effects needs more than a yes: the payment itself, the link, the gallery's address."""
    if effect.kind is EffectKind.CHARGE:
        payments = uow.payments.of_invoice(effect.subject_id)
        if effect.provider_reference not in {payment.provider_object_id for payment in payments}:
            sentence = f"The payment of {effect.key} is not in the ledger; it is recorded by itself when Stripe tells."
            raise PermanentError("payment_not_recorded", sentence)
    if not EFFECT_SPECS[effect.kind].is_a_word_enough:
        sentence = f"{effect.key} is asked about by itself; else settle it as not done, and try it again."
        raise PermanentError("evidence_needed", sentence)
