"""Values of CSS come to what browsers make of them: calculations, transforms, shapes, masks, filters and colours."""

import pytest

from gateway.core.visibility.css import color_of, concealed_by, declarations, same_colors
from gateway.core.visibility.numbers import amount, pixels


def why(style: str) -> str:
    declared = declarations(style)
    return concealed_by(declared) or ("color" if same_colors(declared) else "")


@pytest.mark.parametrize(
    ("value", "size"),
    [
        ("12px", 12),
        ("-1e5px", -100_000),
        (".5in", 48),
        ("-2dvw", -20),
        ("calc(0px)", 0),
        ("calc(1px - 1px)", 0),
        ("calc(1px -1px)", 0),
        ("calc(-1 * 9999px)", -9999),
        ("calc(2 * (3px + 4px) / 7)", 2),
        ("min(0px, 1em)", 0),
        ("max(-9999px, -9999px)", -9999),
        ("clamp(0px, 5px, 2px)", 2),
        ("calc(min(1px, 2px) + max(3px, 4px))", 5),
        ("calc(100% - 9999px)", -9999),
        # what is not known is neither small nor far
        ("calc(50% - 1000px)", 100),
        ("50%", 100),
        ("calc(1px / 0)", 100),
        ("calc(1px + )", 100),
        ("calc(1px", 100),
        ("calc()", 100),
        ("calc(" * 50 + "1px" + ")" * 50, 100),
        ("calc(var(--a) * 1)", 100),
        ("auto", 100),
        ("", 100),
    ],
)
def test_pixels_of_a_length(value: str, size: float) -> None:
    assert pixels(value) == pytest.approx(size)


@pytest.mark.parametrize(
    ("value", "number"),
    [
        ("0", 0),
        ("5%", 0.05),
        ("1e-3", 0.001),
        ("min(0, 1)", 0),
        ("calc(50% / 2)", 0.25),
        ("none", 1),
        ("", 1),
    ],
)
def test_amount_of_a_number(value: str, number: float) -> None:
    assert amount(value) == pytest.approx(number)


@pytest.mark.parametrize("value", ["9" * 400, "1e99", "calc(" + "9" * 190 + ")", "rotate", "\0", "é"])
@pytest.mark.parametrize(
    "style",
    [
        "transform:rotateX({0}turn) matrix({0},{0},{0},{0},{0},{0}) skew({0})",
        "color:oklch({0} {0} {0});background:lab({0} {0} {0})",
        "color:rgb({0} {0} {0});background:hsl({0} {0}% {0}%)",
        "color:color-mix(in srgb,{0} {0}%,red);background:hwb({0} {0}% {0}%)",
        "clip-path:polygon({0} {0},{0} {0},{0} {0})",
        "clip-path:path('M{0} {0}z');letter-spacing:{0}",
        "margin:{0} {0} {0} {0};inset:{0};filter:blur({0}px)",
    ],
)
def test_no_number_is_too_much(style: str, value: str) -> None:
    why(style.format(value))


