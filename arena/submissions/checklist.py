"""The lines of a contestant's checklist, from the problems that an inspection found."""

from arena.submissions.contracts import Check, CheckStatus
from arena.submissions.refusals import AdapterRefused

MAX_PROBLEMS = 20
"""Per check: a file with a thousand wrong tensors is explained well enough by twenty."""


def line_of(code: str, problems: list[AdapterRefused] | None, status: CheckStatus = "refused") -> Check:
    """`status` is for a check with problems. None: it was not reached."""
    if problems is None:
        return Check(code=code, status="pending")
    if not problems:
        return Check(code=code, status="passed")
    listed = [
        {"code": p.code, "message": p.message, "detail": dict(p.detail)} for p in problems[:MAX_PROBLEMS]
    ]
    return Check(code=code, status=status, detail={"problems": listed, "total": len(problems)})
