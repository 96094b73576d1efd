"""The line as a table: which fact starts which step, what each step is, and what goes on air when something happens.

upload ──▶ verify ──▶ probe ──▶ benchmark ──▶ duel ──▶ votes ──▶ ratings ──▶ broadcast
   ▲          │
   └─ train ◀─┘ a data set
"""

from datetime import timedelta
from functools import partial

from arena.benchmarks import library, queue, rescoring
from arena.benchmarks import service as benchmarks
from arena.benchmarks.contracts import JOB_KIND as BENCHMARK
from arena.benchmarks.contracts import ORDERED_KIND as ORDERED_BENCHMARK
from arena.benchmarks.contracts import RESCORE_KIND as RESCORE
from arena.benchmarks.contracts import BenchmarkFinished, RescoreAsked, RunOrdered, ScoreChanged
from arena.duels import attending
from arena.duels import service as duels
from arena.duels.attention import ATTEND
from arena.duels.contracts import RUN as RUN_DUEL
from arena.duels.contracts import AttentionAsked, DuelAnswered, DuelChanged, DuelRevealed, DuelStarted
from arena.exports import service as exports
from arena.exports.contracts import JOB_KIND as MAKE_EXPORT
from arena.exports.contracts import ExportOrdered
from arena.gateway import service as gateway
from arena.gateway.contracts import ANSWER as COMPLETE
from arena.gateway.contracts import CompletionAsked
from arena.judging import empanelling
from arena.judging.contracts import PANEL, PanelAsked
from arena.kit.celery import BENCH, CONTROL, QUANTISE, TRAIN
from arena.kit.celery import VERIFY as VERIFY_QUEUE
from arena.kit.jobs.contracts import JobProgressed
from arena.kit.jobs.pipeline import Air, Pipeline, Step, Work
from arena.leaderboard.contracts import REFRESH as REFRESH_BOARD
from arena.leaderboard.contracts import BoardChanged
from arena.nodes import calibrating
from arena.nodes.contracts import (
    CALIBRATE,
    ENGINE,
    PRELOAD,
    RECYCLE,
    CalibrationAsked,
    NodeChanged,
    NodeFreed,
    NodeWorn,
)
from arena.practice import service as practice
from arena.practice.contracts import ANSWER as PRACTISE
from arena.practice.contracts import PracticeAsked, PracticeChanged
from arena.ratings.contracts import RECOMPUTE as RECOMPUTE_RATINGS
from arena.ratings.contracts import RatingsComputed
from arena.rundown.contracts import ShowMoved, channels
from arena.shows.contracts import EpisodePlanned
from arena.speed import quiz
from arena.speed import service as speed
from arena.speed.contracts import DRAW as DRAW_QUIZ
from arena.speed.contracts import RUN as RUN_SPEED
from arena.speed.contracts import SCORE as SCORE_QUIZ
from arena.speed.contracts import QuizAnswered, QuizStarted, SpeedReady, SpeedReleased
from arena.submissions import probing, verdict
from arena.submissions import service as submissions
from arena.submissions.contracts import JOB_KIND as VERIFY
from arena.submissions.contracts import (
    PROBE,
    CompetingChanged,
    SubmissionChanged,
    SubmissionProbed,
    SubmissionReceived,
    SubmissionVerified,
)
from arena.training import clock as race_clock
from arena.training import service as training
from arena.training.contracts import JOB_KIND as RUN_TRAINING
from arena.training.contracts import RaceChanged, TrainingChanged, TrainingOrdered
from arena.votes.contracts import BallotChanged, BallotLocked, SurpriseTriggered


def on_stage(fact: DuelChanged | BallotChanged | SurpriseTriggered | ShowMoved) -> list[str]:
    return channels(fact.episode_id)


def on_work(fact: JobProgressed) -> list[str]:
    """A verification concerns its contestant; what holds or awaits an engine also shows on the desks."""
    if fact.kind == PRACTISE:
        return [f"practice:{fact.subject}", "desk:*"]
    if fact.kind in (
        COMPLETE,
        RUN_SPEED,
        DRAW_QUIZ,
        SCORE_QUIZ,
        CALIBRATE,
        ORDERED_BENCHMARK,
        RESCORE,
        PANEL,
    ):
        return ["desk:*"]
    if fact.kind in (ATTEND, MAKE_EXPORT):
        return []  # the page of the duel, or of the version, asks by itself
    if fact.kind == RUN_TRAINING:
        return [f"training:{fact.subject}"]
    desks = ["desk:*"] if fact.kind in (PROBE, BENCHMARK, RUN_DUEL) else []
    return [f"submission:{fact.subject}", *desks]


async def _nothing_to_mark(*_: object) -> None:
    """Ratings and boards are recomputed whole, and nodes are looked at again; the next fact does it again."""


