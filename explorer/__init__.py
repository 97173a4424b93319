"""The explorer, as a house of floors. Every import points down.

    5                app.py          explorer/__main__.py
                  ┌──────┴──────┬─────────────┴──┐
    4           web/      background.py      commands/
                  └─────────────┬────────────────┘
    3                   chain/, wallet/
                  ┌─────────────┼────────────────┐
    2           node/        cache.py         bitcoin/
                  └─────────────┼────────────────┘
    1   errors.py   messages.py   findings/   config.py   deadline.py   single_flight.py

app.py        where the parts meet: `gunicorn app:app` serves it
__main__.py   where the commands meet: `python -m explorer COMMAND`
config.py     every setting, declared once; nothing else reads the environment
web/          a view module per noun: parse, ask, render. templates/ and static/ are what pages look like
commands/     what an operator types: how the nodes stand, what is wrong with them, any call
chain/        questions about the chain, each a function of an `Rpc`, in as few round trips as can be
wallet/       what the node's own wallets hold
node/         whoever answers: `connection.py` is the cached factory, `client.py` one node, `failover.py` several behind
              one face, `demo/` the recorded chain; `discovery.py` finds the node, `capabilities.py` what it can do,
              `diagnosis/` what is wrong with it; `methods.py` lists all that is asked
cache.py      facts that never change, kept
bitcoin/      pure knowledge: models, amounts, addresses, scripts, what a visitor typed
errors.py     what can go wrong; its words are in messages.py
findings/     what the examination of a node may find, and its words
node_url.py   BITCOIN_RPC_URL taken apart, for config.py
"""
