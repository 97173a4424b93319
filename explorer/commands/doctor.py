"""`doctor`: finds out what is wrong with the nodes, and says what to do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

import click

import config
from config import DEMO, Settings
from explorer.commands import speech
from explorer.commands.console import Exit, printable
from explorer.commands.layout import width, wrap
from explorer.findings import Finding, worst
from explorer.language import gettext as _
from explorer.language import noop
from explorer.node.diagnosis import ANSWER_SECONDS, examine
from explorer.node.discovery import Endpoint, find_endpoints
from explorer.node.rpcauth import User, make_user

Examined = tuple[Endpoint | None, list[Finding]]

WIDTH: Final = 100
MARKS: Final = {  # of each level: its word, its colour
    "ok": (noop("ok"), "green"),
    "note": (noop("note"), "cyan"),
    "warning": (noop("warning"), "yellow"),
    "bad": (noop("bad"), "red"),
}
LATER: Final = {"warming_up", "work_queue_full", "rate_limited"}  # what passes by itself
STAND_IN: Final = noop("Your node does not work: see what is marked bad above. Another one answers in its place.")
VERDICTS: Final = {
    Exit.OK: noop("All is well."),
    Exit.ERROR: noop("It works, with the warnings above."),
    Exit.NO_NODE: noop("It does not work: see what is marked bad above."),
    Exit.NOT_READY: noop("It does not work yet: the node is starting, or asked too much."),
}


def _user(context: click.Context, parameter: click.Parameter, name: str | None) -> User | None:
    try:
        return None if name is None else make_user(name)
    except ValueError:
        raise click.BadParameter(_("must have 1 to 64 letters, digits and . _ -")) from None


@speech.command(
    "doctor",
    short_help="What is wrong, and what to do.",
    epilog="""\b
Exit codes:
  0  all is well; notes are about what could be had besides
  1  it works, with warnings; or another node answers in place of yours
  2  the command or the settings are wrong
  3  it does not work
  4  the node is starting or busy: try again later
""",
)
@speech.option("--json", "as_json", is_flag=True, help="Print JSON for machines, once all is known.")
@speech.option(
    "--user",
    metavar="NAME",
    callback=_user,
    help="Also make a user for the explorer: print the lines for bitcoin.conf that let it in and limit it to what the "
    "explorer asks, and its password, this once.",
)
@click.pass_context
def command(context: click.Context, as_json: bool, user: User | None) -> None:
    """Find out what is wrong, and say what to do.

    Every node that is set is examined, step by step: is it there, does it speak as a node does, are we let in, is it
    well, what does it offer. Nothing is changed; each verdict is reached by trying.

    \b
    Examples:
      python -m explorer doctor
      python -m explorer doctor --user explorer
      python -m explorer doctor --json
    """
    settings = config.load()
    nodes: list[Examined] = []
    for endpoint, findings in _examinations(settings):
        heard: list[Finding] = []
        nodes.append((endpoint, heard))
        if endpoint is not None and not as_json:
            click.secho(printable(_heading(endpoint)), bold=True)
        for finding in findings:
            heard.append(finding)
            if not as_json:
                _print(finding)
    code = exit_code([found for endpoint, found in nodes])
    if as_json:
        click.echo(json.dumps(_as_json(nodes, code, user), indent=2, ensure_ascii=False))
    else:
        click.secho(_verdict(nodes, code), bold=True, fg={Exit.OK: "green", Exit.ERROR: "yellow"}.get(code, "red"))
        if user is not None:
            _print_user(user)
    context.exit(code)


def exit_code(nodes: list[list[Finding]]) -> Exit:
    """Of what was found at each node, the own one's first. Another node that is well stands in for the own one."""
    levels = [worst(finding.level for finding in findings) for findings in nodes]
    if all(level == "bad" for level in levels):
        passes = any(finding.id in LATER for finding in nodes[0])
        return Exit.NOT_READY if passes else Exit.NO_NODE
    return Exit.ERROR if {"warning", "bad"} & set(levels) else Exit.OK


def _verdict(nodes: list[Examined], code: Exit) -> str:
    own = worst(finding.level for finding in nodes[0][1])
    return _(STAND_IN if code == Exit.ERROR and own == "bad" else VERDICTS[code])


def _examinations(settings: Settings) -> Iterator[tuple[Endpoint | None, Iterator[Finding]]]:
    endpoints = find_endpoints(settings)
    if not endpoints:
        yield None, iter([Finding("demo" if settings.bitcoin_rpc_url == DEMO else "no_node")])
    for position, endpoint in enumerate(endpoints):
        limits = settings.rpc_timeout
        timeout = min(ANSWER_SECONDS, limits[position] if len(limits) > 1 else limits[0])
        yield endpoint, examine(endpoint, settings, timeout=timeout)


# --- for people -------------------------------------------------------------------------------------------------------


def _heading(endpoint: Endpoint) -> str:
    if endpoint.is_own:
        return _("Your node, %(label)s, named by %(setting)s", label=endpoint.label, setting=endpoint.found_by)
    return _("Another node, %(label)s, named by %(setting)s", label=endpoint.label, setting=endpoint.found_by)


def _print(finding: Finding) -> None:
    words = finding.words
    level, colour = MARKS[finding.level]
    mark = " " * (8 - width(_(level))) + click.style(_(level), fg=colour)
    said = _("%(title)s. %(what)s", title=words.title, what=words.what)
    first, *rest = wrap(printable(said), WIDTH - 10)
    click.echo(f"{mark}  {first}")
    advice = wrap(printable(f"→ {words.advice}"), WIDTH - 10, "  ") if words.advice else []
    for line in (*rest, *advice):
        click.echo(" " * 10 + line)


def _print_user(user: User) -> None:
    for_conf = _("For bitcoin.conf, and then restart the node:")
    for_environment = _("For the explorer's environment; the password is shown this once:")
    click.echo(f"\n{for_conf}\n")
    for line in user.lines:
        click.echo(line)
    click.echo(f"\n{for_environment}\n")
    click.echo(f"BITCOIN_RPC_USER={user.name}\nBITCOIN_RPC_PASSWORD={user.password.reveal()}")


# --- for machines -----------------------------------------------------------------------------------------------------


def _as_json(nodes: list[Examined], code: Exit, user: User | None) -> dict[str, Any]:
    told: dict[str, Any] = {
        "verdict": _verdict(nodes, code),
        "exit_code": int(code),
        "nodes": [
            {
                "node": endpoint.label if endpoint else None,
                "is_own": endpoint.is_own if endpoint else False,
                "findings": [
                    {"id": finding.id, "level": finding.level, **finding.words._asdict(), "values": finding.values}
                    for finding in findings
                ],
            }
            for endpoint, findings in nodes
        ],
    }
    if user is not None:
        told["user"] = {"name": user.name, "password": user.password.reveal(), "bitcoin_conf": user.lines}
    return told
