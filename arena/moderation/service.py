"""What happens to texts and to word lists: checked and recorded, imported."""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict
from hashlib import sha256
from threading import Lock
from uuid import UUID

import structlog
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from arena.kit.errors import Invalid
from arena.kit.site import Site
from arena.moderation import queries
from arena.moderation.engine import Engine, engine_digest
from arena.moderation.guard import guard_of
from arena.moderation.models import ListVersion, Record
from arena.moderation.rules import Action, Verdict, closed, raised
from arena.moderation.schemas import ActiveList
from arena.moderation.wordlists import (
    MAX_PROBLEMS,
    NAME,
    BadList,
    Term,
    WordList,
    parse,
    shipped,
    word_list,
    write_lists,
)

LONG_TEXT = 20_000
"""Characters. A longer text is scanned in a thread, so that nobody else waits for it."""
_LOCK_KEY = 0x6A7E2

log = structlog.get_logger()

# The engine of this process. Its digest names all it was built from, so two sites in one process cannot mix theirs up.
_engine: Engine | None = None
_building = Lock()


# --- checking -------------------------------------------------------------------------------------------------


async def check(site: Site, session: AsyncSession, text: str) -> Verdict:
    """The verdict of the active lists and of the guard; nothing is recorded. Without an engine it is `hold`."""
    verdict = await _by_lists(session, text)
    if verdict.action is Action.BLOCK:
        return verdict  # nothing a guard says could change it
    opinion = await guard_of(site.settings).judge(text)
    return raised(verdict, opinion.action, opinion.reason, opinion.word)


async def check_all(session: AsyncSession, texts: Sequence[str]) -> list[Verdict]:
    """Many texts at once, such as the rows of a data set, by the lists alone: a guard would take hours."""
    try:
        engine = await current_engine(session)
        return await asyncio.to_thread(engine.check_all, texts)
    except Exception as error:
        log.error("moderation_unavailable", error=str(error), exc_info=True)
        return [closed("engine.unavailable")] * len(texts)


async def check_growing(site: Site, session: AsyncSession, text: str, whole: bool) -> Verdict:
    """The verdict on what has been said so far. The lists judge what is not finished, a guard whole texts only."""
    return await check(site, session, text) if whole else (await check_all(session, [text]))[0]


def shows_growing(site: Site) -> bool:
    """Whether a text may be shown before it is whole: not where a guard has yet to judge it."""
    return site.settings.guard_url is None


async def rules_in_force(session: AsyncSession) -> str | None:
    """The digest that verdicts of this moment carry: the same digest decides the same. None: there is no engine."""
    try:
        return (await current_engine(session)).digest
    except Exception as error:
        log.error("moderation_unavailable", error=str(error), exc_info=True)
        return None


async def _by_lists(session: AsyncSession, text: str) -> Verdict:
    # Whatever went wrong, and most of all what nobody thought of, must not let a text through.
    try:
        engine = await current_engine(session)
        if len(text) > LONG_TEXT:
            return await asyncio.to_thread(engine.check, text)
        return engine.check(text)
    except Exception as error:
        log.error("moderation_unavailable", error=str(error), exc_info=True)
        return closed("engine.unavailable")


async def current_engine(session: AsyncSession) -> Engine:
    """The engine of the active versions, built anew when they have changed. Raises what the building raises."""
    active = await queries.active(session)
    wanted = engine_digest({one.name: one.digest for one in active})
    if _engine is not None and _engine.digest == wanted:
        return _engine
    rows = await queries.terms(session, active)
    return await asyncio.to_thread(_build, wanted, rows)


def _build(wanted: str, rows: Sequence[ListVersion]) -> Engine:
    global _engine
    with _building:  # the first of many requests after an import builds, the others wait for it
        if _engine is None or _engine.digest != wanted:
            _engine = Engine([_stored(row) for row in rows])
            log.info("moderation_engine_built", engine=_engine.digest, lists=len(rows))
        return _engine


def _stored(row: ListVersion) -> WordList:
    """Raises ValueError when the terms are not those that were imported: then there is no engine."""
    terms = tuple(Term(**{**term, "action": Action(term["action"])}) for term in row.terms)
    read = word_list(row.name, terms)
    if read.digest != row.digest:
        raise ValueError(f"version {row.version} of the list {row.name!r} does not have its digest")
    return read


async def active_lists(session: AsyncSession) -> tuple[str, bytes]:
    """What another process builds the present engine of (`wordlists.read_lists`), and the digest it will have.

    Raises what building the engine raises: nobody judges without lists.
    """
    engine = await current_engine(session)
    return engine.digest, await asyncio.to_thread(write_lists, engine.lists)


