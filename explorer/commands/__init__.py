"""What a person or a script types: `python -m explorer COMMAND`. A module per command; `console.py` is shared."""
