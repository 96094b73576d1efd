"""One episode of the demo, played from outside: HTTP and WebSocket only. Any step that did not really happen raises."""

import asyncio
import gzip
import hmac
import itertools
import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from arena.cli.audience import crowd
from arena.cli.finding import find
from arena.cli.sending import send_files
from arena.cli.site import Refused, SiteClient, Watch
from arena.cli.submit import SETTLED, describe
from arena.duels.verify import check_file
from arena.live.patches import State
from arena.votes.recount import check as recount

Tell = Callable[[str], None]


class StepFailed(Exception):
    """A step of the show did not happen as it must."""


def check(true: bool, otherwise: str) -> None:
    if not true:
        raise StepFailed(otherwise)


@dataclass
class Contender:
    name: str
    folder: Path
    site: SiteClient
    entry_id: str = ""
    submission: dict[str, Any] = field(default_factory=dict)


@dataclass
class Episode:
    """The whole show. `tell` receives a line per step for the person watching."""

    url: str
    operator_token: str
    adapters: list[Path]
    prompts: list[str]
    phones: int
    seed: int
    tell: Tell
    pause: float = 0.0
    """Seconds left to people watching: to read the answers, to see the vote, to take in the reveal."""
    timings: dict[str, float] = field(default_factory=dict)

    async def play(self) -> dict[str, Any]:
        self.operator = SiteClient(self.url, self.operator_token)
        version = (await self.operator.get("/version"))["version"]
        season = await self.operator.get("/seasons/current")
        self.producer = await self._person("producer", "Producer")
        judges = [await self._person("judge", f"Judge {number}", number) for number in (1, 2, 3)]
        contenders = await self._timed("admission", self._admit())
        house = next(row for row in await self.producer.get("/roster") if row["kind"] == "house")
        check(house["ready"], "the house entry is not ready")
        phones = await self._timed("phones_join", self._phones())
        episode = await self.producer.post("/episodes", {"title": "Demo"})
        check(
            (await phones[0].get(f"/join/{episode['code']}"))["id"] == episode["id"],
            "the join code does not work",
        )
        self.tell(f"Episode {episode['number']}, code {episode['code']}: {self.url}/stage/{episode['id']}")
        entrants = {contender.entry_id: contender.name for contender in contenders} | {
            house["entry_id"]: house["name"]
        }
        stage, board = f"stage:{episode['id']}", f"board:{season['id']}"
        duels = []
        async with phones[0].watch(stage, board) as watch:
            pairs = list(itertools.combinations(entrants, 2))
            for number, (pair, prompt) in enumerate(
                zip(pairs, itertools.cycle(self.prompts), strict=False), 1
            ):
                duels.append(
                    await self._duel(watch, stage, board, number, pair, prompt, phones, judges, entrants)
                )
            await self._command(watch, stage, {"type": "finish"})
            shown = watch.states[board]
            live = {"messages": watch.messages, "patches": watch.patches}
        for site in (self.operator, self.producer, *judges, *phones, *(one.site for one in contenders)):
            await site.close()
        return {
            "version": version,
            "season": {"id": season["id"], "rules_digest": season["rules_digest"], "track": season["track"]},
            "episode": episode,
            "entries": [self._entry(contender) for contender in contenders] + [house],
            "duels": duels,
            "leaderboard": shown,
            "websocket": live,
            "timings": {name: round(seconds, 2) for name, seconds in self.timings.items()},
        }

    async def _timed(self, name: str, work: Any) -> Any:
        began = time.monotonic()
        result = await work
        self.timings[name] = self.timings.get(name, 0.0) + time.monotonic() - began
        return result

    # --- people ---

    async def _person(self, role: str, name: str, number: int = 0) -> SiteClient:
        """Sign in as the demo's person of this role, registering the first time."""
        site = SiteClient(self.url)
        email = f"{role}{number or ''}@demo.gavel.example"
        password = hmac.new(self.operator_token.encode(), email.encode(), sha256).hexdigest()
        try:
            await site.post("/auth/login", {"email": email, "password": password})
        except Refused as refusal:
            if refusal.code != "auth.wrong_credentials":
                raise
            invitation = None
            if role != "contestant":
                invitation = (await self.operator.post("/invitations", {"role": role, "hours": 1}))["token"]
            body = {"email": email, "password": password, "display_name": name, "invitation": invitation}
            await site.post("/auth/register", body)
        self.tell(f"Signed in: {name}")
        return site

    async def _phones(self) -> list[SiteClient]:
        phones = [SiteClient(self.url) for _ in range(self.phones)]
        await asyncio.gather(*(phone.post("/device") for phone in phones))
        self.tell(f"{len(phones)} phones joined")
        return phones

    # --- admission ---

    async def _admit(self) -> list[Contender]:
        contenders = []
        for number, folder in enumerate(self.adapters, 1):
            name = _title(folder)
            contenders.append(
                Contender(name, folder, await self._person("contestant", f"Team {name}", number))
            )
        for contender in contenders:
            await self._upload(contender)
        await asyncio.gather(*(self._ready(contender) for contender in contenders))
        return contenders

    async def _upload(self, contender: Contender) -> None:
        site = contender.site
        entries = await site.get("/entries")
        entry = entries[0] if entries else await site.post("/entries", {"name": contender.name})
        contender.entry_id, contender.name = entry["id"], entry["name"]
        artifact, files = find(contender.folder)
        try:
            contender.submission = await send_files(
                site, contender.entry_id, artifact, files, lambda *_: None
            )
            self.tell(f"Uploaded “{contender.name}”, version {contender.submission['version']}")
        except Refused as refusal:
            if refusal.code not in ("upload.duplicate", "upload.quota"):
                raise
            counting = [one for one in entry["submissions"] if one["state"] not in ("failed", "cancelled")]
            contender.submission = counting[0]
            self.tell(f"“{contender.name}” is there already, as version {contender.submission['version']}")

    async def _ready(self, contender: Contender) -> None:
        channel = f"submission:{contender.submission['id']}"
        said = ""
        async with contender.site.watch(channel) as watch:

            def settled(state: dict[str, Any]) -> bool:
                nonlocal said
                line = describe(state)
                counting = line.startswith("benchmarking: ")
                if line != said and not counting:
                    self.tell(f"“{contender.name}”: {line}")
                said = line
                return state["state"] in SETTLED

            final = await watch.until(channel, settled, 1800, f"the verdict on “{contender.name}”")
        check(final["state"] == "ready", f"“{contender.name}” was not admitted: {final['refusal']}")
        contender.submission = final
        contender.submission["benchmark"] = await contender.site.get(f"/submissions/{final['id']}/benchmark")
        check(
            contender.submission["benchmark"]["state"] == "done",
            f"“{contender.name}” has no finished benchmark",
        )

    @staticmethod
    def _entry(contender: Contender) -> dict[str, Any]:
        run = contender.submission["benchmark"]
        return {
            "entry_id": contender.entry_id,
            "name": contender.name,
            "kind": "contestant",
            "submission_id": contender.submission["id"],
            "version": contender.submission["version"],
            "digest": contender.submission["digest"],
            "checks": contender.submission["checks"],
            "benchmark": {
                name: run[name] for name in ("suite", "suite_digest", "accuracy", "tasks", "engine_build")
            },
        }

    # --- one duel ---

    async def _duel(
        self,
        watch: Watch,
        stage: str,
        board: str,
        number: int,
        pair: tuple[str, str],
        prompt: str,
        phones: list[SiteClient],
        judges: list[SiteClient],
        entrants: dict[str, str],
    ) -> dict[str, Any]:
        began = time.monotonic()
        first, second = pair
        start = {
            "type": "start_duel",
            "prompt": prompt,
            "entry_a": first,
            "entry_b": second,
            "seed": self.seed + number,
        }
        await self._command(watch, stage, start)
        self.tell(f"Duel {number}: “{prompt}”")

        def mine(state: State) -> bool:
            return state["duel"] is not None and bool(state["duel"]["number"] == number)

        def answered(state: State) -> bool:
            return mine(state) and state["duel"]["state"] in ("answered", "failed")

        await watch.until(
            stage,
            lambda state: mine(state) and _streaming(state["duel"]),
            300,
            f"the first tokens of duel {number}",
        )
        first_seen = time.monotonic() - began
        before = watch.patches
        state = await watch.until(stage, answered, 300, f"both answers of duel {number}")
        check(state["duel"]["state"] == "answered", f"duel {number} failed")
        state = await watch.until(
            stage, lambda now: _finished(now["duel"]), 30, f"both answers of duel {number} on the page"
        )
        left, right = state["duel"]["left"]["text"], state["duel"]["right"]["text"]
        check(bool(left.strip()) and bool(right.strip()), f"an answer of duel {number} is empty")
        check("entry" not in state["duel"]["left"], "the stage names an entry before the reveal")
        streamed = watch.patches - before
        await asyncio.sleep(self.pause)
        duel = await self._vote(watch, stage, state["duel"], number, phones, judges)
        met = _met(watch.states[board])
        await self._command(watch, stage, {"type": "reveal"})
        state = await watch.until(stage, lambda now: now["phase"] == "revealed", 30, "the reveal")
        result = state["result"]
        counted = sum(result["crowd"].values())
        # People watching may vote too; ours must all be there (`_recount` finds each receipt).
        check(counted >= len(phones), f"{counted} votes counted, {len(phones)} cast")
        check(
            {result["left"]["id"], result["right"]["id"]} == set(pair),
            "the revealed names are not the contenders",
        )
        await self._recount(duel, result, duel["receipts"])
        await watch.until(board, lambda now: _met(now) >= met + 2, 60, "the board to count this duel")
        hashes = {side: await _verified(phones[0], state["duel"]["id"], side) for side in ("left", "right")}
        self.tell(f"  {_line(result)}")
        await asyncio.sleep(self.pause)
        self.timings["duels"] = self.timings.get("duels", 0.0) + time.monotonic() - began
        return {
            "number": number,
            "prompt": prompt,
            "answers": {
                "left": {"entry": result["left"]["name"], "text": left, "provenance": hashes["left"]},
                "right": {"entry": result["right"]["name"], "text": right, "provenance": hashes["right"]},
            },
            "votes": counted,
            "result": result,
            "root": duel["root"],
            "seconds": round(time.monotonic() - began, 2),
            "first_token_on_page_seconds": round(first_seen, 2),
            "streaming_patches": streamed,
        }

    async def _vote(
        self,
        watch: Watch,
        stage: str,
        duel: dict[str, Any],
        number: int,
        phones: list[SiteClient],
        judges: list[SiteClient],
    ) -> dict[str, Any]:
        await self._command(watch, stage, {"type": "open_vote", "seconds": 120})
        state = await watch.until(
            stage, lambda now: now["ballot"] and now["ballot"]["state"] == "open", 30, "the vote to open"
        )
        ballot = state["ballot"]["id"]
        left, right = duel["left"]["text"], duel["right"]["text"]
        choices = [
            taste.choose(left, right, dice) for taste, dice in crowd(len(phones), self.seed * 1000 + number)
        ]
        receipts = await asyncio.gather(
            *(
                phone.post(f"/ballots/{ballot}/votes", {"choice": choice, "n": 1})
                for phone, choice in zip(phones, choices, strict=True)
            )
        )
        other = "left" if choices[0] == "right" else "right"
        await self._refused(phones[0], ballot, other, "vote.key_reuse")
        for judge, (taste, dice) in zip(judges, crowd(len(judges), self.seed * 7000 + number), strict=True):
            verdict = {"choice": taste.choose(left, right, dice), "note": "demo"}
            await judge.post(f"/ballots/{ballot}/verdicts", verdict)
        await watch.until(
            stage,
            lambda now: now["ballot"]["counted"] >= len(phones),
            30,
            f"{len(phones)} counted votes on the page",
        )
        check(watch.states[stage]["result"] is None, "the split is visible before the lock")
        # Two minutes were promised, and everybody has voted: to close early takes a second person.
        await self.operator.post(f"/ballots/{ballot}/shorten")
        await self._command(watch, stage, {"type": "lock_vote"})
        state = await watch.until(
            stage, lambda now: now["ballot"]["state"] == "certified", 60, "the second count after the lock"
        )
        check(bool(state["ballot"]["root"]), "no Merkle root was published at the lock")
        late = SiteClient(self.url)
        await late.post("/device")
        await self._refused(late, ballot, "tie", "vote.window_closed")
        await late.close()
        return {"ballot": ballot, "root": state["ballot"]["root"], "receipts": receipts}

    async def _refused(self, phone: SiteClient, ballot: str, choice: str, code: str) -> None:
        try:
            await phone.post(f"/ballots/{ballot}/votes", {"choice": choice, "n": 1})
        except Refused as refusal:
            check(refusal.code == code, f"refused with {refusal.code} instead of {code}")
            return
        raise StepFailed(f"a vote was accepted that must be refused with {code}")

    async def _recount(
        self, ballot: dict[str, Any], result: dict[str, Any], receipts: list[dict[str, Any]]
    ) -> None:
        """Recount the published evidence as any outsider could, and find every receipt in it."""
        site = SiteClient(self.url)
        key, seen = (await site.get("/ballots/key"))["key"], await site.get(f"/ballots/{ballot['ballot']}")
        packed = await site.download(f"/ballots/{ballot['ballot']}/evidence")
        await site.close()
        lines = gzip.decompress(packed).splitlines(keepends=True)
        report = recount(iter(lines), key, [ballot["root"]], receipts)
        for code, where, what in report.findings:
            check(False, f"the evidence does not hold: {code} · {where}: {what}")
        check(seen["count"]["counted"] == result["crowd"], "the count differs from the shown result")

    async def _command(self, watch: Watch, stage: str, command: dict[str, Any]) -> None:
        # What the page shows may be a moment old, and steps of ballots stand in the log as well.
        seen = await self.producer.get(f"/live/{stage}")
        version = seen["state"]["version"]
        body = {"expected_version": version, "key": secrets.token_urlsafe(12), "command": command}
        episode = stage.removeprefix("stage:")
        show = await self.producer.post(f"/episodes/{episode}/commands", body)
        await watch.until(
            stage, lambda now: now["version"] >= show["version"], 30, f"{command['type']} on the page"
        )


