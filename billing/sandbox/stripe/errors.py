"""What Stripe answers when it says no: https://docs.stripe.com/api/errors."""

from __future__ import annotations

from typing import Any

from billing.sandbox.store import Body


class StripeError(Exception):
    """A refusal. `executed` ones came out of running the request: what it wrote stays and the answer is remembered."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        kind: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        executed: bool = False,
        **more: Any,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.executed = executed
        self.error: Body = {"message": message, "type": kind}
        if code:
            self.error |= {"code": code, "doc_url": f"https://stripe.com/docs/error-codes/{code.replace('_', '-')}"}
        if param:
            self.error["param"] = param
        self.error |= {name: value for name, value in more.items() if value is not None}

    def body(self) -> Body:
        return {"error": self.error}


def invalid(message: str, param: str | None = None, code: str | None = None) -> StripeError:
    """400: the request was refused before anything ran."""
    return StripeError(400, message, param=param, code=code)


def wrong_state(message: str, code: str, **more: Any) -> StripeError:
    """400: the request ran into an object that is not in a state for it."""
    return StripeError(400, message, code=code, executed=True, **more)


def missing(noun: str, id_: str, param: str | None, livemode: bool, *, elsewhere: bool = False) -> StripeError:
    """404 for an object named in the address (param "id"), 400 for one named in a parameter."""
    message = f"No such {noun}: '{id_}'"
    if elsewhere:
        here, there = ("live", "test") if livemode else ("test", "live")
        message += f"; a similar object exists in {there} mode, but a {here} mode key was used to make this request."
    status = 404 if param is None else 400
    return StripeError(status, message, code="resource_missing", param=param or "id")


def unauthorized(message: str) -> StripeError:
    return StripeError(401, message)


def card_error(message: str, code: str, **more: Any) -> StripeError:
    """402: the request was fine, the card was not."""
    return StripeError(402, message, kind="card_error", code=code, executed=True, **more)