PIPELINE = Pipeline(
    works=(
        Work(
            VERIFY,
            VERIFY_QUEUE,
            timedelta(minutes=30),
            submissions.failed,
            partial(verdict.prepare, suites=library.given),
            verdict.finish,
        ),
        Work(PROBE, BENCH, timedelta(minutes=30), probing.failed, probing.prepare, probing.finish),
        # A full set can take a night, and each attempt goes on where the last one ended.
        Work(
            BENCHMARK,
            BENCH,
            timedelta(hours=24),
            benchmarks.failed,
            benchmarks.prepare,
            benchmarks.finish,
            benchmarks.answered,
            max_attempts=6,
            refused=benchmarks.forget,
        ),
        Work(
            ORDERED_BENCHMARK,
            BENCH,
            timedelta(hours=24),
            benchmarks.failed_ordered,
            benchmarks.prepare_ordered,
            benchmarks.finish_ordered,
            benchmarks.answered_ordered,
            max_attempts=6,
            refused=benchmarks.forget_ordered,
        ),
        Work(
            RESCORE, VERIFY_QUEUE, timedelta(hours=1), rescoring.failed, rescoring.prepare, rescoring.finish
        ),
        # As long as a budget may be, and as long again to load, to save and to wait for a lab.
        Work(
            RUN_TRAINING,
            TRAIN,
            timedelta(days=14),
            training.failed,
            training.prepare,
            training.finish,
            training.kept,
            max_attempts=6,
            told=race_clock.told,
        ),
        Work(MAKE_EXPORT, QUANTISE, timedelta(days=2), exports.failed, exports.prepare, exports.finish),
        # Six turns at their deadlines, twice.
        Work(RUN_DUEL, CONTROL, timedelta(hours=1), duels.failed),
        Work(ATTEND, BENCH, timedelta(hours=2), attending.failed, attending.prepare, attending.finish),
        Work(DRAW_QUIZ, VERIFY_QUEUE, timedelta(minutes=10), speed.failed, quiz.prepare_draw, quiz.drawn),
        Work(RUN_SPEED, CONTROL, timedelta(hours=1), speed.failed),
        Work(SCORE_QUIZ, VERIFY_QUEUE, timedelta(minutes=10), speed.failed, quiz.prepare_score, quiz.scored),
        Work(PRACTISE, CONTROL, timedelta(minutes=15), practice.failed),
        Work(COMPLETE, CONTROL, timedelta(minutes=5), gateway.failed),
        # Every model in both orders, each at most twice.
        Work(PANEL, CONTROL, timedelta(minutes=20), empanelling.failed),
        Work(PRELOAD, CONTROL, timedelta(minutes=15), _nothing_to_mark),
        Work(RECYCLE, CONTROL, timedelta(hours=6), _nothing_to_mark),
        # A class of many nodes, some of them at work.
        Work(CALIBRATE, CONTROL, timedelta(hours=6), calibrating.failed),
        Work(RECOMPUTE_RATINGS, CONTROL, timedelta(minutes=10), _nothing_to_mark),
        Work(REFRESH_BOARD, CONTROL, timedelta(minutes=10), _nothing_to_mark),
    ),
    steps=(
        Step(SubmissionReceived, VERIFY, lambda fact: fact.submission_id),
        Step(SubmissionVerified, PROBE, lambda fact: fact.submission_id),
        Step(SubmissionProbed, BENCHMARK, lambda fact: fact.submission_id),
        Step(RunOrdered, ORDERED_BENCHMARK, lambda fact: fact.run_id),
        Step(BenchmarkFinished, REFRESH_BOARD, lambda fact: fact.season_id),
        Step(ScoreChanged, REFRESH_BOARD, lambda fact: fact.season_id),
        Step(RescoreAsked, RESCORE, lambda fact: fact.run_id),
        Step(SpeedReleased, REFRESH_BOARD, lambda fact: fact.season_id),
        Step(CompetingChanged, REFRESH_BOARD, lambda fact: fact.season_id),
        Step(TrainingOrdered, RUN_TRAINING, lambda fact: fact.run_id),
        Step(ExportOrdered, MAKE_EXPORT, lambda fact: fact.export_id),
        Step(DuelStarted, RUN_DUEL, lambda fact: fact.duel_id),
        # A quiz is drawn, asked and marked; a duel of speed is only asked.
        Step(QuizStarted, DRAW_QUIZ, lambda fact: fact.run_id),
        Step(SpeedReady, RUN_SPEED, lambda fact: fact.run_id),
        Step(QuizAnswered, SCORE_QUIZ, lambda fact: fact.run_id),
        Step(CompletionAsked, COMPLETE, lambda fact: fact.completion_id),
        Step(AttentionAsked, ATTEND, lambda fact: fact.view_id),
        # What will meet is loaded before it is needed, on the standby too.
        Step(EpisodePlanned, PRELOAD, lambda fact: fact.season_id),
        Step(DuelStarted, PRELOAD, lambda fact: fact.season_id),
        Step(NodeWorn, RECYCLE, lambda fact: fact.node_id),
        Step(CalibrationAsked, CALIBRATE, lambda fact: fact.calibration_id),
        Step(PracticeAsked, PRACTISE, lambda fact: fact.exchange_id),
        Step(PanelAsked, PANEL, lambda fact: fact.ballot_id),
        Step(DuelRevealed, RECOMPUTE_RATINGS, lambda fact: fact.season_id),
        Step(RatingsComputed, REFRESH_BOARD, lambda fact: fact.season_id),
    ),
    air=(
        Air(SubmissionChanged, lambda fact: [f"submission:{fact.submission_id}", "desk:*"]),
        Air(ScoreChanged, lambda fact: [f"submission:{fact.submission_id}", "desk:*"]),
        Air(JobProgressed, on_work),
        Air(NodeChanged, lambda fact: ["desk:*"]),
        Air(NodeFreed, lambda fact: ["desk:*"]),
        Air(ShowMoved, on_stage),
        Air(DuelStarted, on_stage),
        Air(DuelChanged, on_stage),
        Air(DuelAnswered, on_stage),
        Air(DuelRevealed, on_stage),
        Air(BallotChanged, on_stage),
        Air(BallotLocked, on_stage),
        Air(SurpriseTriggered, on_stage),
        Air(PracticeChanged, lambda fact: [f"practice:{fact.exchange_id}"]),
        Air(TrainingChanged, lambda fact: [f"training:{fact.run_id}"]),
        Air(RaceChanged, lambda fact: [f"race:{fact.race_id}"]),
        Air(BoardChanged, lambda fact: [f"board:{fact.season_id}"]),
    ),
    frees=((NodeFreed, ENGINE),),
    turns={BENCH: queue.next_in_line},
)
