"""How often somebody may do something: so many a second, and a few at once. In this process' memory: nobody who keeps
to it ever waits for a store, and none that is down lets anybody through."""

from time import monotonic


class Pace:
    """A bucket that fills by `per_second` up to `burst`; each time takes one out."""

    __slots__ = ("_burst", "_left", "_per_second", "_since")

    def __init__(self, per_second: float, burst: int) -> None:
        self._per_second, self._burst = per_second, burst
        self._left, self._since = float(burst), monotonic()

    def wait(self) -> float:
        """Take one; 0, or the seconds until there will be one, and then none was taken."""
        now = monotonic()
        self._left = min(self._burst, self._left + (now - self._since) * self._per_second)
        self._since = now
        if self._left < 1:
            return (1 - self._left) / self._per_second
        self._left -= 1
        return 0.0


class Paces:
    """One for each of many; of more than `most` those that were used longest ago are forgotten."""

    def __init__(self, per_second: float, burst: int, most: int = 100_000) -> None:
        self._of, self._most = (per_second, burst), most
        self._known: dict[str, Pace] = {}

    def wait(self, key: str) -> float:
        pace = self._known.pop(key, None) or Pace(*self._of)
        self._known[key] = pace
        if len(self._known) > self._most:
            del self._known[next(iter(self._known))]
        return pace.wait()
