"""The explorer as a visitor sees it: `Explorer(node.url).get("/block/170").facts["Nonce"]`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest

import config
from app import create_app
from explorer import cache
from explorer.chain import tip
from explorer.node.capabilities import get_capabilities
from explorer.node.connection import get_rpc_connection
from explorer.node.failover import FailoverConnection
from explorer.node.rpc import Call

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
INLINE = {"a", "abbr", "b", "bdi", "code", "i", "kbd", "span", "strong", "time"}
UNSEEN = {"title", "svg", "script", "style"}  # their text is no part of what is read on the page, nor are popovers
BAD = ("javascript:", "data:", "http:", "https:", "//")  # as an address: inline code, or somebody else's
OF_ITSELF = ("canonical", "alternate", "og:url", "og:image")  # the page's own address, whole where PUBLIC_URL is set
WATCHED_SECONDS = 600.0
LOADED = {("link", "href"), ("script", "src"), ("img", "src")}


class Page(HTMLParser):
    """An answer, and what its HTML holds. Elements must be closed in order: anything else is an AssertionError."""

    def __init__(self, path: str, status: int, headers: Any, body: str) -> None:
        super().__init__()
        self.path = path
        self.status = status
        self.headers = headers
        self.body = body
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str, dict[str, str | None]]] = []  # tag, text within, attributes; as they end
        self._open: list[tuple[str, list[str], dict[str, str | None]]] = []
        if self.is_html:
            self.feed(body)
            self.close()
            assert not self._open, f"{path}: {self._open[-1][0]} is never closed"

    @property
    def is_html(self) -> bool:
        """Redirects have a body that nobody reads, in werkzeug's own words."""
        return not 300 <= self.status < 400 and str(self.headers["Content-Type"]).startswith("text/html")

    # --- what it says -----------------------------------------------------------------------------------------------

    @property
    def text(self) -> str:
        """All that can be read on it, in one line."""
        return " ".join(self.all("body"))

    @property
    def title(self) -> str:
        return " ".join(self.all("title"))

    def all(self, tag: str) -> list[str]:
        """The text of every such element, in one line each."""
        return [text for name, text, _ in self.texts if name == tag]

    def rows(self, side: str) -> list[str]:
        """The text of each input ("in") or output ("out") of a transaction."""
        return [
            text for tag, text, found in self.texts if tag == "li" and (found.get("id") or "").startswith(f"{side}-")
        ]

    @property
    def facts(self) -> dict[str, str]:
        """Its lists of facts, by name; of those that are there twice, the last."""
        terms: dict[str, str] = {}
        name = ""
        for tag, text, _ in self.texts:
            if tag == "dt":
                name = text
            elif tag == "dd":
                terms[name] = text
        return terms

    @property
    def location(self) -> str:
        """Where a redirect leads."""
        assert 300 <= self.status < 400, f"{self.path} answers {self.status}"
        return str(self.headers["Location"])

    # --- what it leads to -------------------------------------------------------------------------------------------

    @property
    def links(self) -> list[str]:
        """Where it leads, as paths from the root."""
        return [urljoin(self.path, href) for tag, found in self.elements if tag == "a" and (href := found.get("href"))]

    @property
    def assets(self) -> list[str]:
        """What it loads or names in its head."""
        return [value for tag, found in self.elements for key, value in found.items() if value and (tag, key) in LOADED]

    @property
    def forms(self) -> list[str]:
        forms = [found for tag, found in self.elements if tag == "form" and found.get("method") != "dialog"]
        return [urljoin(self.path, found.get("action") or "") for found in forms]

    def rel(self, name: str) -> str | None:
        """The link to what stands in this relation to the page, such as `next`."""
        for tag, found in self.elements:
            if tag == "a" and found.get("rel") == name:
                return urljoin(self.path, found["href"] or "")
        return None

    # --- what is wrong with it --------------------------------------------------------------------------------------

    @property
    def ids(self) -> list[str]:
        return [value for _, found in self.elements if (value := found.get("id")) is not None]

    @property
    def faults(self) -> list[str]:
        """What no page may have: anything that the Content-Security-Policy forbids, and what machines stumble over."""
        if not self.is_html:
            return []
        faults = [f"no {tag}, or several" for tag in ("html", "title", "main", "h1") if len(self.all(tag)) != 1]
        faults += [f"id {name} is there {count} times" for name, count in Counter(self.ids).items() if count > 1]
        if any(not found.get("lang") for found in self._every("html")) or not self.title.partition(" · ")[0]:
            faults.append("no language or no title")
        for tag, found in self.elements:
            faults += [f"{tag} has {name}=" for name in found if name == "style" or name.startswith("on")]
            names_itself = found.get("rel") in ("canonical", "alternate") or str(found.get("property")).startswith(
                "og:"
            )
            if not names_itself:  # whole, with PUBLIC_URL
                faults += [
                    f"{tag} has {name}={value}" for name, value in found.items() if (value or "").startswith(BAD)
                ]
            if tag == "style" or (tag == "script" and not found.get("src")):
                faults.append(f"an inline {tag}")
            if tag in ("input", "select", "textarea") and not self._is_labelled(found):
                faults.append(f"a {tag} without a label")
            if tag == "img" and found.get("alt") is None:
                faults.append("an img without alt")
            for reference in ("for", "aria-labelledby"):
                if (name := found.get(reference)) is not None and name not in self.ids:
                    faults.append(f"{reference}={name} names nothing")
        faults += [
            f"{tag} says nothing"
            for tag, text, found in self.texts
            if tag in ("a", "button", "h1", "h2", "h3") and not text and not found.get("aria-label")
        ]
        return faults

    def _every(self, tag: str) -> list[dict[str, str | None]]:
        return [found for name, found in self.elements if name == tag]

    def _is_labelled(self, control: dict[str, str | None]) -> bool:
        labelled = control.get("id") in [label.get("for") for label in self._every("label")]
        return labelled or bool(control.get("aria-label")) or control.get("type") == "hidden"

    # --- reading it -------------------------------------------------------------------------------------------------

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        assert len(found) == len(attrs), f"{self.path}: {tag} has an attribute twice: {attrs}"
        self.elements.append((tag, found))
        if tag in VOID:
            self.handle_data(" ")
        else:
            self._open.append((tag, [], found))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open, f"{self.path}: {tag} ends and was never open"
        name, parts, found = self._open.pop()
        assert name == tag, f"{self.path}: {tag} ends while {name} is open"
        text = "".join(parts)
        if tag != "title" or not any(name == "svg" for name, *_ in self._open):  # that of a picture is not the page's
            self.texts.append((tag, " ".join(text.split()), found))
        if tag not in UNSEEN and "popover" not in found:
            self.handle_data(text if tag in INLINE else f" {text} ")

    def handle_data(self, data: str) -> None:
        if self._open:
            self._open[-1][1].append(data)