@pytest.mark.parametrize(
    ("style", "reason"),
    [
        ("transform:matrix(0,0,0,0,0,0)", "scale"),
        ("transform:matrix(1,1,1,1,0,0)", "scale"),
        ("transform:matrix3d(0,0,0,0,0,0,0,0,0,0,1,0,0,0,0,1)", "scale"),
        ("transform:matrix(1,0,0,1,-9999,0)", "off-screen"),
        ("transform:matrix3d(1,0,0,0,0,1,0,0,0,0,1,0,-9999,0,0,1)", "off-screen"),
        ("transform:translate(0,0) translateX(-9999px)", "off-screen"),
        ("transform:perspective(9px) rotateX(.25turn)", "scale"),
        ("transform:rotateY(100grad)", "scale"),
        ("transform:rotateX(450deg)", "scale"),
        ("transform:rotateX(89.9deg)", "scale"),
        ("transform:scale(1,0)", "scale"),
        ("transform:scale(-0)", "scale"),
        ("transform:scale(1e-9)", "scale"),
        ("transform:scale(calc(0))", "scale"),
        ("transform:scale(.1) scale(.1)", "scale"),
        ("transform:skewX(90deg)", "scale"),
        ("rotate:x .25turn", "scale"),
        ("rotate:1 0 0 90deg", "scale"),
        ("scale:1 0", "scale"),
        ("margin:0 0 0 -9999px", "off-screen"),
        ("margin-inline:-9999px 0", "off-screen"),
        ("position:fixed;inset:0 0 0 -9999px", "off-screen"),
        ("position:absolute;inset-block-end:-9999px", "off-screen"),
        ("position:absolute;left:calc(0px - 9999px)", "off-screen"),
        ("text-indent:-1000%", "off-screen"),
        ("word-spacing:-9999px", "off-screen"),
        ("offset-path:path('M-9999 0h1')", "off-screen"),
        ("offset-path:path('M0 0L9000 0');offset-distance:100%", "off-screen"),
        ("offset:path('M0 0L9000 0') 100%", "off-screen"),
        ("width:0;min-width:0;overflow:hidden", "no-size"),
        ("letter-spacing:-1em", "letter-spacing"),
        ("letter-spacing:9999px", "letter-spacing"),
        ("font-size:calc(0 * 1px)", "font-size"),
        ("font-size:clamp(0px,0px,0px)", "font-size"),
        ("font-size:1e-3px", "font-size"),
        ("font-size:1%", "font-size"),
        ("font-size-adjust:0", "font-size"),
        ("filter:blur(20px)", "opacity"),
        ("-webkit-filter:opacity(0)", "opacity"),
        ("filter:blur(0) opacity(0%)", "opacity"),
        ("filter:contrast(0);background:#fff", "opacity"),
        ("filter:brightness(100);background:#fff", "opacity"),
        ("filter:invert(.5);background:#fff", "opacity"),
        ("opacity:min(0,1)", "opacity"),
        ("block-size:0;overflow:hidden", "no-size"),
        ("max-inline-size:0;overflow:clip", "no-size"),
        ("height:0;overflow-block:hidden", "no-size"),
        ("height:0;contain:paint", "no-size"),
        ("height:min(0px,9px);overflow:hidden", "no-size"),
        ("display:table-column", "display"),
        ("content:url(a.gif)", "display"),
        ("clip:rect(9px,9px,9px,9px)", "clip"),
        ("clip-path:inset(0 50% 0 50%)", "clip"),
        ("clip-path:inset(9999px)", "clip"),
        ("clip-path:border-box inset(100%)", "clip"),
        ("clip-path:circle(1px at -99px -99px)", "clip"),
        ("clip-path:ellipse(50% 0)", "clip"),
        ("clip-path:rect(5px 5px 5px 5px)", "clip"),
        ("clip-path:polygon(0 0,100% 0,0 0)", "clip"),
        ("clip-path:polygon(-9px -9px,-8px -9px,-8px -8px)", "clip"),
        ("clip-path:path('M0,0h0v0h0z')", "clip"),
        ("clip-path:path(evenodd,'M5 5')", "clip"),
        ("mask-image:linear-gradient(#0000 0 0)", "clip"),
        ("mask:linear-gradient(rgba(0,0,0,0),rgba(0,0,0,0))", "clip"),
        ("mask:linear-gradient(#000,#000) 0 0/0 0 no-repeat", "clip"),
        ("mask-image:url(a.svg);mask-size:0", "clip"),
        ("color:#333;background:currentcolor", "color"),
        ("color:white;-webkit-text-fill-color:currentcolor;background:white", "color"),
        ("color:#fff;background:linear-gradient(#fff,#fff)", "color"),
        ("color:#fff;background:no-repeat #fff", "color"),
    ],
)
def test_what_values_hide(style: str, reason: str) -> None:
    assert why(style) == reason


