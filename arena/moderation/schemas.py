"""JSON shapes of moderation."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import StringConstraints

from arena.kit.schemas import In, Out
from arena.moderation.models import ListVersion
from arena.moderation.rules import Action

TermAction = Literal["flag", "hold", "block"]


class ActiveList(Out):
    name: str
    version: int
    digest: str


class ListRow(ActiveList):
    terms: int
    note: str
    imported_by: UUID | None
    created_at: datetime
    active: bool

    @classmethod
    def of(cls, row: ListVersion, terms: int, active: bool) -> Self:
        return cls(
            name=row.name,
            version=row.version,
            digest=row.digest,
            terms=terms,
            note=row.note,
            imported_by=row.imported_by,
            created_at=row.created_at,
            active=active,
        )


class TermOut(Out):
    term: str
    language: str
    category: str
    action: TermAction
    note: str


class TermsOut(ActiveList):
    terms: list[TermOut]


class Try(In):
    # As it is: white space is part of what is tried, and the offsets count it.
    text: Annotated[str, StringConstraints(max_length=200_000, strip_whitespace=False)]


class MatchOut(Out):
    list: str
    term: str
    category: str
    action: TermAction
    start: int
    end: int


class ModerationVerdictOut(Out):
    action: Action
    matches: list[MatchOut]
    engine: str
    reason: str | None
    guard: str | None


class RecordOut(Out):
    id: UUID
    created_at: datetime
    source: str
    subject: UUID | None
    author_id: UUID | None
    action: TermAction
    category: str
    reason: str | None
    guard: str | None
    matches: list[MatchOut]
    engine: str
    lists: list[ActiveList]
    text_sha256: str
    text: str | None
