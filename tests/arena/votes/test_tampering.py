"""Whoever holds the database can change everything in it. Each change is named by a recount of what is published then,
with the place, by somebody who knows what was on air: the site's key and the roots."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from sqlalchemy import delete, text
from sqlalchemy.ext.asyncio import AsyncSession

from arena.kit.site import Site, open_site
from arena.shows.public import Episode
from arena.votes import publishing, recount
from arena.votes.models import Ballot, Checkpoint, Vote
from arena.votes.signing import BallotKey
from tests.support import counted
from tests.support.counted import Counted, named
from tests.support.portal import settings
from tests.support.services import Services

A, B = (f"'{named(f'ballot {number}')}'" for number in (1, 2))
IN = f"where ballot_id = {A}"
AT = f"{IN} and shard = 0 and seq"
OF = f"where id = {A}"
MOVED = "update votes set seq = seq + 1000 {};update votes set seq = seq - {} {}"
"""Numbers are unique at every moment: first far away, then back."""
JSON = "update ballots set {0} = jsonb_set({0}, '{{{1}}}', '{2}') " + OF
Edit = str | Callable[[Site, AsyncSession, Counted], Awaitable[None]]


@dataclass(frozen=True)
class Tampering:
    what: str
    edit: Edit
    code: str
    place: str
    """Part of where it is found, of the first ballot unless it is about another thing."""


async def _rewrite(site: Site, session: AsyncSession, was: Counted, key: BallotKey | None) -> None:
    """The end of the ledger as somebody wants it, with heads, checkpoints and certificate made anew."""
    lines = [line._replace(choice="left") if line.seq > 12 else line for line in was.lines]
    await session.execute(delete(Vote).where(Vote.ballot_id == was.id))
    await session.execute(delete(Checkpoint).where(Checkpoint.ballot_id == was.id))
    ballot = await session.get_one(Ballot, was.id)
    await counted.vote(site, session, ballot, lines, key)
    await counted.certify(site, session, ballot, lines, key)


async def _rewrite_with_own_key(site: Site, session: AsyncSession, was: Counted) -> None:
    await _rewrite(site, session, was, BallotKey("another secret"))


async def _rewrite_with_the_site_s_key(site: Site, session: AsyncSession, was: Counted) -> None:
    await _rewrite(site, session, was, None)


async def _certify_anew(site: Site, session: AsyncSession, was: Counted) -> None:
    """The ledger is left alone; only what is said about it is signed with a key of one's own."""
    ballot = await session.get_one(Ballot, was.id)
    await counted.certify(site, session, ballot, was.lines, BallotKey("another secret"))


async def _checkpoint_of_one_s_own(site: Site, session: AsyncSession, was: Counted) -> None:
    checkpoint = await session.get_one(Checkpoint, (was.id, 0, 7))
    said = {"t": "checkpoint", "ballot": str(was.id), "shard": 0, "size": 7, "root": "0" * 64}
    said |= {"head": checkpoint.head, "at": "2026-11-22T20:16:30.000000Z"}
    checkpoint.root, checkpoint.at = "0" * 64, datetime(2026, 11, 22, 20, 16, 30, tzinfo=UTC)
    checkpoint.signature = BallotKey("another secret").sign(said)


async def _voter_twice(site: Site, session: AsyncSession, was: Counted) -> None:
    """One more vote by somebody who has voted, as the first one, in the place of the next line."""
    await session.execute(text("alter table votes drop constraint uq_votes_ballot_id_voter_n"))
    first = next(line for line in was.lines if line.shard == 0)
    same = f"update votes set voter = '{first.voter}', n = 1 {AT} = 11"
    await session.execute(text(same))


def _lines(sql: str) -> str:
    return f"{sql} {IN}"


