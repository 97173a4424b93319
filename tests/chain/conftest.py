"""What tests of questions about a chain share: a chain by hand, and a node that tells it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.chain.nodes import FakeChain
from tests.fakenode import FakeNode


@pytest.fixture
def chain() -> FakeChain:
    return FakeChain(25)


@pytest.fixture
def node(chain: FakeChain) -> Iterator[FakeNode]:
    with FakeNode(chain.answers) as node:
        yield node
