"""From a completed session to an invoice, its payment, its receipt and an open gallery."""
