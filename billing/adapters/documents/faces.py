"""The faces that documents are set in: ours, and those of other scripts, taken up only where a text needs them.

All come from packages, so that a sheet looks the same on every machine. Which characters a face has is read from its
own table (OpenType, "cmap").
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from fontTools.ttLib import TTFont


@dataclass(frozen=True, slots=True)
class Face:
    """One packaged font. `weight` is None for a variable font, which has them all; `scripts` is for people."""

    family: str
    weight: int | None
    package: str
    file: str
    scripts: str

    @property
    def url(self) -> str:
        """The name under which the style asks for it."""
        return f"studio-font:{self.family.replace(' ', '-')}-{self.weight or 'any'}"

    def content(self) -> bytes:
        """The font's bytes. ModuleNotFoundError or FileNotFoundError if its package is not there."""
        return (files(self.package) / self.file).read_bytes()


@dataclass(frozen=True, slots=True)
class Casting:
    """What a text is set in beside our own faces. `replaced`: plain letters for those that no face has as they are."""

    faces: tuple[Face, ...] = ()
    replaced: tuple[tuple[str, str], ...] = ()
    missing: tuple[str, ...] = ()


# Only the weights that the style uses: each costs time in every PDF.
OURS = (
    Face("Studio Sans", 400, "font_source_sans_pro", "files/SourceSansPro-Regular.ttf", "Latin, Greek, Cyrillic"),
    Face("Studio Sans", 600, "font_source_sans_pro", "files/SourceSansPro-Semibold.ttf", "Latin, Greek, Cyrillic"),
    Face("Studio Serif", 600, "font_source_serif_pro", "files/SourceSerifPro-Semibold.ttf", "Latin, Greek, Cyrillic"),
)


def _noto(script: str, called: str | None = None) -> Face:
    name = script.replace(" ", "")
    return Face(
        f"Studio {script}", None, "manimgx_fonts", f"Noto{name}[wght].ttf", called or script.removeprefix("Sans ")
    )


# The first that has a character lends it; the largest comes last, and its table is not even opened for an Arabic name.
# That for Chinese, Japanese and Korean is no variable font: WeasyPrint would take 12 s a sheet to make a static one.
OTHERS = (
    *(
        _noto(f"Sans {script}")
        for script in (
            "Arabic", "Hebrew", "Thai", "Devanagari", "Bengali", "Gujarati", "Gurmukhi", "Kannada", "Malayalam",
            "Oriya", "Sinhala", "Tamil", "Telugu", "Khmer", "Lao", "Myanmar", "Ethiopic", "Armenian", "Georgian",
        )
    ),
    _noto("Sans", "more of Latin"),
    _noto("Sans Symbols", "symbols"),
    _noto("Emoji", "emoji"),
    Face(
        "Studio East Asia", 400, "noto_cjk_sans_jp_regular", "NotoSansCJKjp-Regular.otf", "Chinese, Japanese, Korean"
    ),
)  # fmt: skip

# Nothing is drawn for these, so no face need have them (Unicode, DerivedCoreProperties: Default_Ignorable_Code_Point).
_NEVER_DRAWN = (
    (0x00AD, 0x00AD), (0x034F, 0x034F), (0x061C, 0x061C), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F),
    (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF),
    (0xFFA0, 0xFFA0), (0xFFF0, 0xFFF8), (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF),
)  # fmt: skip


def cast(text: str) -> Casting:
    """Which other faces a text needs, and which of its characters none of ours has, in the order of their numbers."""
    if text.isascii():
        return Casting()
    faces, left = _lent({character for character in text if not character.isascii() and not _is_never_drawn(character)})
    replaced = {character: plain for character in left if (plain := _plain(character))}
    more, _ = _lent({letter for plain in replaced.values() for letter in plain})
    return Casting(
        tuple(face for face in OTHERS if face in faces or face in more),
        tuple(sorted(replaced.items())),
        tuple(sorted(left - replaced.keys())),
    )


def missing_packages() -> dict[str, str]:
    """Packages that are not there, each with the scripts that cannot be printed without it."""
    lacking: dict[str, list[str]] = {}
    for face in (*OURS, *OTHERS):
        if not _coverage(face):
            lacking.setdefault(face.package.replace("_", "-"), []).append(face.scripts)
    return {package: ", ".join(dict.fromkeys(scripts)) for package, scripts in lacking.items()}


def _lent(wanted: set[str]) -> tuple[set[Face], set[str]]:
    """The faces, beside our own, that have these characters; and the characters that no face has."""
    faces, left = set(), {character for character in wanted if ord(character) not in _coverage(OURS[0])}
    for face in OTHERS:
        if not left:
            break
        found = {character for character in left if ord(character) in _coverage(face)}
        if found:
            faces.add(face)
            left -= found
    return faces, left


def _plain(character: str) -> str:
    """The letters that a decorated one stands for (Unicode, "compatibility equivalence"), if we have those; else ""."""
    plain = unicodedata.normalize("NFKC", character)
    return plain if plain != character and not _lent(set(plain))[1] else ""


@cache
def _coverage(face: Face) -> frozenset[int]:
    """The code points that a face has; none where its package is not there."""
    try:
        with (files(face.package) / face.file).open("rb") as file:
            return frozenset(TTFont(file, lazy=True).getBestCmap())
    except (ModuleNotFoundError, FileNotFoundError):
        return frozenset()


def _is_never_drawn(character: str) -> bool:
    return any(first <= ord(character) <= last for first, last in _NEVER_DRAWN)
