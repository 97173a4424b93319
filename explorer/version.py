"""The explorer's own version."""

VERSION = "1.0"