@pytest.mark.parametrize(
    "style",
    [
        "transform:matrix(1,0,0,1,20,10)",
        "transform:matrix(.3,0,0,.3,0,0)",
        "transform:matrix(0,1,-1,0,0,0)",
        "transform:rotateX(45deg)",
        "transform:rotateY(180deg)",
        "transform:rotateX(1turn)",
        "transform:rotate(90deg)",
        "transform:skew(10deg)",
        "transform:scale(1,.5)",
        "transform:translate(calc(-50% - 20px),0)",
        "transform:scale(var(--a))",
        "rotate:.25turn",
        "scale:.5 1",
        "margin:0 -9999rem;padding:.25rem 9999rem",
        "margin:0 -9999px;padding:0 9999px",
        "margin:0 -20px 0 auto",
        "margin-inline:calc(50% - 50vw)",
        "position:absolute;inset:0 -9999px",
        "position:absolute;left:calc(50% - 960px)",
        "text-indent:-100%",
        # without a distance text stands where its path begins
        "offset-path:path('M0 0L9000 0')",
        "inline-size:0;min-inline-size:100%;overflow:hidden",
        "width:0;min-width:20em;overflow:hidden",
        "offset-path:path('M0 0L800 0')",
        "letter-spacing:-.05em",
        "letter-spacing:.3em",
        "font-size:clamp(1rem,2vw,2rem)",
        "font-size:calc(.8rem + .5vw)",
        "font-size:80%",
        "font-size-adjust:.5",
        "filter:blur(2px)",
        "filter:blur()",
        "filter:brightness(0)",
        "filter:contrast(1.2);background:#fff",
        "filter:grayscale(1);background:#fff",
        "backdrop-filter:blur(20px)",
        "height:calc(100% - 20px);overflow:hidden",
        "max-height:min(50vh,300px);overflow:hidden",
        "block-size:auto;overflow:hidden",
        "height:20px;contain:content",
        "height:0;overflow:auto",
        "height:0;contain:layout",
        "display:table-cell",
        "clip:rect(0,99px,99px,0)",
        "clip:rect(auto,auto,auto,auto)",
        "clip-path:inset(0 10% 0 10%)",
        "clip-path:inset(0 round 9999px)",
        "clip-path:circle(50%)",
        "clip-path:circle(100px at -10px 0)",
        "clip-path:ellipse(50% 40% at 50% 0)",
        "clip-path:polygon(0 0,100% 0,100% 100%)",
        "clip-path:polygon(0 0,0 0,100% 0,100% 100%,0 100%)",
        "clip-path:polygon(50% 0,100% 50%,50% 100%,0 50%)",
        "clip-path:path('M0 0H100V100z')",
        "clip-path:rect(0 100% 100% 0)",
        "clip-path:url(#a)",
        "mask-image:linear-gradient(black,transparent)",
        "mask:linear-gradient(to right,transparent,#000 10%,#000 90%,transparent)",
        "mask:linear-gradient(#000 0 0) 0 0/100% 2px",
        "mask:radial-gradient(circle at 50% 0,transparent 9px,#000 9px)",
        "mask-image:url(a.svg)",
        "color:oklch(20% 0 0);background:white",
        "color:light-dark(black,white);background:white",
        "color:color-mix(in srgb,red 50%,white);background:white",
        "color:#fff;background:linear-gradient(#fff,#000)",
        "color:#fff;background:linear-gradient(#fff,#fff) 0 100%/100% 2px",
        # what is below may have a colour of its own
        "background:currentcolor",
        "background:currentcolor;-webkit-text-fill-color:#fff",
        "background:currentcolor;-webkit-background-clip:text",
    ],
)
def test_what_values_leave(style: str) -> None:
    assert why(style) == ""


@pytest.mark.parametrize(
    ("value", "color"),
    [
        ("oklch(100% 0 0)", "ffffff"),
        ("oklch(0.627955 0.257683 29.2338)", "ff0000"),
        ("oklab(0.452014 -0.032457 -0.311528)", "0000ff"),
        ("lab(100% 0 0)", "ffffff"),
        ("lab(54.29 80.8 69.89)", "ff0000"),
        ("lch(29.57 131.2 301.36)", "0000ff"),
        ("hwb(0 100% 0%)", "ffffff"),
        ("color(srgb 1 .5 0)", "ff8000"),
        ("color(display-p3 1 1 1)", "ffffff"),
        ("color(display-p3 1 0 0)", ""),
        ("color-mix(in srgb,white 100%,black)", "ffffff"),
        ("color-mix(in oklab,white,#fff)", "ffffff"),
        ("color-mix(in srgb,red,blue)", ""),
        ("color-mix(in srgb,transparent 100%,black)", "transparent"),
        ("light-dark(#fff,rgb(0,0,0))", "ffffff"),
        ("rgb(from white r g b)", "ffffff"),
        ("rgb(from white r g b / 0)", "transparent"),
        ("rgb(from white calc(r - 200) g b)", ""),
        ("rgb(255.0 255 none)", "ffff00"),
        ("oklch(0 0 0 / 0)", "transparent"),
        ("canvas", "ffffff"),
        ("oklch()", ""),
        ("oklch(1 2)", ""),
        ("light-dark()", ""),
        ("(", ""),
    ],
)
def test_colors_of_other_spaces(value: str, color: str) -> None:
    found = color_of(value)
    near = len(found) == len(color) == 6 and all(
        abs(int(found[at : at + 2], 16) - int(color[at : at + 2], 16)) <= 2 for at in (0, 2, 4)
    )
    assert near or found == color
