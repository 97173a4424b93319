"""The pages in a browser: no sideways scroll, nothing blocked, and what the small scripts add."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.request import urlopen

import pytest

from explorer.chain.transactions import PER_PAGE
from tests.server import LiveServer

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

WIDTHS = (360, 768, 1280, 1920)
SMALLEST_TARGET = 24  # pixels, WCAG 2.5.8

# The branches of a picture are as thick as their amounts; the lists beside it have the same links.
TARGETS = """[...document.querySelectorAll("a:not(svg a), button, input, summary")]
    .filter(e => e.checkVisibility({visibilityProperty: true}) && !e.matches(".skip"))
    .map(e => [e.outerHTML.slice(0, 150), e.getBoundingClientRect().height])"""
SELECTED = """element => { getSelection().selectAllChildren(element); return getSelection().toString(); }"""


@pytest.fixture(scope="module")
def explorer() -> Iterator[str]:
    with LiveServer({"BITCOIN_RPC_URL": "demo"}) as server:
        yield server.url


@pytest.fixture(scope="module")
def paths(explorer: str) -> dict[str, str]:
    """A page of every kind; the longest transactions are found by the links that they need."""

    def card(words: str) -> str:
        return next(card for card in cards if words in card)

    def link(kind: str, words: str) -> str:
        return str(re.findall(rf'href="(/{kind}/[^"#]+)', card(words))[0])

    cards: list[str] = []
    for height in range(100, 180):
        with urlopen(f"{explorer}/block/{height}") as answer:
            cards += re.findall(r"<article.*?</article>", answer.read().decode(), re.DOTALL)
    return {
        "home": "/",
        "blocks": "/blocks",
        "block": "/block/156",
        "genesis": "/block/0",
        "weights": "/block/156/outputs",
        "inputs": link("tx", "All 300 inputs"),
        "outputs": link("tx", "All 500 outputs"),
        "data": link("tx", 'class="data"'),
        "coinbase": link("tx", "Coinbase"),
        "address": link("address", "bcrt1p"),
        "missing": "/search?q=nothing+of+the+kind",
        "connect": "/connect",
        "node": "/node",
    }


@contextmanager
def opened(chromium: Browser, **options: Any) -> Iterator[Page]:
    """A page of a fresh visitor. Whatever the console complains about, but a status, is a failure."""
    context = chromium.new_context(**options)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert [text for text in complaints if "the server responded with a status of" not in text] == []


@pytest.mark.parametrize("width", WIDTHS)
def test_no_page_scrolls_sideways(chromium: Browser, explorer: str, paths: dict[str, str], width: int) -> None:
    with opened(chromium, viewport={"width": width, "height": 800}) as page:
        for name, path in paths.items():
            page.goto(explorer + path)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, name


@pytest.mark.parametrize("width", [360, 1280])
def test_every_target_is_large_enough(chromium: Browser, explorer: str, paths: dict[str, str], width: int) -> None:
    with opened(chromium, viewport={"width": width, "height": 800}) as page:
        for path in paths.values():
            page.goto(explorer + path)
            small = [(html, height) for html, height in page.evaluate(TARGETS) if height < SMALLEST_TARGET]
            assert small == [], path


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_home_is_above_the_fold(chromium: Browser, explorer: str, theme: str) -> None:
    with opened(chromium, viewport={"width": 1280, "height": 800}, color_scheme=theme) as page:
        page.goto(explorer)
        row = page.locator(".blocks tbody tr:last-child").bounding_box()
        assert row
        assert row["y"] + row["height"] <= 800


def test_a_shortened_id_is_selected_and_copied_whole(chromium: Browser, explorer: str, paths: dict[str, str]) -> None:
    viewport, permissions = {"width": 360, "height": 800}, ["clipboard-read", "clipboard-write"]
    with opened(chromium, viewport=viewport, permissions=permissions) as page:
        page.goto(explorer + paths["inputs"])
        txid = paths["inputs"].partition("/tx/")[2][:64]
        subject = page.locator(".subject")
        assert subject.locator(".id > span").evaluate("e => e.scrollWidth > e.clientWidth")  # its middle is elided
        assert subject.locator(".id").evaluate(SELECTED) == txid
        subject.get_by_role("button", name="Copy the transaction id").click()
        assert page.evaluate("navigator.clipboard.readText()") == txid
        assert page.locator("#said").text_content() == "Copied"


def test_an_address_in_fours_is_selected_without_gaps(chromium: Browser, explorer: str, paths: dict[str, str]) -> None:
    with opened(chromium) as page:
        page.goto(explorer + paths["address"])
        assert page.locator(".chunks").evaluate(SELECTED) == paths["address"].rpartition("/")[2]


def test_a_slash_goes_to_the_search_field(chromium: Browser, explorer: str) -> None:
    with opened(chromium) as page:
        page.goto(explorer)
        page.keyboard.press("/")
        page.keyboard.type("1/2")
        assert page.locator("#q").input_value() == "1/2"


def test_the_theme_is_chosen_and_remembered(chromium: Browser, explorer: str) -> None:
    def ground() -> str:
        return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))

    with opened(chromium, color_scheme="light") as page:
        page.goto(explorer)
        light = ground()
        seen = []
        for theme in ("Light", "Dark", "System"):
            page.locator(".settings > summary").click()
            page.get_by_role("button", name=theme).click()
            page.reload()
            pressed = page.locator("[data-choose-theme][aria-pressed=true]").text_content()
            seen.append((pressed, ground() == light))
        assert seen == [("Light", True), ("Dark", False), ("System", True)]


def test_without_scripts_nothing_is_offered_that_needs_one(chromium: Browser, explorer: str) -> None:
    with opened(chromium, java_script_enabled=False, color_scheme="dark") as page:
        page.goto(f"{explorer}/block/156")
        # The search's; the settings are folded, and terms explain themselves without a script.
        assert page.locator("button:visible:not([popovertarget])").count() == 1
        assert page.locator(".needs-script:visible").count() == 0
        page.locator("#q").fill("156")
        page.locator("#q").press("Enter")
        assert page.locator("h1").text_content() == "Block 156"


def test_the_output_that_a_link_names_is_marked(chromium: Browser, explorer: str, paths: dict[str, str]) -> None:
    with opened(chromium, viewport={"width": 1280, "height": 800}) as page:
        page.goto(f"{explorer}{paths['outputs']}?page={150 // PER_PAGE + 1}#out-150")
        row = page.locator("#out-150")
        box = row.bounding_box()
        assert box
        assert 60 <= box["y"] <= 700  # seen, and not under the header
        assert row.evaluate("e => getComputedStyle(e).backgroundColor") != "rgba(0, 0, 0, 0)"


def test_a_branch_of_the_picture_is_a_link(chromium: Browser, explorer: str, paths: dict[str, str]) -> None:
    with opened(chromium, viewport={"width": 360, "height": 800}) as page:
        page.goto(explorer + paths["inputs"])
        branch = page.get_by_role("link", name="281 more inputs")
        branch.focus()
        page.keyboard.press("Shift+Tab")
        page.keyboard.press("Tab")  # so that it is the keyboard's focus
        assert branch.evaluate("e => getComputedStyle(e.querySelector('path')).strokeWidth") == "3px"
        page.keyboard.press("Enter")
        assert page.url.endswith("#inputs")
        first = page.locator(".flow a").first
        leads_to = str(first.get_attribute("href"))
        first.click()
        assert page.url == f"{explorer}{leads_to}"


def test_on_paper_everything_is_ink_on_white(chromium: Browser, explorer: str, paths: dict[str, str]) -> None:
    with opened(chromium, viewport={"width": 690, "height": 800}, color_scheme="dark") as page:  # A4 with its margins
        page.emulate_media(media="print")
        for name, path in paths.items():
            page.goto(explorer + path)
            assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
            unused = "header .search:visible, button:visible:not([popovertarget]), summary:visible"  # a term is a word
            assert page.locator(unused).count() == 0, name
            assert page.evaluate("document.documentElement.scrollWidth") <= 690, name
        page.goto(explorer + paths["data"])  # its id is whole
        assert page.locator(".subject .id > span").evaluate("e => getComputedStyle(e).display") == "inline"


def test_pictures_take_the_colours_that_a_system_forces(
    chromium: Browser, explorer: str, paths: dict[str, str]
) -> None:
    def colour(selector: str, name: str) -> str:
        return str(page.locator(selector).first.evaluate(f"e => getComputedStyle(e).{name}"))

    for theme in ("light", "dark"):
        with opened(chromium, forced_colors="active", color_scheme=theme) as page:
            page.goto(explorer + paths["inputs"])
            page.evaluate("document.documentElement.dataset.theme = 'light'")  # as somebody may have set it once
            assert colour(".flow path", "fill") == colour(".io a", "color")
            page.goto(explorer + paths["weights"])
            assert colour(".stack rect", "fill") == colour("body", "color")
            page.goto(explorer + paths["block"])
            assert colour(".ruler circle", "fill") == colour("body", "color")
