"""Every setting, declared once: the fields of `Settings`. Nothing else reads the environment.

A setting's environment name is its field's name in capitals: `rpc_timeout` is read from `RPC_TIMEOUT`. An empty value
counts as unset.
"""

from __future__ import annotations

import difflib
import os
import re
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any, Final, NamedTuple, get_type_hints
from urllib.parse import urlsplit

from explorer.node_url import DEMO as DEMO
from explorer.node_url import Demo, parse_host, parse_node_urls, parse_user
from explorer.node_url import NodeUrl as NodeUrl
from explorer.node_url import Secret as Secret

NETWORKS: Final = ("main", "test", "testnet4", "signet", "regtest")  # Core's own names, as in chain= of bitcoin.conf
LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
LOG_LEVELS: Final = ("debug", "info", "warning", "error", "critical")


class ConfigError(Exception):
    """Settings that do not parse or contradict each other. `problems` holds all of them, each naming its variable."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


# --- what a value may look like: each takes its text and raises ValueError, saying what is allowed --------------------


def _path(value: str) -> Path:
    return Path(os.path.expanduser(value))


def _folder(value: str) -> Path:
    path = _path(value)
    if not os.path.isdir(path):
        raise ValueError(f"names {path}, which is no folder")
    return path


def _authorities(value: str) -> Path:
    path = _path(value)
    try:
        ssl.create_default_context().load_verify_locations(path)
    except ssl.SSLError:
        raise ValueError(f"names {path}, which holds no certificate in PEM form") from None
    except OSError as error:
        raise ValueError(f"names {path}, which cannot be read ({error.strerror})") from None
    return path


def _whole(lowest: int, highest: int) -> Callable[[str], int]:
    def parse(value: str) -> int:
        if not re.fullmatch(r"[0-9]{1,10}", value) or not lowest <= int(value) <= highest:
            raise ValueError(f"must be a whole number from {lowest} to {highest}")
        return int(value)

    return parse


def _each(lowest: int, highest: int) -> Callable[[str], tuple[int, ...]]:
    """One number for every endpoint, or as many as there are endpoints, separated by commas."""
    one = _whole(lowest, highest)

    def parse(value: str) -> tuple[int, ...]:
        return tuple(one(part.strip()) for part in value.split(","))

    return parse


def _one_of(*allowed: str) -> Callable[[str], str]:
    def parse(value: str) -> str:
        if value.lower() not in allowed:
            raise ValueError("must be " + " or ".join(filter(None, [", ".join(allowed[:-1]), allowed[-1]])))
        return value.lower()

    return parse


CACHE_TYPES: Final = ("SimpleCache", "RedisCache", "NullCache")  # flask-caching's own names


def _cache_type(value: str) -> str:
    known = {name.lower(): name for name in CACHE_TYPES}
    if value.lower() not in known:
        raise ValueError(f"must be {' or '.join(CACHE_TYPES)}")
    return known[value.lower()]


def _redis_url(value: str) -> Secret:
    allowed = "must be redis://user:password@host:6379/0, rediss:// for TLS, or unix:///path/to/socket"
    try:
        url = urlsplit(value)
        valid = bool(url.path if url.scheme == "unix" else url.hostname) and url.port != 0
    except ValueError:
        raise ValueError(allowed) from None
    if not valid or url.scheme not in ("redis", "rediss", "unix"):
        raise ValueError(allowed)
    return Secret(value)


def _base_path(value: str) -> str:
    path = "/" + value.strip("/") if value.strip("/") else ""
    if not re.fullmatch(r"(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*", path):
        raise ValueError("must be a path such as /explorer, of letters, digits and . _ ~ -")
    return path


def _public_url(value: str) -> str:
    allowed = "must be the explorer's own address, such as https://explorer.example/path, without a query"
    try:
        url = urlsplit(value)
        parse_host(url.hostname or "")
        _base_path(url.path)
        valid = url.scheme in ("http", "https") and url.port != 0 and "@" not in url.netloc
    except ValueError:
        raise ValueError(allowed) from None
    if not valid or re.search(r"[^!-~]|[?#]", value):
        raise ValueError(allowed)
    return f"{url.scheme}://{url.netloc.lower()}{_base_path(url.path)}"


# --- the settings -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Settings:
    """What an operator may set: each with its check, its meaning and its default. Immutable and hashable."""

    host: Annotated[str, parse_host, "The address to listen on; 0.0.0.0 for all, as in a container."] = "127.0.0.1"
    port: Annotated[int, _whole(1, 65535), "The port to listen on."] = 5000
    base_path: Annotated[str, _base_path, "The path under which a proxy shows the explorer, such as /explorer."] = ""
    public_url: Annotated[
        str | None, _public_url, "The address by which visitors reach the start page, BASE_PATH included."
    ] = None
    trusted_proxies: Annotated[
        int, _whole(0, 10), "How many proxies stand in front, whose X-Forwarded headers are to be believed."
    ] = 0
    bitcoin_rpc_url: Annotated[
        tuple[NodeUrl, ...] | Demo | None,
        parse_node_urls,
        "The node, as http://user:password@host:8332 (https too), or demo for the recorded demo chain; without a port, "
        "http means the network's RPC port and https 443. After it, separated by commas, any number of others that "
        "answer while it cannot; a provider's key stands in the path or the query: https://name.example/v1/KEY/.",
    ] = None
    bitcoin_rpc_host: Annotated[str | None, parse_host, "The node's host, instead of a URL."] = None
    bitcoin_rpc_port: Annotated[
        int | None, _whole(1, 65535), "The node's RPC port, if it is not its network's usual one."
    ] = None
    bitcoin_rpc_user: Annotated[str | None, parse_user, "The RPC user, as in rpcauth= or rpcuser=."] = None
    bitcoin_rpc_password: Annotated[Secret | None, Secret, "The RPC user's password."] = None
    bitcoin_rpc_password_file: Annotated[Path | None, _path, "A file that holds the password, instead."] = None
    bitcoin_rpc_cookie: Annotated[Path | None, _path, "The node's cookie file, instead of user and password."] = None
    bitcoin_rpc_ca_file: Annotated[
        Path | None,
        _authorities,
        "Certificates, in PEM form, to trust beside the usual authorities: for a node behind a TLS proxy of your own.",
    ] = None
    bitcoin_datadir: Annotated[
        Path | None,
        _folder,
        "Bitcoin's data folder, with bitcoin.conf and the cookie; beside a URL or host it gives what these leave out.",
    ] = None
    bitcoin_conf: Annotated[
        Path | None, _path, "The node's bitcoin.conf; a relative path starts from the data folder, as for bitcoind."
    ] = None
    bitcoin_network: Annotated[
        str | None, _one_of(*NETWORKS), f"The network, where several could be meant: {', '.join(NETWORKS)}."
    ] = None
    # Shorter than the 30 s or more that proxies wait: the visitor sees our page about it, not the proxy's.
    request_deadline: Annotated[
        int, _whole(1, 300), "How many seconds a visitor waits at most for the nodes, however many of them are ill."
    ] = 10
    max_blocks_behind: Annotated[
        int, _whole(0, 144), "How many blocks another node may be behind yours and still answer in its place."
    ] = 3
    rpc_timeout: Annotated[
        tuple[int, ...],
        _each(1, 600),
        "How many seconds a node may take for an answer: one number for all of BITCOIN_RPC_URL, or one for each, "
        "separated by commas.",
    ] = (20,)
    rpc_connections: Annotated[
        int,
        _whole(1, 64),
        "How many connections to the node a process holds at most; the node's rpcthreads is 4 or 16.",
    ] = 4
    rpc_batch_size: Annotated[
        tuple[int, ...],
        _each(1, 100_000),
        "How many questions are sent to a node at once at most; 1 for one that takes no batches. One number, or one "
        "for each node.",
    ] = (5000,)
    rpc_rate: Annotated[
        tuple[int, ...],
        _each(0, 100_000),
        "How many requests a second a process sends to a node at most; 0 for no limit. One number, or one for each "
        "node.",
    ] = (0,)
    cache_type: Annotated[
        str,
        _cache_type,
        "Where what was found is kept: SimpleCache in memory, RedisCache also in a Redis that several machines share, "
        "NullCache nowhere.",
    ] = "SimpleCache"
    cache_mb: Annotated[int, _whole(1, 1_000_000), "How many megabytes of facts and pages a process keeps."] = 40
    cache_shared_mb: Annotated[
        int, _whole(1, 1_000_000), "How many megabytes the workers of this machine share, in /dev/shm where it is."
    ] = 64
    cache_redis_url: Annotated[
        Secret | None, _redis_url, "The Redis of CACHE_TYPE=RedisCache, as redis://user:password@host:6379/0."
    ] = None
    web_workers: Annotated[int, _whole(1, 256), "How many processes answer visitors."] = 2
    web_threads: Annotated[int, _whole(1, 1024), "How many threads each of them has."] = 16
    log_level: Annotated[str, _one_of(*LOG_LEVELS), f"How much is logged: {', '.join(LOG_LEVELS)}."] = "info"

    @property
    def origin(self) -> str | None:
        """Scheme and host by which visitors reach the explorer, as far as the settings tell: without PUBLIC_URL only
        visitors on this machine are known. Never made from a Host header."""
        if self.public_url:
            return self.public_url.removesuffix(self.base_path)
        if self.base_path or self.trusted_proxies:
            return None  # a proxy stands in front, by another name
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}" if self.host in LOOPBACK else None


class Setting(NamedTuple):
    """A declared setting. `default` is written as in the environment, "" where there is none."""

    name: str
    default: str
    meaning: str
    field: str
    parse: Callable[[str], Any]


def _declared() -> tuple[Setting, ...]:
    settings = []
    hints = get_type_hints(Settings, include_extras=True)
    for f in fields(Settings):
        parse, meaning = hints[f.name].__metadata__
        settings.append(Setting(f.name.upper(), _written(f.default), meaning, f.name, parse))
    return tuple(settings)


def _written(default: object) -> str:
    if isinstance(default, tuple):
        return ",".join(map(str, default))
    return "" if default is None else str(default)


SETTINGS: Final = _declared()


def load(environ: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings. Raises `ConfigError` with every problem that there is."""
    given = {setting.name for setting in SETTINGS if environ.get(setting.name)}
    problems = [*_misspelt(environ), *_contradictions(given)]
    values: dict[str, Any] = {}
    for setting in SETTINGS:
        if setting.name in given:
            try:
                values[setting.field] = setting.parse(environ[setting.name])
            except ValueError as error:
                problems.append(f"{setting.name} {error}.")
    match values.get("bitcoin_rpc_url"):
        case "demo":
            others = given & NODE_SETTINGS - {"BITCOIN_RPC_URL"}
            problems += [f"{name} contradicts BITCOIN_RPC_URL=demo, which asks no node." for name in others]
        case (NodeUrl(user=str()), *_):
            others = given & CREDENTIALS
            problems += [f"{name} contradicts BITCOIN_RPC_URL, which has a user in it." for name in others]
    problems += _misaligned(values)
    if (values.get("cache_type") == "RedisCache") != ("CACHE_REDIS_URL" in given):
        problems.append("CACHE_TYPE=RedisCache and CACHE_REDIS_URL need each other.")
    if public_url := values.get("public_url"):
        path = urlsplit(public_url).path
        if values.setdefault("base_path", path) != path:
            problems.append(f"BASE_PATH contradicts PUBLIC_URL, which then has to end in {values['base_path']}.")
    if password_file := values.get("bitcoin_rpc_password_file"):
        try:
            values["bitcoin_rpc_password"] = _password_from(password_file)
        except ValueError as error:
            problems.append(f"BITCOIN_RPC_PASSWORD_FILE {error}.")
    if problems:
        raise ConfigError(sorted(problems))
    return Settings(**values)


