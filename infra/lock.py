"""Write infra/locks/platform.txt from this environment. Run by `make lock`, after the checks have passed."""

import re
from importlib.metadata import distributions
from pathlib import Path

LOCK = Path(__file__).resolve().parent / "locks" / "platform.txt"
HEAD = """\
# What `.venv` holds, as constraints (pip install -c). Made by `make lock` from an environment that passed the checks.
# torch has no +cpu here: the build is chosen by where it is installed from (README, "Which torch").
"""
OURS = {"gavel", "pip"}


def main() -> None:
    found = {}
    for distribution in distributions():
        name = re.sub(r"[-_.]+", "-", distribution.metadata["Name"]).lower()
        if name not in OURS:
            found[name] = distribution.version.split("+")[0]
    LOCK.write_text(HEAD + "".join(f"{name}=={version}\n" for name, version in sorted(found.items())))
    print(f"{LOCK}: {len(found)} packages")


if __name__ == "__main__":
    main()