TAMPERINGS = [
    Tampering(*said)
    for said in (
        # One vote.
        ("a choice", f"update votes set choice = case choice when 'left' then 'right' else 'left' end {AT} = 9",
         "ledger", "shard 0 seq 7 to 13"),
        ("a choice nobody had", f"update votes set choice = 'house' {AT} = 9", "option", "shard 0 seq 9"),
        ("a choice that is no word", f"update votes set choice = 'left\",\"n\":9,\"x\":\"' {AT} = 9",
         "form", "shard 0 seq 9"),
        ("a moment", f"update votes set at = at + interval '1 millisecond' {AT} = 9", "ledger", "shard 0 seq 7 to 13"),
        ("a moment after the end", f"update votes set at = at + interval '1 hour' {AT} = 9", "window", "shard 0 seq 9"),
        ("a moment before the beginning", f"update votes set at = at - interval '1 hour' {AT} = 9",
         "window", "shard 0 seq 9"),
        ("a level raised", f"update votes set level = 3 {AT} = 9", "ledger", "shard 0 seq 7 to 13"),
        ("a level too low", f"update votes set level = 0 {AT} = 9", "level", "shard 0 seq 9"),
        ("a channel", f"update votes set channel = case channel when 'hall' then 'stream' else 'hall' end {AT} = 15",
         "ledger", "shard 0 seq 14 to 20"),
        ("a channel nobody has", f"update votes set channel = 'radio' {AT} = 9", "channel", "shard 0 seq 9"),
        ("a nonce", f"update votes set nonce = decode(repeat('00', 16), 'hex') {AT} = 9",
         "ledger", "shard 0 seq 7 to 13"),
        ("a voter's count", f"update votes set n = n + 5 {AT} = 9", "ledger", "shard 0 seq 7 to 13"),
        ("a voter's name", f"update votes set voter = repeat('0', 32) {AT} = 9", "ledger", "shard 0 seq 7 to 13"),
        ("a voter votes twice", _voter_twice, "voter", "shard 0 seq 11"),
        ("the first change of a voter comes last",
         f"update votes set n = n + 100 {IN} and voter = (select voter from votes {IN} group by voter "
         f"having count(*) = 3 order by voter limit 1);update votes set n = 104 - n {IN} and n > 100",
         "voter", "shard"),
        # Several.
        ("all who said right", _lines("update votes set choice = 'left'") + " and choice = 'right'",
         "ledger", "shard 0 seq 0 to 6"),
        ("two choices change places",
         "update votes v set choice = o.choice from votes o where o.ballot_id = v.ballot_id and o.shard = v.shard "
         f"and o.seq = 19 - v.seq and v.ballot_id = {A} and v.shard = 0 and v.seq in (9, 10)",
         "ledger", "shard 0 seq 7 to 13"),
        ("two votes change places",
         f"update votes set seq = 1009 {AT} = 9;update votes set seq = 9 {AT} = 10;"
         f"update votes set seq = 10 {AT} = 1009", "ledger", "shard 0 seq 7 to 13"),
        ("all times", _lines("update votes set at = at + interval '1 second'"), "ledger", "shard 0 seq 0 to 6"),
        ("a vote is gone", f"delete from votes {AT} = 9", "sequence", "shard 0 seq 10"),
        ("the first vote is gone", f"delete from votes {AT} = 0", "sequence", "shard 0 seq 1"),
        ("the last vote is gone", f"delete from votes {AT} = (select max(seq) from votes {IN} and shard = 0)",
         "ledger", "shard 0 seq 35 to 39"),
        ("a vote is gone, the others moved up",
         f"delete from votes {AT} = 9;" + MOVED.format(f"{AT} > 9", 1001, f"{AT} > 1000"),
         "ledger", "shard 0 seq 7 to 13"),
        ("a whole shard is gone", f"delete from votes {IN} and shard = 1", "ledger", "shard 1 seq 0 to 6"),
        ("all votes are gone", f"delete from votes {IN}", "ledger", "shard 0 seq 0 to 6"),
        ("a vote more at the end",
         f"insert into votes select ballot_id, shard, (select max(seq) + 1 from votes {IN} and shard = 0), "
         f"repeat('0', 32), 1, choice, level, channel, at, nonce, head from votes {AT} = 9", "ledger", "shard 0 seq"),
        ("a vote more in the middle",
         MOVED.format(f"{AT} > 9", 999, f"{AT} > 1000") + ";insert into votes select ballot_id, shard, 10, "
         f"repeat('0', 32), 1, choice, level, channel, at, nonce, head from votes {AT} = 9",
         "ledger", "shard 0 seq 7 to 13"),
        ("a vote goes to the other shard",
         f"update votes set shard = 1, seq = (select max(seq) + 1 from votes {IN} and shard = 1) {AT} = 9",
         "sequence", "shard 0 seq 10"),
        ("the shards change places",
         f"update votes set shard = shard + 5 {IN};update votes set shard = 6 - shard {IN} and shard > 4",
         "ledger", "shard 0 seq 0 to 6"),
        ("votes of another ballot", f"update votes set ballot_id = {A}, shard = 2 where ballot_id = {B} and shard = 1",
         "ledger", "shard 2 seq 0 to"),
        # What was asked, and until when.
        ("the question", JSON.format("config", "question_en", '"Who is nicer?"'), "config", "head.config_digest"),
        ("the names of two options",
         f"update ballots set config = jsonb_set(jsonb_set(config, '{{options,0,en}}', config #> '{{options,1,en}}'), "
         f"'{{options,1,en}}', config #> '{{options,0,en}}') {OF}", "config", "head.config_digest"),
        ("which option is left",
         f"update ballots set config = jsonb_set(jsonb_set(config, '{{options,0,id}}', '\"right\"'), "
         f"'{{options,1,id}}', '\"left\"') {OF}", "config", "head.config_digest"),
        ("the seconds", JSON.format("config", "seconds", "400"), "config", "head.config_digest"),
        ("the level that is asked", JSON.format("config", "level", "2"), "level", "shard 0 seq"),
        ("how often one may change", JSON.format("config", "max_changes", "1"), "changes", "shard"),
        ("how quickly one may change", JSON.format("config", "change_seconds", "30"), "pace", "shard"),
        ("a channel's delay", JSON.format("config", "channels,1,delay_seconds", "0"), "config", "config_digest"),
        ("the rules it was under", JSON.format("config", "rules_digest", f'"{"0" * 64}"'), "season", "duel"),
        ("the salt's hash", JSON.format("config", "salt_commitment", f'"{"0" * 64}"'), "config", "head.config_digest"),
        ("a configuration with its hash", JSON.format("config", "seconds", "400")
         + f";update ballots set config_digest = encode(sha256('x'), 'hex') {OF}",
         "certificate", "certificate.config_digest"),
        ("when it opened", f"update ballots set opens_at = opens_at - interval '1 second' {OF}",
         "certificate", "certificate.opens_at"),
        ("when it closed", f"update ballots set closes_at = closes_at - interval '20 seconds' {OF}",
         "window", "shard 0"),
        ("when it was locked", f"update ballots set locked_at = locked_at + interval '1 second' {OF}",
         "certificate", "certificate.locked_at"),
        # What was said about votes.
        ("the last correction is gone", f"delete from vote_corrections {IN} and number = 2",
         "certificate", "certificate.corrections"),
        ("the first correction is gone", f"delete from vote_corrections {IN} and number = 0",
         "sequence", "correction 0"),
        ("a correction more",
         "insert into vote_corrections (id, ballot_id, number, voter, kind, rule, reason, head) select "
         "gen_random_uuid(), ballot_id, 3, voter, 'flag', rule, reason, head from vote_corrections "
         f"{IN} and number = 2", "correction", "correction 3"),
        ("a reason", f"update vote_corrections set reason = 'No.' {IN} and number = 1", "correction", "correction 1"),
        ("a flag becomes none", f"update vote_corrections set kind = 'clear' {IN} and number = 1",
         "correction", "correction 1"),
        ("another voter's flag", f"update vote_corrections set voter = (select voter from votes {AT} = 9) {IN} and "
         "number = 1", "correction", "correction 1"),
        ("who corrected", f"update vote_corrections set by = null {IN} and number = 2", "correction", "correction 2"),
        # Judges.
        ("a verdict", f"update verdicts set choice = case choice when 'left' then 'right' else 'left' end {IN} and "
         f"judge_id = '{named('judge 3')}'", "certificate", "certificate.verdicts"),
        ("a verdict is gone", f"delete from verdicts {IN} and judge_id = '{named('judge 3')}'",
         "certificate", "certificate.verdicts"),
        ("a verdict more", "insert into verdicts (id, ballot_id, judge_id, choice, note) values (gen_random_uuid(), "
         f"{A}, gen_random_uuid(), 'left', '')", "certificate", "certificate.verdicts"),
        ("whose verdict", f"update verdicts set judge_id = gen_random_uuid() {IN} and judge_id = '{named('judge 3')}'",
         "certificate", "certificate.verdicts_digest"),
        # Checkpoints, and what was signed at the end.
        ("a checkpoint is gone", f"delete from vote_checkpoints {IN} and shard = 0 and size = 14",
         "certificate", "certificate.checkpoints"),
        ("a checkpoint's root", f"update vote_checkpoints set root = repeat('0', 64) {IN} and shard = 0 and size = 14",
         "signature", "shard 0 checkpoint of size 14"),
        ("a checkpoint's moment",
         f"update vote_checkpoints set at = at - interval '1 second' {IN} and shard = 0 and size = 14",
         "signature", "shard 0 checkpoint of size 14"),
        ("a checkpoint's size", f"update vote_checkpoints set size = 15 {IN} and shard = 0 and size = 14",
         "signature", "shard 0 checkpoint of size 15"),
        ("a checkpoint by another key", _checkpoint_of_one_s_own, "signature", "shard 0 checkpoint of size 7"),
        ("a checkpoint more",
         "insert into vote_checkpoints select ballot_id, shard, 16, root, head, at, signature from vote_checkpoints "
         f"{IN} and shard = 0 and size = 14", "signature", "shard 0 checkpoint of size 16"),
        ("the count on the pages", JSON.format("tally", "counted,left", "1000"), "shown", "count on the site's pages"),
        ("the flagged on the pages", JSON.format("tally", "flagged,left", "9"), "shown", "count on the site's pages"),
        ("the root on the pages", f"update ballots set root = repeat('0', 64) {OF}",
         "shown", "root on the site's pages"),
        ("the size on the pages", f"update ballots set size = size + 1 {OF}", "shown", "size on the site's pages"),
        ("the count that was signed", JSON.format("certificate", "certificate,count,counted,left", "1000"),
         "certificate", "certificate.count"),
        ("the root that was signed", JSON.format("certificate", "certificate,root", f'"{"0" * 64}"'),
         "signature", "certificate"),
        ("a field more that was signed", JSON.format("certificate", "certificate,note", '"fair"'),
         "signature", "certificate"),
        ("the signature", JSON.format("certificate", "signature", f'"{"0" * 128}"'), "signature", "certificate"),
        ("the key", JSON.format("certificate", "key", f'"{"0" * 64}"'), "signature", "certificate"),
        ("the certificate of another ballot",
         f"update ballots set certificate = (select certificate from ballots where id = {B}) {OF}",
         "certificate", "certificate.ballot"),
        ("signed anew by another key", _certify_anew, "key", "seal"),
        ("the end of the ledger, signed anew by another key", _rewrite_with_own_key, "key", "seal"),
        ("the end of the ledger, signed anew by the site's own key", _rewrite_with_the_site_s_key, "root", "ledger"),
        # What it decides.
        ("which duel it decides", f"update ballots set duel_id = '{named('duel 3')}' {OF}",
         "certificate", "certificate.duel"),
        ("two ballots change places",
         f"drop index uq_ballots_duel;update ballots set duel_id = case id when {A} then "
         f"'{named('duel 2')}'::uuid else '{named('duel 1')}'::uuid end", "certificate", "certificate.duel"),
        ("which evening it was of", f"update ballots set episode_id = '{named('episode 2')}' {OF}",
         "certificate", "certificate.episode"),
        ("how much the judges weigh", "update seasons set rules = jsonb_set(rules, '{weights,judges}', '0.01')",
         "season", "season rules_digest"),
        ("the rules with their hash", "update seasons set rules_digest = repeat('0', 64)", "season", "duel"),
        ("who won", f"update ballots set tally = '{{\"counted\": {{\"right\": 99}}}}' {OF};"
         f"update ballots set certificate = jsonb_set(certificate, '{{certificate,verdicts}}','{{\"right\": 5}}') {OF}",
         "winner", f"duel {named('duel 1')}"),
    )
]  # fmt: skip


