"""A logo is opened before it is believed, by the settings and again on paper."""

from __future__ import annotations

import base64
from io import BytesIO
from pathlib import Path
from random import Random

import pytest
from PIL import Image, ImageFile

from billing.logos import SIDE_MAX, data_url, is_sound

SVG = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 9 9">{}</svg>'


def picture(kind: str = "PNG", mode: str = "RGB", size: tuple[int, int] = (60, 20)) -> bytes:
    """Noise, so that nothing of it is squeezed away, and the same each time."""
    buffer = BytesIO()
    Image.frombytes("L", size, Random(4711).randbytes(size[0] * size[1])).convert(mode).save(buffer, kind)
    return buffer.getvalue()


def short(value: object) -> str:
    """A test's name holds no picture."""
    return value if isinstance(value, str) else "picture"


def written(folder: Path, name: str, content: bytes | str) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("logo.png", picture()),
        ("logo.PNG", picture(mode="LA")),
        ("logo.jpg", picture("JPEG")),
        ("logo.jpeg", picture("JPEG", "CMYK")),
        ("logo.svg", SVG.format('<g id="a"/><use href="#a"/><path fill="url(#a)" d="M0 0h9"/>')),
        ("logo.svg", SVG.format('<image xlink:href="data:image/png;base64,AAAA"/>')),
        ("logo.svg", '<svg xmlns="http://www.w3.org/2000/svg" width="12.5mm" height="100%"/>'),
        ("logo.svg", '<svg xmlns="http://www.w3.org/2000/svg" viewBox="-1.5,0 1e3,.5"/>'),
        ("logo.svg", '<?xml version="1.0"?><!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "x.dtd">' + SVG.format("")),
    ],
    ids=short,
)
def test_a_sound_logo_goes_in_as_it_is(tmp_path: Path, name: str, content: bytes | str) -> None:
    url = data_url(written(tmp_path, name, content))

    assert url.startswith("data:image/")
    assert is_sound(url)


@pytest.mark.parametrize(
    ("name", "content", "flaw"),
    [
        ("logo.png", "<!DOCTYPE html><html>404</html>", "is no picture, whatever its ending says"),
        ("logo.png", "", "is no picture, whatever its ending says"),
        ("logo.png", picture()[:-700], "is cut off or damaged; save it anew"),
        ("logo.png", picture()[:100], "is cut off or damaged; save it anew"),
        ("logo.jpg", picture("JPEG")[:-300], "is cut off or damaged; save it anew"),
        ("logo.jpg", picture(), "is a PNG under another ending; name it as what it is"),
        ("logo.png", picture("JPEG"), "is a JPEG under another ending; name it as what it is"),
        ("logo.png", picture(mode="1", size=(20_000, 3)), f"is 20000 x 3 pixels large; make it at most {SIDE_MAX}"),
        ("logo.png", picture(mode="I;16"), "has colours that print wrongly; save it as RGB"),
        ("logo.gif", picture("GIF", "P"), "is no SVG, PNG or JPEG"),
        ("logo.svg", picture(), "is no SVG drawing, or cut off"),
        ("logo.svg", SVG.format("")[:-4], "is no SVG drawing, or cut off"),
        ("logo.svg", "<svg/>", "is no SVG drawing"),
        ("logo.svg", "<html/>", "is no SVG drawing"),
        ("logo.svg", '<svg xmlns="http://www.w3.org/2000/svg" width="9"/>', "has no size; give it a viewBox"),
        (
            "logo.svg",
            '<svg xmlns="http://www.w3.org/2000/svg" viewBox="no size at all"/>',
            "has no size; give it a viewBox",
        ),
        ("logo.svg", '<!DOCTYPE svg [<!ENTITY a "a">]>' + SVG.format("&a;"), "declares entities"),
        ("logo.svg", SVG.format("<script>1</script>"), "holds a script or a piece of a web page"),
        ("logo.svg", SVG.format("<foreignObject/>"), "holds a script or a piece of a web page"),
        ("logo.svg", SVG.format('<image href="http://x.example/a.png"/>'), "refers to something outside of itself"),
        ("logo.svg", SVG.format('<image xlink:href="file:///etc/passwd"/>'), "refers to something outside of itself"),
        ("logo.svg", SVG.format('<style>@import "http://x.example"</style>'), "refers to something outside of itself"),
        ("logo.svg", SVG.format("<path style=\"fill:url( 'x.svg#a')\"/>"), "refers to something outside of itself"),
    ],
    ids=short,
)
def test_what_cannot_be_drawn_is_refused_in_one_sentence(
    tmp_path: Path, name: str, content: bytes | str, flaw: str
) -> None:
    path = written(tmp_path, name, content)

    with pytest.raises(ValueError, match=r"logo\.\w+ (is|has|declares|holds|refers)") as caught:
        data_url(path)

    assert str(caught.value).startswith(f"{path} {flaw}")
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://x.example/logo.png",
        "data:image/png;base64,AAAA",
        "data:image/png;base64,*",
        "data:text/html;base64,AAAA",
        "data:image/svg+xml;base64,AAAA",
    ],
)
def test_a_logo_that_came_with_an_old_invoice_is_looked_at_again(url: str) -> None:
    assert not is_sound(url)


def test_a_picture_is_judged_alike_after_weasyprint_has_made_pillow_lenient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)

    assert not is_sound(f"data:image/png;base64,{base64.b64encode(picture()[:-700]).decode()}")
    assert ImageFile.LOAD_TRUNCATED_IMAGES
