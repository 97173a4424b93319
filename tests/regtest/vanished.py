"""What the page of a transaction that is gone from the mempool says of it."""

from __future__ import annotations

from tests.bitcoind import Bitcoind
from tests.coins import Made
from tests.pages import Explorer, Page

NEVER_AGAIN = "The coins are spent in a block, so this one can no longer get into any."


def look(explorer: Explorer, made: Made) -> Page:
    return explorer.get(f"/tx/{made.txid}")


def send(explorer: Explorer, node: Bitcoind, *transactions: Made) -> None:
    """And somebody looks at each of them."""
    for made in transactions:
        made.send(node)
        assert "Waiting" in look(explorer, made).all("span")


def is_replaced(page: Page, by: Made | None) -> bool:
    assert page.status == 200
    assert "Waiting" not in page.all("span")
    return (
        "Replaced" in page.all("span")
        and "as it was seen last" in page.text
        and (f"/tx/{by.txid}" in page.links if by else "the node cannot tell which" in page.text)
    )


def is_dropped(page: Page) -> bool:
    assert page.status == 200
    assert "Waiting" not in page.all("span")
    return "Dropped" in page.all("span") and "as it was seen last" in page.text


def confirmed_in(page: Page) -> str:
    assert page.status == 200, page.text
    assert "as it was seen last" not in page.text
    assert any("confirmation" in words for words in page.all("span"))
    return page.facts["Block"]
