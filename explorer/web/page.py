"""What every page needs: the node to ask, and a template filled in with where the chain stands."""

from __future__ import annotations

from typing import Any, cast

from flask import current_app, render_template, request

from config import Settings
from explorer.bitcoin.models import ChainStatus
from explorer.bitcoin.query import parse_number
from explorer.chain.tip import last_seen
from explorer.errors import BadQuery
from explorer.node.connection import get_rpc_connection
from explorer.node.failover import has_answered
from explorer.node.rpc import Rpc
from explorer.version import VERSION
from explorer.web.assets import static_url

SITE = "Bitcoin Explorer"
MAX_PAGE = 1_000_000

SETTINGS = "EXPLORER_SETTINGS"  # the key in app.config


def settings() -> Settings:
    return cast(Settings, current_app.config[SETTINGS])


def rpc() -> Rpc:
    """The node that this app's settings name."""
    return get_rpc_connection(settings())


def render(template: str, chain: ChainStatus | None, **values: Any) -> str:
    """A page. `chain` is None where the node was not asked, or does not answer."""
    connection = rpc()
    seen = last_seen(connection)
    return render_template(
        template,
        site=SITE,
        version=VERSION,
        answered=chain is not None or has_answered(),
        rpc_label=connection.label,
        is_demo=connection.is_demo,
        now=connection.now(),
        network=chain.network if chain else seen.network if seen else None,
        node_version=seen.version if seen and seen.label == connection.label else None,
        tip_height=chain.height if chain else None,
        static_url=static_url,
        can_describe_search=settings().origin is not None,
        **values,
    )


def page_number() -> int:
    """The `page` of the query, from 1. Raises BadQuery."""
    typed = request.args.get("page")
    if typed is None:
        return 1
    number = parse_number(typed, 1, MAX_PAGE)
    if number is None:
        raise BadQuery("bad_number", query=typed[:100], name="page", lowest=1, highest=f"{MAX_PAGE:,}")
    return number
