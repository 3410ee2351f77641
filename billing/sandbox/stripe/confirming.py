"""What a confirmation does: asks for 3-D Secure, charges the card or starts a bank debit, and says how it went."""

from __future__ import annotations

from billing.sandbox.store import Body
from billing.sandbox.stripe import charges, disputes, payment_methods
from billing.sandbox.stripe.cards import Behaviour
from billing.sandbox.stripe.errors import StripeError, card_error, invalid, wrong_state
from billing.sandbox.stripe.payment_methods import behaviour_of
from billing.sandbox.stripe.world import World, public

_CONFIRMABLE = ("requires_payment_method", "requires_confirmation", "requires_action")
_AUTHENTICATION_REQUIRED = Behaviour(
    *("authentication_required", "authentication_required"),
    "Your card was declined. This transaction requires authentication.",
)
_FAILED_AUTHENTICATION = (
    "We are unable to authenticate your payment method. Please choose a different payment method and try again."
)


def refuse_unless_confirmable(intent: Body) -> None:
    if intent["status"] not in _CONFIRMABLE:
        done = "it has already succeeded after being previously confirmed"
        why = done if intent["status"] == "succeeded" else f"it has a status of {intent['status']}"
        text = f"You cannot confirm this PaymentIntent because {why}."
        raise wrong_state(text, "payment_intent_unexpected_state", payment_intent=public(intent))


def usable(intent: Body, method: Body) -> Body:
    """The method, unless it is another customer's, spent, or of a kind that the intent does not take."""
    owner, customer = method["customer"], intent["customer"]
    if owner and owner != customer:
        hint = (
            "Please include the Customer in the `customer` parameter on the PaymentIntent."
            if customer is None
            else f"It cannot be used with Customer {customer}."
        )
        text = f"The provided PaymentMethod ({method['id']}) belongs to the Customer {owner}. {hint}"
        raise invalid(text, "payment_method", "payment_method_unexpected_state")
    payment_methods.refuse_if_spent(method)
    if method["type"] not in intent["payment_method_types"]:
        text = (
            f"The PaymentMethod provided ({method['type']}) is not allowed for this PaymentIntent. Please attach a"
            f" PaymentMethod of one of the following types: {', '.join(intent['payment_method_types'])}."
        )
        raise invalid(text, "payment_method", "payment_intent_incompatible_payment_method")
    return method


def confirm(world: World, intent: Body, params: Body) -> Body:
    refuse_unless_confirmable(intent)
    if not intent["payment_method"]:
        raise wrong_state(
            "You cannot confirm this PaymentIntent because it's missing a payment method. You can either update the"
            " PaymentIntent with a payment method and then confirm it again, or confirm it again directly with a"
            " payment method or ConfirmationToken.",
            "payment_intent_unexpected_state",
            payment_intent=public(intent),
        )
    _check_return_url(intent, params)
    method = usable(intent, world.find("payment_method", intent["payment_method"], "payment_method"))
    intent |= {"last_payment_error": None, "next_action": None}
    off_session = bool(params.get("off_session"))
    if _must_authenticate(method, off_session):
        if off_session or params.get("error_on_requires_action"):
            return _decline(world, intent, method, _AUTHENTICATION_REQUIRED)
        return _ask(world, intent, params.get("return_url"))
    return charge(world, intent, method)


def charge(world: World, intent: Body, method: Body, *, authenticated: bool = False) -> Body:
    """Move the money, or fail to. Raises the card_error of a decline, with what was written kept."""
    if method["type"] == "us_bank_account":
        return _debit(world, intent, method)
    behaviour = behaviour_of(method)
    if behaviour.code:
        return _decline(world, intent, method, behaviour)
    made = charges.start(world, intent, method, "pending", charges.APPROVED)
    if authenticated:
        made["payment_method_details"]["card"]["three_d_secure"] = {
            "authentication_flow": "challenge",
            "result": "authenticated",
            "result_reason": None,
            "version": "2.2.0",
        }
    return succeed(world, intent, method, made)


def succeed(world: World, intent: Body, method: Body, made: Body) -> Body:
    charges.succeed(world, made)
    intent |= {
        "status": "succeeded",
        "amount_received": intent["amount"],
        "latest_charge": made["id"],
        "next_action": None,
        "processing": None,
    }
    world.save("payment_intent", intent)
    world.emit("payment_intent.succeeded", intent)
    if intent["customer"] and intent["setup_future_usage"]:
        off_session = intent["setup_future_usage"] == "off_session"
        payment_methods.keep_for(world, method, intent["customer"], set_up=off_session)
    elif not method["customer"]:
        world.save("payment_method", {**method, "_spent": True})
    disputes.raise_by_card(world, made)
    return intent


