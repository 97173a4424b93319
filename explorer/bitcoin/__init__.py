"""Pure knowledge of Bitcoin: no input, no output."""
