"""A stack with small parts, under the real supervisor: `mini_stack.py DATA_DIR TABLE` (TABLE is JSON).

`{"stores": true, "parts": [{"name", "port", "manners": [], "needs": [], "grace", "once": "python code"}]}`
"""

import json
import random
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from arena.embedded import gates, ports, postgres, valkey
from arena.embedded.processes import Part, machine_environment
from arena.embedded.running import AlreadyRunning, run
from arena.embedded.screen import Screen
from arena.embedded.secret_file import load_or_create
from arena.embedded.stack import Options, Stack

TINY = Path(__file__).with_name("tiny_server.py")


def small_part(row: dict[str, Any]) -> Part:
    needs = tuple(row.get("needs", ()))
    if "once" in row:
        return Part(
            row["name"], (sys.executable, "-c", row["once"]), machine_environment(), once=True, needs=needs
        )
    argv = (sys.executable, str(TINY), str(row["port"]), *row.get("manners", ()))
    gate = gates.http(f"http://127.0.0.1:{row['port']}/")
    return Part(
        row["name"],
        argv,
        machine_environment(),
        gate,
        needs=needs,
        grace=row.get("grace", 5),
        port=row["port"],
    )


def main(data_dir: Path, table: dict[str, Any]) -> int:
    def build(options: Options, screen: Screen, given: Mapping[str, str]) -> Stack:
        environment = {"GAVEL_PUBLIC_URL": "http://127.0.0.1"}
        stores: list[Part] = []
        if table.get("stores"):
            secrets = load_or_create(data_dir / "secrets.json")
            port = ports.choose("127.0.0.1", random.randrange(20000, 40000), "Valkey").number
            stores = [
                postgres.prepare(data_dir, secrets.database_password, screen.say),
                valkey.prepare(data_dir, port, secrets.redis_password, secrets.redis_lab_password),
            ]
            environment |= {
                "GAVEL_DATABASE_URL": stores[0].address or "",
                "GAVEL_REDIS_URL": stores[1].address or "",
                "GAVEL_LAB_REDIS_URL": valkey.url(valkey.LAB, secrets.redis_lab_password, port),
            }
        return Stack(
            (*stores, *map(small_part, table.get("parts", ()))), environment, data_dir / "secrets.json"
        )

    async def announce(stack: Stack, seconds: float) -> None:
        screen.say(f"ALL READY {seconds:.2f}")

    screen = Screen()
    try:
        return run(Options(data_dir), screen, announce, build)
    except AlreadyRunning:
        screen.alarm("ALREADY RUNNING")
        return 2


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), json.loads(sys.argv[2])))
