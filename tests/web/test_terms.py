"""Terms explain themselves where they stand: without a script, by keyboard, once on a page."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from explorer.web.terms import IDS, TERMS
from tests.server import ROOT, LiveServer
from tests.web.test_looks import opened

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

USED = re.compile(r"(?:term|fact)\([^()]*\([^()]*\), '([a-z-]+)'|term\(word\.\w+, '([a-z-]+)'")
LONGEST = 150  # characters: every page carries its own


def test_every_term_stands_on_some_page() -> None:
    text = "".join(path.read_text() for path in (ROOT / "templates").glob("*.html"))
    assert {one or other for one, other in USED.findall(text)} == set(TERMS)


def test_sentences_are_short() -> None:
    assert {name: len(text) for name, text in TERMS.items() if len(text) > LONGEST or not text.endswith(".")} == {}
    assert len(set(IDS.values())) == len(TERMS)


@pytest.fixture(scope="module")
def explorer() -> Iterator[str]:
    with LiveServer({"BITCOIN_RPC_URL": "demo"}) as server:
        yield server.url


def shown(page: Page) -> list[str]:
    return page.locator(":popover-open").all_text_contents()


def test_a_term_opens_and_closes_by_keyboard(chromium: Browser, explorer: str) -> None:
    with opened(chromium, java_script_enabled=False) as page:
        page.goto(f"{explorer}/block/156")
        term = page.get_by_role("button", name="Merkle root", exact=True)
        term.focus()
        assert shown(page) == []
        page.keyboard.press("Enter")
        assert shown(page) == [TERMS["merkle-root"]]
        page.keyboard.press("Escape")
        assert shown(page) == []


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_every_sentence_fits_beside_its_term(chromium: Browser, explorer: str, width: int) -> None:
    with opened(chromium, viewport={"width": width, "height": 800}) as page:
        for path in ("/", "/block/156"):
            page.goto(explorer + path)
            terms = page.locator("[popovertarget]")
            height = page.evaluate("document.documentElement.scrollHeight")
            for term in terms.all():
                term.click()
                box, origin = page.locator(":popover-open").bounding_box(), term.bounding_box()
                assert box
                assert origin
                assert box["x"] >= 0
                assert box["x"] + box["width"] <= width
                assert box["y"] >= 0
                assert box["y"] + box["height"] <= 800
                assert box["y"] >= origin["y"] + 10 or box["y"] + box["height"] <= origin["y"] + 10  # it hides no term
                page.keyboard.press("Escape")
            assert page.evaluate("document.documentElement.scrollHeight") == height  # nothing was pushed around


def test_a_term_is_explained_once_on_a_page(chromium: Browser, explorer: str) -> None:
    with opened(chromium, locale="zh-CN") as page:
        page.goto(f"{explorer}/block/156")
        page.locator(".card h3 a").nth(1).click()
        page.wait_for_url("**/tx/*")
        ids = page.locator("[popover]").evaluate_all("all => all.map(e => e.id)")
        assert ids
        assert max(Counter(ids).values()) == 1
        texts = page.locator("[popover]").all_text_contents()
        assert not set(texts) & set(TERMS.values())  # in the visitor's language
