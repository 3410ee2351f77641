"""What the studio sends out: PDFs of invoices and the letters that go with them, in the client's language."""

from __future__ import annotations

from billing.adapters.documents.letters import Letters
from billing.adapters.documents.pdf import PdfRenderer
from billing.adapters.documents.sheet import DocumentKind

__all__ = ["DocumentKind", "Letters", "PdfRenderer"]
