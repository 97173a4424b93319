"""How gunicorn serves the explorer. `gunicorn app:app` reads this file by itself; its own options override it."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import socket
import sys
from typing import TYPE_CHECKING

from config import DEMO, ConfigError, load  # a module `config` here would be taken for a setting
from explorer import background
from explorer.cache import shelf
from explorer.node.connection import get_rpc_connection
from explorer.node.discovery import find_endpoints
from explorer.web import live

if TYPE_CHECKING:
    from gunicorn.arbiter import Arbiter
    from gunicorn.workers.base import Worker

SWITCH_SECONDS = 0.001  # how long a busy thread keeps the others waiting for Python: 0.005 unless told otherwise
GC_THRESHOLDS = 50_000, 20, 50  # objects of a large page; Python's 700, 10, 10 collect in the middle of it
M_ARENA_MAX = -8  # glibc's malloc.h
REACHABLE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # where one reaches a listener on every address

try:
    settings = load()
    endpoints = find_endpoints(settings)
    get_rpc_connection(settings)  # before the fork: all workers show one node, whatever comes and goes on the disk
    if settings.cache_type == "SimpleCache":
        shelf.open_folder()  # before the fork: what one worker finds, the others find there
except ConfigError as error:
    sys.exit("\n".join(["The explorer cannot start with these settings:", *(f"- {text}" for text in error.problems)]))

bind = f"[{settings.host}]:{settings.port}" if ":" in settings.host else f"{settings.host}:{settings.port}"
workers = settings.web_workers
threads = settings.web_threads
worker_class = "gthread"
reuse_port = True  # a listener per worker: on one shared listener gthread sometimes leaves a worker idle
loglevel = settings.log_level

keepalive = 65  # seconds; longer than the 60 s for which proxies keep an idle connection, and it holds no thread
timeout = 60  # seconds without a sign of life (not without an answer) until a worker is replaced
graceful_timeout = 10  # seconds for answers under way when stopping: as long as `docker stop` waits

forwarded_allow_ips = ""  # who is believed about addresses is TRUSTED_PROXIES' business alone
control_socket_disable = True
if os.access("/dev/shm", os.W_OK):
    worker_tmp_dir = "/dev/shm"  # signs of life in memory: on a slow disk they would block the worker


def on_starting(server: Arbiter) -> None:
    """Refuse a port that somebody has: with `reuse_port` both servers would silently share the visitors."""
    for host, port in _addresses(server):
        if problem := _why_not(host, port):
            sys.exit(
                f"Cannot listen on {_url(host, port)}: {problem}.\n"
                f"HOST and PORT choose another address, for example: PORT={port + 1} script/server"
            )


def when_ready(server: Arbiter) -> None:
    """Say where the explorer is, and which node it shows."""
    lines = [f"The explorer is at {_url(host, port)}{settings.base_path}/" for host, port in _addresses(server)]
    if endpoints:
        own, *others = endpoints
        lines.append(f"Its node is {own.label}, named by {own.found_by}.")
        if others:
            lines.append(f"While that cannot answer: {', '.join(other.label for other in others)}.")
    elif settings.bitcoin_rpc_url == DEMO:
        lines.append("It shows the recorded demo chain, as BITCOIN_RPC_URL says.")
    else:
        lines.append("It found no node, so it shows the recorded demo chain.")
    lines.append("Another node: BITCOIN_RPC_URL=http://user:password@host:8332 (or demo), or BITCOIN_DATADIR=folder.")
    print(*lines, sep="\n", flush=True)


def post_worker_init(worker: Worker) -> None:
    """After the fork: the watcher begins, and the first pages are made before a visitor needs them."""
    sys.setswitchinterval(SWITCH_SECONDS)
    _use_few_arenas()
    gc.collect()
    gc.freeze()  # what is here now stays: the collector need not look at it again and again
    gc.set_threshold(*GC_THRESHOLDS)
    live.while_(lambda: worker.alive)
    background.start(worker.wsgi, get_rpc_connection(settings))


def on_exit(server: Arbiter) -> None:
    """Nothing stays behind."""
    shelf.close_folder()


def _use_few_arenas() -> None:
    """Of glibc's memory: by default each thread has one of its own, and what one frees the others cannot use."""
    with contextlib.suppress(OSError, AttributeError):  # another C library
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, 2)


def _addresses(server: Arbiter) -> list[tuple[str, int]]:
    """Where it listens, Unix sockets left out."""
    return [(address[0], address[1]) for address in server.address if isinstance(address, tuple)]


def _url(host: str, port: int) -> str:
    host = REACHABLE.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _why_not(host: str, port: int) -> str:
    """Why nobody can listen there; empty if one can."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            # Lingering connections of the past do not count; a listener does, unless both have SO_REUSEPORT.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        return error.strerror or str(error)
    try:  # macOS lets one bind an address beside somebody who listens on all of them
        socket.create_connection((REACHABLE.get(host, host), port), timeout=1).close()
    except OSError:
        return ""
    return "Somebody answers there already"
