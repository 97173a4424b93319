"""The colours of the stylesheet: legible in both themes (WCAG 2.2 AA), the steps of fee rates even and distinct."""

from __future__ import annotations

import re
from itertools import combinations, pairwise
from pathlib import Path

import pytest

STYLE = (Path(__file__).parents[2] / "static" / "style.css").read_text()
TOKENS_END = STYLE.index("}")
TEXT, GRAPHIC = 4.5, 3.0  # WCAG 1.4.3 and 1.4.11

Rgb = tuple[float, float, float]  # linear, 0 to 1

# Machado, Oliveira and Fernandes 2009, severity 1
BLINDNESS = {
    "none": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.01182, 0.04294, 0.968881)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.3039)),
}


def tokens(theme: str) -> dict[str, Rgb]:
    found = {}
    for name, value in re.findall(r"--([\w-]+): (light-dark\([^)]+\)|#[0-9a-f]{6});", STYLE[:TOKENS_END]):
        colours = re.findall(r"#[0-9a-f]{6}", value)
        found[name] = linear(colours[-1] if theme == "dark" else colours[0])
    return found


def linear(colour: str) -> Rgb:
    r, g, b = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return (_linear(r), _linear(g), _linear(b))


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4


def contrast(one: Rgb, other: Rgb) -> float:
    low, high = sorted(0.2126 * r + 0.7152 * g + 0.0722 * b for r, g, b in (one, other))
    return (high + 0.05) / (low + 0.05)


def seen(colour: Rgb, blindness: str) -> Rgb:
    r, g, b = (
        min(max(sum(f * part for f, part in zip(row, colour, strict=True)), 0.0), 1.0) for row in BLINDNESS[blindness]
    )
    return (r, g, b)


def oklab(colour: Rgb) -> Rgb:
    r, g, b = colour
    long = (0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b) ** (1 / 3)
    middle = (0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b) ** (1 / 3)
    short = (0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b) ** (1 / 3)
    return (
        0.2104542553 * long + 0.793617785 * middle - 0.0040720468 * short,
        1.9779984951 * long - 2.428592205 * middle + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * middle - 0.808675766 * short,
    )


def distance(one: Rgb, other: Rgb) -> float:
    return float(sum((a - b) ** 2 for a, b in zip(oklab(one), oklab(other), strict=True)) ** 0.5)


def steps(theme: str) -> list[Rgb]:
    return [tokens(theme)[f"fee-{step}"] for step in range(1, 7)]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("ground", ["paper", "panel", "well"])
@pytest.mark.parametrize("ink", ["ink", "dim", "link", "good"])
def test_text_is_legible_on_every_ground(theme: str, ground: str, ink: str) -> None:
    assert contrast(tokens(theme)[ink], tokens(theme)[ground]) >= TEXT


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("ground", ["paper", "panel"])
@pytest.mark.parametrize("ink", ["zeros", "waiting", "warning", "bad"])
def test_states_and_dimmed_zeros_are_legible(theme: str, ground: str, ink: str) -> None:
    assert contrast(tokens(theme)[ink], tokens(theme)[ground]) >= TEXT


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("ink", ["ink", "dim", "zeros", "link", "good"])
def test_text_is_legible_on_the_row_that_a_link_led_to(theme: str, ink: str) -> None:
    share = int(re.findall(r"li:target \{ background: color-mix\(in srgb, var\(--accent\) (\d+)%", STYLE)[0]) / 100
    colours = {name: _encoded(colour) for name, colour in tokens(theme).items()}
    r, g, b = (share * a + (1 - share) * p for a, p in zip(colours["accent"], colours["paper"], strict=True))
    assert contrast(tokens(theme)[ink], (_linear(r), _linear(g), _linear(b))) >= TEXT


def _encoded(colour: Rgb) -> Rgb:
    r, g, b = (part * 12.92 if part <= 0.0031308 else 1.055 * part ** (1 / 2.4) - 0.055 for part in colour)
    return (r, g, b)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), [("on-accent", "accent"), ("on-band", "band"), ("accent", "band")])
def test_badge_and_banner_are_legible(theme: str, ink: str, ground: str) -> None:
    assert contrast(tokens(theme)[ink], tokens(theme)[ground]) >= TEXT


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("ground", ["paper", "panel"])
def test_focus_is_visible(theme: str, ground: str) -> None:
    assert contrast(tokens(theme)["focus"], tokens(theme)[ground]) >= GRAPHIC


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("ground", ["paper", "panel"])
def test_colours_of_fee_rates_stand_out(theme: str, ground: str) -> None:
    assert all(contrast(step, tokens(theme)[ground]) >= GRAPHIC for step in steps(theme))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_colours_of_fee_rates_are_even_to_the_eye(theme: str) -> None:
    lightness = [oklab(step)[0] for step in steps(theme)]
    gaps = [abs(b - a) for a, b in pairwise(lightness)]
    assert lightness == sorted(lightness, reverse=theme == "light")
    assert 0.045 <= min(gaps) <= max(gaps) <= 0.105


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("blindness", BLINDNESS)
def test_colours_of_fee_rates_are_distinct_to_everybody(theme: str, blindness: str) -> None:
    colours = [seen(step, blindness) for step in steps(theme)]
    assert min(distance(one, other) for one, other in combinations(colours, 2)) >= 0.05


KINDS = ("p2pkh", "p2sh", "p2wpkh", "p2wsh", "p2tr", "other", "new", "fees")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("ground", ["paper", "panel"])
def test_colours_of_kinds_stand_out(theme: str, ground: str) -> None:
    found = tokens(theme)
    assert all(contrast(found[kind], found[ground]) >= GRAPHIC for kind in (*KINDS, "rest"))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_kind_outshines_the_others(theme: str) -> None:
    lightness = [oklab(tokens(theme)[kind])[0] for kind in KINDS]
    assert max(lightness) - min(lightness) <= 0.22


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("blindness", BLINDNESS)
def test_colours_of_kinds_are_distinct_to_everybody(theme: str, blindness: str) -> None:
    colours = [seen(tokens(theme)[kind], blindness) for kind in KINDS]
    assert min(distance(one, other) for one, other in combinations(colours, 2)) >= 0.05


def test_every_colour_is_a_token() -> None:
    rest = re.sub(r"@media print \{.*?\n\}", "", STYLE[TOKENS_END:], flags=re.DOTALL)  # on paper, paper is white
    assert not re.findall(r"#[0-9a-fA-F]{3,8}\b(?! *\{)|rgba?\(|hsla?\(", rest)


def test_every_token_is_used_and_every_use_has_its_token() -> None:
    defined = set(re.findall(r"--([\w-]+):", STYLE))
    assert defined == set(re.findall(r"var\(--([\w-]+)", STYLE))
