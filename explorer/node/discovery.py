"""Which nodes to talk to: those that the settings, bitcoin.conf or a cookie file name, whether they answer or not.

The own node first; after it those that follow in BITCOIN_RPC_URL. The own one is looked for in this order:
BITCOIN_RPC_URL; BITCOIN_RPC_HOST and its companions; BITCOIN_DATADIR or BITCOIN_CONF; the platform's default folder. A
dead node never becomes the demo chain, so nothing is asked here.
"""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from config import DEMO, NETWORKS, ConfigError, NodeUrl, Secret, Settings
from explorer.node import bitcoin_conf
from explorer.node.bitcoin_conf import BitcoinConf

LOCALHOST: Final = "127.0.0.1"
RPC_PORTS: Final = {"main": 8332, "test": 18332, "testnet4": 48332, "signet": 38332, "regtest": 18443}
FOLDERS: Final = {"main": "", "test": "testnet3", "testnet4": "testnet4", "signet": "signet", "regtest": "regtest"}


@dataclass(frozen=True)
class Password:
    user: str
    password: Secret


@dataclass(frozen=True)
class Cookie:
    """A file with `user:password`, which bitcoind writes anew at every start and removes at its end."""

    path: Path


@dataclass(frozen=True)
class Endpoint:
    """Where a node is and how to be let in. Its repr and label hold no secret."""

    host: str
    port: int
    credentials: Password | Cookie | None
    found_by: str  # for the operator: the setting or the file that named it
    scheme: str = "http"
    target: Secret = Secret("/")  # noqa: RUF009  immutable; path and query, where a provider's key may be
    network: str | None = None  # where something named it: main, test, testnet4, signet, regtest
    is_own: bool = True  # whether it is the operator's own node; another one answers in its place
    ca_file: Path | None = None  # certificates to trust beside the usual authorities

    @property
    def authority(self) -> str:
        """Host and port, as in a URL."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def label(self) -> str:
        """What pages and logs call it: host and port; of a provider at its usual port the host alone."""
        is_provider = not self.is_own and (self.scheme, self.port) == ("https", 443)
        return self.host if is_provider else self.authority


def find_endpoints(settings: Settings, home: Path | None = None, platform: str = sys.platform) -> tuple[Endpoint, ...]:
    """The own node, and after it the others in the order in which they are asked. Nothing found, (): the demo chain.

    `home` and `platform` decide where Bitcoin's default folder is; they are this machine's own unless given. Raises
    `ConfigError` with what is wrong.
    """
    own = _find_own(settings, _default_folder(home, platform))
    if own is None:
        return ()
    urls = settings.bitcoin_rpc_url
    others = urls[1:] if isinstance(urls, tuple) else ()
    found = (own, *(_another(url, own.network) for url in others))
    return tuple(replace(endpoint, ca_file=settings.bitcoin_rpc_ca_file) for endpoint in found)


def find_endpoint(settings: Settings, home: Path | None = None, platform: str = sys.platform) -> Endpoint | None:
    """The own node, or None. See `find_endpoints`."""
    return next(iter(find_endpoints(settings, home, platform)), None)


def _another(url: NodeUrl, network: str | None) -> Endpoint:
    """Its credentials are in its URL or there are none: nobody else is shown the own node's."""
    port = url.port or (443 if url.scheme == "https" else RPC_PORTS[network or "main"])
    credentials = Password(url.user, url.password) if url.user is not None and url.password is not None else None
    return Endpoint(url.host, port, credentials, "BITCOIN_RPC_URL", url.scheme, url.target, network, is_own=False)


def _find_own(settings: Settings, default: Path | None) -> Endpoint | None:
    urls = settings.bitcoin_rpc_url
    if urls == DEMO:
        return None
    if isinstance(urls, tuple):
        return _by_url(urls[0], settings, default)
    if settings.bitcoin_rpc_host or settings.bitcoin_rpc_port or _credentials(settings):
        return _by_host(settings, default)
    return _by_files(settings, default)


def _by_url(url: NodeUrl, settings: Settings, default: Path | None) -> Endpoint:
    if url.user is not None and url.password is not None:
        credentials: Password | Cookie | None = Password(url.user, url.password)
    else:
        credentials = _credentials(settings)
    port = url.port or (443 if url.scheme == "https" else None)
    port, credentials, network = _completed(url.host, port, credentials, settings, default)
    return Endpoint(url.host, port, credentials, "BITCOIN_RPC_URL", url.scheme, url.target, network)


def _by_host(settings: Settings, default: Path | None) -> Endpoint:
    """HOST, PORT, USER with PASSWORD, or COOKIE: one of them is enough."""
    host = settings.bitcoin_rpc_host or LOCALHOST
    port, credentials, network = _completed(host, settings.bitcoin_rpc_port, _credentials(settings), settings, default)
    named = next(name for name in ("host", "port", "user", "cookie") if getattr(settings, f"bitcoin_rpc_{name}"))
    return Endpoint(host, port, credentials, f"BITCOIN_RPC_{named.upper()}", network=network)


