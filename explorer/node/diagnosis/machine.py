"""What can be seen of a node on the machine where this runs: its data folder, its lock, its disk."""

from __future__ import annotations

import shutil
import struct
import sys
from pathlib import Path

from config import Settings
from explorer.node.discovery import FOLDERS, Cookie, Endpoint


def data_folder(endpoint: Endpoint, settings: Settings) -> Path | None:
    """The node's folder of its network, where the settings lead to it.

    Bitcoin's default folder is no hint: a node that is named by host and password may keep its data anywhere.
    """
    if not endpoint.is_own:
        return None
    if isinstance(endpoint.credentials, Cookie):
        folder = endpoint.credentials.path.parent
    elif settings.bitcoin_datadir:
        folder = settings.bitcoin_datadir / FOLDERS[settings.bitcoin_network or endpoint.network or "main"]
    else:
        return None
    return folder if (folder / "debug.log").exists() else None  # a cookie may be mounted alone, or never have been


def is_running(folder: Path) -> bool | None:
    """Whether a node holds the lock of this folder; None where that cannot be seen.

    bitcoind locks `.lock` for as long as it runs. Asked by F_GETLK, which takes no lock itself: a node that starts in
    this moment would stumble over one.
    """
    if not sys.platform.startswith("linux"):
        return None  # struct flock differs elsewhere
    import fcntl

    try:
        with (folder / ".lock").open("rb") as file:
            asked = struct.pack("hhqqi", fcntl.F_WRLCK, 0, 0, 0, 0)  # type, whence, start, length, pid
            told = fcntl.fcntl(file, fcntl.F_GETLK, asked)
    except OSError:
        return None
    kind: int = struct.unpack("hhqqi", told)[0]
    return kind != fcntl.F_UNLCK


def free_bytes(folder: Path) -> int | None:
    """On the disk of that folder; None where it cannot be seen."""
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return None
