"""What every page needs: the node to ask, and a template filled in with where the chain stands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import quote, urlencode

from flask import current_app, g, request
from markupsafe import Markup

from config import Settings
from explorer.bitcoin.models import ChainStatus
from explorer.bitcoin.query import parse_number
from explorer.chain.tip import ChainState, last_seen
from explorer.errors import BadQuery
from explorer.html import markup
from explorer.language import LANGUAGES, TAGS, noop
from explorer.language import gettext as _
from explorer.messages import said
from explorer.node.connection import get_rpc_connection
from explorer.node.failover import has_answered
from explorer.node.rpc import Rpc
from explorer.version import VERSION
from explorer.web.preferences import UNITS, applied, of_request
from explorer.web.templates import template_of

SITE = noop("Bitcoin Explorer")
MAX_PAGE = 1_000_000
PARAMETERS = ("block", "before", "page")  # of a query: what a page's address may say

SETTINGS = "EXPLORER_SETTINGS"  # the key in app.config


def settings() -> Settings:
    return cast(Settings, current_app.config[SETTINGS])


def rpc() -> Rpc:
    """The node that this app's settings name."""
    return get_rpc_connection(settings())


def render(name: str, chain_state: ChainState | None, /, *, chain: ChainStatus | None = None, **values: Any) -> str:
    """A page. `chain_state` is None where the node was not asked, or does not answer; `chain` is what else tells where
    it stands."""
    connection = rpc()
    g.state = chain_state
    seen = chain_state or last_seen(connection)
    chain = chain or (chain_state.chain if chain_state else None)
    label = connection.label if has_answered() or not chain_state else chain_state.label
    return part(
        name,
        **{"here": here(), **values},
        languages=LANGUAGES,
        tags=TAGS,
        units=UNITS,
        public=settings().origin if settings().public_url else "",  # what the rest of the world may be told
        can_describe_search=settings().origin is not None,
        site=_(SITE),
        version=VERSION,
        answered=chain is not None or has_answered(),
        rpc_label=said(connection.label) if connection.is_demo else label,
        is_demo=connection.is_demo,
        now=connection.now(),
        network=chain.network if chain else seen.chain.network if seen else None,
        node_version=seen.status.node.version if seen and seen.label == label else None,
        tip=chain,
        mempool_count=seen.status.mempool.count if seen else None,
    )


def part(name: str, /, **values: Any) -> Markup:
    """A template filled in as the visitor reads: by itself it is a piece of a page, for a value of `render`."""
    preferences = of_request(request.environ)
    with applied(preferences):
        return markup(template_of(name, preferences.language).render(values, preferences=preferences))


def here() -> str:
    """The address of this page as every visitor would write it: what it does not know of is left out."""
    known = [
        (name, value) for name in PARAMETERS if (value := request.args.get(name)) and (name, value) != ("page", "1")
    ]
    path = f"{request.script_root}{quote(request.path)}"
    return f"{path}?{urlencode(known)}" if known else path


def page_number(arguments: Mapping[str, str] | None = None) -> int:
    """The `page` of the query, from 1. Raises BadQuery."""
    typed = (request.args if arguments is None else arguments).get("page")
    if typed is None:
        return 1
    number = parse_number(typed, 1, MAX_PAGE)
    if number is None:
        raise BadQuery("bad_number", query=typed[:100], name="page", lowest=1, highest=f"{MAX_PAGE:,}")
    return number
