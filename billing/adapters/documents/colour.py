"""The studio's accent, kept legible. Rules: WCAG 2.2, "contrast ratio" and "relative luminance"."""

from __future__ import annotations

import re
from fractions import Fraction

DEFAULT_ACCENT = "#1f5f5b"
MINIMUM_CONTRAST = 4.5
_HEX = re.compile(r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})\Z")
_STEP = Fraction(1, 20)
_DARK_PAPER = "#17191c"


def legible_accent(accent: str) -> str:
    """The accent as #rrggbb, darkened in steps until it reads 4.5:1 on white; our own if it is no colour."""
    return _towards(0, accent if _HEX.match(accent) else DEFAULT_ACCENT, "#ffffff")


def accent_on_dark(accent: str) -> str:
    """The same hue on the dark paper of a mail at night, lightened until it reads 4.5:1."""
    return _towards(255, accent if _HEX.match(accent) else DEFAULT_ACCENT, _DARK_PAPER)


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two hex colours, between 1 (the same) and 21 (black on white)."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _towards(end: int, colour: str, paper: str) -> str:
    """The first of 21 mixes of `colour` with black (0) or white (255) that reads on `paper`; the last always does."""
    channels = _channels(colour)
    mixes = (
        "#" + "".join(f"{round(channel + (end - channel) * _STEP * step):02x}" for channel in channels)
        for step in range(21)
    )
    return next(mix for mix in mixes if contrast(mix, paper) >= MINIMUM_CONTRAST)


def _channels(colour: str) -> tuple[int, int, int]:
    digits = colour[1:] if len(colour) == 7 else "".join(digit * 2 for digit in colour[1:])
    return int(digits[0:2], 16), int(digits[2:4], 16), int(digits[4:6], 16)


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(channel / 255) for channel in _channels(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.03928 else float(((channel + 0.055) / 1.055) ** 2.4)
