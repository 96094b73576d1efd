"""What is recorded of an answer, and that a file with it cannot be changed without being told apart."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from typer.testing import CliRunner

from arena.cli.main import app
from arena.duels.verify import check_file, field_digests, record_hash
from arena.submissions.safetensors import engine_name
from tests.support.show import Json, Show

SIDES = ("left", "right")


async def answer(show: Show, duel: str, side: str) -> Json:
    found: Json = await show.portal.anybody().get_ok(f"/duels/{duel}/answers/{side}.json")
    return found


async def chain(show: Show) -> Json:
    found: Json = await show.portal.anybody().get_ok(f"/episodes/{show.episode_id}/provenance.json")
    return found


def problems(file: Json, expected: str | None = None) -> dict[str, str]:
    """Name -> problem of what does not hold."""
    return {check.name: check.problem for check in check_file(file, expected) if check.problem is not None}


# --- what is recorded -------------------------------------------------------------------------------------------


async def test_the_record_says_how_the_answer_came_about(show: Show) -> None:
    duel = await show.answered(seed=7)
    await show.reveal()
    (node,) = await show.producer.get_ok("/nodes")
    digests = set()
    for side in SIDES:
        file = await answer(show, duel["id"], side)
        assert problems(file) == {}
        record, stated = file["record"], file["attestation"]["document"]
        assert (record["prompt"], record["duel"], record["side"]) == (duel["prompt"], duel["id"], side)
        assert record["seed"] == 7
        assert file["text"] == duel[side]["text"]
        assert len(record["token_ids"]) == duel[side]["tokens"] > 0
        assert record["engine"] == {"build": "fake 1", "system_fingerprint": "fake-1", "rehearsal": True}
        assert (
            record["node"]["hardware_class"] == node["hardware_class"] == stated["machine"]["hardware_class"]
        )
        times = record["times"]
        assert times["staged_at"] < times["live_at"] < times["answered_at"]
        assert record["moderation"] == []
        answers = {adapter["name"]: adapter for adapter in stated["adapters"]}
        assert set(answers) == {engine_name(row["digest"]) for row in show.entries.values()}
        digests.add(record["adapter_digest"])
        for word in (show.node.url, show.node.token, node["id"]):
            assert word not in json.dumps(file), "what the machine was, not where it stands"
    assert digests == {show.entries[name]["digest"] for name in ("House", "Lantern")}


async def test_a_file_says_first_that_a_machine_wrote_it(answered: Show) -> None:
    duel = (await answered.stage())["duel"]
    await answered.reveal()
    said = await answered.portal.anybody().get(f"/api/duels/{duel['id']}/answers/left.json")
    assert said.headers["content-disposition"] == 'attachment; filename="duel-1-left.json"'
    file = said.json()
    assert list(file)[:3] == ["ai_generated", "ai_label", "AIGC"]
    assert file["ai_label"] == {"zh": "AI 生成", "en": "AI-generated"}
    wanted = {"Label": "1", "ContentProducer": "Gavel", "ProduceID": file["record"]["answer"]}
    assert file["AIGC"] == file["record"]["aigc"] == wanted
    assert list(await chain(answered))[:2] == ["ai_generated", "ai_label"]


async def test_the_records_of_an_episode_are_one_chain(show: Show) -> None:
    await show.enter("Northstar")
    hashes = []
    for pair in (("House", "Lantern"), ("Lantern", "Northstar"), ("House", "Northstar")):
        duel = await show.answered(*pair)
        await show.reveal()
        hashes += [(await answer(show, duel["id"], side))["hash"] for side in SIDES]
    file = await chain(show)
    assert [entry["hash"] for entry in file["answers"]] == hashes
    assert [entry["previous"] for entry in file["answers"]] == [None, *hashes[:-1]]
    assert problems(file, hashes[-1]) == {}
    assert problems(file, hashes[0]) == {"expected hash": "hash: not what it must be"}


async def test_before_its_reveal_an_answer_has_a_place_in_the_chain_and_tells_nothing(show: Show) -> None:
    await show.answered()
    await show.reveal()
    duel = await show.answered()
    assert len((await chain(show))["answers"]) == 2, "people may still decide about the others"
    await show.open_vote()
    await show.command("lock_vote")
    file = await chain(show)
    assert problems(file) == {}
    assert [set(entry) for entry in file["answers"][2:]] == [{"sealed", "hash", "previous"}] * 2
    before = [entry["hash"] for entry in file["answers"]]
    await show.command("reveal")
    after = await chain(show)
    assert [entry["hash"] for entry in after["answers"]] == before, "it was committed to before the reveal"
    assert after["answers"][3]["record"]["duel"] == duel["id"]
    assert problems(after) == {}


async def test_words_that_moderation_withholds_are_in_no_file(answered: Show) -> None:
    """Neither as text nor as token ids, and whoever gets hold of them can still be told whether they are these."""
    duel = (await answered.stage())["duel"]
    program = f"/duels/{duel['id']}/program"
    await answered.producer.post_ok(
        program, {"action": "replace", "side": "left", "reason": "not for children"}
    )
    await answered.open_vote()
    await answered.command("lock_vote")
    too_late = await answered.producer.refused("POST", program, {"action": "replace", "side": "right"})
    assert too_late[0] == 409, "its record is written"
    await answered.command("reveal")
    left, right = [await answer(answered, duel["id"], side) for side in SIDES]
    (decision,) = left["record"]["moderation"]
    assert (decision["action"], decision["by"], decision["withheld"]) == ("replace", "person", True)
    assert "not for children" not in json.dumps(left)
    assert (left["withheld"], left["text"], "token_ids" in left["record"]) == (True, None, False)
    assert not right["withheld"]
    for file in (left, right, await chain(answered)):
        assert problems(file) == {}
        assert duel["left"]["text"] not in json.dumps(file, ensure_ascii=False)
    assert problems(left | {"text": duel["left"]["text"]}) == {}
    assert "text" in problems(left | {"text": "something else"})
    hidden = right | {"withheld": True, "text": None}
    del hidden["record"]["token_ids"]
    assert "text" in problems(hidden), "nobody hides words that no decision withholds"


async def test_an_answer_in_the_form_of_an_earlier_release_keeps_its_place(show: Show) -> None:
    duel = await show.answered()
    await show.open_vote()
    await show.command("lock_vote")
    async with show.portal.site.sessions() as session, session.begin():
        old = """update answers set provenance = jsonb_set(provenance, '{type}', '"gavel.answer.v1"')"""
        await session.execute(text(old))
    await show.command("reveal")
    await show.answered()
    await show.reveal()
    path = f"/duels/{duel['id']}/answers/left.json"
    assert await show.portal.anybody().refused("GET", path) == (409, "answer.old_record")
    file = await chain(show)
    assert ["sealed" in entry for entry in file["answers"]] == [True, True, False, False]
    assert problems(file) == {}


async def test_an_episode_without_answers_has_an_empty_chain(show: Show) -> None:
    file = await chain(show)
    assert (file["answers"], problems(file)) == ([], {})


# --- what was changed ---------------------------------------------------------------------------------------------


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of everything in a document that is not a container, and of every empty container."""
    children = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    if not (isinstance(value, dict | list) and value):
        yield path
    for key, child in children:
        yield from leaves(child, (*path, key))


