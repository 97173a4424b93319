"""What can go wrong: one family. An error carries a message id and values; its words live in `messages.py`.

`status` is the HTTP status that a page or an API answers with. `cause` (the wrapped library error) stays in
`__cause__` for the log and is never shown to a visitor.
"""

from __future__ import annotations

from typing import ClassVar

Value = str | int | None


class Phrase(str):
    """Words of ours among the values: in English as it stands, and said in the language of the words around it."""

    text: str
    values: dict[str, Value]

    def __new__(cls, text: str, /, **values: Value) -> Phrase:
        phrase = super().__new__(cls, text.format_map(values))
        phrase.text, phrase.values = text, values
        return phrase


class ExplorerError(Exception):
    """Base of the family. `message_id` is a key of `messages.CATALOGUE`, `values` fill its placeholders."""

    status: ClassVar[int] = 500
    default_id: ClassVar[str] = "internal"

    def __init__(self, message_id: str | None = None, /, *, retry_after: int | None = None, **values: Value) -> None:
        self.message_id = message_id or self.default_id
        self.values = values
        self.retry_after = retry_after  # seconds, for the Retry-After header
        super().__init__(self.message_id, values)

    def __str__(self) -> str:
        details = ", ".join(f"{name}={value}" for name, value in self.values.items())
        return f"{self.message_id} ({details})" if details else self.message_id


class BadQuery(ExplorerError):
    """What was asked cannot be right: an id that is none, a number out of range."""

    status = 400
    default_id = "bad_query"


class NotFound(ExplorerError):
    """A node that could know answered that there is none. An answer, not a failure."""

    status = 404
    default_id = "not_found"


class Rejected(ExplorerError):
    """The node refused a transaction. `reason` holds its own words, `code` its RPC code."""

    status = 400
    default_id = "rejected"


class Forbidden(ExplorerError):
    """The caller may not do this."""

    status = 403
    default_id = "forbidden"


class Unsupported(ExplorerError):
    """The node lacks what this needs: an index, a method, data that it has pruned."""

    status = 501
    default_id = "unsupported"


class NodeBusy(ExplorerError):
    """The node is there and will answer later: warming up, or too many requests at once."""

    status = 503
    default_id = "node_busy"


class NodeUnavailable(ExplorerError):
    """No usable answer: refused, reset, timed out, or something that is not a Bitcoin node answered."""

    status = 503
    default_id = "node_unreachable"


class NodeRefused(ExplorerError):
    """The node does not let us in: wrong credentials, or an address or method that it does not allow."""

    status = 502
    default_id = "node_credentials"


class UnfitFallback(ExplorerError):
    """Another node may not answer in the own one's place: it is on another chain, or too far behind."""

    status = 503
    default_id = "fallback_other_chain"


class NodeFault(ExplorerError):
    """The node answered with an error that has no meaning of its own here: `code`, `reason`, `method`."""

    status = 500
    default_id = "node_fault"
