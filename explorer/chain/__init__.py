"""Questions about the chain, each a function of an `Rpc`."""
