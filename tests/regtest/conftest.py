"""The nodes that a worker's tests share, and the explorer before one of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.bitcoind import Bitcoind
from tests.pages import Explorer
from tests.regtest.examination import EVERYTHING, LIMITED, prepare, zmq


@pytest.fixture(scope="session")
def explorer(regtest: Bitcoind) -> Explorer:
    return Explorer(regtest.url)


@pytest.fixture(scope="session")
def healthy(bitcoind_path: str) -> Iterator[Bitcoind]:
    """A node that nothing is wrong with. Tests that change it start their own, with EVERYTHING, LIMITED and `zmq`."""
    with Bitcoind(bitcoind_path, [*EVERYTHING, *LIMITED, zmq()]) as node:
        prepare(node)
        yield node
