"""A real bitcoind in a temporary folder, on a port of its own: `with Bitcoind(path) as node: node.mine(3)`."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Any, Self

USER = "explorer"
PASSWORD = "correct-horse"  # no secret: it guards an empty chain on this machine
WARMING_UP = -28

# The node's own names of the folders in which each chain's cookie lies.
CHAIN_FOLDERS = {"main": "", "test": "testnet3", "testnet4": "testnet4", "signet": "signet", "regtest": "regtest"}


class BitcoindError(Exception):
    """The node answered with an error: its RPC code, or the HTTP status where it said nothing more."""

    def __init__(self, code: int, message: str) -> None:
        self.code = code
        self.message = message
        super().__init__(f"{message} ({code})")


class BitcoindDied(Exception):
    """The process ended, or was not ready in time; the message ends with the last lines that it logged."""


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _is_stopped(stat: Path) -> bool:
    """Of a thread: the signal reaches each by itself, and one that is at work may answer until then."""
    try:
        return stat.read_text().rpartition(") ")[2].startswith("T")
    except OSError:  # it ended
        return True


class Bitcoind:
    """One node without peers. User and password work, and so does the cookie: the password is set by `rpcauth`.

    It is not started before `start()` or `with`, and keeps its folder and port from one start to the next until
    `close()`, which the end of the `with` calls. `args` are added last, so they win (`txindex=False` is what
    `-prune` needs).
    """

    def __init__(
        self, binary: str | Path, args: Sequence[str] = (), *, chain: str = "regtest", txindex: bool = True
    ) -> None:
        self.binary = str(binary)
        self.args = list(args)
        self.chain = chain
        self.txindex = txindex
        self.user = USER
        self.password = PASSWORD
        self.rpcport = free_port()
        self.datadir = Path(tempfile.mkdtemp(prefix="bitcoind-"))
        self.wallet: str | None = None  # the wallet asked where none is named, once one has been made
        self.process: subprocess.Popen[bytes] | None = None

    # --- where it is ------------------------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """With user and password."""
        return f"http://{self.user}:{self.password}@127.0.0.1:{self.rpcport}"

    @property
    def chain_dir(self) -> Path:
        """The folder of this chain inside the datadir."""
        return self.datadir / CHAIN_FOLDERS[self.chain]

    @property
    def cookie(self) -> Path:
        """The cookie file; it is there while the node runs."""
        return self.chain_dir / ".cookie"

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    # --- its life ---------------------------------------------------------------------------------------------------

    def start(self, *, wait: bool = True) -> Self:
        """Starts the process; with `wait` returns only once it answers."""
        salt = "5a17"
        digest = hmac.new(salt.encode(), self.password.encode(), hashlib.sha256).hexdigest()
        command = [
            self.binary,
            f"-datadir={self.datadir}",
            f"-chain={self.chain}",
            "-server",
            "-listen=0",
            "-connect=0",
            "-dnsseed=0",
            "-fixedseeds=0",
            f"-txindex={int(self.txindex)}",
            "-fallbackfee=0.0001",
            "-keypool=10",
            "-dbcache=16",
            "-rpcbind=127.0.0.1",
            "-rpcallowip=127.0.0.1",
            f"-rpcport={self.rpcport}",
            f"-rpcauth={self.user}:{salt}${digest}",
            "-printtoconsole=0",
            *(["-acceptnonstdtxn=1"] if self.chain != "main" else []),  # refused on the main chain
            *self.args,
        ]
        with self._output.open("ab") as output:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
            )
        if wait:
            self.wait_ready()
        return self

    def wait_ready(self, timeout: float = 60) -> None:
        """Waits until it answers and has warmed up (and has loaded again the wallet it had before a restart)."""

        def ready() -> bool:
            try:
                self.rpc("getblockcount", wallet="")
            except OSError:
                return False
            except BitcoindError as error:
                if error.code != WARMING_UP:
                    raise
                return False
            return True

        self.wait_until(ready, timeout)
        if self.wallet is not None and self.wallet not in self.rpc("listwallets", wallet=""):
            self.rpc("loadwallet", self.wallet, wallet="")

    def wait_until(self, condition: Callable[[], bool], timeout: float = 60) -> None:
        """Asks for the condition again and again, and fails at once when the node dies meanwhile."""
        end = time.monotonic() + timeout
        while not condition():
            if not self.is_running:
                raise BitcoindDied(f"bitcoind ended: {self.log_tail()}")
            if time.monotonic() > end:
                raise BitcoindDied(f"not so within {timeout} s: {self.log_tail()}")
            time.sleep(0.02)

    def wait_for_indexes(self, timeout: float = 60) -> None:
        """Waits until every index that it keeps has reached the tip."""

        def synced() -> bool:
            height = self.rpc("getblockcount")
            indexes: dict[str, Any] = self.rpc("getindexinfo")
            return all(index["synced"] and index["best_block_height"] == height for index in indexes.values())

        self.wait_until(synced, timeout)

    def stop(self) -> None:
        """Ends it as an operator would: it writes everything to disk first."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Ends it as a power cut would."""
        self._end(signal.SIGKILL)

    def suspend(self) -> None:
        """From now on it accepts connections and never answers."""
        self._signal(signal.SIGSTOP)
        assert self.process
        tasks = Path(f"/proc/{self.process.pid}/task")
        if tasks.exists():  # where there is no such folder, it stops in its own time
            self.wait_until(lambda: all(map(_is_stopped, tasks.glob("*/stat"))))

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def restart(self, args: Sequence[str] | None = None) -> None:
        """Stops and starts it on the same folder and port, with other extra arguments if given."""
        self.stop()
        if args is not None:
            self.args = list(args)
        self.start()

    def close(self) -> None:
        """Ends it and removes its folder."""
        self.kill()
        shutil.rmtree(self.datadir, ignore_errors=True)

    def __enter__(self) -> Self:
        try:
            return self.start()
        except BaseException:
            self.close()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _end(self, how: signal.Signals) -> None:
        if self.process is None:
            return
        if self.is_running:
            self.process.send_signal(how)
            self.process.send_signal(signal.SIGCONT)  # a suspended process would not see the first
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _signal(self, number: signal.Signals) -> None:
        if self.process is None:
            raise BitcoindDied("bitcoind was not started")
        self.process.send_signal(number)

    @property
    def _output(self) -> Path:
        return self.datadir / "output.log"

    def log_tail(self, lines: int = 8) -> str:
        """The last lines of what it printed and logged."""
        logs = [log for log in (self._output, self.chain_dir / "debug.log") if log.exists()]
        return "\n".join(line for log in logs for line in log.read_text(errors="replace").splitlines()[-lines:])

    # --- asking it --------------------------------------------------------------------------------------------------

    def rpc(self, method: str, *params: Any, wallet: str | None = None) -> Any:
        """Asks once on a connection of its own; numbers with a fraction come as Decimal.

        `wallet` names the wallet to ask ("" for none); without it, it is the one that `make_wallet` made. Raises
        BitcoindError for an error that the node reports, OSError or HTTPException where it cannot be reached.
        """
        wallet = self.wallet if wallet is None else wallet
        token = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        connection = http.client.HTTPConnection("127.0.0.1", self.rpcport, timeout=120)
        try:
            connection.request(
                "POST",
                f"/wallet/{wallet}" if wallet else "/",
                json.dumps({"id": 0, "method": method, "params": params}, default=str),  # amounts may be strings
                {"Authorization": f"Basic {token}", "Content-Type": "application/json"},
            )
            response = connection.getresponse()
            body = response.read()
        finally:
            connection.close()
        try:
            answer = json.loads(body, parse_float=Decimal)
        except ValueError:
            raise BitcoindError(response.status, f"{response.reason}: {body[:200]!r}") from None
        if answer["error"] is not None:
            raise BitcoindError(answer["error"]["code"], answer["error"]["message"])
        return answer["result"]

    def make_wallet(self, name: str = "w") -> None:
        """Makes a wallet, which from now on is asked where none is named."""
        self.rpc("createwallet", name, wallet="")
        self.wallet = name

    def mine(self, count: int = 1, address: str | None = None) -> list[str]:
        """Mines blocks that pay the address, else the wallet, else a script that anyone can spend; returns their
        hashes."""
        if address is None and self.wallet is not None:
            address = self.rpc("getnewaddress")
        if address is None:
            hashes: list[str] = self.rpc("generatetodescriptor", count, "raw(51)")
        else:
            hashes = self.rpc("generatetoaddress", count, address)
        return hashes
