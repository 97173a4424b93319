"""Templates without their indentation, which is for those who write them: a twentieth of a page. Done when they are
compiled, so that it costs nothing."""

from __future__ import annotations

import re
from typing import Final

from jinja2.ext import Extension

INDENTATION: Final = re.compile(r"^[ \t]+", re.MULTILINE)


class Unindented(Extension):
    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        return INDENTATION.sub("", source)
