"""For everyone: axe finds nothing on any page, in no theme and no language; all of it by keyboard, at any size."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import axe_playwright_python
import pytest

from tests.web.test_looks import explorer, opened, paths

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

__all__ = ["explorer", "paths"]

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
LONG = ("inputs", "outputs", "data", "block")  # axe looks at each row, and once is enough for these
LOCALES = {"en": "en-GB", "zh": "zh-CN"}
OPENED = "for (const details of document.querySelectorAll('details:not(.settings)')) details.open = true"


def faults(page: Page) -> list[str]:
    """What axe finds. It runs as a debugger does, so that the Content-Security-Policy stays as it is."""
    page.evaluate(AXE)
    found: dict[str, Any] = page.evaluate("rules => axe.run(document, rules)", RULES)
    return [
        f"{fault['id']}: {node['html'][:200]} ({node['failureSummary'][:300]})"
        for fault in found["violations"]
        for node in fault["nodes"][:3]
    ]


@pytest.mark.parametrize(
    ("width", "theme", "language"),
    [(360, "light", "en"), (1280, "dark", "en"), (360, "dark", "zh"), (1280, "light", "zh")],
)
def test_axe_finds_nothing(
    chromium: Browser, explorer: str, paths: dict[str, str], width: int, theme: str, language: str
) -> None:
    options: dict[str, Any] = {"color_scheme": theme, "locale": LOCALES[language], "reduced_motion": "reduce"}
    found: list[str] = []
    with opened(chromium, viewport={"width": width, "height": 800}, **options) as page:
        for name, path in paths.items():
            if name in LONG and (width, theme) != (360, "light"):
                continue
            page.goto(explorer + path)
            found += [f"{name}: {fault}" for fault in faults(page)]
        page.goto(explorer)
        page.locator(".settings > summary").click()
        found += [f"settings: {fault}" for fault in faults(page)]
        page.keyboard.press("Escape")
        page.keyboard.press("?")
        found += [f"keys: {fault}" for fault in faults(page)]
    assert found == []


def test_axe_finds_nothing_in_what_is_folded(chromium: Browser, explorer: str, paths: dict[str, str]) -> None:
    with opened(chromium, viewport={"width": 1280, "height": 800}, reduced_motion="reduce") as page:
        for name in ("home", "block", "coinbase"):
            page.goto(explorer + paths[name])
            page.evaluate(OPENED)
            assert faults(page) == [], name


def test_axe_finds_what_is_wrong(chromium: Browser, explorer: str) -> None:
    with opened(chromium) as page:
        page.goto(explorer)
        page.evaluate("document.querySelector('label[for=q]').remove(); document.querySelector('#q').placeholder = ''")
        assert any(fault.startswith("label") for fault in faults(page))


@pytest.mark.parametrize("language", LOCALES)
def test_nothing_scrolls_sideways_on_the_smallest_screens(
    chromium: Browser, explorer: str, paths: dict[str, str], language: str
) -> None:
    """320 pixels are a phone of old, and 1280 at 400 % (WCAG 1.4.10)."""
    with opened(chromium, viewport={"width": 320, "height": 640}, locale=LOCALES[language]) as page:
        for name, path in paths.items():
            page.goto(explorer + path)
            page.evaluate(OPENED)
            assert page.evaluate("document.documentElement.scrollWidth") <= 320, name


def test_the_keyboard_goes_everywhere(chromium: Browser, explorer: str, paths: dict[str, str]) -> None:
    with opened(chromium, viewport={"width": 1280, "height": 800}) as page:
        page.goto(explorer)
        row = "document.activeElement.closest('tr')?.rowIndex"
        seen = []
        for key in ("j", "j", "j", "k"):
            page.keyboard.press(key)
            seen.append(page.evaluate(row))
        assert seen == [1, 2, 3, 2]
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
        page.keyboard.press("Enter")
        page.wait_for_url("**/block/*")
        height = page.locator("h1").text_content()
        page.keyboard.press("[")
        page.wait_for_function("height => document.querySelector('h1').textContent !== height", arg=height)
        page.keyboard.press("]")
        page.wait_for_function("height => document.querySelector('h1').textContent === height", arg=height)
        page.keyboard.press("?")
        assert page.locator("#keys").is_visible()
        page.locator("#keys input").uncheck()
        page.keyboard.press("Escape")
        page.keyboard.press("/")
        assert page.evaluate("document.activeElement.id") != "q"  # switched off
        page.reload()
        page.keyboard.press("/")
        assert page.evaluate("document.activeElement.id") != "q"  # and remembered


def test_the_settings_work_without_scripts(chromium: Browser, explorer: str) -> None:
    with opened(chromium, java_script_enabled=False) as page:
        page.goto(f"{explorer}/blocks?before=100")
        page.locator(".settings > summary").click()
        page.get_by_role("button", name="sat", exact=True).click()
        assert page.url == f"{explorer}/blocks?before=100"
        assert page.locator("th", has_text="Fees").text_content() == "Fees sat"
        page.locator(".settings > summary").click()
        page.get_by_role("button", name="中文").click()
        assert page.locator("html").get_attribute("lang") == "zh-Hans"


def test_times_can_be_the_visitors_own(chromium: Browser, explorer: str) -> None:
    with opened(chromium, timezone_id="Asia/Shanghai") as page:
        page.goto(f"{explorer}/block/100")
        page.locator(".settings > summary").click()
        page.get_by_role("button", name="Local").click()
        assert "UTC+8" in str(page.locator(".strip").text_content())
        page.locator(".settings > summary").click()
        page.get_by_role("button", name="UTC").click()
        assert "UTC+8" not in str(page.locator(".strip").text_content())
