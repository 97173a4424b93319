"""Are we let in? The address, the password, and which methods this user may call.

rpcallowip= and rpcwhitelist= both answer 403, and are told apart by when: a node looks at the address before the
password, and at the whitelist only after it. So a stranger's request is refused by the first alone.
"""

from __future__ import annotations

from collections.abc import Iterator

from explorer.findings import Finding
from explorer.node.diagnosis.patient import Patient
from explorer.node.discovery import Cookie, Password
from explorer.node.methods import METHODS, NEEDED


def examine(patient: Patient) -> Iterator[Finding]:
    endpoint = patient.endpoint
    stranger = patient.post("getblockcount")
    if patient.is_provider:
        if stranger.is_refusal:
            yield Finding("key_refused", endpoint=endpoint.label)
        else:
            yield Finding("let_in", endpoint=endpoint.label)
        return
    if stranger.status == 403:
        yield Finding("address_not_allowed", endpoint=endpoint.label)
        return
    if (trouble := _login(patient, is_open=stranger.is_rpc and not stranger.is_refusal)) is not None:
        yield trouble
        return
    yield Finding("let_in", endpoint=endpoint.label)
    yield _methods(patient)


def _login(patient: Patient, *, is_open: bool) -> Finding | None:
    """Finds the login that works, or why there is none. An open node, behind a proxy that logs in, takes any."""
    endpoint = patient.endpoint
    credentials = endpoint.credentials
    path = str(credentials.path) if isinstance(credentials, Cookie) else None
    try:
        login = patient.read_login()
    except FileNotFoundError:
        return None if is_open else Finding("cookie_missing", path=path)
    except OSError as error:
        return None if is_open else Finding("cookie_unreadable", path=path, reason=error.strerror)
    if login is None:
        return None if is_open else Finding("password_missing", endpoint=endpoint.label)
    if patient.post("getblockcount", login=login).status == 401:
        if isinstance(credentials, Password):
            return Finding("password_wrong", endpoint=endpoint.label, user=credentials.user)
        return Finding("cookie_stale", endpoint=endpoint.label, path=path)
    patient.login = login
    return None


def _methods(patient: Patient) -> Finding:
    """Calls each without parameters: whoever may call it hears what is missing, or something harmless."""
    refused = [method for method in METHODS if patient.ask(method).status == 403]
    endpoint = patient.endpoint.label
    if not refused:
        return Finding("methods_allowed", count=len(METHODS))
    if len(refused) == len(METHODS):
        return Finding("no_method_allowed", endpoint=endpoint)
    names = ", ".join(refused)
    if NEEDED.isdisjoint(refused):
        return Finding("some_methods_not_allowed", endpoint=endpoint, methods=names)
    return Finding("methods_not_allowed", endpoint=endpoint, methods=names)