@pytest.fixture(scope="module")
def decided(
    services: Services, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, list[Counted]]]:
    """The name of a database with a decided season, and what was on air of it."""

    async def decide(url: str) -> list[Counted]:
        wanted = settings(url, services.redis_url, tmp_path_factory.mktemp("decided"))
        async with open_site(wanted) as site, site.sessions() as session, session.begin():
            await counted.season(session)
            for number in (1, 2, 3):
                await counted.duel(session, number)
            session.add(
                Episode(
                    id=named("episode 2"), season_id=named("season"), number=2, title="Two", code="GHJKLM"
                )
            )
            return [await counted.ballot(site, session, number) for number in (1, 2)]

    with services.database() as url:
        yield urlsplit(url).path[1:], asyncio.run(decide(url))


async def published(
    services: Services, folder: Path, database: str, on_air: list[Counted], edit: Edit
) -> recount.Report:
    """The season's evidence after the edit, recounted by somebody who has seen the show."""
    with services.database(database) as url:
        async with open_site(settings(url, services.redis_url, folder)) as site:
            async with site.sessions() as session, session.begin():
                await session.execute(text("set local session_replication_role = replica"))
                if callable(edit):
                    await edit(site, session, on_air[0])
                else:
                    for statement in filter(None, edit.split(";")):
                        await (await session.connection()).exec_driver_sql(statement)
            pieces = [piece async for piece in publishing.season_file(site, named("season"))]
    lines = b"".join(pieces).splitlines(keepends=True)
    return recount.check(iter(lines), on_air[0].key, [one.root for one in on_air], [on_air[0].receipt(20)])


