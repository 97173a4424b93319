"""Makes the embedded demo chain: a small economy on a real regtest bitcoind, recorded as the node tells it.

    keys.py      locks: what can be paid to, and how it is unlocked
    wallets.py   coins, wallets and the transactions that they sign
    mining.py    blocks, with pools that sign their coinbases
    story.py     who pays whom, and when
    writing.py   the node's answers, as the record's members

Everything is drawn from fixed seeds and a fixed clock, so a second run makes the same chain.
"""
