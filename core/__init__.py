"""Limelight's engine: a library that knows no browser. `pages` is one face of it, `python -m core` another."""

__version__ = "0.1.0"
