"""Where the explorer lives: under a path, behind proxies, and never where a Host header says."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from flask import request

from tests.pages import Explorer, Page
from tests.server import LiveServer

EVIL = "evil.example"
BASE = "/deep/explorer"


@pytest.fixture(scope="module")
def explorer() -> Explorer:
    return Explorer("demo")


@pytest.fixture(scope="module")
def demo_server_port() -> Iterator[int]:
    with LiveServer({"BITCOIN_RPC_URL": "demo"}) as server:
        yield server.port


class TestHost:
    @pytest.mark.parametrize("host", [EVIL, f"{EVIL}:80", "evil.example/path", "<x>", 'a"b', "a b", "[::1", "", "ü"])
    @pytest.mark.parametrize("path", ["/", "/block/1", "/search?q=1", "/search", "/nothing", "/opensearch.xml"])
    def test_it_is_never_repeated(self, explorer: Explorer, host: str, path: str) -> None:
        with explorer.client.get(path, headers={"Host": host, "X-Forwarded-Host": EVIL}) as answer:
            assert answer.status_code in (200, 302, 400, 404)
            body = answer.get_data(as_text=True)
            assert EVIL not in body
            assert EVIL not in str(answer.headers)
            assert "<x>" not in body
            assert "Content-Security-Policy" in answer.headers
            assert "http://localhost" not in body  # the test client's own host

    @pytest.mark.parametrize(
        "line",
        [
            b"GET http://evil.example/search HTTP/1.1",
            b"GET //evil.example/.. HTTP/1.1",
            b"GET /search?q=1 HTTP/1.0",
            b"GET /block/\xff\xfe?page=\x80 HTTP/1.1",
            b"GET /" + b"x" * 8_000 + b" HTTP/1.1",
            b"GET /search?q=" + b"%41" * 1_200 + b" HTTP/1.1",
        ],
    )
    def test_it_is_never_repeated_by_the_server_either(self, demo_server_port: int, line: bytes) -> None:
        with socket.create_connection(("127.0.0.1", demo_server_port), 10) as wire:
            wire.sendall(line + b"\r\nHost: evil.example\r\nConnection: close\r\n\r\n")
            answer = b""
            while chunk := wire.recv(65536):
                answer += chunk
        status = int(answer.split()[1])
        assert status in (200, 302, 400, 404, 414)
        assert b"evil.example" not in answer
        assert b"Traceback" not in answer


class TestBasePath:
    @pytest.fixture(scope="class")
    @classmethod
    def below(cls) -> Explorer:
        return Explorer("demo", BASE_PATH=BASE)

    @pytest.mark.parametrize("stripped", [False, True], ids=["path passed on", "path stripped by the proxy"])
    def test_every_address_is_under_it(self, below: Explorer, stripped: bool) -> None:
        def get(path: str, *, follow: bool = True) -> Page:
            return below.get(path.removeprefix(BASE) if stripped else path, follow=follow)

        seen: set[str] = set()
        waiting = [f"{BASE}/", f"{BASE}/nothing", f"{BASE}/search?q=nothing"]
        while waiting and len(seen) < 60:
            path = waiting.pop(0)
            if path in seen:
                continue
            seen.add(path)
            page = get(path, follow=False)
            if page.status in (301, 302):
                assert page.location.startswith(f"{BASE}/")
                waiting.append(page.location)
                continue
            assert page.status == 200 or "nothing" in path
            for address in (*page.links, *page.assets, *page.forms):
                # urljoin reads a bare #anchor by the path that was asked for, which a proxy may have stripped
                own = address.partition("#")[0] == page.path.rstrip("?")
                assert address.startswith(f"{BASE}/") or (own and stripped), f"{path} leads to {address}"
            waiting += [link.partition("#")[0] for link in page.links if link.startswith(BASE)]
        assert len(seen) == 60

    def test_assets_and_the_search_are_found_there(self, below: Explorer) -> None:
        page = below.get(f"{BASE}/")
        for asset in page.assets:
            with below.client.get(asset) as answer:
                assert answer.status_code == 200
        assert set(page.forms) == {f"{BASE}/search", f"{BASE}/preferences"}
        assert below.get(f"{BASE}/search?q=1", follow=False).location.startswith(f"{BASE}/block/")
        assert below.get(f"{BASE}/search?q=", follow=False).location == f"{BASE}/"

    def test_without_its_slash_it_leads_home(self, below: Explorer) -> None:
        page = below.get(BASE, follow=False)
        assert (page.status, page.location) == (308, f"{BASE}/")

    def test_health_is_there_under_both(self, below: Explorer) -> None:
        assert below.get("/healthz").status == below.get(f"{BASE}/healthz").status == 200

    @pytest.mark.parametrize("path", [f"{BASE}//evil.example", f"{BASE}x/", f"{BASE}{BASE}/", "/deep/", "/deep"])
    def test_what_only_looks_like_it_is_not_found(self, below: Explorer, path: str) -> None:
        page = below.get(path, follow=False)
        assert page.status == 404
        assert "/evil.example" not in str(page.headers.get("Location"))


class TestPublicUrl:
    def test_pages_name_themselves_by_it(self) -> None:
        page = Explorer("demo", PUBLIC_URL=f"https://btc.example{BASE}").get(f"{BASE}/blocks?before=9&x=1")
        assert f'<link rel="canonical" href="https://btc.example{BASE}/blocks?before=9">' in page.body
        assert f'<meta property="og:url" content="https://btc.example{BASE}/blocks?before=9">' in page.body

    def test_the_search_description_has_it(self) -> None:
        explorer = Explorer("demo", PUBLIC_URL=f"https://btc.example{BASE}", HOST="0.0.0.0")
        page = explorer.get(f"{BASE}/opensearch.xml", headers={"Host": EVIL})
        assert page.status == 200
        assert page.headers["Content-Type"].startswith("application/opensearchdescription+xml")
        assert f'template="https://btc.example{BASE}/search?q={{searchTerms}}"' in page.body
        assert f">https://btc.example{BASE}/static/favicon" in page.body
        assert EVIL not in page.body
        assert explorer.get(f"{BASE}/").links[1].startswith(BASE)  # PUBLIC_URL alone sets BASE_PATH

    @pytest.mark.parametrize(("host", "origin"), [("127.0.0.1", "http://127.0.0.1:8099"), ("::1", "http://[::1]:8099")])
    def test_on_this_machine_it_is_known(self, host: str, origin: str) -> None:
        page = Explorer("demo", HOST=host, PORT="8099").get("/opensearch.xml")
        assert f'template="{origin}/search?q={{searchTerms}}"' in page.body

    @pytest.mark.parametrize("settings", [{"HOST": "0.0.0.0"}, {"BASE_PATH": BASE}, {"TRUSTED_PROXIES": "1"}])
    def test_without_it_nothing_is_made_up(self, settings: dict[str, str]) -> None:
        explorer = Explorer("demo", greet=True, **settings)
        base = settings.get("BASE_PATH", "")
        assert not [asset for asset in explorer.get(f"{base}/").assets if "opensearch" in asset]
        assert explorer.get(f"{base}/opensearch.xml", headers={"Host": EVIL}).status == 404


class TestTrustedProxies:
    @pytest.mark.parametrize(
        ("hops", "seen"), [("0", "127.0.0.1 http"), ("1", "10.0.0.2 https"), ("2", "10.0.0.1 https")]
    )
    def test_only_so_many_are_believed(self, hops: str, seen: str) -> None:
        explorer = Explorer("demo", TRUSTED_PROXIES=hops)
        explorer.app.add_url_rule("/who", view_func=lambda: f"{request.remote_addr} {request.scheme}")
        forwarded = {
            "X-Forwarded-For": "6.6.6.6, 10.0.0.1, 10.0.0.2",
            "X-Forwarded-Proto": "http, https, https",
            "X-Forwarded-Host": EVIL,
            "X-Forwarded-Prefix": "/evil",
            "X-Forwarded-Port": "666",
        }
        assert explorer.client.get("/who", headers=forwarded).text == seen
        page = explorer.get("/", headers=forwarded)
        assert "evil" not in page.body
        assert ":666" not in page.body
        location = explorer.get("/block/1", headers=forwarded, follow=False).location
        assert location.startswith("/block/")
