"""E-mail over SMTP: the mailer that hands letters to the studio's mail server."""

from __future__ import annotations

from billing.adapters.smtp.mailer import SmtpMailer
from billing.adapters.smtp.message import check_address, compose

__all__ = ["SmtpMailer", "check_address", "compose"]
