"""The explorer before the node that a worker's tests share."""

from __future__ import annotations

import pytest

from tests.bitcoind import Bitcoind
from tests.pages import Explorer


@pytest.fixture(scope="session")
def explorer(regtest: Bitcoind) -> Explorer:
    return Explorer(regtest.url)
