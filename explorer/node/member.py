"""The endpoints behind a failover connection: the own node, and each that may answer in its place.

Each is looked after by a thread of its own, as long as visitors come: an ill one is tried again without anybody waiting
for it, and the own node is used again within seconds of being well.
"""

from __future__ import annotations

import logging
import threading
import time
from abc import ABC, abstractmethod
from typing import Final, NamedTuple

from explorer.deadline import deadline, left
from explorer.errors import ExplorerError, NodeBusy, NodeRefused, NodeUnavailable
from explorer.node.client import NodeConnection
from explorer.node.health import Health, MemberState
from explorer.node.rpc import Call
from explorer.node.same_chain import Landmarks, Standing, judge, survey

TICK: Final = 0.25  # seconds between two looks at the clock
IDLE: Final = 60.0  # seconds without visitors until nobody is looked after any more
TRIAL: Final = 2.0  # seconds that an ill node has to show that it is well
RECOVERY: Final = 600.0  # seconds that a killed node is given to fetch the last blocks anew that it has lost
BRIEF: Final = 1.0  # a node that had less time than this to answer is not ill

# Ours, not the node's: all connections in use, our own rate. One method is forbidden. One answer cannot be understood.
NO_ILLNESS: Final = frozenset({"node_connections_busy", "node_rate", "node_forbidden", "node_unexpected_answer"})

log = logging.getLogger(__name__)


class Member(ABC):
    """An endpoint with its health. Safe for threads and after a fork."""

    def __init__(self, rpc: NodeConnection, *, first_wait: float, growth: float, look_every: float) -> None:
        self.rpc = rpc
        self.health = Health(first_wait=first_wait, growth=growth)
        self._look_every = look_every
        self.reset()

    def reset(self) -> None:
        """As at the beginning, with no thread."""
        self.health.reset()
        self._keeper: threading.Thread | None = None
        self._waking = threading.Lock()
        self._asked_at = 0.0
        self._looked_at = 0.0

    @property
    def label(self) -> str:
        return self.rpc.label

    @property
    @abstractmethod
    def state(self) -> MemberState: ...

    @abstractmethod
    def look(self) -> None:
        """Ask where it stands. Raises its failures."""

    def vet(self) -> None:  # noqa: B027  the own node may always answer
        """Raises UnfitFallback where it may not answer, or its failure to say where it stands."""

    def has_not_seen(self, call: Call) -> bool:
        """Whether the call may be about what is there, and that it does not know yet."""
        return False

    def examine(self) -> None:
        """`look`, and keep what it says about its health."""
        begun = time.monotonic()
        try:
            self.look()
        except ExplorerError as error:
            if not (self.health.is_closed and error.message_id in NO_ILLNESS):
                self.failed(error)
        except Exception:  # a trial always ends: nobody else would begin another
            log.exception("%s could not be examined", self.label)
            self.failed(NodeUnavailable("node_unexpected_answer", method="getblockchaininfo"))
        else:
            self.succeeded(time.monotonic() - begun)
        self._looked_at = time.monotonic()

    def succeeded(self, seconds: float) -> None:
        if self.health.succeeded(seconds):
            log.warning("%s answers again", self.label)

    def failed(self, error: ExplorerError) -> None:
        if error.message_id == "node_limit":
            self.health.rest(error)
        elif self.health.failed(error):
            log.warning("%s is left alone for now: %s", self.label, error)

    def judge_failure(self, error: ExplorerError, seconds: float) -> None:
        """What an error that it gave, after so many seconds, says about its health."""
        is_trouble = isinstance(error, (NodeBusy, NodeRefused, NodeUnavailable))
        was_brief = error.message_id == "node_timeout" and seconds < BRIEF
        if is_trouble and not was_brief and error.message_id not in NO_ILLNESS:
            self.failed(error)

    # --- the thread that looks after it ------------------------------------------------------------------------------

    def look_after(self) -> None:
        """Begin to, unless somebody does already."""
        self._asked_at = time.monotonic()
        if self._keeper is not None and self._keeper.is_alive():
            return
        with self._waking:
            if self._keeper is None or not self._keeper.is_alive():
                self._keeper = threading.Thread(target=self._keep, name=f"look after {self.label}", daemon=True)
                self._keeper.start()

    def _keep(self) -> None:
        while time.monotonic() - self._asked_at < IDLE:
            is_due = self.health.is_closed and time.monotonic() - self._looked_at > self._look_every
            if is_due or self.health.take_trial():
                with deadline(TRIAL):
                    self.examine()
            time.sleep(TICK)


class Own(Member):
    """The operator's own node. Its landmarks stay known while it is down."""

    def __init__(self, rpc: NodeConnection, max_behind: int) -> None:
        self._max_behind = max_behind
        self.landmarks: Landmarks | None = None
        self._seen_at = 0.0
        super().__init__(rpc, first_wait=0.5, growth=1, look_every=5)

    def look(self) -> None:
        may_recover = time.monotonic() - self._seen_at < RECOVERY
        self.landmarks = survey(self.rpc, self.landmarks, self._max_behind, may_recover=may_recover)
        self._seen_at = time.monotonic()

    @property
    def state(self) -> MemberState:
        height = self.landmarks.height if self.landmarks else None
        return self.health.member_state(self.label, is_own=True, height=height, refused=None)


class _Judgement(NamedTuple):
    standing: Standing
    by: Landmarks | None  # of the own node
    at: float  # monotonic seconds


class Other(Member):
    """A node that answers in the own one's place, if it may."""

    FRESH: Final = 30.0  # seconds that a judgement holds, unless the own node moves on before

    def __init__(self, rpc: NodeConnection, own: Own, network: str | None, max_behind: int) -> None:
        self._own = own
        self._network = network
        self._max_behind = max_behind
        super().__init__(rpc, first_wait=1, growth=2, look_every=300)

    def reset(self) -> None:
        super().reset()
        self._judging = threading.Lock()
        self._judgement: _Judgement | None = None  # replaced as a whole

    def look(self) -> None:
        landmarks, before = self._own.landmarks, self._judgement
        standing = judge(self.rpc, landmarks, self._network, self._max_behind)
        self._judgement = _Judgement(standing, landmarks, time.monotonic())
        refused = standing.refused
        if refused and not (before and before.standing.refused):
            log.warning("%s may not answer in the own node's place: %s", self.label, refused)

    def vet(self) -> None:
        if not self._is_judged():
            if not self._judging.acquire(timeout=left(TRIAL)):
                raise NodeBusy("too_slow", retry_after=1)
            try:
                if not self._is_judged():
                    self.look()
            finally:
                self._judging.release()
        if self._judgement and (refused := self._judgement.standing.refused):
            raise refused.with_traceback(None)

    def _is_judged(self) -> bool:
        judgement = self._judgement
        if judgement is None or judgement.by is not self._own.landmarks:
            return False
        return time.monotonic() - judgement.at < self.FRESH

    def has_not_seen(self, call: Call) -> bool:
        own, judgement = self._own.landmarks, self._judgement
        if own is None:
            return False
        is_behind = judgement is not None and judgement.standing.height < own.height
        return own.has_block(call) or (call[0] == "getrawtransaction" and is_behind)

    @property
    def state(self) -> MemberState:
        standing = self._judgement.standing if self._judgement else None
        return self.health.member_state(
            self.label,
            is_own=False,
            height=standing.height if standing else None,
            refused=standing.refused if standing else None,
        )
