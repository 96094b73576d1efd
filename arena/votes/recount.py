#!/usr/bin/env python3
"""Count the votes of a Gavel show again, from the evidence that its site publishes. It asks nobody and needs nothing
but Python 3.9 or newer: neither Gavel, nor a network, nor an account.

    python3 verify.py FILE [--key HEX] [--root HEX] [--receipt JSON]

FILE is the evidence of a ballot or of a season (`….jsonl.gz`). Whatever does not fit is one line: what, where, what it
should be. A file that was made up whole agrees with itself, so hold it against what you know from elsewhere: `--key` is
the site's public key, `--root` a ballot's fingerprint, both shown on air; `--receipt` is what your phone kept.
Exit code 0: equal. 1: changed. 2: it is no such file.

用法：python3 verify.py 文件 [--key 公钥] [--root 指纹] [--receipt 回执]。只需要 Python 3.9 以上，不联网。
公钥和指纹在直播中显示过，回执在你的手机里。每一处不符单独一行。退出码 0：相符；1：被改动过；2：不是这种文件。
"""

from __future__ import annotations

import argparse
import gzip
import io
import json
import re
import sys
import zlib
from collections import Counter
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache, partial
from hashlib import sha256, sha512
from itertools import chain
from pathlib import Path
from typing import Any, Iterable, Iterator, NamedTuple  # noqa: UP035 - as Python 3.9 has them

Json = Any
NO_HEAD = bytes(32)
BROKEN = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError)
UNREADABLE = (OSError, EOFError, zlib.error)
LONGEST_LINE, SHOWN = 16 << 20, 50


class NoEvidence(Exception):
    """The file is something else."""


class Finding(NamedTuple):
    code: str
    where: str
    what: str


class Report:
    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.counted: list[str] = []
        """What the recount gives, a line for each ballot and each entry."""
        self.keys: set[str] = set()
        self.roots: set[str] = set()

    def expect(self, holds: object, code: str, where: str, what: str) -> None:
        if not holds:
            self.findings.append(Finding(code, where, what))

    def equal(self, code: str, where: str, says: Json, found: Json) -> None:
        self.expect(says == found, code, where, f"says {says!s:.300}, and it is {found!s:.300}")


# --- canonical JSON (RFC 8785) ---


def canonical(value: Json) -> str:
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: name.encode("utf-16-be"))
        return "{" + ",".join(f"{canonical(name)}:{canonical(value[name])}" for name in names) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    if not isinstance(value, float):
        return json.dumps(value, ensure_ascii=False)
    # Numbers as JavaScript writes them.
    if value == 0 or 1e-6 <= abs(value) < 1e21:
        return re.sub(r"\.0$", "", format(Decimal(repr(value)), "f")) if value else "0"
    return re.sub(r"e([+-])0*", r"e\1", repr(value))


def digest_of(value: Json) -> str:
    return sha256(canonical(value).encode()).hexdigest()


# --- Ed25519 (RFC 8032), verification only ---

_P, _L = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, -1, _P) % _P
_BASE = (4 * pow(5, -1, _P) % _P).to_bytes(32, "little")
Point = Any  # extended coordinates (X, Y, Z, T): x = X/Z, y = Y/Z, xy = T/Z


