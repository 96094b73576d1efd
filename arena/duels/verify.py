"""Whether a file with an answer, or with an episode's chain, is what was recorded. Pure: no network, no database, no
account; what a file says is compared only with what the same file says elsewhere.

A file that was made up whole, hash and all, holds in itself. So compare the hash with the one on the site or in another
copy of the chain (`expected`), and the public key with the one of other answers.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from arena.duels.contracts import OTHER, SideName
from arena.duels.files import AI_LABEL, AnswerFile, AnswerRecord, EpisodeFile, SealedAnswer, is_withheld
from arena.duels.turns import QUOTED, Message, text_digest
from arena.kit.schemas import Contract
from arena.nodes.attestation import Attestation, Statement, commit, digest_of
from arena.shows.base_models import BASE_MODELS, BaseModel

Json = dict[str, Any]


@dataclass(frozen=True)
class Check:
    """`problem` names what does not fit what; None: it holds."""

    where: str
    """Which answer of a chain; empty for a file with one."""
    name: str
    problem: str | None


def field_digests(record: Mapping[str, Any]) -> dict[str, str]:
    """Raises rfc8785.CanonicalizationError (a ValueError) for a value that has no canonical JSON."""
    return {name: digest_of(value) for name, value in record.items()}


def record_hash(record: Mapping[str, Any]) -> str:
    """sha256 over the digests of all fields, `previous` among them: it stands for the record and all before it."""
    return digest_of(field_digests(record))


def check_file(file: Json, expected: str | None = None) -> list[Check]:
    """All checks of a file, in order. `expected`: the hash that the answer, or the last one of the chain, must have."""
    if file.get("format") == "gavel.episode-file.v1":
        return _check_episode(file, expected)
    return _check_answer(file, "", expected)


def _check_episode(file: Json, expected: str | None) -> list[Check]:
    raw = file.get("answers")
    listed = [entry if isinstance(entry, dict) else {} for entry in raw] if isinstance(raw, list) else []
    checks = [
        Check("", "form", _form(EpisodeFile, file | {"answers": []})),
        Check("", "label", _different({"ai_label": (file.get("ai_label"), AI_LABEL)})),
        Check("", "order", _order(file, listed)),
    ]
    for place, entry in enumerate(listed, start=1):
        if "sealed" in entry:
            checks.append(Check(f"answer {place}, sealed", "form", _form(SealedAnswer, entry)))
        else:
            checks += _check_answer(entry, f"answer {place}", None)
    checks.append(Check("", "conversations", _guarded(_conversations, listed)))
    if expected is not None:
        last = listed[-1].get("hash") if listed else None
        checks.append(Check("", "expected hash", _different({"hash": (last, expected)})))
    return checks


def _order(file: Json, listed: list[Json]) -> str | None:
    """Each answer follows the one before it; an answer that was left out, added or moved breaks this."""
    if not isinstance(file.get("answers"), list):
        return "there are no answers"
    previous = None
    for place, entry in enumerate(listed, start=1):
        if entry.get("previous") != previous:
            before = f"the hash of answer {place - 1}, {_short(previous)}" if previous else "null"
            return f"answer {place}: previous is {_short(entry.get('previous'))}, not {before}"
        record = entry.get("record")
        if isinstance(record, dict) and record.get("episode") != file.get("episode"):
            return f"answer {place}: record.episode is not the episode of the file"
        previous = entry.get("hash")
    return None


def _conversations(listed: list[Json]) -> str | None:
    """Each side was given what itself and the other one have said, as their own records have it."""
    opened = [(place, entry) for place, entry in enumerate(listed, start=1) if "sealed" not in entry]
    if any(_form(AnswerFile, entry) is not None for _, entry in opened):
        return None  # its own check says so
    answers = [(place, AnswerFile.model_validate_json(json.dumps(entry))) for place, entry in opened]
    digests = {
        (one.record.duel, one.record.turn, one.record.side): one.record.text_sha256 for _, one in answers
    }
    texts = {text_digest(one.text): one.text for _, one in answers if one.text is not None}
    for place, one in answers:
        wrong = _not_as_said(one.record, digests) or _not_as_sent(one, texts)
        if wrong is not None:
            return f"answer {place}: {wrong}"
    return None


def _not_as_said(record: AnswerRecord, digests: Mapping[tuple[UUID, int, SideName], str]) -> str | None:
    for number, message in enumerate(record.messages):
        if message.answer_sha256 is None:
            continue
        # A conversation goes user, assistant, user …: an assistant's message is one's own answer of that turn, and a
        # user's quotes the other one's of the turn before.
        own = message.role == "assistant"
        turn, side = (number + 1) // 2 if own else number // 2, record.side if own else OTHER[record.side]
        if digests.get((record.duel, turn, side)) != message.answer_sha256:
            return f"record.messages.{number} is not what the {side} side said in turn {turn}"
    return None


def _not_as_sent(answer: AnswerFile, texts: Mapping[str, str]) -> str | None:
    """Whether the messages, put into the template again, are the text that the engine was sent. Only where all their
    words are there, and the template is one that this release knows."""
    record = answer.record
    # Several base models may share a template, and differ in what they put between two turns.
    bases = [one for one in BASE_MODELS.values() if _template(one, answer) == record.template_digest]
    known = all(message.answer_sha256 in texts for message in record.messages if message.answer_sha256)
    if not bases or not known:
        return None
    said = [_words(message, texts) for message in record.messages]
    earlier = list(zip(said[:-1:2], said[1::2], strict=True))
    found = {text_digest(base.render_turns(earlier, said[-1], answer.system_prompt)) for base in bases}
    return _different({"record.messages": (record.rendered_sha256 in found, True)}, "record.rendered_sha256")


def _template(base: BaseModel, answer: AnswerFile) -> str:
    return base.template_digest if answer.system_prompt is None else base.system_template_digest


def _words(message: Message, texts: Mapping[str, str]) -> str:
    if message.answer_sha256 is None:
        return message.text or ""
    said = texts[message.answer_sha256]
    return said if message.text is None else message.text.replace(QUOTED, said.strip(), 1)


def _check_answer(file: Json, where: str, expected: str | None) -> list[Check]:
    form = _form(AnswerFile, file)
    checks = [Check(where, "form", form), Check(where, "fields", _guarded(_fields, file))]
    if form is not None:
        return checks
    answer = AnswerFile.model_validate_json(json.dumps(file))
    checks += [Check(where, name, _guarded(look, file, answer)) for name, look in _LOOKS.items()]
    if expected is not None:
        checks.append(Check(where, "expected hash", _different({"hash": (answer.hash, expected)})))
    return checks


def _form(form: type[Contract], file: Json) -> str | None:
    try:
        form.model_validate_json(json.dumps(file), strict=True)
    except ValidationError as error:
        told = [f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()]
        return "; ".join(told[:5])
    return None


def _guarded(look: Callable[..., str | None], *arguments: Any) -> str | None:
    """Numbers beyond 2^53 have no canonical JSON; nothing that was recorded has any."""
    try:
        return look(*arguments)
    except ValueError as error:
        return f"there is no canonical JSON of it: {error}"


def _fields(file: Json) -> str | None:
    """Which fields of the record are not the ones that were recorded."""
    record, digests = file.get("record"), file.get("digests")
    if not isinstance(record, dict) or not isinstance(digests, dict):
        return "there is no record, or there are no digests of its fields"
    found = field_digests(record)
    kept_back = {"token_ids"} - record.keys() if file.get("withheld") is True else set()
    names = sorted((found.keys() | digests) - kept_back)
    wrong = [f"record.{name}" for name in names if found.get(name) != digests.get(name)]
    return f"{', '.join(wrong)}: not what digests says" if wrong else None


def _hash(file: Json, answer: AnswerFile) -> str | None:
    found = digest_of(file["digests"])
    if found != answer.hash:
        return f"the digests of the record have the hash {_short(found)}; hash says {_short(answer.hash)}"
    return None


def _previous(file: Json, answer: AnswerFile) -> str | None:
    return _different({"previous": (answer.previous, answer.record.previous)}, "record.previous")


def _label(file: Json, answer: AnswerFile) -> str | None:
    record = answer.record
    return _different(
        {
            "ai_label": (answer.ai_label, record.ai_label),
            "AIGC": (answer.AIGC, record.aigc),
            "record.ai_label": (record.ai_label.model_dump(), AI_LABEL),
            "record.aigc.ProduceID": (record.aigc.ProduceID, str(record.answer)),
        }
    )


def _text(file: Json, answer: AnswerFile) -> str | None:
    if answer.withheld != is_withheld(answer.record.moderation):
        return "withheld: not what record.moderation says"
    if answer.text is None:
        return None if answer.withheld else "there is no text, and nothing in record.moderation withholds it"
    return _sha256("text", answer.text, "record.text_sha256", answer.record.text_sha256)


def _system_prompt(file: Json, answer: AnswerFile) -> str | None:
    digest = answer.record.system_prompt_digest
    if answer.system_prompt is None or digest is None:
        return _different({"system_prompt": (answer.system_prompt, digest)}, "record.system_prompt_digest")
    return _sha256("system_prompt", answer.system_prompt, "record.system_prompt_digest", digest)


def _sha256(what: str, text: str, field: str, digest: str) -> str | None:
    found = sha256(text.encode()).hexdigest()
    return (
        None if found == digest else f"{what} has the sha256 {_short(found)}; {field} says {_short(digest)}"
    )


def _messages(file: Json, answer: AnswerFile) -> str | None:
    """The conversation has the form that its kind of duel gives it."""
    record = answer.record
    if not 1 <= record.turn <= record.turns:
        return f"record.turn is {record.turn} of {record.turns}"
    roles = [message.role for message in record.messages]
    if roles != (["user", "assistant"] * record.turn)[:-1]:
        return f"record.messages: not the conversation of {record.turn} turns"
    for number, message in enumerate(record.messages):
        quotes = message.role == "assistant" or (record.kind == "debate" and number > 0)
        if quotes != (message.answer_sha256 is not None) or (message.text is None) != (
            message.role == "assistant"
        ):
            return f"record.messages.{number}: not what a “{record.kind}” has there"
    asked = record.messages[0 if record.kind == "debate" else -1].text
    return _different({"record.prompt": (record.prompt, asked)}, "record.messages") or _not_as_sent(
        answer, {}
    )


def _tokens(file: Json, answer: AnswerFile) -> str | None:
    ids, times = answer.record.token_ids, answer.record.arrived_us
    if ids is None:
        return (
            None
            if answer.withheld
            else "there are no record.token_ids, and nothing in record.moderation withholds them"
        )
    if len(ids) != len(times):
        return f"record.token_ids has {len(ids)} tokens, record.arrived_us has {len(times)}"
    if len(ids) > answer.record.sampling.max_tokens:
        return f"record.token_ids has {len(ids)} tokens; record.sampling allows {answer.record.sampling.max_tokens}"
    return None if times == sorted(times) else "record.arrived_us runs backwards"


def _attestation(file: Json, answer: AnswerFile) -> str | None:
    if answer.attestation is None:
        return "there is no attestation of the machine that answered"
    found, named = digest_of(answer.attestation.document), answer.record.node.attestation
    return _different({"attestation.digest": (answer.attestation.digest, found)}, "attestation.document") or (
        _different({"attestation.digest": (found, named)}, "record.node.attestation")
    )


def _signature(file: Json, answer: AnswerFile) -> str | None:
    if answer.attestation is None:
        return "there is no attestation, so nothing is signed"
    if _signed(answer).is_signed:
        return None
    return "attestation.signature is not that of attestation.public_key under attestation.document"


def _attested(file: Json, answer: AnswerFile) -> str | None:
    """What the node stated before it answered, and what the record says, are one."""
    if answer.attestation is None:
        return "there is no attestation to compare the record with"
    try:
        stated = _signed(answer).read()
    except ValidationError as error:
        return "; ".join(f"attestation.document.{'.'.join(map(str, one['loc']))}" for one in error.errors())
    record = answer.record
    digests = (stated.template_digest, stated.system_template_digest)
    has_system = record.system_prompt_digest is not None
    return _different(
        {
            "record.duel": (str(record.duel), stated.challenge),
            "record.seed": (commit(str(record.duel), record.seed), stated.seed_commitment),
            "record.base_digest": (record.base_digest, stated.base_digest),
            "record.template_digest": (record.template_digest, digests[has_system]),
            "record.engine.build": (record.engine.build, stated.engine.build),
            "record.engine.rehearsal": (record.engine.rehearsal, stated.engine.rehearsal),
            "record.node.hardware_class": (record.node.hardware_class, stated.machine.hardware_class),
            "record.adapter_digest or record.adapter_fingerprint": (
                _adapter(answer),
                _stated_adapter(answer, stated),
            ),
        },
        "attestation.document",
    )


def _adapter(answer: AnswerFile) -> tuple[str, str]:
    return answer.record.adapter_digest, answer.record.adapter_fingerprint


def _stated_adapter(answer: AnswerFile, stated: Statement) -> tuple[str, str] | None:
    """The same adapter among those that the node had loaded."""
    loaded = [(adapter.digest, adapter.fingerprint) for adapter in stated.adapters]
    return next((adapter for adapter in loaded if adapter == _adapter(answer)), None)


def _signed(answer: AnswerFile) -> Attestation:
    assert answer.attestation is not None
    return Attestation.model_validate(answer.attestation.model_dump(exclude={"digest"}))


_LOOKS: Mapping[str, Callable[[Json, AnswerFile], str | None]] = {
    "hash": _hash,
    "previous": _previous,
    "label": _label,
    "text": _text,
    "system prompt": _system_prompt,
    "messages": _messages,
    "tokens": _tokens,
    "attestation": _attestation,
    "signature": _signature,
    "machine": _attested,
}


def _different(pairs: Mapping[str, tuple[object, object]], other: str = "") -> str | None:
    wrong = [name for name, (found, wanted) in pairs.items() if found != wanted]
    if not wrong:
        return None
    return (
        f"{', '.join(wrong)}: not what {other} says" if other else f"{', '.join(wrong)}: not what it must be"
    )


def _short(digest: object) -> str:
    return f"{digest[:16]}…" if isinstance(digest, str) else "null"