def _title(folder: Path) -> str:
    """The stage name: the title of the recipe that the adapter was trained by, or else the folder's name."""
    trained = folder / "training.json"
    if trained.is_file():
        return str(json.loads(trained.read_text())["recipe"]["title"])
    return folder.name.replace("-", " ").title()


def _streaming(duel: dict[str, Any]) -> bool:
    return bool(duel["left"]["tokens"] > 0 and duel["right"]["tokens"] > 0)


def _finished(duel: dict[str, Any]) -> bool:
    return bool(duel["left"]["finished"] and duel["right"]["finished"])


async def _verified(site: SiteClient, duel: str, side: str) -> str:
    """The hash of an answer's record, once everything in its file holds."""
    file = await site.get(f"/duels/{duel}/answers/{side}.json")
    for wrong in (one for one in check_file(file) if one.problem is not None):
        check(False, f"the record of the {side} answer: {wrong.name}: {wrong.problem}")
    return str(file["hash"])


def _met(board: dict[str, Any]) -> int:
    """Duels that the board counts, each once for either entry; a season may have had some before this episode."""
    return sum(row["duels"] for row in board["rows"])


def _line(result: dict[str, Any]) -> str:
    crowd_, left, right = result["crowd"], result["left"]["name"], result["right"]["name"]
    winner = {"left": left, "right": right, "tie": "nobody"}[result["winner"]]
    close = ", too close to call" if result["too_close"] else ""
    return (
        f"{left} {crowd_['left']} : {crowd_['right']} {right} "
        f"(ties {crowd_['tie']}, both bad {crowd_['both_bad']}); winner: {winner}{close}"
    )
