"""Suites: what ships is fit to be asked, what is not is refused by name and line, and a site takes banks of its own."""

import asyncio
import json
import subprocess
import sys
from collections import Counter
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import WhitespaceSplit
from typer.testing import CliRunner

from arena.benchmarks import checking, library, rows, suites
from arena.benchmarks.checking import CODES, BadSuite, Problem
from arena.benchmarks.contracts import FileSource, SuiteSpec
from arena.benchmarks.importing import NewSuite, build
from arena.cli.main import app
from arena.nodes.attestation import commit
from arena.shows.base_models import HOUSE_MODEL, likely_tokens
from tests.support.portal import Caller, Portal
from tests.support.show import Json

ROOT = Path(__file__).parents[3]
LEAST = {"arithmetic", "chinese", "english", "format", "reading", "reasoning"}


def gavel(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["suite", *arguments])
    return done.exit_code, done.output


# --- what ships ---------------------------------------------------------------------------------------------------


def test_what_ships() -> None:
    assert set(suites.shipped()) == LEAST
    assert len(suites.load("reasoning").families) >= 12
    assert sum(map(len, suites.load("reasoning").indices("air").values())) <= 36, "it is asked at admission"
    canaries = [suites.load(name).canary for name in suites.shipped()] + [suites.surprise().canary]
    assert len(set(canaries)) == len(canaries)


@pytest.mark.parametrize("name", sorted(LEAST))
def test_a_suite_that_ships_has_a_hundred_questions_and_passes_its_own_check(name: str) -> None:
    suite = suites.load(name)
    assert suite.id == name
    assert sum(family.items for family in suite.families) >= 100
    assert {language for family in suite.families for language in family.title} == {"en", "zh"}
    assert all(0 < family.air < family.items for family in suite.families)
    code, said = gavel("check", name)
    assert code == 0, said


def test_the_surprise_bank_passes_the_check(tmp_path: Path) -> None:
    file = tmp_path / "surprise.json"
    file.write_text(json.dumps(suites.surprise().model_dump(mode="json")))
    code, said = gavel("check", str(file))
    assert code == 0, said
    file.write_text(json.dumps(suites.load("arithmetic").model_dump(mode="json") | {"id": "surprise"}))
    code, said = gavel("check", str(file))
    assert code == 1, "no other suite has its id"
    assert "suite.reserved" in said


