"""No page has a word that cannot be translated, whatever it is about."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from explorer import language
from explorer.errors import ExplorerError
from explorer.findings import Finding
from explorer.findings.words import CATALOGUE as FINDINGS
from explorer.messages import CATALOGUE
from explorer.node.demo.record import load_record
from explorer.web import filters
from tests.bitcoind import free_port
from tests.marking import Marking, Words, unmarked
from tests.pages import Explorer
from tests.server import ROOT

# The same in every language: units, names, the protocol's own words.
NAMES = set(
    re.findall(
        r"\S+",
        """
        sat vB kvB MvB WU kWU MWU BTC UTC kB MB GB ms
        OP P PK PKH SH WPKH WSH TR RETURN Taproot
        NETWORK LIMITED WITNESS BLOOM COMPACT FILTERS BLAKE
        Satoshi Knots bc Python curl bitcoin-cli
        """,
    )
)
EXPRESSION = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
TEMPLATES = sorted((ROOT / "templates").glob("*.html"))


@pytest.fixture
def explorer(monkeypatch: pytest.MonkeyPatch) -> Iterator[Explorer]:
    """Of the demo chain, its texts marked; /error/ID shows the page of an error."""
    monkeypatch.setattr(language, "_translations", Marking)
    filters._script.cache_clear()
    filters._bare.cache_clear()
    explorer = Explorer("demo", greet=False)

    @explorer.app.get("/error/<message_id>")
    def error(message_id: str) -> str:
        values = re.findall(r"\{(\w+)\}", " ".join(CATALOGUE[message_id]))
        raise ExplorerError(message_id, retry_after=2, **dict.fromkeys(values, "7"))

    yield explorer
    filters._script.cache_clear()
    filters._bare.cache_clear()


def left_over(explorer: Explorer, path: str, typed: str = "") -> set[str]:
    """The words of a page that are not marked. `typed` is what the visitor said, which pages repeat."""
    texts = Words(explorer.get(path).body).found
    if typed:
        texts = [text.replace(typed, "") for text in texts]
    return {word for text in texts for word in unmarked(text)} - NAMES


def test_a_page_without_marks_would_be_found() -> None:
    found = Words('<html lang="en"><p title="One">⟦Two⟧ three <b>four</b><code>five</code></p></html>').found
    assert [word for text in found for word in unmarked(text)] == ["One", "three", "four"]


@pytest.mark.parametrize(
    "path",
    ["/", "/blocks", "/blocks?before=10", "/connect", "/node", "/nowhere", "/search?q=77", "/block/0", "/block/999999"],
)
def test_a_page(explorer: Explorer, path: str) -> None:
    assert not left_over(explorer, path)


def test_blocks_and_their_transactions(explorer: Explorer) -> None:
    """Of every kind that the demo chain has: stale ones, the newest, the first, one with many pages."""
    record = load_record()
    stale = record.blocks[-1].hash
    paths = ["/block/156?page=2", *(f"/block/{name}" for name in (1, 110, 115, 130, 145, 156, 170, 190, 200, stale))]
    links: list[str] = []
    for path in paths:
        assert not left_over(explorer, path), path
        links += [link for link in explorer.get(path).links if re.match(r"/(tx|address)/", link)][:12]
    unconfirmed = [entry.txid for entry in record.entries][-30:]
    for path in [*dict.fromkeys(link.partition("#")[0] for link in links), *(f"/tx/{txid}" for txid in unconfirmed)]:
        assert not left_over(explorer, path), path


@pytest.mark.parametrize("typed", ["1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2", "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN3", "bc1qx"])
def test_addresses_of_other_networks_and_of_none(explorer: Explorer, typed: str) -> None:
    assert not left_over(explorer, f"/address/{typed}", typed)


@pytest.mark.parametrize("message_id", CATALOGUE)
def test_every_error(explorer: Explorer, message_id: str) -> None:
    assert not left_over(explorer, f"/error/{message_id}")


def test_a_node_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(language, "_translations", Marking)
    explorer = Explorer(f"http://u:p@127.0.0.1:{free_port()}", greet=False)
    for path in ("/", "/node"):
        assert left_over(explorer, path) <= {"Connection", "refused"}  # the system's own words


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_a_template_has_no_words_beside_its_texts(path: Path) -> None:
    """Whatever branch a page takes."""
    html = re.sub(r"<(code|pre)\b.*?</\1>", "", EXPRESSION.sub("¤", path.read_text()), flags=re.DOTALL)
    spoken = re.findall(r'(?:aria-label|title|alt|placeholder|data-(?:copy|notify)[\w-]*)="([^"]*)"', html)
    shown = re.sub(r"<[^>]*>", " ", re.sub(r"<script.*?</script>", "", html))
    assert set(unmarked(" ".join([*spoken, shown]))) <= NAMES | {"tip", "mempool", "node"}


def test_findings_are_marked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(language, "_translations", Marking)
    for finding_id in FINDINGS:
        assert not unmarked(" ".join(Finding(finding_id).words)), finding_id
