"""Commands in the language of the shell."""

from __future__ import annotations

import re

import pytest

from explorer import language
from explorer.commands.layout import pad, width, wrap
from tests.bitcoind import free_port
from tests.commands.conftest import Run
from tests.marking import Marking, unmarked

ZH = "zh_CN.UTF-8"
EXAMPLE = re.compile(r"python -m explorer.*|^\s+(BITCOIN_|until |\(cat ).*", re.MULTILINE)
# Names of settings, files, methods, networks, units; what is typed; the system's own words.
SAME = set(
    re.findall(
        r"\S+",
        """
        METHOD ARGS ARG NAME SECONDS COMMAND OPTIONS JSON RPC URL HTTP README.md md NO COLOR TIMEOUT BITCOIN stderr
        wallet named stdin timeout json help version user doctor rpc status true false null name value quoted text
        regtest GB BTC UTC vB UTXO Satoshi Knots demo
        """,
    )
)


@pytest.mark.parametrize(
    "typed", ["--help", "rpc --help", "doctor --help", "status --help", "status", "doctor", "rpc", "rpc --timeout 0 x"]
)
def test_a_command_is_marked_throughout(typed: str, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(language, "_translations", Marking)
    ran = run(*typed.split(), BITCOIN_RPC_URL="demo", LC_ALL=ZH)
    left = unmarked(" ".join(re.sub(r"\[[^\]]*\]|[0-9a-f]{64}", "", EXAMPLE.sub("", ran.out + ran.err)).split()))
    assert set(left) <= SAME


def test_a_command_speaks_the_language_of_the_shell(run: Run) -> None:
    def first(**shell: str) -> str:
        ran = run("status", BITCOIN_RPC_URL="demo", **{"LC_ALL": "", "LC_MESSAGES": "", "LANG": "", **shell})
        return ran.out.splitlines()[0]

    assert first() == first(LANG="C.UTF-8") == first(LANG="de_DE.UTF-8") == "demo chain"
    assert first(LANG=ZH) == first(LC_ALL="zh_CN", LANG="en_US.UTF-8") == first(LC_MESSAGES="zh_SG.UTF-8") == "演示链"
    assert first(LC_ALL="C", LANG=ZH) == "demo chain"


def test_click_speaks_it_too(run: Run) -> None:
    ran = run("rpc", LC_ALL=ZH)
    assert "缺少参数 'METHOD'" in ran.err
    assert "--help     显示此帮助并退出。" in run("--help", LC_ALL=ZH).out
    assert "--help     Show this message and exit." in run("--help").out


def test_errors_and_findings(run: Run) -> None:
    dead = f"http://u:p@127.0.0.1:{free_port()}"
    ran = run("doctor", BITCOIN_RPC_URL=dead, LC_ALL=ZH)
    assert ran.code == 3
    assert "    故障  那里没有程序在监听。" in ran.out
    assert ran.out.splitlines()[-1] == "不能用：请看上面标为“故障”的内容。"
    assert "区块浏览器连不上" in run("status", BITCOIN_RPC_URL=dead, LC_ALL=ZH).err


@pytest.mark.parametrize("typed", ["--help", "rpc --help", "doctor --help", "status --help"])
def test_no_line_is_wider_than_a_terminal(typed: str, run: Run) -> None:
    out = EXAMPLE.sub("", run(*typed.split(), LC_ALL=ZH).out)
    assert max(map(width, out.splitlines())) <= 80


def test_lines_break_between_chinese_characters_but_not_before_marks() -> None:
    assert wrap("节点正在追赶，请等待。ok", 12) == ["节点正在追", "赶，请等待。", "ok"]
    assert wrap("用“交易 ID”搜索", 8) == ["用“交易", "ID”搜索"]
    assert pad("高度", 6) == "高度  "
