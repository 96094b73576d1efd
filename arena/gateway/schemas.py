"""The part of OpenAI's chat completions that the gateway speaks. Whatever it does not know it refuses, by name."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from arena.gateway.models import Completion
from arena.kit.db import Json
from arena.kit.schemas import In, Out

FINISH = {"stop": "stop", "length": "length", "refused": "content_filter"}
AI_LABEL = {"ai_generated": True, "label": "AI-generated · AI 生成"}


Stop = Annotated[str, Field(min_length=1, max_length=200)]


class TextPart(In):
    type: Literal["text"]
    text: str


class ImagePart(In):
    type: Literal["image_url"]
    image_url: dict[str, Any]


class Message(In):
    role: Literal["system", "developer", "user", "assistant"]
    content: str | list[TextPart | ImagePart]
    name: str | None = None

    @property
    def text(self) -> str:
        """Without its images."""
        if isinstance(self.content, str):
            return self.content
        return "".join(part.text for part in self.content if isinstance(part, TextPart))

    @property
    def has_image(self) -> bool:
        return not isinstance(self.content, str) and any(isinstance(part, ImagePart) for part in self.content)


class StreamOptions(In):
    include_usage: bool = False


class ChatRequest(In):
    model: str = Field(max_length=120)
    messages: list[Message] = Field(min_length=1, max_length=64)
    max_tokens: int | None = Field(None, ge=1)
    max_completion_tokens: int | None = Field(None, ge=1)
    temperature: float | None = Field(None, ge=0, le=2)
    top_p: float | None = Field(None, gt=0, le=1)
    seed: int | None = Field(None, ge=0, lt=2**63)
    stop: Stop | Annotated[list[Stop], Field(max_length=4)] | None = None
    n: Literal[1] = 1
    stream: bool = False
    stream_options: StreamOptions | None = None
    user: str | None = Field(None, max_length=200)
    """Taken and not used: the key says who is asking."""

    @property
    def most_tokens(self) -> int | None:
        return self.max_completion_tokens or self.max_tokens

    @property
    def stops(self) -> list[str]:
        return [self.stop] if isinstance(self.stop, str) else list(self.stop or [])


class ModelOut(Out):
    id: str
    object: Literal["model"] = "model"
    created: int
    owned_by: str


class ModelsOut(Out):
    object: Literal["list"] = "list"
    data: list[ModelOut]


def completion_name(row: Completion) -> str:
    return f"chatcmpl-{row.id}"


def usage(row: Completion) -> Json:
    prompt = row.prompt_tokens or 0
    return {
        "prompt_tokens": prompt,
        "completion_tokens": row.tokens,
        "total_tokens": prompt + row.tokens,
    }


def completion_out(row: Completion) -> Json:
    """A whole answer, as OpenAI's `chat.completion`."""
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": row.text, "refusal": None},
        "logprobs": None,
        "finish_reason": _reason(row),
    }
    return {**_head(row, "chat.completion"), "choices": [choice], "usage": usage(row)}


def chunk_out(row: Completion, delta: Json, ended: bool = False) -> Json:
    """A piece of an answer, as OpenAI's `chat.completion.chunk`."""
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": _reason(row) if ended else None}
    return {**_head(row, "chat.completion.chunk"), "choices": [choice]}


def usage_chunk(row: Completion) -> Json:
    return {**_head(row, "chat.completion.chunk"), "choices": [], "usage": usage(row)}


def _head(row: Completion, kind: str) -> Json:
    node = row.node or {}
    return {
        "id": completion_name(row),
        "object": kind,
        "created": int(row.created_at.timestamp()),
        "model": row.model,
        "system_fingerprint": node.get("system_fingerprint"),
        "gavel": {"provenance": str(row.id), **AI_LABEL},
    }


def _reason(row: Completion) -> str:
    return FINISH.get(row.finish_reason or "", "stop")


class CompletionOut(Out):
    """How an answer came about. The texts are there as hashes: whoever asked has them."""

    id: UUID
    record: dict[str, Any]
    hash: str