def _completed(
    host: str, port: int | None, credentials: Password | Cookie | None, settings: Settings, default: Path | None
) -> tuple[int, Password | Cookie | None, str | None]:
    """Port, credentials and network of a host that is named: what is left out comes from files, else is as usual.

    The default folder's files are for this machine's node only: no other host is to be shown their secrets.
    """
    network = settings.bitcoin_network or _network_of(port)
    if network is None and isinstance(credentials, Cookie):
        network = next((name for name, folder in FOLDERS.items() if folder == credentials.path.parent.name), None)
    are_named = settings.bitcoin_datadir or settings.bitcoin_conf
    is_local = re.fullmatch(r"localhost|::1|127\.[0-9.]+", host)
    is_incomplete = (are_named and port is None) or (credentials is None and (are_named or is_local))
    if is_incomplete and (files := _look(settings, default, network)):
        port = port or files.port
        credentials = credentials or files.credentials
        network = files.network
    return port or RPC_PORTS[network or "main"], credentials, network


def _by_files(settings: Settings, default: Path | None) -> Endpoint | None:
    network = settings.bitcoin_network
    files = _look(settings, default, network)
    if files is None:
        return Endpoint(LOCALHOST, RPC_PORTS[network], None, "BITCOIN_NETWORK", network=network) if network else None
    if settings.bitcoin_datadir or settings.bitcoin_conf:
        found_by = "BITCOIN_DATADIR" if settings.bitcoin_datadir else "BITCOIN_CONF"
    elif files.conf is not None:
        found_by = str(files.conf_path)
    elif files.cookie_exists(files.network):
        found_by = str(files.cookie(files.network))
    elif settings.bitcoin_network:
        found_by = "BITCOIN_NETWORK"
    else:
        return None
    return Endpoint(files.host, files.port, files.credentials, found_by, network=files.network)


def _credentials(settings: Settings) -> Password | Cookie | None:
    if settings.bitcoin_rpc_user and settings.bitcoin_rpc_password:
        return Password(settings.bitcoin_rpc_user, settings.bitcoin_rpc_password)
    return Cookie(settings.bitcoin_rpc_cookie) if settings.bitcoin_rpc_cookie else None


def _network_of(port: int | None) -> str | None:
    return next((network for network, usual in RPC_PORTS.items() if usual == port), None)


def _default_folder(home: Path | None, platform: str) -> Path | None:
    """Where bitcoind keeps its data unless told otherwise; None for a user without a home."""
    home = home or Path(os.path.expanduser("~"))
    if not home.is_absolute():
        return None
    if platform == "darwin":
        return home / "Library" / "Application Support" / "Bitcoin"
    if platform == "win32":
        roaming = home / "AppData" / "Roaming" / "Bitcoin"  # up to version 27, and after it where it exists
        return roaming if os.path.isdir(roaming) else home / "AppData" / "Local" / "Bitcoin"
    return home / ".bitcoin"


# --- bitcoin.conf and the cookie file ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Files:
    folder: Path
    conf_path: Path
    conf: BitcoinConf | None
    network: str

    def get(self, name: str) -> str | None:
        return self.conf.get(name, self.network) if self.conf else None

    @property
    def host(self) -> str:
        return self._connect()[0]

    @property
    def port(self) -> int:
        text = self.get("rpcport") or self._connect()[1]
        if text is None:
            return RPC_PORTS[self.network]
        if not re.fullmatch(r"[0-9]{1,5}", text) or not 0 < int(text) < 65536:
            raise ConfigError([f"{self.conf_path} has an rpcport that is no port."])
        return int(text)

    @property
    def credentials(self) -> Password | Cookie | None:
        if password := self.get("rpcpassword"):
            return Password(self.get("rpcuser") or "", Secret(password))
        if self.conf and self.conf.is_negated("rpccookiefile", self.network):
            return None
        return Cookie(self.cookie(self.network))

    def cookie(self, network: str) -> Path:
        named = self.conf.get("rpccookiefile", network) if self.conf else None
        return self.folder / FOLDERS[network] / (named or ".cookie")

    def cookie_exists(self, network: str) -> bool:
        return os.path.isfile(self.cookie(network))

    def _connect(self) -> tuple[str, str | None]:
        """Host and port of rpcconnect=, which bitcoin-cli uses."""
        text = self.get("rpcconnect") or LOCALHOST
        if match := re.fullmatch(r"\[(.+)\](?::([0-9]+))?|([^:]+):([0-9]+)", text):
            return match[1] or match[3], match[2] or match[4]
        return text, None


def _look(settings: Settings, default: Path | None, network: str | None) -> _Files | None:
    """Read what there is, on this network or on the one that bitcoin.conf or else an existing cookie names."""
    folder = settings.bitcoin_datadir or default
    if settings.bitcoin_conf and settings.bitcoin_conf.is_absolute() and not (folder and os.path.isdir(folder)):
        folder = settings.bitcoin_conf.parent  # a folder mounted into a container
    if folder is None:
        if settings.bitcoin_conf:
            raise ConfigError(["BITCOIN_CONF starts from Bitcoin's data folder: name that by BITCOIN_DATADIR."])
        return None
    conf_path = folder / (settings.bitcoin_conf or "bitcoin.conf")
    conf = bitcoin_conf.read(conf_path, folder, network)
    if conf is None and settings.bitcoin_conf:
        raise ConfigError([f"BITCOIN_CONF names {conf_path}, which is not there."])
    if conf is not None:
        network = network or conf.network()
        elsewhere = conf.get("datadir", network or "main")
        if settings.bitcoin_datadir is None and elsewhere:  # like -datadir, the setting overrides the file
            folder = folder / elsewhere
    files = _Files(folder, conf_path, conf, network or "main")
    if network is None:
        found = next((name for name in NETWORKS if files.cookie_exists(name)), "main")
        files = replace(files, network=found)
    return files
