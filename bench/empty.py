"""As little as Flask can do: the yardstick of throughput."""

from __future__ import annotations

from flask import Flask

PATH = "/-/empty"

app = Flask(__name__)


@app.get(PATH)
def view() -> str:
    return ""
