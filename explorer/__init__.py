"""The explorer, as a house of floors. Every import points down.

    5                          app.py
                  ┌──────────────┴──────────────┐
    4           web/                      background.py
                  └──────────────┬──────────────┘
    3                         chain/
                  ┌──────────────┼──────────────┐
    2           node/         cache.py       bitcoin/
                  └──────────────┼──────────────┘
    1        errors.py      messages.py     config.py

app.py        where the parts meet: `gunicorn app:app` serves it
config.py     every setting, declared once; nothing else reads the environment
web/          a view module per noun: parse, ask, render. templates/ and static/ are what pages look like
chain/        questions about the chain, each a function of an `Rpc`, in as few round trips as can be
node/         whoever answers: `connection.py` makes the connections, `discovery.py` finds the node, `capabilities.py`
              finds what it can do, `demo/` replays the recorded chain
cache.py      facts that never change, kept
bitcoin/      pure knowledge: models, amounts, addresses, scripts, what a visitor typed
errors.py     what can go wrong; its words are in messages.py
node_url.py   BITCOIN_RPC_URL taken apart, for config.py
"""
