"""How a visitor wants to read: by cookie, by address, by what the browser asks for; and never more than that."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.web import filters, preferences, times
from explorer.web.preferences import Preferences, applied, of_request
from tests.pages import Explorer

TIME = 1_700_000_000  # 2023-11-14 22:13:20 UTC


def read(cookie: str = "", accepted: str = "", query: str = "") -> Preferences:
    return of_request({"HTTP_COOKIE": cookie, "HTTP_ACCEPT_LANGUAGE": accepted, "QUERY_STRING": query})


@pytest.mark.parametrize(
    ("cookie", "accepted", "query", "language"),
    [
        ("", "", "", "en"),
        ("", "zh-CN,zh;q=0.9,en;q=0.8", "", "zh"),
        ("", "zh-Hans-CN", "", "zh"),
        ("", "de,fr;q=0.5,zh;q=0.4,en;q=0.3", "", "zh"),
        ("", "de, fr", "", "en"),
        ("", "en;q=0.2, zh;q=0.1", "", "en"),
        ("language=en", "zh", "", "en"),
        ("language=xx", "zh", "", "zh"),
        ("language=en", "en", "page=2&lang=zh", "zh"),
        ("language=zh", "", "lang=xx", "zh"),
        ("", "zh", "slang=en", "zh"),
    ],
)
def test_the_language(cookie: str, accepted: str, query: str, language: str) -> None:
    assert read(cookie, accepted, query).language == language


def test_the_unit_and_the_zone() -> None:
    assert read("unit=sat; zone=Asia/Shanghai") == Preferences("en", "sat", "Asia/Shanghai")
    for nonsense in (
        "unit=doge; zone=Mars/Olympus",
        "zone=../../etc/passwd",
        "zone=/etc/localtime",
        "zone=",
        "a=b; ;;=",
    ):
        assert read(nonsense) == Preferences()


@given(st.text(), st.text(), st.text())
def test_nonsense_is_not_said(cookie: str, accepted: str, query: str) -> None:
    assert read(cookie, accepted, query).unit == "btc"


def test_amounts() -> None:
    assert filters.amount(123_456_789).striptags() == "1.23456789 BTC"
    with applied(Preferences(unit="sat")):
        assert filters.amount(123_456_789).striptags() == "123,456,789 sat"
        assert filters.amount(-5).striptags() == "−5 sat"
        assert filters.whole_coins(5).striptags() == "0.00000005 BTC"


@pytest.mark.parametrize(
    ("zone", "written"),
    [
        ("UTC", "2023-11-14 22:13:20 UTC"),
        ("Asia/Shanghai", "2023-11-15 06:13:20 UTC+8"),
        ("America/St_Johns", "2023-11-14 18:43:20 UTC−3:30"),
        ("Europe/London", "2023-11-14 22:13:20 UTC+0"),
    ],
)
def test_times(zone: str, written: str) -> None:
    with applied(Preferences(zone=zone)):
        assert times.clock(TIME).striptags() == written
        assert 'datetime="2023-11-14T22:13:20Z"' in times.clock(TIME)
        assert f'title="{written}"' in times.age(TIME, TIME + 60)


# --- on the pages -----------------------------------------------------------------------------------------------------


@pytest.fixture
def explorer() -> Iterator[Explorer]:
    explorer = Explorer("demo")
    with explorer.watched():
        yield explorer


def test_a_choice_is_remembered_and_leads_back(explorer: Explorer) -> None:
    client = explorer.client
    answer = client.post("/preferences", data={"unit": "sat", "back": "/blocks?before=20"})
    assert (answer.status_code, answer.location) == (303, "/blocks?before=20")
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("unit=sat;")
    assert all(part in cookie for part in ("HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=31536000"))
    assert 'Fees <span class="aside">sat</span>' in client.get("/").text
    client.post("/preferences", data={"unit": "btc"})
    assert 'Fees <span class="aside">BTC</span>' in client.get("/").text


def test_the_settings_lead_back_to_each_page(explorer: Explorer) -> None:
    block = explorer.get("/block/156")
    here = block.path.rstrip("?")
    tx = next(path for path in block.links if path.startswith("/tx/"))
    in_block = f"{tx}?block={here.removeprefix('/block/')}"
    blocks = ("/", "/blocks?before=20", here, f"{here}?page=2", f"{here}/outputs")
    for path in (*blocks, tx, in_block, "/node", "/connect"):
        page = explorer.get(path)
        (back,) = [found["value"] for _, found in page.elements if found.get("name") == "back"]
        assert back == path


def test_the_way_back_is_a_page_of_ours(explorer: Explorer) -> None:
    for elsewhere in (
        "https://example.com/",
        "//example.com",
        "/\\example.com",
        "javascript:alert(1)",
        "",
        "/\nx",
        "x",
    ):
        assert explorer.client.post("/preferences", data={"unit": "btc", "back": elsewhere}).location == "/"


@pytest.mark.parametrize("choice", [{"unit": "doge"}, {"zone": "Mars"}, {"language": "<b>"}])
def test_what_cannot_be_chosen_says_so(explorer: Explorer, choice: dict[str, str]) -> None:
    answer = explorer.client.post("/preferences", data=choice)
    assert answer.status_code == 400
    assert "Set-Cookie" not in answer.headers
    assert "That cannot be chosen" in answer.text


def test_pages_are_kept_for_each_way_of_reading(explorer: Explorer) -> None:
    client = explorer.client.application.test_client(use_cookies=False)

    def tags() -> list[str]:
        cookies = ["", "unit=sat", "zone=Asia/Tokyo", "language=zh"]
        return [client.get("/", headers={"Cookie": cookie}).headers["ETag"] for cookie in cookies]

    first = tags()
    assert len(set(first)) == len(first)
    assert tags() == first


def test_every_page_says_where_it_is_and_in_which_languages() -> None:
    page = Explorer("demo", PUBLIC_URL="https://btc.example").get("/blocks?x=1&before=20&lang=en")
    links = [found for tag, found in page.elements if tag == "link" and found.get("rel") in ("canonical", "alternate")]
    assert [(link.get("hreflang"), link["href"]) for link in links] == [
        (None, "https://btc.example/blocks?before=20"),
        ("en", "https://btc.example/blocks?before=20&lang=en"),
        ("zh-Hans", "https://btc.example/blocks?before=20&lang=zh"),
        ("x-default", "https://btc.example/blocks?before=20"),
    ]


def test_without_an_address_of_our_own_none_is_named(explorer: Explorer) -> None:
    """Search engines take whole addresses only, and those of this machine would lead them astray."""
    assert "canonical" not in explorer.get("/").body


# --- of visitors lately -----------------------------------------------------------------------------------------------


def test_what_is_in_use_is_known_and_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr(preferences, "monotonic", lambda: clock[0])
    monkeypatch.setattr(preferences, "_last_used", {})
    chinese, english = Preferences("zh"), Preferences("en")
    for seconds, used in ((1, chinese), (2, english), (3, chinese)):
        clock[0] = seconds
        preferences.note_use(used)
    assert preferences.in_use(10) == [chinese, english]
    assert preferences.in_use(0.5) == [chinese]
    for hour in range(preferences.MOST_USED):
        clock[0] = 10 + hour
        preferences.note_use(Preferences(zone=f"Etc/GMT+{hour}"))
    assert len(preferences.in_use(1_000)) == preferences.MOST_USED
    assert chinese not in preferences.in_use(1_000)
