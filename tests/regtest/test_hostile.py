"""Hostile queries on every route: never a 500, nothing unescaped, no traceback."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.bitcoind import Bitcoind
from tests.pages import Explorer

MARKER = "<x\"'>"  # what would break out of an element or an attribute
ALLOWED = {200, 301, 302, 304, 400, 404}

NASTY = [
    MARKER,
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "javascript:alert(1)",
    "</title></textarea></script>",
    "{0.__class__}",
    "{query.__init__.__globals__}",
    "{}",
    "{",
    "}",
    "%s%n%d",
    "%(query)s",
    "{{7*7}}",
    "{% raw %}",
    "${7*7}",
    "../../etc/passwd",
    "..%2f..%2fetc%2fpasswd",
    "//evil.example/",
    "https://evil.example/",
    "\\\\evil.example\\",
    "a\r\nSet-Cookie: x=1",
    "\x00",
    "\x1b[31m",
    "\ufeff",
    "\u202e",
    "\ud800",
    "٣٤",
    "²",
    "Ⅷ",
    "🎉" * 50,
    "-1",
    "0",
    "00",
    "1e309",
    "NaN",
    "Infinity",
    "0x" + "f" * 64,
    "f" * 64,
    "F" * 64 + ":0",
    "0" * 64 + ":" + "9" * 30,
    "9" * 10,
    "9" * 11,
    "9" * 5_000,
    str(2**31),
    str(2**32),
    str(2**63),
    str(2**64),
    "1:" + "9" * 10,
    "1:-1",
    "1:1:1",
    "1,000,000",
    "bitcoin:" + MARKER,
    "1" * 34,
    "bc1q" + "q" * 60,
    "bcrt1" + "l" * 84,
    "tb1" + "é" * 10,
    "1" + "0OIl" * 8,
    "x" * 3_000,
    "[]",
    "null",
    "' OR 1=1 --",
    ";ls",
    "|",
    "\t",
    " ",
]
WORDS = st.one_of(
    st.sampled_from(NASTY),
    st.text(max_size=80),
    st.text(alphabet=st.characters(categories=("Cc", "Cf", "Cs", "Zs", "Zl", "Zp", "Nd", "No")), max_size=20),
    st.integers().map(str),
    st.text(alphabet="0123456789abcdefABCDEFx:., ", max_size=70),
    st.lists(st.sampled_from(NASTY), min_size=2, max_size=4).map("".join),
)
# In a path or a query, as a browser or an attacker writes it: encoded, as broken UTF-8, or bare.
BROKEN = st.binary(max_size=20).map(lambda octets: "".join(f"%{octet:02x}" for octet in octets))
WRITTEN = st.one_of(
    WORDS.map(lambda text: quote(text.encode("utf-8", "surrogatepass"), safe="")),
    WORDS.map(lambda text: quote(text.encode("utf-8", "surrogatepass"), safe="/:;=&?#+%")),
    BROKEN,
)

# The routes, "*" where the query goes; {txid} and {hash} are of this chain.
ROUTES = [
    "/*",
    "/search?q=*",
    "/search?q={txid}:*",
    "/search?*=*",
    "/block/*",
    "/block/{hash}?page=*",
    "/block/*/outputs",
    "/blocks?before=*",
    "/tx/*",
    "/tx/{txid}?block=*",
    "/tx/{txid}?page=*",
    "/tx/*?block=*&page=*",
    "/tx/*/hex",
    "/tx/{txid}/hex?block=*",
    "/tx/*/witness/*",
    "/tx/{txid}/witness/*",
    "/tx/{txid}/witness/0?block=*",
    "/address/*",
    "/static/*",
    "/static/style.css?v=*",
    "/connect?*",
    "/?*",
    "/healthz?*",
    "/readyz?*",
    "/opensearch.xml?*",
]


@pytest.fixture(scope="module")
def known(regtest: Bitcoind) -> dict[str, str]:
    block = regtest.rpc("getblock", regtest.rpc("getblockhash", 105), 1)
    return {"hash": block["hash"], "txid": block["tx"][0]}


@pytest.fixture(scope="module")
def elements(explorer: Explorer, known: dict[str, str]) -> set[str]:
    """Every kind of element that pages have by themselves: whatever else there is came from outside."""
    own = ["/", "/blocks", f"/block/{known['hash']}", f"/tx/{known['txid']}", "/connect", "/nothing"]
    own += ["/address/bcrt1qft5p2uhsdcdc3l2ua4ap5qqfg4pjaqlp250x7us7a8qqhrxrxfsqseac85", "/search?q=nothing"]
    return {"doctype"} | {tag for path in own for tag, _ in explorer.get(path).elements}


@pytest.mark.parametrize("route", ROUTES)
@settings(
    max_examples=500,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(written=WRITTEN)
@example(written=quote(MARKER))
@example(written=quote("{0.__class__}"))
@example(written="%ff%fe%00")
def test_a_hostile_query_is_answered(
    explorer: Explorer, known: dict[str, str], elements: set[str], route: str, written: str
) -> None:
    path = route.format_map(known).replace("*", written)
    with explorer.client.get(path) as answer:
        body = answer.get_data(as_text=True)
    assert answer.status_code in ALLOWED, path
    if answer.mimetype == "text/html":
        assert {tag.lower() for tag in re.findall(r"<!?([a-z][^\s/>]*)", body, re.IGNORECASE)} <= elements
    assert MARKER not in body
    assert "Traceback" not in body
    assert "Content-Security-Policy" in answer.headers
    location = answer.headers.get("Location", "/")
    assert location.startswith("/")
    assert not location.startswith(("//", "/\\"))
    assert "Set-Cookie" not in answer.headers
