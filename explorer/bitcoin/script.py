"""What an output's script alone tells."""

from __future__ import annotations

OP_RETURN = "6a"  # hex
MAX_SIZE = 10_000  # bytes; a longer script can never be run


def is_unspendable(script_hex: str) -> bool:
    """Whether no input can ever spend such an output: it carries data, or its script is too long."""
    return script_hex.startswith(OP_RETURN) or len(script_hex) > 2 * MAX_SIZE
