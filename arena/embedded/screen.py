"""What the terminal shows: one line at a time, with the part's name in its own colour in front."""

import threading
from contextlib import suppress

from rich.console import Console
from rich.text import Text

COLOURS = ("cyan", "green", "magenta", "blue", "bright_cyan", "bright_magenta", "bright_green", "bright_blue")
OURS = "gavel"


class Screen:
    """Safe to use from several threads; colours only on a terminal (and never with NO_COLOR)."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False)
        self._lock = threading.Lock()
        self.introduce(())

    def introduce(self, names: tuple[str, ...]) -> None:
        """The parts that will speak: one colour each, one width for all."""
        self._colours = {name: COLOURS[i % len(COLOURS)] for i, name in enumerate(names)}
        self._width = max(map(len, (OURS, "postgres", *names)))

    def say(self, text: str, style: str = "bold yellow") -> None:
        """A line of the supervisor's own."""
        for line in text.splitlines():
            self._print(OURS, style, Text(line))

    def alarm(self, text: str) -> None:
        self.say(text, "bold red")

    def line(self, name: str, text: str) -> None:
        self._print(name, self._colours.get(name, "white"), Text.from_ansi(text))

    def _print(self, name: str, style: str, text: Text) -> None:
        row = Text.assemble((name.ljust(self._width), style), (" │ ", "dim"), text)
        with self._lock, suppress(OSError):  # a terminal that was closed must not stop the reading of logs
            self.console.print(row, soft_wrap=True)
