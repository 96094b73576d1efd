"""Gavel: the rules of the show."""

__version__ = "0.1.0"
