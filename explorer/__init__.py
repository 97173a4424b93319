"""The explorer, as a house of five floors. Every import points down.

    5                 app.py           explorer/__main__.py
               ┌───────────────┬─────┴────────┬──────────────┐
    4      commands/          api/           web/        background.py
               └───────┬───────┴──────┬───────┴──────────────┘
    3               wallet/         chain/
                       └──────┬───────┴────┬─────────┐
    2                       node/      cache.py   bitcoin/
                              │            │         │
    1                errors.py, messages.py    config.py   store.py

What stands today: app.py, web/, chain/, node/, cache.py, bitcoin/, errors.py, messages.py, config.py.
"""
