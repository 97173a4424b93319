"""Transactions by hand, as their pages show them: `transaction([100, 300], [360])`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from explorer.bitcoin.models import Input, Output, Script, TransactionPart

SCRIPT = Script("witness_v0_keyhash", "0014" + "ab" * 20, "0 " + "ab" * 20, "bc1q")


def transaction(inputs: Sequence[int | None], outputs: Sequence[int], **changes: Any) -> TransactionPart:
    """Of these amounts in satoshis, None where one is not known; a coinbase without inputs."""
    known = [value for value in inputs if value is not None]
    all_known = len(known) == len(inputs)
    spent = [Input(0, "bb" * 32, n, prevout=_output(value)) for n, value in enumerate(inputs)]
    fields: dict[str, Any] = {
        "txid": "aa" * 32,
        "wtxid": "aa" * 32,
        "version": 2,
        "locktime": 0,
        "size": 200,
        "vsize": 200,
        "weight": 800,
        "fee": sum(known) - sum(outputs) if inputs and all_known else None,
        "is_coinbase": not inputs,
        "input_count": len(inputs) or 1,
        "output_count": len(outputs),
        "total_out": sum(outputs),
        "signals_replacement": bool(inputs),
        "is_final": False,
        "first": 0,
        "inputs": tuple(spent or [Input(0xFFFFFFFF, coinbase="51")]),
        "outputs": tuple(Output(value, SCRIPT) for value in outputs),
    }
    return TransactionPart(**{**fields, **changes})


def _output(value: int | None) -> Output | None:
    return None if value is None else Output(value, SCRIPT)
