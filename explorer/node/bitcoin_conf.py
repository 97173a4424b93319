"""bitcoin.conf, read as bitcoind reads it: sections, dotted names, `no` prefixes, included files.

Compared with Bitcoin Core's own behaviour (common/config.cpp, common/args.cpp), versions 28 and 29.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from config import NETWORKS, ConfigError

# The lines that choose a network: `testnet=1` for `chain=test`, and so on.
NETWORK_FLAGS: Final = {"testnet": "test", "testnet4": "testnet4", "signet": "signet", "regtest": "regtest"}
# Outside of a section these hold for the main network alone, lest two nodes share a port.
MAIN_UNLESS_IN_SECTION: Final = frozenset({"rpcport"})


class Line(NamedTuple):
    """`value` is None where the name was negated, as in `norpccookiefile=1`. `section` is "" outside of sections."""

    section: str
    name: str
    value: str | None


class BitcoinConf:
    """The lines of a bitcoin.conf and of the files that it includes."""

    def __init__(self, lines: list[Line]) -> None:
        self._lines = lines

    def get(self, name: str, network: str) -> str | None:
        """The value that bitcoind on this network uses: the section's first one, else the first outside of sections."""
        for line in self._matching(name, network):
            return line.value
        return None

    def is_negated(self, name: str, network: str) -> bool:
        return any(line.value is None for line in self._matching(name, network))

    def network(self) -> str | None:
        """The network that it chooses, or None where it leaves it at the main one. Raises ValueError."""
        chosen = []
        for flag, network in NETWORK_FLAGS.items():
            values = [value for section, name, value in self._lines if (section, name) == ("", flag)]
            if values and _is_true(values[-1]):  # unlike for everything else, the last one wins
                chosen.append(network)
        if (chain := next((line.value for line in self._lines if line[:2] == ("", "chain")), None)) is not None:
            if chain not in NETWORKS:
                raise ValueError(f"has an unknown chain=; it can be {', '.join(NETWORKS)}")
            chosen.append(chain)
        if len(chosen) > 1:
            raise ValueError(
                "chooses more than one network: chain=, testnet=, testnet4=, signet= and regtest= exclude each other"
            )
        return chosen[0] if chosen else None

    def _matching(self, name: str, network: str) -> Iterator[Line]:
        yield from (line for line in self._lines if line[:2] == (network, name))
        if network == "main" or name not in MAIN_UNLESS_IN_SECTION:
            yield from (line for line in self._lines if line[:2] == ("", name))


def read(path: Path, base: Path, network: str | None = None) -> BitcoinConf | None:
    """Read a bitcoin.conf; None where there is none.

    What it includes is relative to `base`, the data folder. `network` says on which network it will be used, where that
    is known already. Raises `ConfigError`, naming the file.
    """
    try:
        text = path.read_text(encoding="utf-8", errors="surrogateescape")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise ConfigError([f"{path} cannot be read ({error.strerror})."]) from None
    lines = _parse(path, text)
    conf = BitcoinConf(lines)
    try:
        sections = (network or conf.network() or "main", "")
        included = [
            line for section in sections for line in lines if line[:2] == (section, "includeconf") if line.value
        ]
        for line in included:
            lines += _include(base / (line.value or ""), path)
        conf.network()  # an included file may have added a second one
    except ValueError as error:
        raise ConfigError([f"{path} {error}."]) from None
    return conf


def _include(path: Path, including: Path) -> list[Line]:
    try:
        text = path.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError as error:
        raise ConfigError([f"{including} includes {path}, which cannot be read ({error.strerror})."]) from None
    return [line for line in _parse(path, text) if line.name != "includeconf"]  # bitcoind ignores it there


def _parse(path: Path, text: str) -> list[Line]:
    lines = []
    prefix = ""
    for number, raw in enumerate(text.split("\n"), 1):
        content, hash_sign, _ = raw.partition("#")
        content = content.strip(" \t\r\n")
        if content.startswith("[") and content.endswith("]"):
            prefix = content[1:-1] + "."
        elif content:
            key, equals, value = content.partition("=")
            key = prefix + key.strip(" \t\r\n")
            if not equals:  # the line itself may be a password: it is not repeated
                raise ConfigError(
                    [f"{path} cannot be understood at line {number}: it is neither name=value nor [section]."]
                )
            if hash_sign and "rpcpassword" in key:
                raise ConfigError([f"{path} has a # in rpcpassword (line {number}), which bitcoind refuses."])
            lines.append(_line(key, value.strip(" \t\r\n")))
    return lines


def _line(key: str, value: str) -> Line:
    section, dot, name = key.partition(".")
    if not dot:
        section, name = "", key
    if name.startswith("no"):
        return Line(section, name[2:], None if _is_true(value) else "1")
    return Line(section, name, value)


def _is_true(value: str | None) -> bool:
    """As bitcoind reads it: an empty value is true, otherwise what counts is the number at its beginning."""
    if value is None:
        return False
    return value == "" or re.match(r"\s*[+-]?0*[1-9]", value) is not None
