"""How often which refusal was given, for the operator (`/metrics`). The record itself is the submission's row."""

from prometheus_client import Counter
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession

from arena.submissions.refusals import CODES

REFUSED = Counter("gavel_submissions_refused", "Submissions that were refused, by reason.", ["code"])
for _code in CODES:
    REFUSED.labels(
        code=_code
    )  # a series that is there from the start, at zero, can be watched for its first step


def count(code: str) -> None:
    """For a refusal at the door, which nothing records. A code that is not on the list is counted as `other`, so that
    nobody outside decides how many series there are.
    """
    REFUSED.labels(code=code if code in CODES else "other").inc()


def count_verdict(session: AsyncSession, code: str) -> None:
    """Count it once the transaction is committed: a verdict that is rolled back will be given, and counted, again."""
    event.listen(session.sync_session, "after_commit", lambda _: count(code), once=True)
