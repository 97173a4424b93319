"""DemoConnection: the recorded chain behind the same `call` and `batch` as a node."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar, overload

import msgspec

from explorer.decoding import json_decoder
from explorer.errors import ExplorerError, NodeUnavailable, NotFound, Phrase
from explorer.node.demo.methods import answer
from explorer.node.demo.moment import Moment
from explorer.node.demo.parameters import NodeError
from explorer.node.demo.record import Record, load_record
from explorer.node.rpc import Call, Rpc, is_named
from explorer.node.rpc_errors import translate

T = TypeVar("T")

ANCHOR: Final = 1_767_225_600  # Unix seconds of position 0 of epoch 0: the first second of 2026

_encoder = msgspec.json.Encoder(decimal_format="number")


class DemoConnection:
    """Where the record stands follows from the clock alone, so that all processes agree; then it starts over.

    `clock` gives Unix seconds. A call, and a batch as a whole, sees one position.
    """

    label: Final = Phrase("demo chain")
    is_demo: Final = True

    def __init__(self, clock: Callable[[], float] = time.time, record: Record | None = None) -> None:
        self._clock = clock
        self._record = record or load_record()

    @property
    def duration(self) -> int:
        """Seconds until the record starts over."""
        return self._record.meta.duration

    def _position(self) -> tuple[int, int]:
        """The epoch, and the seconds since it began."""
        return divmod(int(self._clock()) - ANCHOR, self.duration)

    @property
    def epoch(self) -> int:
        return self._position()[0]

    def now(self) -> int:
        return self._record.meta.start + self._position()[1]

    def for_wallet(self, name: str) -> DemoConnection:
        """Itself: it has no wallets, and so does not know the methods that need one."""
        return self

    def through(self, question: Callable[[Rpc], T]) -> T:
        """See `Rpc`."""
        return question(self)

    def rest(self, path: str) -> bytes:
        """See `Rpc`: it has no such interface."""
        raise NotFound(method=f"rest/{path.partition('/')[0]}")

    @overload
    def call(self, method: str, *params: Any) -> Any: ...
    @overload
    def call(self, method: str, *params: Any, into: type[T]) -> T: ...
    def call(self, method: str, *params: Any, into: Any = Any) -> Any:
        """See `Rpc`."""
        return _ask(self._moment(), method, params, into)

    def batch(self, calls: Sequence[Call], *, into: Any = None) -> list[Any]:
        """See `Rpc`."""
        types = into if isinstance(into, (list, tuple)) else [into] * len(calls)
        moment = self._moment()
        results: list[Any] = []
        for (method, *params), wanted in zip(calls, types, strict=True):
            try:
                results.append(_ask(moment, method, params, wanted))
            except ExplorerError as error:
                results.append(error)
        return results

    def _moment(self) -> Moment:
        return Moment(self._record, self._position()[1])


def _ask(moment: Moment, method: str, params: Sequence[Any], into: Any) -> Any:
    """The answer as a node's arrives: JSON, decoded into what was asked for."""
    try:
        body = _encoder.encode(answer(moment, method, params))
    except NodeError as error:
        raise translate(method, error.code, error.message, () if is_named(params) else params) from error
    try:
        return json_decoder(Any if into is None else into).decode(body)
    except msgspec.DecodeError as error:
        raise NodeUnavailable("node_unexpected_answer", method=method, reason=str(error)) from error
