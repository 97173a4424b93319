"""What goes out with every answer, and what no page may hold."""

from __future__ import annotations

import pytest
from werkzeug.datastructures import Headers

from explorer.web.headers import HEADERS
from tests.bitcoind import free_port
from tests.pages import Explorer


@pytest.fixture(scope="module")
def explorer() -> Explorer:
    return Explorer("demo")


@pytest.fixture(scope="module")
def down() -> Explorer:
    return Explorer(f"http://u:p@127.0.0.1:{free_port()}", greet=False)


def assert_guarded(headers: Headers) -> None:
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "*" not in policy
    for name, value in HEADERS.items():
        assert headers.getlist(name) == [value]


ANSWERS = [
    ("/", 200),
    ("/blocks", 200),
    ("/block/1", 302),
    ("/connect", 200),
    ("/node", 200),
    ("/healthz", 200),
    ("/readyz", 200),
    ("/opensearch.xml", 200),
    ("/static/style.css", 200),
    ("/static/nothing.css", 404),
    ("/search?q=nothing", 404),
    ("/nothing", 404),
    ("/block/x", 400),
    ("/blocks?before=0", 400),
]


@pytest.mark.parametrize(("path", "status"), ANSWERS)
def test_every_answer_is_guarded(explorer: Explorer, path: str, status: int) -> None:
    with explorer.client.get(path) as answer:
        assert answer.status_code == status
        assert_guarded(answer.headers)


def test_answers_about_a_missing_node_are_guarded(down: Explorer) -> None:
    for path in ("/", "/block/1", "/readyz"):
        with down.client.get(path) as answer:
            assert answer.status_code == 503
            assert_guarded(answer.headers)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize("path", ["/", "/search?q=1", "/block/1", "/healthz", "/static/style.css"])
def test_nothing_can_be_written(explorer: Explorer, method: str, path: str) -> None:
    answer = explorer.client.open(path, method=method)
    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]
    assert "This page can be read, not written to" in answer.get_data(as_text=True)
    assert_guarded(answer.headers)


def test_head_answers_like_get(explorer: Explorer) -> None:
    answer = explorer.client.head("/")
    assert (answer.status_code, answer.data) == (200, b"")
    assert_guarded(answer.headers)


def test_a_crash_shows_nothing_of_itself(
    explorer: Explorer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The page names a request, by which the log has the details."""

    def crash(_: object) -> None:
        raise RuntimeError("secret detail")

    explorer.forget()
    monkeypatch.setattr("explorer.web.home.get_home", crash)
    page = explorer.get("/")
    assert page.status == 500
    assert page.all("h1") == ["Something went wrong here"]
    assert "secret detail" not in page.body
    assert "RuntimeError" not in page.body
    assert_guarded(page.headers)
    assert page.headers["Cache-Control"] == "no-store"
    (request_id,) = page.all("code")
    assert f"request {request_id} failed" in caplog.text
    assert "secret detail" in caplog.text


def test_errors_are_never_kept(explorer: Explorer, down: Explorer) -> None:
    for page in (explorer.get("/nothing"), explorer.get("/block/x"), down.get("/")):
        assert page.headers["Cache-Control"] == "no-store"


def test_pages_are_asked_for_again(explorer: Explorer) -> None:
    assert explorer.get("/").headers["Cache-Control"] == "no-cache"


def test_static_files_stay_for_good_under_their_fingerprint(explorer: Explorer) -> None:
    page = explorer.get("/")
    named = [asset for asset in page.assets if asset.startswith("/static/")]
    assert len(named) > 3
    for asset in named:
        assert "?v=" in asset
        with explorer.client.get(asset) as answer:
            assert answer.status_code == 200
            assert "immutable" in answer.headers["Cache-Control"]
            assert "max-age=31536000" in answer.headers["Cache-Control"]
        with explorer.client.get(asset.partition("?")[0]) as answer:
            assert "immutable" not in answer.headers["Cache-Control"]


def test_no_page_carries_code_or_style_of_its_own(explorer: Explorer, down: Explorer) -> None:
    """And nothing is loaded from elsewhere, which the policy would refuse anyway."""
    pages = [explorer.get(path, follow=True) for path, status in ANSWERS if status != 302]
    pages += [explorer.get("/block/1"), explorer.get("/block/150"), down.get("/")]
    for page in pages:
        assert page.faults == []
        assert all(asset.startswith("/") and not asset.startswith("//") for asset in page.assets)