def changed(value: Any) -> Any:
    """Another value of the same type, as hard to see as can be."""
    match value:
        case bool():
            return not value
        case int() | float():
            return value + 1
        case str():
            return value[:-1] + ("0" if value[-1:] != "0" else "1")
        case None:
            return "0" * 64
        case list():
            return [{}]
        case _:
            return {"added": 1}


def edited(file: Json, path: tuple[Any, ...]) -> Json:
    other = copy.deepcopy(file)
    place = other
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = changed(place[path[-1]])
    return other


NAMED = {
    ("ai_generated",): "form",
    ("format",): "form",
    ("ai_label",): "label",
    ("AIGC",): "label",
    ("hash",): "hash",
    ("previous",): "previous",
    ("withheld",): "text",
    ("text",): "text",
    ("system_prompt",): "system prompt",
    ("record",): "fields",
    ("digests",): "fields",
    ("attestation", "digest"): "attestation",
    ("attestation", "document"): "signature",
    ("attestation", "signature"): "signature",
    ("attestation", "public_key"): "signature",
}
"""The part of a file -> the check that fails when it is changed."""


async def test_each_field_that_is_changed_is_named(answered: Show) -> None:
    """Every single value of a real file, one after the other."""
    duel = (await answered.stage())["duel"]
    await answered.reveal()
    file = await answer(answered, duel["id"], "right")
    tried = 0
    for path in leaves(file):
        found = problems(edited(file, path))
        name = NAMED[path[:1]] if path[:1] in NAMED else NAMED[path[:2]]
        # What can have one value only is of the wrong form, and that names the place.
        assert name in found or ".".join(map(str, path)) in found["form"], (path, found)
        if path[0] in ("record", "digests"):
            assert f"record.{path[1]}" in found["fields"].split(": ")[0].split(", "), (path, found)
        tried += 1
    assert tried > 80
    # And what is added or left out.
    for place in ("record", None):
        part = file[place] if place else file
        for name in part:
            less = copy.deepcopy(file)
            del (less[place] if place else less)[name]
            assert name in " ".join(problems(less).values())
        more = copy.deepcopy(file)
        (more[place] if place else more)["winner"] = "left"
        assert "winner" in problems(more)["form"]


