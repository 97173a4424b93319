"""Answers made small for the way: zstd where the visitor takes it, else gzip."""

from __future__ import annotations

import gzip
from functools import lru_cache
from typing import Final

import zstandard
from flask import Flask, Response, request

ZSTD_LEVEL: Final = 3
GZIP_LEVEL: Final = 5
LEAST: Final = 600  # bytes; less is sent as it is
MOST: Final = 4_000_000  # bytes; a raw transaction or block that is larger is sent as it is
EVENT_STREAM: Final = "text/event-stream"
TEXTS: Final = ("text/", "application/json", "image/svg+xml", "application/opensearchdescription+xml")


def choose(accepted: str) -> str:
    """The encoding for an Accept-Encoding header: zstd, gzip, or "" for none.

    Browsers name what they take without weights; whoever weighs gets the first of ours that is not refused.
    """
    for name in ("zstd", "gzip"):
        if name in accepted and _weight(accepted, name) > 0:
            return name
    return ""


@lru_cache(maxsize=256)
def _weight(accepted: str, name: str) -> float:
    for part in accepted[:300].split(","):
        coding, _, parameter = part.partition(";")
        if coding.strip().lower() == name:
            try:
                return float(parameter.partition("=")[2]) if parameter else 1.0
            except ValueError:
                return 0.0
    return 0.0


def encode(body: bytes, encoding: str) -> bytes:
    match encoding:
        case "zstd":
            compressed = zstandard.ZstdCompressor(ZSTD_LEVEL).compress(body)
            return bytes(memoryview(compressed))  # a copy: theirs holds on to the memory that was set aside (0.25)
        case "gzip":
            return gzip.compress(body, GZIP_LEVEL, mtime=0)
        case _:
            return body


def decode_zstd(body: bytes) -> bytes:
    return zstandard.ZstdDecompressor().decompress(body)


_encode_static = lru_cache(maxsize=64)(encode)  # the same few files again and again


def register(app: Flask) -> None:
    @app.after_request
    def make_small(response: Response) -> Response:
        if not (response.mimetype or "").startswith(TEXTS) or "Content-Encoding" in response.headers:
            return response
        if response.mimetype == EVENT_STREAM:  # it has no end to wait for
            return response
        response.vary.add("Accept-Encoding")
        encoding = choose(request.headers.get("Accept-Encoding", ""))
        is_whole = response.status_code not in (204, 206, 304)
        if not encoding or not is_whole or request.method == "HEAD":
            return response
        response.direct_passthrough = False
        body = response.get_data()
        if LEAST <= len(body) <= MOST:
            response.set_data((_encode_static if request.endpoint == "static" else encode)(body, encoding))
            response.headers["Content-Encoding"] = encoding
            if (etag := response.headers.get("ETag", "")).startswith('"'):
                response.headers["ETag"] = f"W/{etag}"  # no longer the same bytes for everybody
        return response