def test_the_files_that_ship_are_what_their_script_makes(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "infra/suites/make.py", str(tmp_path)], cwd=ROOT, check=True, timeout=100)
    made = {path.relative_to(tmp_path): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    ours = {
        path.relative_to(suites.FOLDER): path.read_bytes()
        for path in suites.FOLDER.rglob("*")
        if path.is_file()
    }
    assert made == ours


def written(name: str) -> dict[str, list[rows.BankRow]]:
    return {
        family.name: rows.read(suites.shipped_files()[family.source.sha256].read_bytes())
        for family in suites.load(name).families
        if isinstance(family.source, FileSource)
    }


@pytest.mark.parametrize("name", ["chinese", "english", "format", "reading"])
def test_the_air_set_has_of_every_kind_as_many_as_can_be(name: str) -> None:
    for family in suites.load(name).families:
        listed = written(name)[family.name]
        everything = Counter(row.stratum for row in listed)
        air = Counter(listed[index].stratum for index in suites.load(name).indices("air")[family.name])
        assert len(air) == min(family.air, len(everything))
        even = [air[stratum] for stratum, count in everything.items() if count > max(air.values())]
        assert max(even) - min(even) <= 1


@pytest.mark.parametrize("name", ["chinese", "english", "format", "reading"])
def test_a_file_that_ships_begins_with_the_canary_of_its_suite(name: str) -> None:
    for digest in suites.load(name).files:
        head = json.loads(suites.shipped_files()[digest].read_text().splitlines()[0])
        assert suites.load(name).canary in head["canary"]


@pytest.mark.parametrize("name", ["english", "chinese"])
def test_no_wrong_option_of_a_word_is_its_right_answer_elsewhere(name: str) -> None:
    """A synonym of one question must not stand among the wrong ones of another question about the same word."""
    right: dict[str, set[str]] = {}
    for row in (row for listed in written(name).values() for row in listed):
        right.setdefault(row.question, set()).add(row.answer)
    assert all(len(answers) == 1 for answers in right.values())


# --- what is refused ----------------------------------------------------------------------------------------------


def bank(**changes: Any) -> Json:
    return {"question": "What barks?", "answer": "a dog", "options": ["a dog", "a cat", "a cow"], **changes}


def lines(*listed: Any) -> bytes:
    return b"".join(
        one if isinstance(one, bytes) else json.dumps(one, ensure_ascii=False).encode() + b"\n"
        for one in listed
    )


def plenty(count: int = 12) -> list[Json]:
    return [bank(question=f"What is number {number} of the animals?") for number in range(count)]


BAD: dict[str, tuple[list[Any], str, int]] = {
    "a line that is not UTF-8": (["狗会叫吗？".encode("gbk") + b"\n"], "suite.encoding", 13),
    "half a line": ([b'{"question": "Wh\n'], "suite.bad_json", 13),
    "a list": ([b"[1]\n"], "suite.bad_json", 13),
    "a field twice": ([b'{"answer": "1", "answer": "2"}\n'], "suite.bad_json", 13),
    "an unknown field": ([bank(gold="x")], "suite.bad_row", 13),
    "a question that is a number": ([bank(question=7)], "suite.bad_row", 13),
    "a demand that is none": ([bank(options=[], check={"regex": "x"})], "suite.bad_row", 13),
    "no right answer": ([bank(answer=None)], "suite.no_answer", 13),
    "an empty right answer": ([bank(answer="  ")], "suite.no_answer", 13),
    "an answer that is not offered": ([bank(answer="a wolf")], "suite.answer_not_offered", 13),
    "two options that say the same": ([bank(options=["a dog", "A  DOG", "a cow"])], "suite.same_options", 13),
    "one option": ([bank(options=["a dog"])], "suite.one_option", 13),
    "a question without options among choices": ([bank(options=[])], "suite.mixed", 13),
    "the same question": ([bank(), bank(question="what  BARKS?", options=["a cow", "a dog", "a cat"])],
                          "suite.duplicate", 14),
    "a question longer than the context": ([bank(question="很长" * 1000)], "suite.too_long", 13),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD)
def test_a_bad_line_is_named_with_its_code_and_nothing_of_it_is_repeated(what: str, tmp_path: Path) -> None:
    added, code, line = BAD[what]
    file = tmp_path / "animals.jsonl"
    file.write_bytes(lines(*plenty(), *added))
    exit_code, said = gavel("check", str(file))
    assert exit_code == 1
    assert f"animals, line {line}:" in said
    assert f"({code})" in said
    assert code in CODES
    assert "barks" not in said.casefold()


def test_a_bank_that_is_right_is_right(tmp_path: Path) -> None:
    file = tmp_path / "animals.jsonl"
    file.write_bytes(b"\xef\xbb\xbf" + lines(*plenty()) + b"\n\n")
    assert gavel("check", str(file)) == (0, f"{file}: 12 questions, nothing wrong\n")


@pytest.mark.parametrize(
    ("scorer", "row", "right"),
    [
        ("number", {"answer": "about 3 dogs"}, True),
        ("number", {"answer": "three"}, False),
        ("format", {"answer": "A\nB", "check": {"lines": 2}}, True),
        ("format", {"answer": "A\nB", "check": {"lines": 3}}, False),
        ("format", {"answer": "A"}, False),
        ("exact", {"answer": "…"}, False),
    ],
)
def test_a_question_whose_own_answer_does_not_pass_its_scorer_is_unanswerable(
    scorer: str, row: Json, right: bool, tmp_path: Path
) -> None:
    file = tmp_path / "bank.jsonl"
    file.write_bytes(lines(*({"question": f"Question {number}?", **row} for number in range(10))))
    code, said = gavel("check", str(file), "--scorer", scorer)
    assert (code == 0) == right, said
    assert right or "suite.unanswerable" in said


def test_tokens_are_counted_as_the_tokenizer_does_where_there_is_one(tmp_path: Path) -> None:
    """Each word is one token of this one, and the base model has room for 1024."""
    tokenizer = Tokenizer(WordLevel({"[UNK]": 0}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = WhitespaceSplit()
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    file = tmp_path / "long.jsonl"
    for words, fits in ((900, True), (1100, False)):
        file.write_bytes(lines(*plenty(), bank(question="x " * words)))
        code, said = gavel("check", str(file), "--tokenizer", str(tmp_path / "tokenizer.json"))
        assert (code == 0, "suite.too_long" in said) == (fits, not fits), said
    code, said = gavel("check", str(file), "--tokenizer", str(tmp_path / "none.json"))
    assert (code, "There is no tokenizer" in said) == (1, True)


def test_too_few_questions_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "few.jsonl"
    file.write_bytes(lines(*plenty(9)))
    code, said = gavel("check", str(file))
    assert (code, "suite.too_few" in said) == (1, True)


def test_a_file_that_is_too_large_is_not_read() -> None:
    found, problems = checking.read_jsonl(b" " * (checking.MAX_BYTES + 1), "huge")
    assert (found, [one.code for one in problems]) == ([], ["suite.too_large"])


@pytest.mark.parametrize("what", ["nothing-like-it", "missing.jsonl"])
def test_a_suite_that_is_not_there_is_said(what: str, tmp_path: Path) -> None:
    code, said = gavel("check", str(tmp_path / what))
    assert code == 1
    assert what in said


# --- tables -------------------------------------------------------------------------------------------------------

TABLE = """question,A,B,C,answer,stratum
"What barks,
or bites?",a dog,a cat,a cow,A,pets
"Who said ""moo""?",a dog,a cat,a cow,a cow,farm
"""


def test_a_table_is_read_with_letters_and_cells_of_several_lines() -> None:
    found, problems = checking.read_csv(("\ufeff" + TABLE).encode(), "animals")
    assert problems == []
    assert [(line, row.answer, row.stratum) for line, row in found] == [
        (2, "a dog", "pets"),
        (4, "a cow", "farm"),
    ]
    assert found[1][1].question == 'Who said "moo"?'


def test_a_table_with_one_column_of_options() -> None:
    found, _ = checking.read_csv("Question,Options,Answer\n谁会叫？,狗|猫|牛,狗\n".encode(), "animals")
    assert found[0][1].options == ("狗", "猫", "牛")


@pytest.mark.parametrize(
    ("body", "code", "line"),
    [
        (b"question,reply\nx,y\n", "suite.bad_csv", 1),
        (b"", "suite.bad_csv", 1),
        (b"question,answer\nx,y,z\n", "suite.bad_csv", 2),
        (b'question,answer\n"x,y\n', "suite.bad_csv", 2),
        ("question,answer\n1+1,2\n狗,猫\n".encode("gbk"), "suite.encoding", 3),
        (b"question,answer\nx,\n", "suite.no_answer", 2),
    ],
)
def test_a_broken_table_is_named_by_its_line(body: bytes, code: str, line: int) -> None:
    _, problems = checking.read_csv(body, "table")
    assert [(one.code, one.line) for one in problems] == [(code, line)]


# --- training sets ------------------------------------------------------------------------------------------------


def test_a_question_that_a_training_set_has_is_refused(tmp_path: Path) -> None:
    bank_file, training = tmp_path / "bank.jsonl", tmp_path / "training.jsonl"
    listed = plenty()
    listed[3]["question"] = "Which of the grey animals in the old zoo of the town sleeps standing?"
    listed[5]["question"] = "Bark?"
    bank_file.write_bytes(lines(*listed))
    training.write_bytes(
        lines(
            {"messages": [{"role": "user", "content": "Tell me: which of the grey animals in the old zoo of the town "
                                                      "sleeps standing? Thank you!"}]},
            {"prompt": "bark?", "completion": "no"},
            {"prompt": "What is it with the number of the animals?", "completion": "many"},
        )
    )  # fmt: skip
    code, said = gavel("check", str(bank_file), "--against", str(training))
    assert code == 1
    assert [line.split(":")[0].strip() for line in said.splitlines()] == ["bank, line 4", "bank, line 6"]
    assert "suite.leaked" in said
    training.write_bytes(
        lines({"prompt": "Something else entirely, which nobody has asked in any of the questions."})
    )
    assert gavel("check", str(bank_file), "--against", str(training))[0] == 0


def test_a_training_set_that_is_none_is_said(tmp_path: Path) -> None:
    training = tmp_path / "training.jsonl"
    training.write_bytes(b'{"prompt": "x"}\nnot json\n')
    code, said = gavel("check", "chinese", "--against", str(training))
    assert code == 1
    assert "--against, line 2" in said


def test_the_shipped_suites_are_not_in_the_data_of_the_demo() -> None:
    for data in sorted((ROOT / "infra" / "demo").rglob("*.jsonl")):
        for name in ("english", "chinese", "reading"):
            code, said = gavel("check", name, "--against", str(data))
            assert code == 0, (data, said)


# --- an exported suite --------------------------------------------------------------------------------------------


def test_an_exported_suite_is_the_same_and_a_changed_one_is_noticed(tmp_path: Path) -> None:
    assert gavel("export", "english", str(tmp_path))[0] == 0
    spec = tmp_path / "english.json"
    assert SuiteSpec.model_validate_json(spec.read_bytes()) == suites.load("english")
    assert gavel("check", str(spec))[0] == 0
    file = tmp_path / "english" / "cloze.jsonl"
    file.write_bytes(file.read_bytes().replace(b"stamp", b"lamp"))
    code, said = gavel("check", str(spec))
    assert (code, "suite.file" in said) == (1, True)
    file.unlink()
    assert "suite.file" in gavel("check", str(spec))[1]
    spec.write_text(spec.read_text().replace('"version": 1', '"version": 0'))
    assert "suite.bad_spec" in gavel("check", str(spec))[1]


def test_rows_in_an_order_of_ones_own_are_refused() -> None:
    """Who may choose which questions come first chooses the air set."""
    new = NewSuite.model_validate(wanted(lines(*plenty()).decode()))
    suite, (body,) = build(new)
    assert check_file(suite, body) == []
    head, *rest = body.splitlines(keepends=True)
    turned = b"".join([head, *reversed(rest)])
    family = suite.families[0]
    source = FileSource(sha256=sha256(turned).hexdigest())
    changed = suite.model_copy(update={"families": [family.model_copy(update={"source": source})]})
    assert [one.code for one in check_file(changed, turned)] == ["suite.order"]
    fewer = suite.model_copy(update={"families": [family.model_copy(update={"items": 11})]})
    assert [one.code for one in check_file(fewer, body)] == ["suite.count"]


def check_file(suite: SuiteSpec, body: bytes) -> list[Problem]:
    return checking.check_file(suite.families[0], body, HOUSE_MODEL, likely_tokens)


# --- into a site --------------------------------------------------------------------------------------------------


def wanted(text: str, **task: Any) -> Json:
    return {
        "id": "animals",
        "name": {"en": "Animals", "zh": "动物"},
        "licence": "CC0-1.0",
        "tasks": [{"name": "barking", "title": {"en": "Barking", "zh": "吠叫"}, "text": text, **task}],
    }


def test_the_same_bank_makes_the_same_suite_whatever_the_order_of_its_lines() -> None:
    listed = plenty()
    one, _ = build(NewSuite.model_validate(wanted(lines(*listed).decode())))
    other, _ = build(NewSuite.model_validate(wanted(lines(*reversed(listed)).decode())))
    assert one.digest == other.digest
    changed, _ = build(NewSuite.model_validate(wanted(lines(*listed[1:]).decode())))
    assert changed.digest != one.digest


def test_a_bank_is_taken_whole_or_not_at_all() -> None:
    text = lines(*plenty(), bank(answer=None), bank(answer="a wolf")).decode()
    with pytest.raises(BadSuite) as bad:
        build(NewSuite.model_validate(wanted(text)))
    assert [(one.code, one.line) for one in bad.value.problems] == [
        ("suite.no_answer", 13),
        ("suite.answer_not_offered", 14),
    ]


async def test_a_producer_imports_a_bank_and_a_new_version_of_it(portal: Portal) -> None:
    producer = await portal.person("producer", "Pauline")
    made = await producer.post_ok("/suites", wanted(lines(*plenty()).decode(), air=3))
    assert (made["id"], made["version"], made["families"]) == (
        "animals",
        1,
        [{"name": "barking", "items": 12, "air": 3}],
    )
    seen = await portal.anybody().get_ok("/suites/animals")
    assert (seen["digest"], seen["version"]) == (made["digest"], 1)
    same = await producer.refused("POST", "/suites", wanted(lines(*plenty()).decode(), air=3))
    assert same == (409, "suite.unchanged")
    again = await producer.post_ok("/suites", wanted(lines(*plenty(13)).decode()))
    assert again["version"] == 2
    out = await producer.get_ok("/suites/animals/export")
    suite = SuiteSpec.model_validate(out["spec"])
    assert suite.digest == again["digest"]
    (body,) = out["files"].values()
    assert len(rows.read(body.encode())) == 13


async def test_what_is_wrong_with_a_bank_is_told_line_by_line_and_nothing_is_kept(portal: Portal) -> None:
    producer = await portal.person("producer", "Pauline")
    answer = await producer.post("/api/suites", json=wanted("\n" + lines(bank(answer="a wolf")).decode()))
    assert answer.status_code == 422
    error = answer.json()["error"]
    assert (error["code"], error["detail"]["problems"][0]["line"]) == ("suite.answer_not_offered", 2)
    assert await portal.anybody().refused("GET", "/suites/animals") == (404, "suite.unknown")


async def test_who_may_import_and_what(portal: Portal) -> None:
    body = wanted(lines(*plenty()).decode())
    ada, producer = await portal.person(), await portal.person("producer", "Pauline")
    assert (await ada.refused("POST", "/suites", body))[0] == 403
    assert (await ada.refused("GET", "/suites/english/export"))[0] == 403
    assert (await portal.anybody().refused("POST", "/suites", body))[0] == 401
    assert await producer.refused("POST", "/suites", body | {"id": "english"}) == (409, "suite.shipped")
    assert await producer.refused("POST", "/suites", body | {"id": "surprise"}) == (409, "suite.reserved")
    assert await producer.refused("POST", "/suites", body | {"id": "../x"}) == (422, "request.invalid")
    assert await producer.refused("POST", "/suites", body | {"code": "import os"}) == (422, "request.invalid")
    half = await producer.post("/api/suites", content=b"{", headers={"Content-Type": "application/json"})
    assert (half.status_code, half.json()["error"]["code"]) == (422, "request.invalid")


# --- the season's seed --------------------------------------------------------------------------------------------


async def test_a_season_commits_to_its_seed_and_shows_it_later(portal: Portal) -> None:
    producer: Caller = await portal.person("producer", "Pauline")
    assert await producer.refused("POST", "/seasons/current/seed/release") == (409, "suite.no_seed")
    drawn = await producer.post_ok("/seasons/current/seed")
    assert (drawn["seed"], drawn["released_at"]) == (None, None)
    assert await producer.refused("POST", "/seasons/current/seed") == (409, "suite.seed_drawn")
    shown = await producer.post_ok("/seasons/current/seed/release")
    assert shown["commitment"] == drawn["commitment"]
    assert shown["commitment"] == commit(shown["season_id"], shown["seed"])
    async with portal.site.sessions() as session:
        (season,) = [shown["season_id"]]
        suite = await library.of_season(session, season, "reasoning")
    assert suite.seed == shown["seed"]
    assert len(bytes.fromhex(shown["seed"])) == 32
    assert suite.digest != suites.load("reasoning").digest
    assert suite.families == suites.load("reasoning").families
    assert (await (await portal.person()).refused("POST", "/seasons/current/seed"))[0] == 403


# --- from the command line ----------------------------------------------------------------------------------------


async def test_a_producer_imports_exports_and_draws_from_the_command_line(
    portal: Portal, tmp_path: Path
) -> None:
    token = (await (await portal.person("producer")).post_ok("/tokens", {"name": "cli"}))["token"]

    async def on_site(*arguments: str) -> tuple[int, str]:
        where = ("--url", portal.url, "--token", token)
        return await asyncio.to_thread(gavel, *arguments, *where)

    table = tmp_path / "sums.csv"
    table.write_text("question,answer\n" + "".join(f"{n}+{n}=,{2 * n}\n" for n in range(20)))
    code, said = await on_site("import", "sums", str(table), "--scorer", "number", "--licence", "CC0-1.0")
    assert (code, said.split(",")[0]) == (0, "sums version 1: 20 questions")
    assert (await on_site("import", "sums", str(table), "--scorer", "number", "--licence", "CC0-1.0"))[0] == 1
    out = tmp_path / "out"
    assert (await on_site("export", "sums", str(out)))[0] == 0
    assert gavel("check", str(out / "sums.json"))[0] == 0
    code, said = await on_site("list")
    assert code == 0
    assert "sums" in said and "english" in said
    drawn, shown = await on_site("seed", "--yes"), await on_site("seed", "--release", "--yes")
    assert shown[1].startswith(drawn[1])
    assert "seed " in shown[1] and "seed " not in drawn[1]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["import", "x"], "suite.bad_spec"),
        (["import", "x", "GOOD"], "suite.bad_spec"),
        (["import", "X!", "GOOD", "--licence", "own"], "suite.bad_spec"),
        (["import", "surprise", "GOOD", "--licence", "own"], "suite.reserved"),
        (["import", "x", "BAD", "--licence", "own"], "suite.no_answer"),
        (["import", "x", "gone.csv", "--licence", "own"], "suite.file"),
    ],
)
def test_an_import_is_refused_before_anything_is_sent(
    arguments: list[str], code: str, tmp_path: Path
) -> None:
    """There is no site here: whoever asked for one would say so instead."""
    (tmp_path / "good.jsonl").write_bytes(lines(*plenty()))
    (tmp_path / "bad.jsonl").write_bytes(lines(*plenty(), bank(answer=None)))
    files = {"GOOD": str(tmp_path / "good.jsonl"), "BAD": str(tmp_path / "bad.jsonl")}
    exit_code, said = gavel(*(files.get(one, one) for one in arguments), "--data-dir", str(tmp_path))
    assert (exit_code, code in said) == (1, True), said
