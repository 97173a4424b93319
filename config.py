"""Every setting, declared once: the fields of `Settings`. Nothing else reads the environment.

A setting's environment name is its field's name in capitals: `rpc_timeout` is read from `RPC_TIMEOUT`. An empty value
counts as unset.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any, Final, Literal, NamedTuple, cast, get_type_hints
from urllib.parse import unquote, urlsplit

Demo = Literal["demo"]
DEMO: Final[Demo] = "demo"
NETWORKS: Final = ("main", "test", "testnet4", "signet", "regtest")  # Core's own names, as in chain= of bitcoin.conf
LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
LOG_LEVELS: Final = ("debug", "info", "warning", "error", "critical")


class ConfigError(Exception):
    """Settings that do not parse or contradict each other. `problems` holds all of them, each naming its variable."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


class Secret:
    """A text that shows itself to nobody: `reveal()` is the only way to it."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return "***"

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._text == other._text

    def __hash__(self) -> int:
        return hash(self._text)


@dataclass(frozen=True)
class NodeUrl:
    """The parts of BITCOIN_RPC_URL. `target` is path and query: a provider's key may be in there."""

    scheme: Literal["http", "https"]
    host: str
    port: int | None
    target: Secret
    user: str | None = None
    password: Secret | None = None


# --- what a value may look like: each takes its text and raises ValueError, saying what is allowed --------------------


def _path(value: str) -> Path:
    return Path(os.path.expanduser(value))


def _folder(value: str) -> Path:
    path = _path(value)
    if not os.path.isdir(path):
        raise ValueError(f"names {path}, which is no folder")
    return path


def _whole(lowest: int, highest: int) -> Callable[[str], int]:
    def parse(value: str) -> int:
        if not re.fullmatch(r"[0-9]{1,10}", value) or not lowest <= int(value) <= highest:
            raise ValueError(f"must be a whole number from {lowest} to {highest}")
        return int(value)

    return parse


def _one_of(*allowed: str) -> Callable[[str], str]:
    def parse(value: str) -> str:
        if value.lower() not in allowed:
            raise ValueError("must be " + " or ".join(filter(None, [", ".join(allowed[:-1]), allowed[-1]])))
        return value.lower()

    return parse


def _host(value: str) -> str:
    host = value[1:-1] if value.startswith("[") and value.endswith("]") else value
    if not re.fullmatch(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+(%\w+)?", host):
        raise ValueError("must be a host name or an address alone, without a scheme, a port or a path")
    return host


def _base_path(value: str) -> str:
    path = "/" + value.strip("/") if value.strip("/") else ""
    if not re.fullmatch(r"(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*", path):
        raise ValueError("must be a path such as /explorer, of letters, digits and . _ ~ -")
    return path


def _public_url(value: str) -> str:
    allowed = "must be the explorer's own address, such as https://explorer.example/path, without a query"
    try:
        url = urlsplit(value)
        _host(url.hostname or "")
        _base_path(url.path)
        valid = url.scheme in ("http", "https") and url.port != 0 and "@" not in url.netloc
    except ValueError:
        raise ValueError(allowed) from None
    if not valid or re.search(r"[^!-~]|[?#]", value):
        raise ValueError(allowed)
    return f"{url.scheme}://{url.netloc.lower()}{_base_path(url.path)}"


def _user(value: str) -> str:
    if ":" in value:
        raise ValueError("must not contain a colon: HTTP's basic authentication cannot carry one in a name")
    return value


def _node_url(value: str) -> NodeUrl | Demo:
    if value.lower() == DEMO:
        return DEMO
    try:
        url = urlsplit(value)
        host, port = _host(url.hostname or ""), url.port
    except ValueError:
        host, port = "", None
    if (
        not host
        or port == 0
        or url.scheme not in ("http", "https")
        or not re.fullmatch(r"[!-~]+", value)
        or "#" in value
    ):
        raise ValueError(
            "must be demo, or like http://user:password@host:8332 "
            "(in a password, % is written as %25, @ as %40, # as %23, / as %2F)"
        )
    if bool(url.username) != bool(url.password):
        raise ValueError("names a user without a password, or a password without a user")
    target = (url.path or "/") + (f"?{url.query}" if url.query else "")
    return NodeUrl(
        cast(Literal["http", "https"], url.scheme),
        host,
        port,
        Secret(target),
        _user(unquote(url.username)) if url.username else None,
        Secret(unquote(url.password)) if url.password else None,
    )


# --- the settings -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Settings:
    """What an operator may set: each with its check, its meaning and its default. Immutable and hashable."""

    host: Annotated[str, _host, "The address to listen on; 0.0.0.0 for all, as in a container."] = "127.0.0.1"
    port: Annotated[int, _whole(1, 65535), "The port to listen on."] = 5000
    base_path: Annotated[str, _base_path, "The path under which a proxy shows the explorer, such as /explorer."] = ""
    public_url: Annotated[
        str | None, _public_url, "The address by which visitors reach the start page, BASE_PATH included."
    ] = None
    trusted_proxies: Annotated[
        int, _whole(0, 10), "How many proxies stand in front, whose X-Forwarded headers are to be believed."
    ] = 0
    bitcoin_rpc_url: Annotated[
        NodeUrl | Demo | None,
        _node_url,
        "The node, as http://user:password@host:8332 (https too), or demo for the recorded demo chain; without a port, "
        "http means the network's RPC port and https 443.",
    ] = None
    bitcoin_rpc_host: Annotated[str | None, _host, "The node's host, instead of a URL."] = None
    bitcoin_rpc_port: Annotated[
        int | None, _whole(1, 65535), "The node's RPC port, if it is not its network's usual one."
    ] = None
    bitcoin_rpc_user: Annotated[str | None, _user, "The RPC user, as in rpcauth= or rpcuser=."] = None
    bitcoin_rpc_password: Annotated[Secret | None, Secret, "The RPC user's password."] = None
    bitcoin_rpc_password_file: Annotated[Path | None, _path, "A file that holds the password, instead."] = None
    bitcoin_rpc_cookie: Annotated[Path | None, _path, "The node's cookie file, instead of user and password."] = None
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
    rpc_timeout: Annotated[int, _whole(1, 600), "How many seconds the node may take for an answer."] = 20
    rpc_connections: Annotated[
        int,
        _whole(1, 64),
        "How many connections to the node a process holds at most; the node's rpcthreads is 4 or 16.",
    ] = 4
    rpc_batch_size: Annotated[int, _whole(1, 100_000), "How many questions are sent to the node at once at most."] = (
        5000
    )
    cache_mb: Annotated[int, _whole(1, 1_000_000), "How many megabytes of facts about the chain a process keeps."] = 64
    web_workers: Annotated[int, _whole(1, 256), "How many processes answer visitors."] = 2
    web_threads: Annotated[int, _whole(1, 1024), "How many threads each of them has."] = 8
    log_level: Annotated[str, _one_of(*LOG_LEVELS), f"How much is logged: {', '.join(LOG_LEVELS)}."] = "info"

    @property
    def origin(self) -> str | None:
        """Scheme and host by which visitors reach the explorer, as far as the settings tell: without PUBLIC_URL only
        visitors on this machine are known. Never made from a Host header."""
        if self.public_url:
            return self.public_url.removesuffix(self.base_path)
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
        settings.append(Setting(f.name.upper(), "" if f.default is None else str(f.default), meaning, f.name, parse))
    return tuple(settings)


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
        case NodeUrl(user=str()):
            others = given & CREDENTIALS
            problems += [f"{name} contradicts BITCOIN_RPC_URL, which has a user in it." for name in others]
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
