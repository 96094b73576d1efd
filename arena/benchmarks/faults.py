"""Why a run ends without a score although it could be tried as often as one likes. Found before a question is asked."""

CODES = (
    # The engine.
    "engine.no_echo",
    "engine.no_tokenizer",
    "engine.bos",
    # The suite.
    "suite.another_generator",
    "suite.unavailable",
    "suite.too_long",
    # The entry.
    "adapter.no_effect",
    "prompt.context",
)
"""Stable: pages explain them in both languages."""
