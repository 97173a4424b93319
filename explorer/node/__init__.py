"""Talking to Bitcoin nodes. Everything above asks through an `Rpc` (rpc.py), whoever answers behind it."""