def languages(environ: Mapping[str, str] = os.environ) -> list[str]:
    """What the shell's locale asks for: zh_CN. No setting of ours, and so in no table of them."""
    locale = next((value for name in ("LC_ALL", "LC_MESSAGES", "LANG") if (value := environ.get(name))), "")
    return [name for name in [locale.partition(".")[0].partition("@")[0]] if name]


# --- what no single value can tell ------------------------------------------------------------------------------------

CREDENTIALS: Final = {
    "BITCOIN_RPC_USER",
    "BITCOIN_RPC_PASSWORD",
    "BITCOIN_RPC_PASSWORD_FILE",
    "BITCOIN_RPC_COOKIE",
}
NODE_SETTINGS: Final = {setting.name for setting in SETTINGS if setting.name.startswith("BITCOIN_")}
CONTRADICTIONS: Final = (
    ("BITCOIN_RPC_HOST", "BITCOIN_RPC_URL"),
    ("BITCOIN_RPC_PORT", "BITCOIN_RPC_URL"),
    ("BITCOIN_RPC_PASSWORD_FILE", "BITCOIN_RPC_PASSWORD"),
    ("BITCOIN_RPC_COOKIE", "BITCOIN_RPC_USER"),
    ("BITCOIN_RPC_COOKIE", "BITCOIN_RPC_PASSWORD"),
    ("BITCOIN_RPC_COOKIE", "BITCOIN_RPC_PASSWORD_FILE"),
)


