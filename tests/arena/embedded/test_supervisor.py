"""The supervisor, with small real processes: order, death, restart, and nothing left behind."""

import re
import signal
import socket

from arena.embedded.state import is_running, read_state

from .conftest import Start, free_port, gone, until


def row(name: str, **more: object) -> dict[str, object]:
    return {"name": name, "port": free_port(), **more}


def test_starts_in_order_and_stops_in_the_reverse_order(start: Start) -> None:
    running = start(row("first"), row("second", needs=["first"]), row("third", needs=["second"])).ready()
    pids = running.pids
    assert re.findall(r"(\w+) is ready", running.said) == ["first", "second", "third"]
    assert {part.state for part in running.state.parts} == {"ready"}
    assert running.stop() == 0
    assert re.findall(r"(\w+) stopped", running.said) == ["third", "second", "first"]
    assert all(map(gone, pids))
    assert read_state(running.data_dir) is None
    assert not is_running(running.data_dir)


def test_ctrl_c_stops_cleanly(start: Start) -> None:
    running = start(row("only")).ready()
    pids = running.pids
    assert running.stop(signal.SIGINT) == 0
    assert all(map(gone, pids))


def test_killed_part_is_named_with_its_last_lines_and_started_again(start: Start) -> None:
    running = start(row("first"), row("second", needs=["first"])).ready()
    before, other = running.pid("first"), running.pid("second")
    signal_part(before, signal.SIGKILL)
    until(lambda: running.state.parts[0].restarts == 1 and running.state.parts[0].state == "ready")
    assert running.pid("first") != before
    assert running.pid("second") == other, "a part that lives is left alone"
    assert "first died (killed by SIGKILL)" in running.said
    assert "listening on" in running.said.split("Its last lines")[1]


def test_a_part_that_keeps_dying_stops_everything(start: Start) -> None:
    running = start(row("steady"), row("china", manners=["fragile"]))
    assert running.process.wait(40) == 1
    assert running.said.count("china died (exit code 7)") == 4
    assert "about to break: 瓷器" in running.said
    assert "china died 4 times within 60 s; stopping everything" in running.said
    assert "steady stopped" in running.said


def test_a_failed_step_stops_the_start(start: Start) -> None:
    running = start(
        {"name": "step", "once": "print('no such table'); raise SystemExit(3)"}, row("later", needs=["step"])
    )
    assert running.process.wait(20) == 1
    assert "no such table" in running.said
    assert "step failed (exit code 3)" in running.said
    assert "later is ready" not in running.said


def test_killed_supervisor_leaves_nothing(start: Start) -> None:
    running = start(row("first", manners=["stubborn"]), row("second", manners=["spawn"]), stores=True).ready()
    pids = [pid for pid in running.tree() if pid not in sleepers(running.said)]
    running.process.kill()
    running.process.wait()
    until(lambda: all(map(gone, pids)), 10, "every part follows its supervisor")


def test_orphans_of_a_killed_part_are_ended(start: Start) -> None:
    running = start(row("parent", manners=["spawn"])).ready()
    (orphan,) = sleepers(running.said)
    assert not gone(orphan)
    signal_part(running.pid("parent"), signal.SIGKILL)
    until(lambda: gone(orphan), 10, "the sleeper has gone with its parent")


def test_orphans_are_ended_at_the_stop(start: Start) -> None:
    running = start(row("parent", manners=["spawn"])).ready()
    (orphan,) = sleepers(running.said)
    assert running.stop() == 0
    assert gone(orphan)


def test_stubborn_part_is_killed_after_its_grace(start: Start) -> None:
    running = start(row("stubborn", manners=["stubborn"], grace=0.5)).ready()
    pids = running.pids
    assert running.stop() == 0
    assert all(map(gone, pids))


def test_asked_twice_stops_at_once(start: Start) -> None:
    running = start(row("stubborn", manners=["stubborn"], grace=60)).ready()
    running.process.send_signal(signal.SIGINT)
    until(lambda: "once more to stop at once" in running.said)
    assert running.stop(signal.SIGINT) == 0


def test_second_start_in_the_same_folder_is_refused(start: Start) -> None:
    running = start(row("only")).ready()
    second = start(row("only"))
    assert second.process.wait(20) == 2
    assert "ALREADY RUNNING" in second.said
    assert running.state.parts[0].state == "ready", "the first goes on"


def test_after_a_killed_supervisor_the_folder_can_be_used_again(start: Start) -> None:
    first = start(row("only")).ready()
    first.process.kill()
    first.process.wait()
    assert read_state(first.data_dir) is not None, "its notes are still there"
    start(row("only")).ready()


def test_logs_are_kept_per_part(start: Start) -> None:
    running = start(row("one"), row("two")).ready()
    for name in ("one", "two"):
        assert "listening on" in (running.data_dir / "logs" / f"{name}.log").read_text()


def test_notes_are_private(start: Start) -> None:
    running = start(row("only")).ready()
    assert (running.data_dir / "stack.json").stat().st_mode & 0o777 == 0o600


def signal_part(pid: int, number: signal.Signals) -> None:
    import os

    os.kill(pid, number)


def sleepers(said: str) -> list[int]:
    return [int(pid) for pid in re.findall(r"sleeper (\d+)", said)]


def test_a_busy_port_of_a_part_is_told_by_its_last_lines(start: Start) -> None:
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        running = start({"name": "late", "port": busy.getsockname()[1], "needs": []})
        until(lambda: "Address already in use" in running.said)
