"""Refuse GPL and AGPL packages among what Gavel needs at run time. Development tools may have any free licence."""

import re
import sys
from importlib.metadata import PackageNotFoundError, distribution, requires

REFUSED = re.compile(r"\b(?:A?GPL|GNU (?:Affero )?General Public)", re.IGNORECASE)
ACCEPTED = re.compile(r"LGPL|Lesser|Library General", re.IGNORECASE)
EXTRAS = ("embedded", "lab")


def name_of(requirement: str) -> str:
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    return found.group() if found else ""


def needed(extras: tuple[str, ...] = EXTRAS) -> set[str]:
    """Names of everything that is installed and reached from Gavel's run-time requirements."""
    seen: set[str] = set()
    waiting = [
        name_of(line)
        for line in requires("gavel") or []
        if "extra ==" not in line or any(f'extra == "{extra}"' in line.replace("'", '"') for extra in extras)
    ]
    while waiting:
        name = re.sub(r"[-_.]+", "-", waiting.pop()).lower()
        if name in seen:
            continue
        try:
            lines = distribution(name).requires or []
        except PackageNotFoundError:
            continue
        seen.add(name)
        waiting += [name_of(line) for line in lines if "extra ==" not in line]
    return seen


def licence(name: str) -> str:
    """What the package says about itself: SPDX expression, classifiers, or the short licence field."""
    about = distribution(name).metadata
    classifiers = [line for line in about.get_all("Classifier") or [] if line.startswith("License ::")]
    short = "".join(about.get_all("License") or []).strip().splitlines()[:1]
    return "".join(about.get_all("License-Expression") or []) or "; ".join(classifiers) or "".join(short)


def main() -> int:
    names = sorted(needed())
    refused = [
        f"{name}: {words}"
        for name in names
        for words in [licence(name)]
        if REFUSED.search(words) and not ACCEPTED.search(words) and " OR " not in words
    ]
    print(f"{len(names)} run-time packages, {len(refused)} with a refused licence", *refused, sep="\n  ")
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
