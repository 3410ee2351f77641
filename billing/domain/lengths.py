"""How long and how many things from outside may be: capped where they come in, so that nothing behind must fear them.

Each is several times what a studio ever types, and little enough for a page, a subject and a row of a table. What is
longer is shown in short; what would change an amount, an address or a key if it were cut is refused instead.
"""

from __future__ import annotations

NAME_MAX = 200  # of a person, session, place, line, tax; VSCO Workspace's own forms take 48 to 255
TEXT_MAX = 2_000  # of a description: about a page
ADDRESS_LINE_MAX = 120  # an envelope has room for some 40
ADDRESS_LINES_MAX = 10
VALUE_MAX = 2_000  # of what is only compared: a custom field, a kind of product
URL_MAX = 2_000  # VSCO Workspace takes no longer one either
KEY_MAX = 255  # ids and passwords at other systems
RAW_TEXT_MAX = 200_000  # of one text in a record as it is kept: pictures pasted into a description may have megabytes
ORDER_LINES_MAX = 500  # a school's order has a hundred; more than ten pages
PARTS_MAX = 200  # orders of a job, payments of an order
SENTENCE_MAX = 4_000  # of what a person is told about one matter


def shortened(text: str, most: int) -> str:
    """The text, if it has at most so many characters; else its beginning, with an ellipsis as the last of them."""
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"
