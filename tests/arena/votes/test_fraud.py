"""Whom the season's rules flag: those who came together and are of one mind, and hardly ever anybody else. And that a
flag is a row beside a vote, looked at by two people before the count is signed."""

import hmac
from collections import Counter
from datetime import UTC, datetime
from itertools import count
from typing import Any
from unittest.mock import Mock
from uuid import uuid4

import pytest

from arena.accounts import work
from arena.accounts.work import solves
from arena.cli.bench_fraud import DUELS, STYLES, caught, joined, season, whole
from arena.shows.rules import FlagRules
from arena.votes import flagging, fraud
from arena.votes.fraud import Device, Poll, Said
from arena.votes.models import Ballot
from arena.votes.recount import main as verify
from arena.votes.rules import pseudonym
from tests.arena.votes.test_ballots import closed, opened
from tests.support.portal import Caller
from tests.support.show import Json, Show

RULES = FlagRules()
BOT = "Mozilla/5.0 (Linux; Android 14) Chrome/130.0 Mobile Safari/537.36"
SINCERE = ("Mozilla/5.0 (iPhone) Safari/604.1", "Mozilla/5.0 (Windows NT 10.0) Firefox/140.0")


# --- the rules, on seasons that nobody has lived ----------------------------------------------------------------------


@pytest.mark.parametrize("style", STYLES)
def test_a_cohort_of_a_hundred_is_flagged_and_hardly_anybody_with_it(style: str) -> None:
    found, wronged, sincere = caught(style, 100, RULES, times=4)
    assert found >= 3
    assert wronged <= 0.005 * sincere


def test_a_season_of_sincere_voters_goes_unflagged() -> None:
    wronged, _, sincere = whole(1, RULES, every=8)
    assert sincere > 300
    assert len(wronged) <= 1


@pytest.mark.parametrize("policy", ["contrarian", "omnipresent"])
def test_who_votes_against_everybody_or_with_each_other_is_found_over_a_season(policy: str) -> None:
    _, flagged, _ = whole(2, RULES, policy, every=40)
    assert len(flagged) >= 4


def poll(votes: dict[str, str]) -> Poll:
    said = {voter: Said(choice, number / 7) for number, (voter, choice) in enumerate(votes.items())}
    return Poll("b", 0.0, ("left", "right"), said, {})


def test_a_hall_that_is_all_there_is_may_be_of_one_mind() -> None:
    hall = {f"v{number}": "left" for number in range(200)}
    devices = {voter: Device(-10.0, "hall", "ios") for voter in hall}
    assert fraud.flags(RULES, [poll(hall)], devices) == []


def test_a_carrier_whose_voters_differ_like_everybody_is_left_alone() -> None:
    made = season(5)
    one = made.poll(20)
    devices = {
        voter: Device(1e9, "carrier", "ios") if number % 2 else Device(-9.0, f"n{number}", "ios")
        for number, voter in enumerate(one.votes)
    }
    assert fraud.cohorts(RULES, one, devices, frozenset()) == []


def test_a_reason_never_says_what_was_chosen() -> None:
    votes = {f"v{number}": ("left", "right")[number % 2] for number in range(100)}
    bots = {f"bot{number}": "right" for number in range(50)}
    devices = {bot: Device(5.0, "farm", "ios") for bot in bots}
    found = fraud.flags(RULES, [poll(votes | bots)], devices)
    assert {one.voter for one in found} == set(bots)
    assert not [one for one in found if "right" in one.reason or "left" in one.reason]


def test_voters_are_followed_by_pseudonyms_that_fit_one_ballot_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """And whoever did not vote on the ballot at hand is looked for there, and on no earlier one."""
    made = season(2)
    joined(made, "contrarian")
    polls = [made.poll(number) for number in range(DUELS)]
    closed = [
        flagging.Closed(
            Ballot(
                id=uuid4(),
                salt=f"{number:064x}",
                opens_at=datetime.fromtimestamp(one.opens_at, UTC),
                config={"options": [{"id": option} for option in one.options]},
            ),
            {pseudonym(f"{number:064x}", voter): said for voter, said in one.votes.items()},
            dict(one.subjects),
        )
        for number, one in enumerate(polls)
    ]
    strangers = {f"stranger-{number}": Device() for number in range(100)}
    digest = Mock(wraps=hmac.digest)
    monkeypatch.setattr(hmac, "digest", digest)
    found = flagging.flags(RULES, closed, made.devices | strangers)
    last = closed[-1].ballot.salt
    assert [(one.voter, one.rule, one.reason) for one in found] == [
        (pseudonym(last, one.voter), one.rule, one.reason) for one in fraud.flags(RULES, polls, made.devices)
    ]
    assert {one.rule for one in found} == {"contrarian"}
    asked = Counter(call.args[1] for call in digest.call_args_list)
    assert {asked[name.encode()] for name in strangers} == {1}


# --- in the show ------------------------------------------------------------------------------------------------------


async def phone(show: Show, agent: str) -> Caller:
    caller = show.portal.anybody()
    caller.headers["user-agent"] = agent
    await caller.post_ok("/device")
    return caller


