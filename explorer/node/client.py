"""One node: python-bitcoinrpc made fit for threads, restarts and large answers."""

from __future__ import annotations

import copy
import logging
import time
from collections import Counter
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Final, Generic, TypeVar, overload
from urllib.parse import quote

import msgspec
from bitcoinrpc.authproxy import AuthServiceProxy, JSONRPCException

from explorer.decoding import json_decoder, one_at_a_time
from explorer.errors import ExplorerError, NodeBusy, NodeUnavailable, NotFound
from explorer.node.discovery import Endpoint
from explorer.node.reads import is_read
from explorer.node.redaction import Redaction
from explorer.node.retry import TROUBLE
from explorer.node.rpc import Call, Named, Rpc, is_named
from explorer.node.rpc_errors import translate
from explorer.node.transport import BUSY_SECONDS, Transport

T = TypeVar("T")

HTTP_OK: Final = 200
HTTP_BUSY: Final = 503  # its work queue is full, or it warms up

# python-bitcoinrpc writes parameters and answers to this logger.
logging.getLogger("BitcoinRPC").addFilter(lambda record: False)


class _Error(msgspec.Struct):
    code: int = 0
    message: str = ""


class _Envelope(msgspec.Struct, Generic[T]):
    """An answer, as JSON-RPC 1.1 and 2.0 have it."""

    result: T | msgspec.UnsetType | None = msgspec.UNSET
    error: _Error | None = None


class _RawEnvelope(msgspec.Struct):
    """The same, its result as it came: msgspec 0.22 takes a union of Raw and null for null."""

    result: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    error: _Error | None = None


class _Item(msgspec.Struct):
    """An answer in a batch. Its result is decoded afterwards, so that an odd one does not spoil the others."""

    id: int | str | None = None
    result: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    error: _Error | None = None


@lru_cache(maxsize=256)
def _envelope_decoder(into: Any) -> msgspec.json.Decoder[Any]:
    return json_decoder(_RawEnvelope if into is msgspec.Raw else one_at_a_time(lambda: _Envelope[into]))


@lru_cache(maxsize=256)
def _takes_null(into: Any) -> bool:
    try:
        one_at_a_time(lambda: msgspec.convert(None, into))
    except msgspec.ValidationError:
        return False
    return True


class _Exchange:
    """What python-bitcoinrpc takes for its HTTP connection: one question and its answer, over our transport."""

    def __init__(self, transport: Transport, method: str, path: str) -> None:
        self._transport = transport
        self._method = method
        self._path = path
        self.params: Sequence[Any] | Named = ()
        self.answer = b""

    def request(self, verb: str, path: str, body: str, headers: dict[str, Any]) -> None:
        """Path and headers stay behind: the transport knows the endpoint and how to be let in.

        So does the body, which has no parameters: the package would write amounts through float, and all to its log.
        """
        question = {"version": "1.1", "method": self._method, "params": self.params, "id": 0}
        self.answer = self._transport.post(
            _encoder.encode(question), self._method, repeatable=is_read(self._method), path=self._path
        )

    @property
    def sock(self) -> _Exchange:
        return self

    def settimeout(self, seconds: float) -> None:
        """The transport has kept to its own deadline."""


class _Proxy(AuthServiceProxy):  # type: ignore[misc]  # a package without types
    """python-bitcoinrpc's proxy for one question: its shared state is what makes it unfit for threads."""

    def __init__(self, transport: Transport, method: str = "", into: Any = Any, path: str = "") -> None:
        self._transport = transport
        self._into = into
        self._path = path
        self._exchange = _Exchange(transport, method, path)
        super().__init__("http://:@node", method, connection=self._exchange)

    def __getattr__(self, name: str) -> _Proxy:
        if name.startswith("_"):
            raise AttributeError(name)
        return _Proxy(self._transport, name, self._into, self._path)

    def __call__(self, *params: Any) -> Any:
        self._exchange.params = _written(params)
        return super().__call__()

    def _get_response(self) -> dict[str, Any]:
        envelope = _envelope_decoder(self._into).decode(self._exchange.answer)
        if envelope.error is not None:
            return {"error": {"code": envelope.error.code, "message": envelope.error.message}}
        if envelope.result is msgspec.UNSET or (envelope.result is None and not _takes_null(self._into)):
            raise msgspec.ValidationError("no result")
        return {"result": envelope.result}

    def batch_(self, rpc_calls: Sequence[Call]) -> list[_Item | None]:
        """An answer for each call, in their order; None where there is none, or more than one. Safe for threads."""
        body = _encoder.encode(
            [
                {"jsonrpc": "2.0", "method": call[0], "params": _written(call[1:]), "id": i}
                for i, call in enumerate(rpc_calls)
            ]
        )
        methods = list(dict.fromkeys(call[0] for call in rpc_calls))
        asking = ", ".join(methods[:3]) + (" …" if methods[3:] else "")
        answer = _batch_decoder.decode(
            self._transport.post(body, asking, repeatable=all(is_read(method) for method in methods), path=self._path)
        )
        if isinstance(answer, _Item):
            if answer.error is None:
                raise msgspec.ValidationError("no list")
            raise JSONRPCException({"code": answer.error.code, "message": answer.error.message})  # one for all of them
        items = {item.id: item for item in answer}
        if len(items) < len(answer):
            counts = Counter(item.id for item in answer)
            items = {item.id: item for item in answer if counts[item.id] == 1}
        return [items.get(i) for i in range(len(rpc_calls))]


