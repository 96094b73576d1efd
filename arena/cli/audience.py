"""A simulated audience for the demo: fifty phones with tastes of their own, and judges. Deterministic by seed.

A phone reads both answers and likes one better by simple, visible traits (verse, points, exclamations, length),
each phone weighing them differently. It never learns which entry wrote what, exactly like a real viewer.
"""

import random
import re
from dataclasses import dataclass

TRAITS = ("verse", "points", "warmth", "brevity")


def traits(text: str) -> dict[str, float]:
    """What can be seen in an answer, each roughly within 0..1."""
    lines = [line for line in text.splitlines() if line.strip()]
    points = sum(bool(re.match(r"\s*(\d+[.)]|[-*•])\s", line)) for line in lines)
    words = len(text.split()) + sum("\u4e00" <= char <= "\u9fff" for char in text) / 2
    return {
        "verse": min(len(lines) - points, 6) / 6 if lines else 0.0,
        "points": min(points, 3) / 3,
        "warmth": min(len(re.findall(r"[!！?？]|\b(I|my|me)\b|我", text)), 5) / 5,
        "brevity": max(0.0, 1 - words / 90),
    }


@dataclass(frozen=True)
class Taste:
    weights: dict[str, float]
    noise: float

    def choose(self, left: str, right: str, rng: random.Random) -> str:
        if not left.strip() and not right.strip():
            return "both_bad"
        a, b = traits(left), traits(right)
        gap = sum(weight * (a[name] - b[name]) for name, weight in self.weights.items()) + rng.gauss(
            0, self.noise
        )
        if abs(gap) < 0.08:
            return "tie"
        return "left" if gap > 0 else "right"


def crowd(size: int, seed: int) -> list[tuple[Taste, random.Random]]:
    """Tastes with their own dice. The season's crowd leans a little towards verse and warmth, as halls do."""
    rng = random.Random(seed)
    people = []
    for _ in range(size):
        weights = {
            name: rng.gauss(mean, 0.6) for name, mean in zip(TRAITS, (0.5, 0.2, 0.4, 0.1), strict=True)
        }
        people.append((Taste(weights, 0.25), random.Random(rng.random())))
    return people
