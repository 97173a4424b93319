"""Somebody who pastes a private key is told so, and the key goes no further."""

from __future__ import annotations

import pytest

from tests.pages import Explorer

KEYS = [  # from the wiki and BIP 38's vectors: known to everybody
    "5Kb8kLf9zgWQnogidDA76MzPL6TsZZY36hWXMssSzNydYXYB9KF",
    "KwYgW8gcxj1JWJXhPSu4Fqwzfhp5Yfi42mdYmMa4XqK7NJxXUSK7",
    "cMahea7zqjxrtgAbB7LSGbcQUr1uX1ojuat9jZodMN87JcbXMTcA",
]


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("path", ["/search?q={}", "/search?q=%20{}%0a", "/address/{}"])
def test_a_private_key_is_not_repeated(key: str, path: str, caplog: pytest.LogCaptureFixture) -> None:
    page = Explorer("demo").get(path.format(key))
    assert (page.status, page.all("h1")) == (400, ["That looks like a private key"])
    assert key not in page.body
    assert key not in caplog.text
