"""The pay link as a QR code: one bit a module, as a PNG in a data: URL."""

from __future__ import annotations

from functools import lru_cache

_MASK = 3  # any mask is valid (ISO/IEC 18004, 7.8); trying all eight for the prettiest costs 5 ms a code
_PIXELS_PER_MODULE = 4  # viewers draw them as squares (image-rendering: pixelated); more only cost time
_QUIET_ZONE = 2  # modules; the white paper around the code gives the other two that the standard asks for


@lru_cache(maxsize=64)
def qr_data_url(url: str) -> str:
    """A picture of the code. WeasyPrint takes 9 ms to draw the same code as an SVG path, and 1 ms for the picture."""
    import segno

    code = segno.make(url, error="m", mask=_MASK, micro=False)
    picture: str = code.png_data_uri(scale=_PIXELS_PER_MODULE, border=_QUIET_ZONE)
    return picture