class Explorer:
    """The app in this process, with a client, before a node that was greeted as every worker greets it."""

    def __init__(self, url: str, *, greet: bool = True, **settings: str) -> None:
        self.url = url
        self.settings = config.load({"BITCOIN_RPC_URL": url, **settings})
        self.app = create_app(self.settings)
        self.client = self.app.test_client()
        if greet:
            self.greet()

    @property
    def connection(self) -> FailoverConnection:
        connection = get_rpc_connection(self.settings)
        assert isinstance(connection, FailoverConnection)
        return connection

    def greet(self) -> None:
        """As explorer/background.py does."""
        rpc = get_rpc_connection(self.settings)
        get_capabilities(rpc)
        tip.look(rpc)

    def forget(self) -> None:
        """Every fact and every page; what the node can do and where it stood stay known."""
        with self.app.app_context():
            cache.clear()

    def get(self, path: str, *, follow: bool = True, **options: Any) -> Page:
        """A page, which must be sound. Redirects are followed, unless told otherwise."""
        answer = self.client.get(path, follow_redirects=follow, **options)
        is_binary = answer.mimetype == "application/octet-stream"
        body = answer.get_data().decode(errors="replace" if is_binary else "strict")
        answer.close()
        page = Page(answer.request.full_path, answer.status_code, answer.headers, body)
        assert not page.faults, f"{path}: {page.faults}"
        return page

    def search(self, typed: str) -> Page:
        """Where a search leads; the page of the answer itself where it leads nowhere."""
        return self.get("/search", query_string={"q": typed}, follow=False)

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Inside, the watcher has just seen how everything stands, as in production, and pages do not ask for it."""
        rpc = get_rpc_connection(self.settings)
        tip.look(rpc)
        tip.trust_watcher(rpc, WATCHED_SECONDS)
        try:
            yield
        finally:
            tip.trust_watcher(rpc, 0)  # other tests see every change at once

    def count(self, path: str) -> int:
        """Round trips to the node until the page is there. Those that are made at the same time count each."""
        with self.watched():
            before = self.connection.round_trips
            page = self.get(path, follow=False)
            assert page.status == 200, f"{path} answers {page.status}: {page.text}"
            return self.connection.round_trips - before

    def methods(self, path: str) -> set[tuple[str, Any]]:
        """What the node is asked until the page is there: (method, the second parameter or None)."""
        asked: set[tuple[str, Any]] = set()
        connection = self.connection
        batch = connection.batch

        def overhear(calls: Sequence[Call], *, into: Any = None) -> list[Any]:
            asked.update((method, params[1] if len(params) > 1 else None) for method, *params in calls)
            return batch(calls, into=into)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(connection, "batch", overhear)
            assert self.get(path).status == 200
        return asked


def crawl(explorer: Explorer, *starts: str) -> dict[str, Page]:
    """Every page that can be reached, by its address: each must be there, and have the anchor it is named by.

    Links to problem pages would end it with an AssertionError.
    """
    found: dict[str, Page] = {}
    waiting = [(start, "the start") for start in starts]
    while waiting:
        link, origin = waiting.pop()
        parts = urlsplit(link)
        assert not parts.netloc, f"{origin} leads away, to {link}"
        path = parts._replace(fragment="").geturl()
        if path not in found:
            found[path] = page = explorer.get(path)
            assert page.status == 200, f"{origin} leads to {path}: {page.status}, {page.text[:500]}"
            waiting += [(link, path) for link in page.links]
        anchor = parts.fragment
        assert not anchor or anchor in found[path].ids, f"{origin} leads to {link}, which has no such place"
    return found


def shown(amount: int) -> str:
    """Satoshis as pages write bitcoins."""
    return f"{amount // 100_000_000:,}.{amount % 100_000_000:08}"
