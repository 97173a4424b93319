"""Settings: what they may be, and every problem told at once."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from config import SETTINGS, ConfigError, NodeUrl, Secret, Settings, load

URL = "http://alice:wonder@node:8332"


def problems(**environ: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(environ)
    return caught.value.problems


def names(found: list[str]) -> list[str]:
    return [problem.split()[0] for problem in found]


def test_nothing_set_gives_the_defaults() -> None:
    assert load({}) == Settings()


def test_every_setting_is_declared_with_its_name_and_a_sentence() -> None:
    assert [setting.name.lower() for setting in SETTINGS] == [field.name for field in fields(Settings)]
    for setting in SETTINGS:
        assert setting.meaning.endswith(".")


def test_every_default_passes_its_own_check() -> None:
    written = {setting.name: setting.default for setting in SETTINGS if setting.default}
    assert load(written) == Settings()


def test_an_empty_value_counts_as_unset() -> None:
    assert load({setting.name: "" for setting in SETTINGS}) == Settings()


def test_settings_can_be_a_key() -> None:
    environ = {"BITCOIN_RPC_URL": URL, "BITCOIN_RPC_PASSWORD_FILE": ""}
    assert {load(environ): 1}[load(environ)] == 1
    assert load(environ) != load(environ | {"PORT": "5001"})


# --- one value ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("HOST", "http://localhost", "without a scheme"),
        ("HOST", "localhost:5000", "without a scheme, a port"),
        ("PORT", "0", "from 1 to 65535"),
        ("PORT", "65536", "from 1 to 65535"),
        ("PORT", "5000.0", "whole number"),
        ("PORT", "５０００", "whole number"),
        ("PORT", "9" * 5000, "whole number"),
        ("BASE_PATH", "/a b", "such as /explorer"),
        ("BASE_PATH", "/../x", "such as /explorer"),
        ("BASE_PATH", "/a?b", "such as /explorer"),
        ("PUBLIC_URL", "explorer.example", "such as https://"),
        ("PUBLIC_URL", "ftp://explorer.example", "such as https://"),
        ("PUBLIC_URL", "https://explorer.example/?a=b", "without a query"),
        ("PUBLIC_URL", "https://me:pw@explorer.example/", "such as https://"),
        ("PUBLIC_URL", "https://explorer.example:99999/", "such as https://"),
        ("TRUSTED_PROXIES", "-1", "from 0 to 10"),
        ("BITCOIN_RPC_URL", "node:8332", "must be demo, or like"),
        ("BITCOIN_RPC_URL", "ftp://node:8332", "must be demo, or like"),
        ("BITCOIN_RPC_URL", "http://", "must be demo, or like"),
        ("BITCOIN_RPC_URL", "http://[::1", "must be demo, or like"),
        ("BITCOIN_RPC_URL", "http://u:p@node:port", "must be demo, or like"),
        ("BITCOIN_RPC_URL", "http://u:p#w@node:8332", "# as %23"),
        ("BITCOIN_RPC_URL", "http://u:p/w@node:8332", "must be demo, or like"),
        ("BITCOIN_RPC_URL", "http://user@node:8332", "without a password"),
        ("BITCOIN_RPC_URL", "http://:word@node:8332", "without a user"),
        ("BITCOIN_RPC_PORT", "rpc", "whole number"),
        ("BITCOIN_NETWORK", "testnet", "main, test, testnet4, signet or regtest"),
        ("BITCOIN_DATADIR", "/nowhere/at/all", "which is no folder"),
        ("RPC_TIMEOUT", "0", "from 1 to 600"),
        ("RPC_CONNECTIONS", "65", "from 1 to 64"),
        ("CACHE_TYPE", "MemcachedCache", "SimpleCache or RedisCache or NullCache"),
        ("CACHE_MB", "0", "from 1 to 1000000"),
        ("CACHE_SHARED_MB", "1.5", "whole number"),
        ("WEB_THREADS", "0", "from 1 to 1024"),
        ("LOG_LEVEL", "verbose", "debug, info, warning, error or critical"),
    ],
)
def test_a_bad_value_is_named_with_what_is_allowed(name: str, value: str, allowed: str) -> None:
    (problem,) = problems(**{name: value})
    assert problem.startswith(f"{name} ")
    assert allowed in problem


@pytest.mark.parametrize(
    ("given", "kept"),
    [("/x", "/x"), ("x", "/x"), ("/x/", "/x"), ("/", ""), ("/a/b", "/a/b")],
)
def test_base_path_is_normalised(given: str, kept: str) -> None:
    assert load({"BASE_PATH": given}).base_path == kept


def test_public_url_gives_the_base_path() -> None:
    settings = load({"PUBLIC_URL": "https://Explorer.example:8443/chain/"})
    assert (settings.public_url, settings.base_path) == ("https://explorer.example:8443/chain", "/chain")


def test_base_path_and_public_url_may_agree() -> None:
    assert load({"PUBLIC_URL": "https://explorer.example/chain", "BASE_PATH": "chain/"}).base_path == "/chain"


@pytest.mark.parametrize("typed", ["NullCache", "nullcache", "NULLCACHE"])
def test_a_kind_of_cache_is_known_however_it_is_written(typed: str) -> None:
    assert load({"CACHE_TYPE": typed}).cache_type == "NullCache"


@pytest.mark.parametrize(
    "url", ["redis://cache", "redis://u:p@cache:6379/0", "rediss://:p@[::1]:6380", "unix:///run/redis.sock"]
)
def test_a_redis_is_named_by_a_url(url: str) -> None:
    assert load({"CACHE_TYPE": "RedisCache", "CACHE_REDIS_URL": url}).cache_redis_url == Secret(url)


@pytest.mark.parametrize(
    "url", ["cache:6379", "http://u:hunter2@cache", "redis://u:hunter2@", "redis://:hunter2@cache:port",
            "redis://:hunter2@cache:0", "redis://[::1", "unix://", "unix:"]
)  # fmt: skip
def test_what_is_no_redis_is_refused_without_being_repeated(url: str) -> None:
    (problem,) = problems(CACHE_TYPE="RedisCache", CACHE_REDIS_URL=url)
    assert problem.startswith("CACHE_REDIS_URL must be redis://")
    assert "hunter2" not in problem


def test_the_url_of_a_node_is_taken_apart() -> None:
    url = load({"BITCOIN_RPC_URL": "https://al%40ice:p%3A%2F%23%25%40w@[::1]:8443/v1/KEY/?token=T"}).bitcoin_rpc_url
    assert url == (NodeUrl("https", "::1", 8443, Secret("/v1/KEY/?token=T"), "al@ice", Secret("p:/#%@w")),)


def test_other_nodes_follow_the_own_one() -> None:
    settings = load(
        {
            "BITCOIN_RPC_URL": "http://u:p,w@node , https://name.example/v1/KEY/,HTTPS://u:p@other.example",
            "RPC_TIMEOUT": "20, 5,6",
            "RPC_RATE": "0,10,3",
            "RPC_BATCH_SIZE": "100",
        }
    )
    assert settings.bitcoin_rpc_url == (
        NodeUrl("http", "node", None, Secret("/"), "u", Secret("p,w")),
        NodeUrl("https", "name.example", None, Secret("/v1/KEY/")),
        NodeUrl("https", "other.example", None, Secret("/"), "u", Secret("p")),
    )
    assert (settings.rpc_timeout, settings.rpc_rate, settings.rpc_batch_size) == ((20, 5, 6), (0, 10, 3), (100,))


@pytest.mark.parametrize("more", ["demo", "node:8332", "", "ftp://node", "https://"])
def test_the_others_are_urls_of_nodes(more: str) -> None:
    (problem,) = problems(BITCOIN_RPC_URL=f"{URL},{more}")
    assert problem.startswith("BITCOIN_RPC_URL ")


@pytest.mark.parametrize("host", ["name.example", "8.8.8.8"])
def test_a_key_is_never_sent_in_the_clear(host: str) -> None:
    (problem,) = problems(BITCOIN_RPC_URL=f"{URL},http://{host}/v1/KEY/")
    assert problem == f"BITCOIN_RPC_URL would send the key of {host} over plain http: use https."


@pytest.mark.parametrize(
    "url", ["http://gateway/v1/KEY", "http://10.1.2.3/?k=KEY", "http://[::1]/KEY", "http://u:p@name.example"]
)
def test_a_network_of_ones_own_may_do_without_tls(url: str) -> None:
    assert load({"BITCOIN_RPC_URL": f"{URL},{url}"}).bitcoin_rpc_url


@pytest.mark.parametrize("name", ["RPC_TIMEOUT", "RPC_BATCH_SIZE", "RPC_RATE"])
def test_there_are_as_many_numbers_as_nodes(name: str) -> None:
    (problem,) = problems(BITCOIN_RPC_URL=f"{URL},{URL}", **{name: "1,2,3"})
    assert problem == f"{name} has 3 numbers, but there are 2 nodes."
    assert names(problems(**{name: "1,2"})) == [name]


def test_a_ca_file_holds_certificates(tmp_path: Path) -> None:
    (tmp_path / "none").write_text("no certificate")
    for file, why in (("none", "holds no certificate in PEM form"), ("missing", "cannot be read (No such file")):
        (problem,) = problems(BITCOIN_RPC_CA_FILE=str(tmp_path / file))
        assert why in problem


def test_a_plus_in_a_password_is_a_plus() -> None:
    urls = load({"BITCOIN_RPC_URL": "http://u:a+b@node"}).bitcoin_rpc_url
    assert isinstance(urls, tuple)
    (url,) = urls
    assert url.password == Secret("a+b")
    assert url.port is None


def test_demo_is_a_choice() -> None:
    assert load({"BITCOIN_RPC_URL": "demo"}).bitcoin_rpc_url == "demo"


def test_a_path_may_start_at_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert load({"BITCOIN_RPC_COOKIE": "~/.cookie"}).bitcoin_rpc_cookie == tmp_path / ".cookie"


def test_the_password_may_be_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "password").write_text(" s p a c e \n")
    settings = load({"BITCOIN_RPC_USER": "alice", "BITCOIN_RPC_PASSWORD_FILE": str(tmp_path / "password")})
    assert settings.bitcoin_rpc_password == Secret(" s p a c e ")


def test_a_password_file_that_is_missing_or_empty_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n")
    for name, why in (("empty", "is empty"), ("missing", "cannot be read (No such file or directory)")):
        (problem,) = problems(BITCOIN_RPC_USER="alice", BITCOIN_RPC_PASSWORD_FILE=str(tmp_path / name))
        assert problem == f"BITCOIN_RPC_PASSWORD_FILE names {tmp_path / name}, which {why}."


# --- several values -------------------------------------------------------------------------------------------------


def test_all_problems_are_told_at_once() -> None:
    found = problems(
        PORT="http", HOST="a b", BITCOIN_RPC_URL="demo", BITCOIN_RPC_USER="alice", BITCOIN_NETWORK="moon", LOG_LEVEL="x"
    )
    assert names(found) == [
        "BITCOIN_NETWORK",  # contradicts demo
        "BITCOIN_NETWORK",  # unknown
        "BITCOIN_RPC_USER",  # contradicts demo
        "BITCOIN_RPC_USER",  # no password
        "HOST",
        "LOG_LEVEL",
        "PORT",
    ]


PASSWORD = {"BITCOIN_RPC_USER": "alice", "BITCOIN_RPC_PASSWORD": "wonder"}


@pytest.mark.parametrize(
    ("environ", "culprits"),
    [
        ({"BITCOIN_RPC_URL": URL, "BITCOIN_RPC_HOST": "node"}, ["BITCOIN_RPC_HOST"]),
        ({"BITCOIN_RPC_URL": URL, "BITCOIN_RPC_PORT": "8332"}, ["BITCOIN_RPC_PORT"]),
        ({"BITCOIN_RPC_URL": URL, **PASSWORD}, ["BITCOIN_RPC_PASSWORD", "BITCOIN_RPC_USER"]),
        ({"BITCOIN_RPC_URL": URL, "BITCOIN_RPC_COOKIE": "/c"}, ["BITCOIN_RPC_COOKIE"]),
        ({**PASSWORD, "BITCOIN_RPC_COOKIE": "/c"}, ["BITCOIN_RPC_COOKIE", "BITCOIN_RPC_COOKIE"]),
        ({"BITCOIN_RPC_PASSWORD": "wonder"}, ["BITCOIN_RPC_PASSWORD"]),
        ({"BITCOIN_RPC_USER": "alice"}, ["BITCOIN_RPC_USER"]),
        ({"BITCOIN_RPC_USER": "al:ice", "BITCOIN_RPC_PASSWORD": "x"}, ["BITCOIN_RPC_USER"]),
        ({"BITCOIN_RPC_URL": "demo", "BITCOIN_RPC_HOST": "node"}, ["BITCOIN_RPC_HOST", "BITCOIN_RPC_HOST"]),
        ({"BITCOIN_RPC_URL": "demo", "BITCOIN_NETWORK": "main"}, ["BITCOIN_NETWORK"]),
        ({"BASE_PATH": "/a", "PUBLIC_URL": "https://explorer.example/b"}, ["BASE_PATH"]),
        ({"BASE_PATH": "/a", "PUBLIC_URL": "https://explorer.example"}, ["BASE_PATH"]),
        ({"CACHE_TYPE": "RedisCache"}, ["CACHE_TYPE=RedisCache"]),
        ({"CACHE_REDIS_URL": "redis://cache:6379/0"}, ["CACHE_TYPE=RedisCache"]),
        ({"CACHE_REDIS_URL": "redis://cache", "CACHE_TYPE": "NullCache"}, ["CACHE_TYPE=RedisCache"]),
    ],
)
def test_contradictions_name_the_variable(environ: dict[str, str], culprits: list[str]) -> None:
    assert names(problems(**environ)) == culprits


def test_password_and_password_file_contradict_each_other(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("wonder")
    found = problems(**PASSWORD, BITCOIN_RPC_PASSWORD_FILE=str(tmp_path / "password"))
    assert names(found) == ["BITCOIN_RPC_PASSWORD_FILE"]


@pytest.mark.parametrize(
    "environ",
    [
        {"BITCOIN_RPC_URL": "http://node:8332", **PASSWORD},
        {"BITCOIN_RPC_URL": "http://node:8332", "BITCOIN_RPC_COOKIE": "/c"},
        {"BITCOIN_RPC_URL": "http://node:8332", "BITCOIN_NETWORK": "signet"},
        {"BITCOIN_RPC_HOST": "node", "BITCOIN_DATADIR": "/"},
        {"BITCOIN_DATADIR": "/", "BITCOIN_CONF": "/bitcoin.conf", "BITCOIN_NETWORK": "test"},
    ],
)
def test_what_goes_together_is_accepted(environ: dict[str, str]) -> None:
    load(environ)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("BITCOIN_RPC_PASS", "BITCOIN_RPC_PASSWORD"),
        ("BITCOIN_RPC_USERNAME", "BITCOIN_RPC_USER"),
        ("BITCOIN_RPC_COOKIE_FILE", "BITCOIN_RPC_COOKIE"),
        ("BITCOIN_RPCUSER", "BITCOIN_RPC_USER"),
    ],
)
def test_a_misspelt_name_is_a_problem(typed: str, meant: str) -> None:
    assert problems(**{typed: "x"}) == [f"{typed} is not a setting: did you mean {meant}?"]


def test_other_programs_variables_are_left_alone() -> None:
    assert load({"BITCOIN_P2P_PORT": "8333", "BITCOIN_RPC_AUTH": "x:y", "PATH": "/bin", "RPC": "1"}) == Settings()


def test_secrets_mask_themselves() -> None:
    secret = "hunter2"
    redis = {"CACHE_TYPE": "RedisCache", "CACHE_REDIS_URL": f"redis://u:{secret}@cache/0"}
    settings = load({"BITCOIN_RPC_URL": f"http://u:{secret}@node/{secret}?k={secret}", **redis})
    assert secret not in repr(settings)
    assert secret not in f"{settings}"
    assert secret not in f"{Secret(secret)} {Secret(secret)!r} {Secret(secret)!s:>20}"
    assert Secret(secret).reveal() == secret


def test_a_problem_does_not_repeat_a_secret() -> None:
    found = problems(
        BITCOIN_RPC_URL="http://u:hunter2@node:port", BITCOIN_RPC_PASSWORD="hunter2", BITCOIN_RPC_HOST="hunter2 x"
    )
    assert len(found) == 4
    assert "hunter2" not in " ".join(found)
