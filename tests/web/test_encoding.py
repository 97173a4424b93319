"""What a visitor takes is what is sent: zstd, gzip, or as it is; the same whichever way."""

from __future__ import annotations

import gzip

import pytest
import zstandard

from explorer.web.encoding import LEAST, choose, decode_zstd, encode
from tests.pages import Explorer


@pytest.fixture(scope="module")
def explorer() -> Explorer:
    return Explorer("demo")


@pytest.mark.parametrize(
    ("accepted", "chosen"),
    [
        ("", ""),
        ("identity", ""),
        ("gzip, deflate, br, zstd", "zstd"),  # a browser of today
        ("gzip, deflate, br", "gzip"),
        ("GZIP", ""),  # nobody writes it so; as it is, it is right as well
        ("zstd;q=0, gzip", "gzip"),
        ("zstd;q=0.1, gzip;q=1", "zstd"),
        ("gzip;q=0", ""),
        ("gzip; q=0.5", "gzip"),
        ("gzip;q=", ""),
        ("gzip;q=x", ""),
        ("xgzip, gzipped", ""),
        ("br;q=1.0, *;q=0.5", ""),
        (",;,=;gzip", ""),
        ("x," * 10_000 + "gzip", ""),
    ],
)
def test_what_is_chosen(accepted: str, chosen: str) -> None:
    assert choose(accepted) == chosen


@pytest.mark.parametrize("body", [b"", b"x", b"abc" * 10_000])
def test_what_is_made_small_can_be_read_again(body: bytes) -> None:
    assert decode_zstd(encode(body, "zstd")) == body
    assert gzip.decompress(encode(body, "gzip")) == body
    assert encode(body, "") == body
    assert encode(body, "gzip") == encode(body, "gzip")  # the same bytes at any time


TEXTS = ["/", "/blocks", "/connect", "/node", "/opensearch.xml", "/static/style.css", "/nothing"]


@pytest.mark.parametrize("path", TEXTS)
def test_every_text_is_made_small(explorer: Explorer, path: str) -> None:
    with explorer.client.get(path) as plain:
        whole = plain.get_data()
    assert "Content-Encoding" not in plain.headers
    assert "Accept-Encoding" in plain.vary
    for accepted, decompress in (("zstd", zstandard.ZstdDecompressor().decompress), ("gzip", gzip.decompress)):
        with explorer.client.get(path, headers={"Accept-Encoding": accepted}) as answer:
            small = answer.get_data()
        size = len(small)
        assert answer.status_code == plain.status_code
        assert (len(whole) < LEAST) == ("Content-Encoding" not in answer.headers)
        if "Content-Encoding" in answer.headers:
            assert answer.headers.getlist("Content-Encoding") == [accepted]
            assert len(small) < len(whole)
            small = decompress(small)
        if path in ("/opensearch.xml", "/static/style.css"):  # the demo chain goes on, and so do the others
            assert small == whole
        assert small[:20] == whole[:20]
        assert "Accept-Encoding" in answer.vary
        assert int(answer.headers["Content-Length"]) == size


@pytest.mark.parametrize("path", ["/static/favicon.png", "/healthz"])
def test_what_gains_nothing_is_sent_as_it_is(explorer: Explorer, path: str) -> None:
    with explorer.client.get(path, headers={"Accept-Encoding": "gzip, zstd"}) as answer:
        assert answer.status_code == 200
        assert "Content-Encoding" not in answer.headers


def test_a_file_in_another_encoding_has_a_weak_name(explorer: Explorer) -> None:
    """Which its visitor may ask by again."""
    accepted = {"Accept-Encoding": "zstd"}
    with explorer.client.get("/static/style.css", headers=accepted) as answer:
        etag = answer.headers["ETag"]
    assert etag.startswith('W/"')
    with explorer.client.get("/static/style.css", headers={**accepted, "If-None-Match": etag}) as answer:
        assert (answer.status_code, answer.get_data()) == (304, b"")
        assert "Content-Encoding" not in answer.headers