class NodeConnection:
    """An `Rpc` that asks a Bitcoin node. Safe for threads and after a fork."""

    is_demo = False
    epoch = 0

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        timeout: float = 20,
        connections: int = 4,
        batch_size: int = 5000,
        rate: int = 0,
    ) -> None:
        self.endpoint = endpoint
        self._batch_size = batch_size
        self._transport = Transport(endpoint, limit=connections, timeout=timeout, rate=rate)
        self._redact = Redaction(endpoint)
        self._path = ""
        self._batches = _Proxy(self._transport)

    def __repr__(self) -> str:
        return f"<NodeConnection {self.label}>"

    def for_wallet(self, name: str) -> NodeConnection:
        """The same node and the same kept connections, asking that wallet."""
        wallet = copy.copy(self)
        wallet._path = f"wallet/{quote(name, safe='')}"
        wallet._batches = _Proxy(self._transport, path=wallet._path)
        return wallet

    @property
    def label(self) -> str:
        return self.endpoint.label

    @property
    def round_trips(self) -> int:
        """How often this process has asked the node so far."""
        return self._transport.round_trips

    def now(self) -> int:
        return int(time.time())

    def through(self, question: Callable[[Rpc], T]) -> T:
        """See `Rpc`."""
        return question(self)

    @overload
    def call(self, method: str, *params: Any) -> Any: ...
    @overload
    def call(self, method: str, *params: Any, into: type[T]) -> T: ...
    def call(self, method: str, *params: Any, into: Any = Any) -> Any:
        """See `Rpc`."""
        try:
            return _Proxy(self._transport, method, into, self._path)(*params)
        except FAILURES as error:
            failure = _failure(self._redact, error, method, params)
        raise failure

    def rest(self, path: str) -> bytes:
        """See `Rpc`. An endpoint with a path of its own is a provider's, and has no such interface."""
        asking = f"rest/{path.partition('/')[0]}"
        if self.endpoint.target.reveal() != "/":
            raise NotFound(method=asking)
        answer = self._transport.get(path, asking)
        if answer.status == HTTP_BUSY:
            raise NodeBusy(retry_after=BUSY_SECONDS)
        if answer.status != HTTP_OK:
            raise NotFound(method=asking)
        return answer.body

    def batch(self, calls: Sequence[Call], *, into: Any = None) -> list[Any]:
        """See `Rpc`. When a later chunk fails, its error stands for that chunk's calls and for those not asked."""
        types = into if isinstance(into, (list, tuple)) else [into] * len(calls)
        results: list[Any] = []
        if self._batch_size == 1:
            return self._one_by_one(calls, types)
        for start in range(0, len(calls), self._batch_size):
            chunk = calls[start : start + self._batch_size]
            try:
                items = self._batches.batch_(chunk)
            except FAILURES as error:
                failure = _failure(self._redact, error, "batch")
                break
            wanted = types[start : start + self._batch_size]
            results += [_result(self._redact, *row) for row in zip(chunk, items, wanted, strict=True)]
        else:
            return results
        if not results:
            raise failure
        return results + [failure] * (len(calls) - len(results))

    def _one_by_one(self, calls: Sequence[Call], types: Sequence[Any]) -> list[Any]:
        """For a node that takes no batches."""
        results: list[Any] = []
        for call, into in zip(calls, types, strict=True):
            try:
                results.append(self.call(*call, into=Any if into is None else into))
            except ExplorerError as error:
                failure = error.with_traceback(None)
                if isinstance(error, TROUBLE) and error.message_id != "node_unexpected_answer":
                    break
                results.append(failure)
        else:
            return results
        if not results:
            raise failure
        return results + [failure] * (len(calls) - len(results))


def _result(redact: Redaction, call: Call, item: _Item | None, into: Any) -> Any:
    """A batched call's result, or its error."""
    method, *params = call
    if item is not None and item.error is not None:
        said = JSONRPCException({"code": item.error.code, "message": item.error.message})
        return _failure(redact, said, method, params)
    if item is None or item.result is msgspec.UNSET:
        return _unexpected(method, "no result, or more than one")
    if into is msgspec.Raw:
        return item.result
    try:
        return json_decoder(Any if into is None else into).decode(item.result)
    except ODD_ANSWERS as error:
        return _unexpected(method, str(error))


def _failure(redact: Redaction, error: Exception, method: str, params: Sequence[Any] = ()) -> ExplorerError:
    """The one of the family that a failure is. Without the traceback: its frames hold parameters, maybe secret ones."""
    error.__traceback__ = None
    match error:
        case ExplorerError():
            return error
        case JSONRPCException(code=code, message=message):
            said = redact(message)
            error = JSONRPCException({"code": code, "message": said})
            failure = translate(method, code, said, () if is_named(params) else params)
        case _:
            failure = _unexpected(method, str(error))
    failure.__cause__ = error
    return failure


def _unexpected(method: str, reason: str) -> ExplorerError:
    return NodeUnavailable("node_unexpected_answer", method=method, reason=reason)


def _written(params: Sequence[Any]) -> Sequence[Any] | Named:
    """The parameters as they go to the node: a list, or an object of the named ones."""
    return params[0] if is_named(params) else params


# Not JSON, not of the expected shape, no UTF-8, nested without end, a number beyond all bounds.
ODD_ANSWERS: Final = (msgspec.DecodeError, UnicodeError, RecursionError, ArithmeticError)
FAILURES: Final = (ExplorerError, JSONRPCException, *ODD_ANSWERS)
_batch_decoder: Final = msgspec.json.Decoder(list[_Item] | _Item)
_encoder: Final = msgspec.json.Encoder(decimal_format="number")
