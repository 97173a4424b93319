"""The embedded demo chain: a real regtest node's answers, recorded by `script/record-demo`, told again by the clock.

record.py        the file, read piece by piece
moment.py        the chain at one position of the record: what exists there
parameters.py    parameters checked as a node checks them
blocks.py, transactions.py, mempool.py, control.py
                 the methods it knows, each answering as the node would
connection.py    DemoConnection: these answers behind `call` and `batch`
"""

from explorer.node.demo.connection import ANCHOR, DemoConnection
from explorer.node.demo.record import load_record

__all__ = ["ANCHOR", "DemoConnection", "load_record"]
