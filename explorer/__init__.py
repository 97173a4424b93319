"""The explorer, as a house of floors. Every import points down.

    5                app.py          explorer/__main__.py
                  ┌──────┴──────┬─────────────┴──┐
    4           web/      background.py      commands/
                  └─────────────┬────────────────┘
    3                   chain/, wallet/
                  ┌─────────────┼────────────────┐
    2           node/         cache/          bitcoin/
                  └─────────────┼────────────────┘
    1   errors.py   messages.py   findings/   language.py   config.py   deadline.py   single_flight.py   places.py
        decoding.py   durations.py   html.py

app.py        where the parts meet: `gunicorn app:app` serves it
__main__.py   where the commands meet: `python -m explorer COMMAND`
config.py     every setting, declared once; nothing else reads the environment
web/          a view module per noun: parse, ask, render; finished pages are kept by `page_cache.py`, which answers in
              front of Flask, for each of a visitor's `preferences.py`. templates/ and static/ are what pages look like;
              `live.py` tells what happens, and static/live.js changes pages in place
background.py what a process does beside: it watches the tip, and makes pages before anyone asks
commands/     what an operator types: how the nodes stand, what is wrong with them, any call
chain/        questions about the chain, each a function of an `Rpc`, in as few round trips as can be; `tip.py` holds
              the ChainState, one immutable value that the watcher replaces and everybody reads
wallet/       what the node's own wallets hold
node/         whoever answers: `connection.py` is the cached factory, `client.py` one node, `failover.py` several behind
              one face, `demo/` the recorded chain; `discovery.py` finds the node, `capabilities.py` what it can do,
              `diagnosis/` what is wrong with it; `methods.py` lists all that is asked
cache/        facts that never change, kept: in the process's memory, and shared with the workers of the machine
              (`shelf.py`) or with other machines (`redis.py`)
bitcoin/      pure knowledge: models, amounts, addresses, scripts, what a visitor typed
language.py   the languages that texts are spoken in; translations/ holds them
html.py       text that becomes part of a page
places.py     heavy questions share a few places
errors.py     what can go wrong; its words are in messages.py
findings/     what the examination of a node may find, and its words
node_url.py   BITCOIN_RPC_URL taken apart, for config.py
"""