def authenticate(world: World, intent: Body, approve: bool) -> Body:
    """What the person says on the bank's 3-D Secure page."""
    if intent["status"] != "requires_action":
        text = f"This PaymentIntent waits for no authentication: it has a status of {intent['status']}."
        raise wrong_state(text, "payment_intent_unexpected_state")
    method = world.find("payment_method", intent["payment_method"])
    if approve:
        return charge(world, intent, method, authenticated=True)
    refused = card_error(_FAILED_AUTHENTICATION, "payment_intent_authentication_failure", payment_method=public(method))
    refused.status, refused.error["type"] = 400, "invalid_request_error"
    _back_to_start(world, intent, refused)
    raise refused


def settle(world: World, intent: Body, failure: str | None) -> Body:
    """Days later the bank answers: the debit went through, or it came back (`failure`, such as insufficient_funds)."""
    if intent["status"] != "processing":
        text = f"This PaymentIntent is not processing: it has a status of {intent['status']}."
        raise wrong_state(text, "payment_intent_unexpected_state")
    method = world.find("payment_method", intent["payment_method"])
    made = world.find("charge", intent["latest_charge"])
    if failure is None:
        return succeed(world, intent, method, made)
    message = "The customer's bank returned this payment."
    made |= {"failure_code": failure, "failure_message": message}
    charges.fail(world, made, {"code": failure})
    error = card_error(message, failure, charge=made["id"], payment_method=public(method))
    _back_to_start(world, intent, error)
    return intent


def _must_authenticate(method: Body, off_session: bool) -> bool:
    when = behaviour_of(method).authenticate
    return {
        "never": False,
        "always": True,
        "on_session": not off_session,
        "unless_set_up": not (off_session and method["_set_up"]),
    }[when]


def _check_return_url(intent: Body, params: Body) -> None:
    automatic = intent["automatic_payment_methods"]
    if automatic and automatic["allow_redirects"] == "always" and not params.get("return_url"):
        raise invalid(
            "This PaymentIntent is configured to accept payment methods enabled in your Dashboard. Because some of"
            " these payment methods might redirect your customer off of your page, you must provide a `return_url`."
            " If you don't want to accept redirect-based payment methods, set `automatic_payment_methods[enabled]` to"
            " `true` and `automatic_payment_methods[allow_redirects]` to `never` when creating Setup Intents and"
            " Payment Intents.",
        )


def _ask(world: World, intent: Body, return_url: str | None) -> Body:
    action: Body = {"type": "use_stripe_sdk", "use_stripe_sdk": {"type": "three_d_secure_redirect"}}
    if return_url:
        url = f"{world.public_url}/pay/{intent['id']}"
        action = {"type": "redirect_to_url", "redirect_to_url": {"return_url": return_url, "url": url}}
    intent |= {"status": "requires_action", "next_action": action, "_return_url": return_url}
    world.save("payment_intent", intent)
    world.emit("payment_intent.requires_action", intent)
    return intent


def _debit(world: World, intent: Body, method: Body) -> Body:
    made = charges.start(world, intent, method, "pending", charges.APPROVED)
    intent |= {"status": "processing", "latest_charge": made["id"], "processing": None}
    world.save("payment_intent", intent)
    world.emit("charge.pending", made)
    world.emit("payment_intent.processing", intent)
    return intent


def _decline(world: World, intent: Body, method: Body, behaviour: Behaviour) -> Body:
    code = behaviour.code or "card_declined"
    made = charges.start(*(world, intent, method, "failed", _refused(behaviour)), code=code, message=behaviour.message)
    charges.fail(world, made, {"code": code, "decline_code": behaviour.decline_code})
    error = card_error(
        behaviour.message,
        code,
        decline_code=behaviour.decline_code,
        advice_code=behaviour.advice_code,
        charge=made["id"],
        payment_method=public(method),
    )
    intent["latest_charge"] = made["id"]
    _back_to_start(world, intent, error)
    error.error["payment_intent"] = public(intent)
    raise error


def _refused(behaviour: Behaviour) -> Body:
    outcome = {
        **charges.APPROVED,
        "advice_code": behaviour.advice_code,
        "network_status": "declined_by_network",
        "reason": behaviour.decline_code,
        "seller_message": "The bank did not return any further details with this decline.",
        "type": "issuer_declined",
    }
    if behaviour.blocked:
        outcome |= {"network_status": "not_sent_to_network", "reason": "highest_risk_level", "type": "blocked"}
        outcome |= {"risk_level": "highest", "risk_score": 92, "seller_message": "Stripe blocked this payment."}
    return outcome


def _back_to_start(world: World, intent: Body, error: StripeError) -> None:
    intent |= {
        "status": "requires_payment_method",
        "payment_method": None,
        "last_payment_error": dict(error.error),
        "next_action": None,
        "processing": None,
    }
    world.save("payment_intent", intent)
    world.emit("payment_intent.payment_failed", intent)
