"""What every source of answers looks like: a Bitcoin node, the demo chain, or several nodes behind one face."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar, overload

T = TypeVar("T")

Call = tuple[Any, ...]  # (method, *params), or (method, Named)


class Named(dict[str, Any]):
    """Parameters by their names: `rpc.call("getblock", Named(blockhash=…, verbosity=2))`. Alone, in place of all."""


def is_named(params: Sequence[Any]) -> bool:
    return len(params) == 1 and isinstance(params[0], Named)


class Rpc(Protocol):
    """Asks a node. Safe for threads. Every failure is one of `explorer.errors`.

    Without `into`, answers are plain JSON values with `Decimal` for every number that has a fraction; with it they
    are decoded straight into that type (a `msgspec.Struct`, or anything else that msgspec decodes into).
    """

    @property
    def label(self) -> str:
        """Who answers, in words for a page. Never a secret."""
        ...

    @property
    def is_demo(self) -> bool:
        """Whether the answers come from the recorded demo chain."""
        ...

    @property
    def epoch(self) -> int:
        """Which run of the chain this is: the demo chain starts over, and that is not a reorganisation. Else 0."""
        ...

    def now(self) -> int:
        """The time by which ages are told, in Unix seconds: the clock, or the demo record's own."""
        ...

    def for_wallet(self, name: str) -> Rpc:
        """The same node, asking that wallet of it."""
        ...

    def through(self, question: Callable[[Rpc], T]) -> T:
        """Asks something of one endpoint that has to be known of the very one that answers, such as what it can do:
        of this one, or of the one of several whose turn it is."""
        ...

    @overload
    def call(self, method: str, *params: Any) -> Any: ...
    @overload
    def call(self, method: str, *params: Any, into: type[T]) -> T: ...

    def rest(self, path: str) -> bytes:
        """What the node's REST interface has under a path, in binary, such as `block/HASH.bin`.

        Only where `Capabilities.rest` says so. Raises NotFound where there is nothing there, for whatever reason.
        """
        ...

    def batch(self, calls: Sequence[Call], *, into: Any = None) -> list[Any]:
        """Asks many things in one round trip (in chunks of the set size).

        `into` is one type for all, or a sequence with a type or None for each call. Returns, in the order asked, each
        call's result or its `ExplorerError`; raises only when nothing could be asked at all.
        """
        ...