async def test_who_mends_the_hashes_meets_the_next_witness(answered: Show) -> None:
    """Digest by digest: the record's own hash, the node's signature, the next answer, whoever has kept the hash."""
    await answered.reveal()
    file = await chain(answered)
    left, right = file["answers"]

    def mended(change: Json) -> Json:
        other: Json = copy.deepcopy(left)
        other["record"] |= change
        other["digests"] = field_digests(other["record"])
        other["hash"] = record_hash(other["record"])
        return other

    other = mended({"finish_reason": "nobody knows"})
    assert problems(other) == {}, "alone, a file that was made anew agrees with itself"
    assert problems(other, left["hash"]) == {"expected hash": "hash: not what it must be"}
    (name,) = found = problems(file | {"answers": [other, right]})
    assert (name, found[name].split(":")[0]) == ("order", "answer 2")
    signed = {
        "seed": left["record"]["seed"] + 1,
        "duel": left["record"]["answer"],
        "adapter_digest": "0" * 64,
        "adapter_fingerprint": "0" * 64,
        "base_digest": "0" * 64,
        "template_digest": "0" * 64,
        "engine": left["record"]["engine"] | {"build": "fake 2"},
        "node": left["record"]["node"] | {"hardware_class": "nvidia-h200"},
    }
    for field, value in signed.items():
        assert f"record.{field}" in problems(mended({field: value}))["machine"], field
    node = left["record"]["node"] | {"attestation": "0" * 64}
    assert "record.node.attestation" in problems(mended({"node": node}))["attestation"]
    unsigned = mended({}) | {"attestation": None}
    assert set(problems(unsigned)) == {"attestation", "signature", "machine"}
    assert "tokens" in problems(mended({"token_ids": left["record"]["token_ids"][1:]}))
    assert "tokens" in problems(mended({"arrived_us": left["record"]["arrived_us"][::-1]}))
    asked = mended({"prompt": "What is the gavel?"})
    assert "record.prompt" in problems(asked)["messages"]
    message = left["record"]["messages"][0] | {"text": "What is the gavel?"}
    asked = mended({"prompt": "What is the gavel?", "messages": [message]})
    assert problems(asked) == {"messages": "record.messages: not what record.rendered_sha256 says"}
    assert "label" in problems(mended({"ai_label": {"zh": "人写的", "en": "Written by a person"}}))