def _add(p: Point, q: Point) -> Point:
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % _P, (p[1] + p[0]) * (q[1] + q[0]) % _P
    c, d = 2 * p[3] * q[3] * _D % _P, 2 * p[2] * q[2] % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _point(encoded: bytes) -> Point:
    """Raises ValueError."""
    number = int.from_bytes(encoded, "little")
    sign, y = number >> 255, number & ((1 << 255) - 1)
    square = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
    x = pow(square, (_P + 3) // 8, _P)
    if (x * x - square) % _P:
        x = x * pow(2, (_P - 1) // 4, _P) % _P
    if len(encoded) != 32 or y >= _P or (x * x - square) % _P or (x == 0 and sign):
        raise ValueError("no point of the curve")
    x = x if x & 1 == sign else _P - x
    return x, y, 1, x * y % _P


@lru_cache(maxsize=8)
def _table(encoded: bytes) -> list[list[Point]]:
    """0 to 15 times 16^i times the point, for i from 0 to 63: thousands of signatures are by one key."""
    point, table = _point(encoded), []
    for _ in range(64):
        row: list[Point] = [(0, 1, 1, 0)]
        for _ in range(15):
            row.append(_add(row[-1], point))
        table.append(row)
        point = _add(row[15], point)
    return table


def _times(number: int, encoded: bytes) -> Point:
    total: Point = (0, 1, 1, 0)
    for row in _table(encoded):
        total, number = _add(total, row[number & 15]), number >> 4
    return total


def signed(key: str, statement: Json, signature: str) -> bool:
    """Whether `signature` is that of the holder of `key` over the canonical form of `statement`."""
    try:
        public, given, message = bytes.fromhex(key), bytes.fromhex(signature), canonical(statement).encode()
        s = int.from_bytes(given[32:], "little")
        h = int.from_bytes(sha512(given[:32] + public + message).digest(), "little") % _L
        x, y, z, t = _times(h, public)
    except BROKEN:
        return False
    x, y, z, t = _add(_times(s, _BASE), (-x, y, z, -t))
    inverse = pow(z, -1, _P)
    found = (y * inverse % _P) | ((x * inverse % _P & 1) << 255)
    # One way to write it: in capitals the same bytes would be another file that nobody is told of.
    written = (public.hex(), given.hex()) == (key, signature)
    return written and s < _L and found.to_bytes(32, "little") + given[32:64] == given


# --- one ballot ---


def leaf_hash(entry: bytes) -> bytes:
    return sha256(b"\0" + entry).digest()


class Tree:
    """The Merkle tree of RFC 9162, growing: 0x00 is hashed before a leaf, 0x01 before an inner node."""

    def __init__(self) -> None:
        self.size = 0
        self._full: list[bytes] = []

    def append(self, leaf: bytes) -> None:
        node, size = leaf, self.size
        while size & 1:
            node, size = sha256(b"\1" + self._full.pop() + node).digest(), size >> 1
        self._full.append(node)
        self.size += 1

    def root(self) -> str:
        node = self._full[-1] if self._full else sha256().digest()
        for left in reversed(self._full[:-1]):
            node = sha256(b"\1" + left + node).digest()
        return node.hex()


# A vote's line, to the byte: keys sorted, nothing twice, nothing more, so that no two programs read it differently.
VOTE = re.compile(
    rb'\{"at":"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z)","ballot":"([0-9a-f-]{36})","channel":"([a-z0-9-]{1,16})",'
    rb'"choice":"([a-z0-9][a-z0-9_-]{0,39})","level":([0-3]),"n":([1-9]\d{0,9}),"nonce":"([0-9a-f]{32})",'
    rb'"seq":(0|[1-9]\d{0,9}),"shard":(0|[1-9]\d{0,4}),"voter":"([0-9a-f]{32})"\}\n'
).fullmatch


class Ballot:
    """Its head, its votes, what was said of them, its seal.

    A vote's leaf is SHA-256 over 0x00 and its line; a shard's head is SHA-256 over the head before and the leaf, and
    begins with 32 zero bytes. The root is that of a `Tree` over all leaves, shard after shard.
    """

    def __init__(self, head: Json, report: Report) -> None:
        self.head, self.report, self.id = head, report, str(head["ballot"])
        config = self.config = head["config"]
        self.options: list[str] = [option["id"] for option in config["options"]]
        self.most, self.pace = config["max_changes"] + 1, timedelta(seconds=config["change_seconds"])
        report.equal("config", self._at("head.config_digest"), head["config_digest"], digest_of(config))
        for name in ("salt_commitment", "rules_digest"):
            sha = re.fullmatch("[0-9a-f]{64}", config[name])
            report.expect(sha, "config", self._at(f"head.config.{name}"), "is no SHA-256 in hexadecimal")
        opens, closes = _moment(head["opens_at"]), _moment(head["closes_at"])
        if [_stamp(opens).decode(), _stamp(closes).decode()] != [head["opens_at"], head["closes_at"]]:
            raise ValueError(
                f"opens_at {head['opens_at']} or closes_at {head['closes_at']} is written otherwise"
            )
        promised, said = opens + timedelta(seconds=config["seconds"]), f"open {opens} to {closes}"
        report.expect(opens < closes <= promised, "window", self._at("head"), f"{said}; promised {promised}")
        self.windows: dict[bytes, tuple[bytes, bytes]] = {}
        for channel in config["channels"]:
            later = timedelta(seconds=channel["delay_seconds"])
            last = min(_stamp(closes + later), head["locked_at"].encode())
            self.windows[channel["id"].encode()] = _stamp(opens + later), last
        self.shards: dict[int, bytearray] = {}  # leaves, one after another
        # What each voter said last: n, choice, level, at; how many lines they have; in which shard.
        self.voters: dict[bytes, tuple[int, bytes, bytes, bytes, int, bytes]] = {}
        self.kept: dict[tuple[int, int], bytes] = {}
        self.flagged: dict[str, bool] = {}
        self.checkpoints: list[Json] = []
        self.verdicts, self.counted = Counter[str](), Counter[str]()

    def _at(self, place: str) -> str:
        return f"ballot {self.id} {place}"

    def _place(self, shard: bytes, seq: int) -> str:
        return self._at(f"shard {int(shard)} seq {seq}")

    def read(self, lines: Iterator[bytes], wanted: set[tuple[int, int]]) -> None:
        """To the seal. `wanted`: places (shard, seq) whose lines are kept, for receipts."""
        kinds, last, corrected = ("checkpoint", "correction", "verdict", "seal"), (0, [-1]), NO_HEAD
        digests, numbers, report = {kind: sha256() for kind in kinds}, Counter[str](), self.report
        for line in self._votes(lines, wanted):
            entry = _parsed(line)
            kind: str = entry["t"]
            rank, place = kinds.index(kind), self._at(f"{kind} {numbers[kind]}")
            same = (canonical(entry) + "\n").encode() == line
            report.expect(same, "form", place, "is not canonical JSON: keys sorted, none twice, no spaces")
            digests[kind].update(line)
            if kind == "seal":
                self._seal(
                    entry, numbers, corrected, {name: one.hexdigest() for name, one in digests.items()}
                )
                return
            report.equal("ballot", place, entry["ballot"], self.id)
            if kind == "checkpoint":
                self.checkpoints.append(entry)
                order = [entry["shard"], entry["size"]]
            elif kind == "correction":
                corrected = self._correction(entry, place, corrected)
                order = [entry["number"]]
                report.equal("sequence", place, order, [numbers[kind]])
            else:
                self.verdicts[entry["choice"]] += 1
                order = [entry["judge"]]
                report.expect(
                    entry["choice"] in self.options, "option", place, f"no option {entry['choice']}"
                )
            fits = last[0] < rank or (last[0] == rank and (not numbers[kind] or last[1] < order))
            report.expect(fits, "order", place, f"{order} comes after {last[1]}")
            last = rank, order
            numbers[kind] += 1
        report.expect(False, "form", self._at("seal"), "is missing: the file ends before it")

    def _votes(self, lines: Iterator[bytes], wanted: set[tuple[int, int]]) -> Iterator[bytes]:
        """Read the votes; yield the lines that are none."""
        voters, windows, own, report, never = (
            self.voters,
            self.windows,
            self.id.encode(),
            self.report,
            (b"~", b""),
        )
        options, least = {option.encode() for option in self.options}, b"%d" % self.config["level"]
        shard, seq, leaves = b"0", -1, bytearray()
        for line in lines:
            found = VOTE(line)
            if found is None and b'"t":"' in line:
                yield line
                continue
            seq += 1
            if found is None:
                leaves += leaf_hash(line.rstrip(b"\n"))
                report.expect(
                    False, "form", self._place(shard, seq), "is no vote as it is written when it is counted"
                )
                continue
            at, ballot, channel, choice, level, count, _, number, in_shard, voter = found.groups()
            if in_shard != shard or not self.shards:
                last, shard, seq = (max(self.shards, default=-1), in_shard, 0)
                report.expect(
                    int(shard) > last, "order", self._place(shard, int(number)), f"is after shard {last}"
                )
                leaves = self.shards.setdefault(int(shard), bytearray())
            leaves += sha256(b"\0" + line[:-1]).digest()
            if int(number) != seq:
                report.equal("sequence", self._place(shard, int(number)), f"seq {int(number)}", f"seq {seq}")
                seq = int(number)
            opens, closes = windows.get(channel, never)
            if not opens <= at <= closes or choice not in options or level < least or ballot != own:
                self._wrong(self._place(shard, seq), found)
            if wanted and (int(shard), seq) in wanted:
                self.kept[int(shard), seq] = line
            before = voters.get(voter)
            if before is None:
                voters[voter] = int(count), choice, level, at, 1, shard
            else:
                self._again(self._place(shard, seq), before, int(count), at, shard)
                if int(count) > before[0]:
                    voters[voter] = int(count), choice, level, at, before[4] + 1, shard

    def _wrong(self, place: str, vote: re.Match[bytes]) -> None:
        at, ballot, channel, choice, level = (part.decode() for part in vote.groups()[:5])
        window, expect = self.windows.get(vote[3]), self.report.expect
        expect(window, "channel", place, f"there is no channel {channel}")
        if window:
            what = f"{at}; channel {channel} votes from {window[0].decode()} to {window[1].decode()}"
            expect(window[0] <= vote[1] <= window[1], "window", place, what)
        expect(choice in self.options, "option", place, f"there is no option {choice}")
        expect(
            int(level) >= self.config["level"], "level", place, f"{level}; {self.config['level']} is asked"
        )
        expect(ballot == self.id, "ballot", place, f"is a vote of ballot {ballot}")

    def _again(self, place: str, before: Json, count: int, at: bytes, shard: bytes) -> None:
        """Whether a voter might vote again so."""
        expect, then = self.report.expect, before[3].decode()
        expect(count > before[0], "voter", place, f"n={count} of a voter whose n={before[0]} stands before")
        expect(
            before[4] < self.most,
            "changes",
            place,
            f"is vote {before[4] + 1} of a voter; {self.most} are allowed",
        )
        what = f"{at.decode()}, a change, comes less than {self.pace.total_seconds()} s after {then}"
        expect(_moment(at.decode()) >= _moment(then) + self.pace, "pace", place, what)
        expect(shard == before[5], "shard", place, f"is of a voter of shard {int(before[5])}")

    def _correction(self, entry: Json, place: str, head: bytes) -> bytes:
        said = {name: value for name, value in entry.items() if name != "head"}
        head = sha256(head + leaf_hash(canonical(said).encode())).digest()
        self.report.equal("correction", f"{place} head", entry["head"], head.hex())
        known = entry["voter"].encode() in self.voters and entry["kind"] in ("flag", "clear")
        self.report.expect(known, "correction", place, "names nobody who voted, or is neither flag nor clear")
        self.flagged[entry["voter"]] = entry["kind"] == "flag"
        return bytes.fromhex(entry["head"])

    def _seal(self, seal: Json, numbers: Counter[str], corrected: bytes, digests: dict[str, str]) -> None:
        certificate, key, report, head = seal["certificate"], seal["key"], self.report, self.head
        report.keys.add(key)
        holds = signed(key, certificate, seal["signature"])
        report.expect(holds, "signature", self._at("certificate"), f"is not signed by {key}")
        flagged, levels = Counter[str](), Counter[str]()
        for voter, (_, choice, level, *_) in self.voters.items():
            aside = self.flagged.get(voter.decode())
            (flagged if aside else self.counted)[choice.decode()] += 1
            levels[level.decode()] += not aside
        ends, root = self._ledger(key, certificate)
        report.roots.add(root)
        size, count = (
            sum(end["size"] for end in ends),
            {"counted": self.counted, "flagged": flagged, "levels": levels},
        )
        # The site's word alone: who was handed a code is in no ledger.
        seats: Json = (certificate.get("count") or {}).get("seats")
        if seats is not None:
            count["seats"] = seats
        same = ("ballot", "episode", "duel", "config_digest", "opens_at", "closes_at", "locked_at")
        found = {name: head[name] for name in same}
        found.update(shards=ends, size=size, root=root, count=count, verdicts=self.verdicts)
        found.update(corrections=numbers["correction"], corrections_head=corrected.hex())
        found.update(checkpoints=numbers["checkpoint"], checkpoints_digest=digests["checkpoint"])
        found.update(verdicts_digest=digests["verdict"])
        for name in sorted((found.keys() | certificate.keys()) - {"at"}):
            says = _without_zeros(certificate.get(name))
            report.equal(
                "certificate", self._at(f"certificate.{name}"), says, _without_zeros(found.get(name))
            )
        for name, says in (("size", head["size"]), ("root", head["root"]), ("count", head["tally"])):
            place = self._at(f"head: the {name} on the site's pages")
            report.equal("shown", place, _without_zeros(says), _without_zeros(found[name]))
        report.equal("shown", self._at("head.tally, to the letter"), head["tally"], certificate.get("count"))
        tally = ", ".join(f"{option} {self.counted[option]}" for option in self.options)
        tally += f"; flagged {sum(flagged.values())}" if flagged else ""
        tally += "".join(f"; level {level}: {levels[level]}" for level in sorted(levels) if levels[level])
        if seats:
            tally += f"; seat codes, says the site: {', '.join(f'{what} {seats[what]}' for what in seats)}"
        said = f"ballot {self.id}: {size} votes of {len(self.voters)} voters; {tally}; root {root}"
        report.counted.append(said)
        self.voters, self.shards = {}, {}

    def _ledger(self, key: str, certificate: Json) -> tuple[list[Json], str]:
        """Each shard's end, and the root. Names the stretch of lines that first differs from what was signed."""
        ends: list[Json] = []
        final = {end["shard"]: end for end in certificate["shards"]}
        for shard in sorted(self.shards.keys() | final.keys() | {one["shard"] for one in self.checkpoints}):
            leaves, tree, head, good, changed = self.shards.get(shard, b""), Tree(), NO_HEAD, 0, False
            stops = [one for one in self.checkpoints if one["shard"] == shard]
            stops += [end for end in final.values() if end["shard"] == shard]
            for stop in [*stops, {"size": len(leaves) // 32}]:
                for start in range(32 * tree.size, min(32 * stop["size"], len(leaves)), 32):
                    leaf = bytes(leaves[start : start + 32])
                    head = sha256(head + leaf).digest()
                    tree.append(leaf)
                said = {name: value for name, value in stop.items() if name != "signature"}
                if "signature" in stop and not signed(key, said, stop["signature"]):
                    place = self._at(f"shard {shard} checkpoint of size {stop['size']}")
                    self.report.expect(False, "signature", place, f"is not signed by {key}")
                elif (stop["size"], stop.get("root"), stop.get("head")) == (
                    tree.size,
                    tree.root(),
                    head.hex(),
                ):
                    good = tree.size
                elif "root" in stop and not changed:
                    changed = True
                    place = self._at(f"shard {shard} seq {good} to {max(stop['size'] - 1, good)}")
                    what = f"not the votes, or not in the order, of the root signed for size {stop['size']}"
                    self.report.expect(False, "ledger", place, f"{what}; there are {len(leaves) // 32}")
            place = self._at(f"shard {shard} seq {good} to {tree.size - 1}")
            self.report.expect(
                changed or good == tree.size, "ledger", place, f"nobody signed more than {good} votes"
            )
            ends.append({"shard": shard, "size": tree.size, "root": tree.root(), "head": head.hex()})
        if len(ends) == 1:
            return ends, ends[0]["root"]
        whole = Tree()
        for _, leaves in sorted(self.shards.items()):
            for start in range(0, len(leaves), 32):
                whole.append(bytes(leaves[start : start + 32]))
        return ends, whole.root()


def _without_zeros(count: Json) -> Json:
    if not isinstance(count, dict):
        return count
    return {name: _without_zeros(value) for name, value in sorted(count.items()) if value != 0}


def _moment(text: str) -> datetime:
    """All of them are UTC. Raises ValueError."""
    return datetime.fromisoformat(text[:26])


def _stamp(moment: datetime) -> bytes:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ").encode()


# --- a season, a file, the command ---


def _parsed(line: bytes) -> Json:
    """Raises ValueError."""
    entry = json.loads(line)
    if not isinstance(entry, dict):
        raise ValueError("a line is no JSON object")
    return entry


def winner(crowd: Json, judges: Json, weights: Json) -> str:
    """By the declared weights, exactly; a draw is half a vote for each, a series without votes is left out."""
    lead = Fraction(0)
    for counts, weight in ((crowd, weights["crowd"]), (judges, weights["judges"])):
        ahead, total = counts.get("left", 0) - counts.get("right", 0), sum(counts.values())
        lead += Fraction(str(weight)) * Fraction(ahead, total or 1)
    return "left" if lead > 0 else "right" if lead < 0 else "tie"


def _season(head: Json, ballots: dict[str, Ballot], report: Report) -> None:
    report.equal("season", "season rules_digest", head["rules_digest"], digest_of(head["rules"]))
    undecided = {ballot.id for ballot in ballots.values() if ballot.config["kind"] == "duel"}
    results: dict[str, Counter[str]] = {}
    for duel in head["duels"]:
        place, ballot = f"duel {duel['duel']}", ballots.get(duel["ballot"])
        if ballot is None or ballot.id not in undecided:
            report.expect(
                False, "duel", place, f"its ballot {duel['ballot']} is missing, or decides another duel"
            )
            continue
        undecided.discard(ballot.id)
        report.equal("duel", f"{place} ballot {ballot.id} head.duel", ballot.head["duel"], duel["duel"])
        report.equal("season", f"{place} rules_digest", ballot.config["rules_digest"], head["rules_digest"])
        won = winner(ballot.counted, ballot.verdicts, head["rules"]["weights"])
        report.equal("winner", place, duel["winner"], won)
        for side, other in (("left", "right"), ("right", "left")):
            result = "won" if won == side else "lost" if won == other else "drawn"
            results.setdefault(duel[side], Counter())[result] += 1
    for ballot_id in sorted(undecided):
        report.expect(False, "duel", f"ballot {ballot_id}", "is about a duel that the season does not name")
    for entry, of in sorted(results.items()):
        report.counted.append(f"entry {entry}: {of['won']} won, {of['drawn']} drawn, {of['lost']} lost")


def _receipt(said: Json, ballots: dict[str, Ballot], report: Report) -> None:
    receipt, ballot = said["receipt"], ballots.get(said["ballot_id"])
    place = f"receipt: ballot {said['ballot_id']} shard {receipt['shard']} seq {receipt['seq']}"
    line = ballot.kept.get((receipt["shard"], receipt["seq"])) if ballot else None
    report.expect(line, "receipt", place, "there is no such vote")
    if line:
        vote = {**_parsed(line), "leaf": leaf_hash(line[:-1]).hex()}
        for name, value in (("choice", said["choice"]), ("n", said["n"]), *receipt.items()):
            if name != "at":  # it is in the leaf, and phones may write it otherwise
                report.equal("receipt", f"{place} {name}", vote.get(name), value)


def check(
    lines: Iterator[bytes], key: str | None = None, roots: Iterable[str] = (), receipts: Iterable[Json] = ()
) -> Report:
    """Recount; `key`, `roots`, `receipts`: what is known from elsewhere. Raises NoEvidence."""
    report, ballots = Report(), dict[str, Ballot]()
    try:
        first = _parsed(next(lines, b""))
        if first["format"] not in ("gavel.ballot.v1", "gavel.season.v1"):
            raise ValueError(first["format"])
    except (*BROKEN, *UNREADABLE) as error:
        raise NoEvidence(
            f"it is no evidence of a ballot or a season of Gavel, or damaged: {error}"
        ) from error
    try:
        wanted = {(one["receipt"]["shard"], one["receipt"]["seq"]) for one in receipts}
        for head in chain([first] * (first["t"] == "ballot"), map(_parsed, lines)):
            report.expect(head.get("t") == "ballot", "form", f"after ballot {len(ballots)}", "there is more")
            report.expect(
                head.get("ballot") not in ballots, "ballot", f"ballot {head.get('ballot')}", "stands twice"
            )
            ballot = Ballot(head, report)
            ballots[ballot.id] = ballot
            ballot.read(lines, wanted)
        if first["t"] == "season":
            _season(first, ballots, report)
        for one in receipts:
            _receipt(one, ballots, report)
    except (*BROKEN, *UNREADABLE) as error:
        place = f"ballot {list(ballots)[-1]}" if ballots else "file"
        report.expect(False, "form", place, f"cannot be read on: {type(error).__name__}: {error}")
    known = key or min(report.keys, default="")
    report.expect(report.keys <= {known}, "key", "seal", f"is by {sorted(report.keys)}; it should be {known}")
    for root in roots:
        report.expect(
            root in report.roots, "root", "ledger", f"is not {root}, as expected; see what was counted"
        )
    return report


def lines_of(path: Path) -> Iterator[bytes]:
    """Raises OSError, EOFError, zlib.error while it is read: a gzip has its own checksum."""
    with path.open("rb") as file:
        packed = file.peek(2)[:2] == b"\x1f\x8b"
        plain = io.BufferedReader(gzip.GzipFile(fileobj=file), 1 << 20) if packed else file
        yield from iter(partial(plain.readline, LONGEST_LINE), b"")


def tell(report: Report) -> Iterator[str]:
    yield from report.counted
    shown = Counter[str]()
    for code, where, what in report.findings:
        shown[code] += 1
        if shown[code] <= SHOWN:
            yield f"✗ {code} · {where}: {what}"
    yield from (f"✗ {code}: {times - SHOWN} more" for code, times in shown.items() if times > SHOWN)
    yield f"key {', '.join(sorted(report.keys))}"
    if report.findings:
        yield f"Changed · 被改动过: {len(report.findings)} of what was checked does not hold."
    else:
        yield "Equal · 相符. A file that was made up whole agrees with itself: compare key and root with those on air."


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", type=Path)
    parser.add_argument("--key", help="the site's public key, as it was shown on air")
    parser.add_argument("--root", action="append", default=[], help="a ballot's root, as it was shown on air")
    parser.add_argument(
        "--receipt", action="append", default=[], help="what a phone kept of its vote, as JSON"
    )
    given = parser.parse_args(arguments)
    try:
        receipts = [json.loads(one) for one in given.receipt]
        report = check(lines_of(given.file), given.key, given.root, receipts)
    except (NoEvidence, OSError, ValueError) as error:
        print(f"{given.file}: {error}", file=sys.stderr)
        return 2
    print("\n".join(tell(report)))
    return 1 if report.findings else 0


if __name__ == "__main__":
    sys.exit(main())
