"""What a page lists under "How this page was made", taken from its text as a reader would copy it."""

from __future__ import annotations

import json
import re
import shlex
from html import unescape
from typing import Any, NamedTuple

BLOCK = re.compile(r"<summary>([^<]+)</summary><pre[^>]*><code>(.*?)</code></pre>", re.DOTALL)
# Arguments that bitcoin-cli sends as JSON, by their places; it sends all others as text.
AS_JSON = {
    "getblock": {1},
    "getblockhash": {0},
    "getblockstats": {0},  # only where it is a height
    "getrawtransaction": {1},
    "gettxout": {1, 2},
    "gettxspendingprevout": {0},
}
HASH = re.compile("[0-9a-f]{64}")


class Call(NamedTuple):
    method: str
    params: list[Any]


class Listed(NamedTuple):
    """`cli` and `curl` are the calls as they are sent, `python` lines of code after `start`; `words` what they say."""

    words: list[str]
    cli: list[Call]
    curl: list[Call]
    bodies: list[str]  # of curl, to the letter
    function: list[str]  # of the shell, in words
    start: str
    python: list[str]


def listed(html: str) -> Listed:
    text = {name: unescape(re.sub("</?i>", "", code)).split("\n") for name, code in BLOCK.findall(html)}
    words = [line.removeprefix("# ") for line in text["bitcoin-cli"] if line.startswith("# ")]
    bodies = [shlex.split(line)[1] for line in text["curl"][1:]]
    requests = [json.loads(body) for body in bodies]
    return Listed(
        words,
        [_by_cli(line) for line in text["bitcoin-cli"] if not line.startswith("# ")],
        [Call(request["method"], request["params"]) for request in requests],
        bodies,
        shlex.split(text["curl"][0]),
        "\n".join(text["Python"][:2]),
        text["Python"][2:],
    )


def _by_cli(line: str) -> Call:
    program, flag, method, *arguments = shlex.split(line)
    assert (program, flag) == ("bitcoin-cli", "-regtest")
    places = AS_JSON.get(method, set())
    return Call(
        method,
        [
            json.loads(argument) if place in places and not HASH.fullmatch(argument) else argument
            for place, argument in enumerate(arguments)
        ],
    )


def is_told(method: str, answer: Any, html: str) -> bool:
    """Whether the page shows what this answer says of its own."""
    match method:
        case "getblockhash":
            return answer in html
        case "getblockchaininfo":
            return answer["bestblockhash"] in html
        case "getblock" | "getblockheader":
            return answer["hash"] in html and f">{answer['height']:,}<" in html
        case "getblockstats":
            return answer["blockhash"] in html
        case "getmempoolinfo":
            return f"<dd>{answer['size']:,} <small" in html
        case "getnetworkinfo":
            return answer["subversion"].strip("/").replace("/", " ").replace(":", " ") in html
        case "getrawtransaction":
            return f"/tx/{answer['txid']}" in html
        case "getmempoolentry":
            return f"{int(answer['fees']['base'] * 100_000_000):,} <small" in html
        case "gettxout":
            if answer is None:
                return re.search(r'class="spend spent"', html) is not None
            return answer["scriptPubKey"]["hex"] in html
        case "gettxspendingprevout":
            return all(f"/tx/{spent['spendingtxid']}" in html for spent in answer)
    return False