async def test_an_answer_that_is_left_out_or_moved_is_missed(show: Show) -> None:
    for _ in range(2):
        await show.answered()
        await show.reveal()
    file = await chain(show)
    one, two, three, four = file["answers"]
    for order in (
        [one, three, four],
        [two, three, four],
        [one, two, four, three],
        [one, one, two, three, four],
    ):
        assert "order" in problems(file | {"answers": order})
    assert "order" in problems(file | {"episode": one["record"]["duel"]})
    assert problems(file | {"answers": [one, two]}) == {}, "an earlier copy of the chain is a true copy"
    assert problems(file | {"answers": [one, two]}, four["hash"]) != {}


RECORDS = st.dictionaries(
    st.sampled_from("abc"), st.one_of(st.integers(0, 9), st.text(max_size=3)), max_size=3
)


@given(RECORDS, RECORDS)
def test_a_hash_stands_for_the_record_in_any_order(record: Json, other: Json) -> None:
    assert record_hash(record) == record_hash(dict(reversed(record.items())))
    assert (record_hash(record) == record_hash(other)) == (record == other)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
PARTS = [part for path in NAMED for part in path] + ["answers", "episode", "node", "token_ids", "previous"]


@given(st.dictionaries(st.sampled_from(PARTS), JSON, max_size=8), st.booleans())
def test_nonsense_is_refused_and_breaks_nothing(file: Json, whole: bool) -> None:
    form = "gavel.episode-file.v1" if whole else "gavel.answer-file.v1"
    assert any(check.problem for check in check_file(file | {"format": form}))


# --- the command --------------------------------------------------------------------------------------------------


def gavel(*words: str | Path) -> tuple[int, str]:
    ran = CliRunner().invoke(app, ["verify", *map(str, words)])
    return ran.exit_code, ran.output


async def test_the_command_accepts_what_was_recorded_and_names_a_change(
    answered: Show, tmp_path: Path
) -> None:
    duel = (await answered.stage())["duel"]
    await answered.reveal()
    visitor = answered.portal.anybody()
    one, whole = tmp_path / "answer.json", tmp_path / "episode.json"
    one.write_bytes((await visitor.get(f"/api/duels/{duel['id']}/answers/left.json")).content)
    whole.write_bytes((await visitor.get(f"/api/episodes/{answered.episode_id}/provenance.json")).content)
    file = json.loads(one.read_bytes())
    for path in (one, whole):
        code, said = gavel(path)
        assert (code, "Unchanged" in said) == (0, True), said
    assert file["hash"] in gavel(one)[1]
    assert gavel(one, "--hash", file["hash"])[0] == 0
    assert gavel(one, "--hash", "0" * 64)[0] == 1
    one.write_text(one.read_text().replace(file["record"]["prompt"], "What is the tide?"))
    code, said = gavel(one)
    assert code == 1
    assert "✗ fields: record.messages, record.prompt: not what digests says" in said
    code, said = gavel(one, "--json")
    told = json.loads(said)
    assert (code, told["holds"]) == (1, False)
    assert [check["name"] for check in told["checks"] if check["problem"]] == ["fields", "messages"]


@pytest.mark.parametrize(
    "body", [b"", b"\xff", b"[]", b"{}", b'{"format": 1, "format": 2}', b'{"format": NaN}', b"[" * 5000]
)
def test_what_is_no_such_file_is_told_so(tmp_path: Path, body: bytes) -> None:
    (tmp_path / "x.json").write_bytes(body)
    code, said = gavel(tmp_path / "x.json")
    assert code == 2
    assert "cannot be read" in said
    assert gavel(tmp_path / "none.json")[0] == 2