async def attacked(show: Show) -> str:
    """Twenty sincere voters who were there before, and twenty-six phones that have come since for one option."""
    sincere = [await phone(show, SINCERE[number % 2]) for number in range(20)]
    ballot = await opened(show)
    for number, voter in enumerate(sincere):
        await voter.post_ok(f"/ballots/{ballot}/votes", {"choice": ("q1", "q2")[number // 2 % 2], "n": 1})
    for _ in range(26):
        bot = await phone(show, BOT)
        await bot.post_ok(f"/ballots/{ballot}/votes", {"choice": "q2", "n": 1})
    return ballot


async def test_flagged_voters_wait_for_a_look_and_stand_in_their_own_column(
    show: Show, tmp_path: Any
) -> None:
    ballot = await attacked(show)
    held = await closed(show, ballot)
    assert (held["state"], held["count"]) == ("counting", None), (
        "so many were flagged that somebody looks first"
    )
    flags: Json = await show.producer.get_ok(f"/ballots/{ballot}/flags")
    assert (flags["voters"], flags["counted"], flags["flagged"]) == (46, 20, 26)
    assert [(one["rule"], one["flagged"]) for one in flags["rules"]] == [("cohort", 26)]
    assert "q2" not in str(flags) and "q1" not in str(flags), "nobody sees a split before it is certified"

    again = await show.producer.post_ok(f"/ballots/{ballot}/close")
    assert again["state"] == "certified"
    assert again["count"] == {
        "counted": {"q1": 10, "q2": 10},
        "flagged": {"q1": 0, "q2": 26},
        "levels": {"0": 20},
        "seats": {},
    }
    refused = await show.producer.refused(
        "POST", f"/ballots/{ballot}/corrections", {"kind": "clear", "rule": "cohort", "reason": "too late"}
    )
    assert refused == (409, "ballot.wrong_state")
    stranger = show.portal.anybody()
    assert await stranger.refused("GET", f"/ballots/{ballot}/flags") == (403, "ballot.not_published")
    await show.producer.post_ok(f"/ballots/{ballot}/publish")
    told = await stranger.get_ok(f"/ballots/{ballot}/flags")
    assert [(one["rule"], one["flagged"]) for one in told["rules"]] == [("cohort", 26)]
    assert (await stranger.get_ok("/seasons/current"))["flags"]["cohort_least"] == 15, (
        "the rule itself is public"
    )
    evidence = tmp_path / "evidence.jsonl.gz"
    evidence.write_bytes((await show.producer.get(f"/api/ballots/{ballot}/evidence")).content)
    assert verify([str(evidence)]) == 0


async def test_a_flag_is_set_aside_by_two_people_and_not_by_one(show: Show) -> None:
    ballot = await attacked(show)
    await closed(show, ballot)
    path = f"/ballots/{ballot}/corrections"
    asked = await show.producer.post_ok(
        path, {"kind": "clear", "rule": "cohort", "reason": "A school class came in late."}
    )
    (wish,) = asked["wishes"]
    assert asked["flagged"] == 26, "asked is not done"
    agree = f"{path}/{wish['id']}/agree"
    assert await show.producer.refused("POST", agree) == (409, "flag.needs_second_person")
    done = await show.portal.operator.post_ok(agree)
    assert (done["flagged"], done["rules"][0]["cleared"]) == (0, 26)
    assert await show.portal.operator.refused("POST", agree) == (409, "flag.agreed_already")
    counted = await show.producer.post_ok(f"/ballots/{ballot}/close")
    assert counted["count"]["counted"] == {"q1": 10, "q2": 36}
    assert counted["count"]["flagged"] == {"q1": 0, "q2": 0}
    await show.producer.post_ok(f"/ballots/{ballot}/publish")
    told = await show.portal.anybody().get_ok(f"/ballots/{ballot}/flags")
    assert (told["rules"][0]["cleared"], told["wishes"]) == (26, []), (
        "who has asked is no matter for everybody"
    )


# --- who votes --------------------------------------------------------------------------------------------------------


def worked_out(seed: str, bits: int) -> int:
    return next(number for number in count() if solves(seed, bits, number))


async def test_a_vote_may_ask_for_a_proof_of_work(show: Show, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "LEAST_BITS", 8)
    ballot = await opened(show, level=1)
    voter, other = await show.portal.phone(), await show.portal.phone()
    vote = f"/ballots/{ballot}/votes"
    assert await voter.refused("POST", vote, {"choice": "q1", "n": 1}) == (403, "vote.level")

    asked = await voter.post_ok("/device/work")
    answer = {"token": asked["token"], "answer": worked_out(asked["seed"], asked["bits"])}
    assert await other.refused("POST", "/device/work/answer", answer) == (422, "device.work_wrong")
    wrong = answer | {"answer": next(n for n in count() if not solves(asked["seed"], asked["bits"], n))}
    assert await voter.refused("POST", "/device/work/answer", wrong) == (422, "device.work_wrong")
    same = await voter.post_ok("/device/work/answer", answer)
    assert same == await voter.post_ok("/device"), "the device is the same one"
    await voter.post_ok(vote, {"choice": "q1", "n": 1})
    assert await other.refused("POST", vote, {"choice": "q1", "n": 1}) == (403, "vote.level")
    assert (await closed(show, ballot))["count"]["levels"] == {"1": 1}


async def test_many_proofs_from_one_address_cost_more_and_nobody_is_shut_out(
    show: Show, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "FREE", 2)
    voter = await show.portal.phone()
    bits = [(await voter.post_ok("/device/work"))["bits"] for _ in range(9)]
    assert bits == sorted(bits) and bits[0] == work.LEAST_BITS < bits[-1] <= work.LEAST_BITS + work.MOST_MORE