async def test_what_nobody_changed_is_equal(
    services: Services, tmp_path: Path, decided: tuple[str, list[Counted]]
) -> None:
    report = await published(services, tmp_path, *decided, "")
    assert report.findings == []
    assert len(report.counted) == 4, "two ballots, two entries"


@pytest.mark.parametrize("said", TAMPERINGS, ids=lambda said: said.what)
async def test_each_change_is_named(
    services: Services, tmp_path: Path, decided: tuple[str, list[Counted]], said: Tampering
) -> None:
    report = await published(services, tmp_path, *decided, said.edit)
    named_so = [one for one in report.findings if one.code == said.code and said.place in one.where]
    assert named_so, "\n".join(recount.tell(report))


def test_fifty_at_least_and_no_two_alike() -> None:
    assert len({said.what for said in TAMPERINGS}) == len(TAMPERINGS) >= 50


async def test_a_receipt_tells_what_the_site_s_own_key_would_hide(
    services: Services, tmp_path: Path, decided: tuple[str, list[Counted]]
) -> None:
    """Nobody has written the root down, but one voter's phone has kept a receipt of a vote that was rewritten."""
    database, on_air = decided
    number, line = next(
        (number, line)
        for number, line in enumerate(on_air[0].lines)
        if line.seq > 12 and line.choice != "left"
    )
    receipt = on_air[0].receipt(number)
    with services.database(database) as url:
        async with open_site(settings(url, services.redis_url, tmp_path)) as site:
            async with site.sessions() as session, session.begin():
                await session.execute(text("set local session_replication_role = replica"))
                await _rewrite_with_the_site_s_key(site, session, on_air[0])
            pieces = [piece async for piece in publishing.ballot_file(site, on_air[0].id)]
    lines = b"".join(pieces).splitlines(keepends=True)
    assert recount.check(iter(lines), on_air[0].key).findings == [], "in itself it is whole"
    found = recount.check(iter(lines), on_air[0].key, (), [receipt]).findings
    place = f"receipt: ballot {on_air[0].id} shard {line.shard} seq {line.seq}"
    assert {(one.code, one.where) for one in found} == {
        ("receipt", f"{place} choice"),
        ("receipt", f"{place} leaf"),
    }
