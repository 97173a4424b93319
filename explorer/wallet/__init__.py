"""The wallets that a node has loaded."""
