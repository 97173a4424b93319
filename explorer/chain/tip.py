"""Where the chain, the mempool and the node stand: one immutable value, which everybody reads and the watcher replaces.

Pages are made of facts and of this. What a page asks the node beside it has to be about the same tip (`TipCheck`),
so that no page shows two of them, and none that was made of an older one passes for a newer.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from hashlib import blake2b
from math import inf
from time import monotonic
from typing import Final, TypeVar
from weakref import WeakKeyDictionary

from explorer.bitcoin.models import ChainStatus, Status
from explorer.chain.batch import Batch
from explorer.chain.status import StatusQuestion
from explorer.errors import NodeBusy
from explorer.node.rpc import Rpc

T = TypeVar("T")

TRIES: Final = 3  # to find the chain standing still for as long as a page takes


@dataclass(frozen=True, slots=True)
class ChainState:
    """`tip`, `mempool` and `node` are the generations: texts that change when what they stand for does.

    They are made of what the node said, not counted, so that all workers and hosts name the same state alike. `label`
    is of the endpoint that said so, `asked_at` monotonic seconds.
    """

    status: Status
    label: str
    asked_at: float
    tip: str
    mempool: str
    node: str

    def is_like(self, other: ChainState) -> bool:
        """Whether both say the same, whenever it was asked for."""
        return (self.tip, self.mempool, self.node) == (other.tip, other.mempool, other.node)

    @property
    def chain(self) -> ChainStatus:
        return self.status.chain


class Moved(Exception):
    """The chain moved between two questions: what was found does not belong together."""


class _Eye:
    """What this process knows of one node."""

    def __init__(self) -> None:
        self.state: ChainState | None = None
        self.good_for = 0.0  # seconds that a state may be used without asking; 0 where nobody watches
        self.moved_at = -inf  # when another tip was seen than before
        self.wanted_at = monotonic()


_given: ContextVar[ChainState | None] = ContextVar("state", default=None)
_eyes: WeakKeyDictionary[Rpc, _Eye] = WeakKeyDictionary()
_opening = threading.Lock()


def look(rpc: Rpc) -> ChainState:
    """Asks the node how everything stands, in one round trip. Raises what its answer or silence means."""
    asked_at = monotonic()
    batch = Batch(rpc)
    question = StatusQuestion(batch)
    batch.send()
    state = _state(question.read(), rpc, asked_at)
    eye = _eye(rpc)
    if eye.state is None or eye.state.asked_at <= asked_at:  # an answer that was slow is no news
        if eye.state and eye.state.tip != state.tip:
            eye.moved_at = monotonic()
        eye.state = state
    return state


def current(rpc: Rpc) -> ChainState:
    """How everything stands: as it was given, as the watcher saw it a moment ago, or asked now where it did not."""
    return _given.get() or watched(rpc) or look(rpc)


@contextmanager
def given(state: ChainState) -> Iterator[None]:
    """What is asked inside starts from this state, which was current a moment ago."""
    token = _given.set(state)
    try:
        yield
    finally:
        _given.reset(token)


def watched(rpc: Rpc) -> ChainState | None:
    """What the watcher saw, if it is fresh enough to be used without asking."""
    eye = _eye(rpc)
    state = eye.state
    return state if state and monotonic() - state.asked_at < eye.good_for else None


def last_seen(rpc: Rpc) -> ChainState | None:
    """However old: good for a badge, or to say what is missing; never an answer."""
    return _eye(rpc).state


def trust_watcher(rpc: Rpc, good_for: float) -> None:
    """From now on a state may be used for so many seconds after it was asked for."""
    _eye(rpc).good_for = good_for


def wanted(rpc: Rpc) -> None:
    """Somebody wants to know how things stand."""
    _eye(rpc).wanted_at = monotonic()


def idle_for(rpc: Rpc) -> float:
    """Seconds since anybody wanted to know how things stand."""
    return monotonic() - _eye(rpc).wanted_at


def still_for(rpc: Rpc) -> float:
    """Seconds since the tip was seen to move; without end where it has not."""
    return monotonic() - _eye(rpc).moved_at


def at_one_tip(rpc: Rpc, ask: Callable[[ChainState], T]) -> T:
    """The answer of `ask`, all of which is about one tip. It raises `Moved` where it finds that its state is over.

    Raises NodeBusy for a chain that does not stop moving.
    """
    state = current(rpc)
    for _ in range(TRIES):
        with suppress(Moved):
            return ask(state)
        state = look(rpc)
    raise NodeBusy("chain_moving", retry_after=1)


class TipCheck:
    """Part of any batch whose answers depend on the tip."""

    def __init__(self, batch: Batch, state: ChainState) -> None:
        self._best = batch.ask(str, "getbestblockhash")
        self._state = state

    def read(self) -> None:
        """Raises `Moved` where the batch was answered at another tip than the state's."""
        if self._best.whole() != self._state.chain.best_hash:
            raise Moved


def _eye(rpc: Rpc) -> _Eye:
    eye = _eyes.get(rpc)
    if eye is None:
        with _opening:
            eye = _eyes.setdefault(rpc, _Eye())
    return eye


def _state(status: Status, rpc: Rpc, asked_at: float) -> ChainState:
    chain, node, mempool = status.chain, status.node, status.mempool
    # The estimate of the progress changes with every question, so it counts only as far as a page shows it.
    progress = round(chain.progress, 3) if chain.catching_up else 1
    sizes = (chain.headers, progress, chain.catching_up, chain.size_on_disk, chain.prune_height, chain.warnings)
    return ChainState(
        status=status,
        label=rpc.label,
        asked_at=asked_at,
        tip=_digest(rpc.epoch, chain.network, chain.best_hash),
        mempool=_digest(mempool),
        node=_digest(node, sizes),
    )


def _digest(*values: object) -> str:
    return blake2b(repr(values).encode(), digest_size=8).hexdigest()