def _contradictions(given: set[str]) -> list[str]:
    problems = [f"{a} contradicts {b}: set one of them." for a, b in CONTRADICTIONS if {a, b} <= given]
    passwords = given & {"BITCOIN_RPC_PASSWORD", "BITCOIN_RPC_PASSWORD_FILE"}
    if "BITCOIN_RPC_USER" not in given:
        problems += [f"{name} needs BITCOIN_RPC_USER beside it." for name in passwords]
    elif not passwords:
        problems.append("BITCOIN_RPC_USER needs BITCOIN_RPC_PASSWORD or BITCOIN_RPC_PASSWORD_FILE beside it.")
    return problems


def _misaligned(values: Mapping[str, Any]) -> list[str]:
    """Lists that have neither one number nor as many as there are nodes."""
    urls = values.get("bitcoin_rpc_url")
    count = len(urls) if isinstance(urls, tuple) else 1
    lists = {name: values.get(name.lower(), (0,)) for name in ("RPC_TIMEOUT", "RPC_BATCH_SIZE", "RPC_RATE")}
    return [
        f"{name} has {len(numbers)} numbers, but {'there is one node' if count == 1 else f'there are {count} nodes'}."
        for name, numbers in lists.items()
        if len(numbers) not in (1, count)
    ]


def _misspelt(environ: Mapping[str, str]) -> list[str]:
    """Names that miss a node setting by a few letters. Left alone, they would silently lead to another node."""
    problems = []
    for name in environ:
        if name.startswith("BITCOIN_RPC") and name not in NODE_SETTINGS:
            for meant in difflib.get_close_matches(name, sorted(NODE_SETTINGS), n=1, cutoff=0.85):
                problems.append(f"{name} is not a setting: did you mean {meant}?")
    return problems


def _password_from(path: Path) -> Secret:
    try:
        text = path.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise ValueError(f"names {path}, which cannot be read ({reason})") from None
    if not text:
        raise ValueError(f"names {path}, which is empty")
    return Secret(text)
