"""How a transaction may end, and which of our three errors says so.

| when                                             | answer               | error                                    |
| ------------------------------------------------ | -------------------- | ---------------------------------------- |
| no connection, no DNS, time-out, line lost       | before the data end  | Temporary `smtp_unavailable`             |
| greeting, EHLO, MAIL, DATA                       | 4xx                  | Temporary `smtp_unavailable`             |
| RCPT                                             | 4xx or 5xx for all   | Temporary `smtp_greylisted`              |
| RCPT                                             | one of several taken | none: `send` returns the others          |
| after the data                                   | 4xx                  | Temporary `smtp_greylisted`              |
| greeting, EHLO, MAIL                             | 5xx                  | Permanent `smtp_refused`                 |
| RCPT (all), DATA and after the data              | 5xx                  | Permanent `mail_bounced`                 |
| AUTH refused or not offered                      | 5xx                  | Permanent `smtp_auth`                    |
| TLS not offered, certificate not trusted         |                      | Permanent `smtp_tls`                     |
| line lost or time-out between data and answer    |                      | Unknown `mail_unknown`                   |
"""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Mapping, Sequence

from billing.domain.errors import BillingError, PermanentError, TemporaryError, UnknownOutcomeError

_LONGEST_ANSWER = 300


def before_data(error: BaseException, server: str) -> BaseException:
    """What a failure means while the end of the message has not been sent: nothing has happened."""
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return _not_offered(error, server)
    if isinstance(error, ssl.SSLCertVerificationError):
        return PermanentError("smtp_tls", f"{server} shows a certificate that is not trusted ({error.verify_message}).")
    if isinstance(error, smtplib.SMTPResponseException):
        return _refusal(error, server)
    if isinstance(error, smtplib.SMTPException | OSError):
        return TemporaryError("smtp_unavailable", f"{server} cannot be reached or hung up ({error}).")
    return error


def all_refused(refused: Mapping[str, tuple[int, bytes]]) -> BillingError:
    """No recipient was accepted. One that may be accepted later is reason enough to try again."""
    words = "; ".join(f"{address}: {answer(code, text)}" for address, (code, text) in refused.items())
    if all(code >= 500 for code, _ in refused.values()):
        return PermanentError("mail_bounced", f"The mail server refuses {words}. Ask the client for another address.")
    return TemporaryError("smtp_greylisted", f"The mail server does not take mail just now for {words}.")


def not_taken(code: int, words: bytes, recipients: Sequence[str], server: str) -> BillingError:
    """The server's clean refusal of the message itself."""
    to = ", ".join(recipients)
    if code >= 500:
        return PermanentError("mail_bounced", f"{server} refuses the mail to {to}: {answer(code, words)}.")
    return TemporaryError(
        "smtp_greylisted", f"{server} does not take the mail to {to} just now: {answer(code, words)}."
    )


def unknown(server: str, error: BaseException) -> UnknownOutcomeError:
    """The whole message went out and no answer came back."""
    return UnknownOutcomeError(
        "mail_unknown",
        f"{server} was sent the whole mail and never said whether it took it ({type(error).__name__}: {error}).",
    )


def answer(code: int, words: bytes | str) -> str:
    """The server's words as one short line."""
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    return " ".join(f"{code} {text}".split())[:_LONGEST_ANSWER]


def masked(address: str) -> str:
    """An address for the log: enough to find it, too little to spread it."""
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}…@{domain}"


def _not_offered(error: smtplib.SMTPNotSupportedError, server: str) -> BillingError:
    words = str(error)
    if "SMTPUTF8" in words:
        return PermanentError("mail_bounced", f"{server} takes no addresses with letters beyond ASCII.")
    if "STARTTLS" in words:
        return PermanentError("smtp_tls", f"{server} offers no STARTTLS; check the port and the security setting.")
    return PermanentError("smtp_auth", f"{server} offers no way to log in ({words}); check the port and the settings.")


def _refusal(error: smtplib.SMTPResponseException, server: str) -> BillingError:
    words = answer(error.smtp_code, error.smtp_error)
    if not 500 <= error.smtp_code < 600:
        return TemporaryError("smtp_unavailable", f"{server} does not take mail just now: {words}.")
    if isinstance(error, smtplib.SMTPAuthenticationError) or error.smtp_code in (530, 535):
        return PermanentError("smtp_auth", f"{server} refuses the login: {words}. Check the user name and password.")
    return PermanentError("smtp_refused", f"{server} refuses to take our mail: {words}.")
