"""What is known of a transaction, and does not hold any more."""

from __future__ import annotations

import pytest

from explorer.chain.transactions import get_transaction
from explorer.errors import NotFound
from explorer.node.demo import ANCHOR, DemoConnection
from tests.pages import Explorer


def test_a_block_that_the_node_does_not_have() -> None:
    """As when the demo chain starts over: the block that held it has not been mined yet."""
    passed = 0.0
    demo = DemoConnection(clock=lambda: ANCHOR + passed)
    passed = demo.duration - 1.0
    txid = demo.call("getblock", demo.call("getbestblockhash"), 1)["tx"][0]
    with Explorer("demo", greet=False).app.app_context():
        for _ in range(2):  # asked for, and from kept facts
            assert get_transaction(demo, txid, None, 1).place
        passed = demo.duration + 1.0
        with pytest.raises(NotFound) as missing:
            get_transaction(demo, txid, None, 1)
    assert missing.value.message_id == "transaction_not_found"