# --- deciding -------------------------------------------------------------------------------------------------


async def require(
    site: Site,
    session: AsyncSession,
    source: str,
    text: str,
    author: UUID | None,
    subject: UUID | None = None,
) -> Verdict:
    """Check a text that is about to be used, and record what did not simply pass.

    Call it before anything is written: a refusal takes the caller's transaction back. Raises Invalid
    `moderation.blocked` or `moderation.held`, which name the category and never the term, so that nobody can read the
    list out by trying.
    """
    verdict = await check(site, session, text)
    if verdict.action is Action.PASS:
        return verdict
    if verdict.refused:
        # The refusal will end the request, and with it everything it wrote; the record alone has to stay.
        await session.rollback()
    await add_record(session, source, text, verdict, author, subject)
    if verdict.refused:
        await session.commit()
        raise refusal(verdict)
    return verdict


def refusal(verdict: Verdict) -> Invalid:
    category = verdict.category
    if verdict.action is Action.BLOCK:
        sentence = f"This text breaks the rules of the show ({category}). Change it and try again."
        return Invalid("moderation.blocked", sentence, category=category)
    sentence = f"This text has to be looked at by a moderator first ({category}). Change it or ask one."
    return Invalid("moderation.held", sentence, category=category)


async def add_record(
    session: AsyncSession,
    source: str,
    text: str,
    verdict: Verdict,
    author: UUID | None,
    subject: UUID | None = None,
) -> Record:
    """Write a verdict down that was not `pass`."""
    made = Record(
        source=source,
        subject=subject,
        author_id=author,
        action=verdict.action,
        category=verdict.category,
        reason=verdict.reason,
        guard=verdict.guard,
        matches=[asdict(match) for match in verdict.matches],
        engine=verdict.engine,
        lists=[one.model_dump() for one in await _lists_of(session, verdict)],
        text_sha256=sha256(text.encode("utf-8", "surrogatepass")).hexdigest(),
        text=_storable(text) if verdict.refused else None,
    )
    session.add(made)
    await session.flush()
    return made


async def _lists_of(session: AsyncSession, verdict: Verdict) -> tuple[ActiveList, ...]:
    """The versions that decided; none when they were replaced in this very moment, for a record must not guess."""
    active = await queries.active(session)
    decided = engine_digest({one.name: one.digest for one in active}) == verdict.engine
    return active if decided else ()


def _storable(text: str) -> str:
    """PostgreSQL keeps no NUL and no surrogate. One character for one, so that the matches' offsets still hold."""
    return "".join("\ufffd" if char == "\x00" or "\ud800" <= char <= "\udfff" else char for char in text)


# --- word lists -----------------------------------------------------------------------------------------------


async def import_list(
    session: AsyncSession, name: str, body: bytes, note: str, by: UUID | None
) -> ListVersion:
    """A new version of the list, active from now on. The terms that are active already make no new version.

    Raises Invalid `moderation.bad_list` with every wrong line in `detail.problems`; nothing is taken then.
    """
    if not NAME.fullmatch(name):
        raise Invalid(
            "moderation.bad_list_name",
            "A list's name is 1 to 40 small letters, digits and hyphens.",
            name=name,
        )
    try:
        terms = await asyncio.to_thread(parse, body)
    except BadList as bad:
        shown = [asdict(problem) for problem in bad.problems[:MAX_PROBLEMS]]
        first = bad.problems[0]
        sentence = f"{bad.count} problems, and nothing was imported. Line {first.line} {first.message}."
        raise Invalid("moderation.bad_list", sentence, problems=shown, count=bad.count) from bad
    return await _add_version(session, word_list(name, terms), note, by)


async def _add_version(session: AsyncSession, given: WordList, note: str, by: UUID | None) -> ListVersion:
    # One import at a time: two must not become the same version.
    await session.execute(select(func.pg_advisory_xact_lock(_LOCK_KEY)))
    known = await queries.versions(session, given.name)
    if known and known[0].digest == given.digest:
        same = await queries.version(session, given.name, known[0].version)
        if same is not None:
            return same
    made = ListVersion(
        name=given.name,
        version=known[0].version + 1 if known else 1,
        digest=given.digest,
        terms=[vars(term) for term in given.terms],
        note=note,
        imported_by=by,
    )
    session.add(made)
    await session.flush()
    await session.refresh(made, ["created_at"])
    return made


async def ensure_lists(session: AsyncSession) -> None:
    """A fresh site begins with the starter lists; a site that has a list of that name keeps its own."""
    for given in await asyncio.to_thread(shipped):
        if not await queries.versions(session, given.name):
            await _add_version(session, given, "came with the release", None)
