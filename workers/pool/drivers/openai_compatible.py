"""Any server with an OpenAI completions API, by its address.

Which adapter is which model there says a small file, digest → model name; or, where the server has vLLM's route for it
and a folder in common with us, adapters are loaded as they are asked for. What the server can do is read in its own
description (`/openapi.json`) where it has one, and found by asking where it has none.
"""

import asyncio
import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from arena.nodes.capabilities import Driver, EngineCaps
from workers.pool.adapter_store import CONFIG, WEIGHTS
from workers.pool.drivers.remote import PATIENCE, Patience, RemoteEngine, Upstream
from workers.pool.protocol import Digest, EngineFault

LOAD = "/v1/load_lora_adapter"
_MAP = TypeAdapter(dict[Digest, str])


def read_models(path: Path) -> dict[str, str]:
    """Digest → model name. Raises ValueError with what is wrong in the file."""
    try:
        pairs = json.loads(path.read_bytes(), object_pairs_hook=_once_each)
        models = _MAP.validate_python(pairs)
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from error
    except ValidationError as error:
        wrong = error.errors()[0]
        raise ValueError(
            f"{path} must be an object of digests (64 hexadecimal digits) and model names; at "
            f"{'.'.join(map(str, wrong['loc'])) or 'the top'}: {wrong['msg']}"
        ) from error
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    if not models or not all(name.strip() for name in models.values()):
        raise ValueError(f"{path} names no model" + (" for one of its digests" if models else ""))
    shared = [name for name, times in Counter(models.values()).items() if times > 1]
    if shared:
        raise ValueError(
            f"{path} gives the model {shared[0]!r} to two adapters: one of them would not be itself"
        )
    return models


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    double = [key for key, times in Counter(key for key, _ in pairs).items() if times > 1]
    if double:
        raise ValueError(f"{double[0]} stands there twice")
    return dict(pairs)


class OpenAiEngine(RemoteEngine):
    driver: Driver = "openai"

    def __init__(
        self,
        upstream: Upstream,
        *,
        models: Mapping[str, str] | None = None,
        lora_path: Path | None = None,
        tokenizer_dir: Path,
        max_rank: int,
        max_loras: int,
        patience: Patience = PATIENCE,
    ) -> None:
        """Either `models`, or `lora_path`: a folder that the server sees under the same path. Raises ValueError."""
        super().__init__(
            upstream, tokenizer_dir=tokenizer_dir, max_rank=max_rank, max_loras=max_loras, patience=patience
        )
        if (models is None) == (lora_path is None):
            raise ValueError("give either the models that the server has, or a folder to load adapters from")
        if lora_path is not None and not (lora_path.is_absolute() and lora_path.is_dir()):
            raise ValueError(f"{lora_path} is not an existing folder, or not an absolute path")
        self._given = dict(models or {})
        self._folder = lora_path
        self.served = tuple(self._given)
        self._asked = False

    async def _look(self) -> None:
        listed = await self._json("GET", "/v1/models")
        try:
            cards = {str(card["id"]): card for card in listed["data"]}
        except (KeyError, TypeError) as error:
            raise EngineFault(
                "engine.not_openai", f"{self.upstream.host}/v1/models is not a list of models"
            ) from error
        self._require_listed(cards)
        if not self._asked:
            self.caps = await self._what_it_can()
            self._asked = True

    async def stop(self) -> None:
        await super().stop()
        self._asked = False

    def _require_listed(self, cards: Mapping[str, Any]) -> None:
        """vLLM and SGLang name an adapter's base as its parent. The base of a server with adapters is never asked."""
        missing = [model for model in self._given.values() if model not in cards]
        if missing:
            raise EngineFault(
                "engine.no_model",
                f"{self.upstream.host} serves no model {missing[0]!r}, which --models names",
            )
        parents = {card.get("parent") for card in cards.values()} - {None}
        bases = [model for model in self._given.values() if parents and not cards[model].get("parent")]
        if bases:
            raise EngineFault(
                "engine.base_model",
                f"{bases[0]!r} is the base model of a server with adapters, which is never asked there; "
                "serve the identity adapter, and name that",
            )

    async def load(self, name: str, directory: Path) -> None:
        if self._folder is not None:
            await self._load_from(self._folder / name, name, directory)
            await self._ask(name)  # says its version, by which fingerprints are kept apart
            self._models[name] = name
            return
        model = self._given.get(directory.name)
        if model is None:
            raise EngineFault(
                "engine.not_served",
                f"--models names no model for {directory.name} ({name}). Its files are in {directory}",
            )
        await self._ask(model)
        self._models[name] = model

    async def _load_from(self, place: Path, name: str, directory: Path) -> None:
        try:
            await asyncio.to_thread(_copy, directory, place)
        except OSError as error:
            raise EngineFault(
                "engine.publish", f"the adapter could not be written to {place}: {error}"
            ) from error
        answer = await self._send("POST", LOAD, {"lora_name": name, "lora_path": str(place)})
        if answer.status_code in (400, 404):
            said = await self._words(answer)
            if "already" in said:
                return  # a name is a hash, so it is this one
            raise EngineFault(
                "engine.load_refused",
                f"{self.upstream.host} refused the adapter: {said}; does it see {place.parent} under this path?",
            )
        await self._require_success(answer)
        await answer.aclose()

    # --- what it can ------------------------------------------------------------------------------------------------

    async def _what_it_can(self) -> EngineCaps:
        described = await self._description()
        fields, routes = described if described else (frozenset[str](), frozenset[str]())
        if self._folder is not None and LOAD not in routes:
            raise EngineFault(
                "engine.cannot_load",
                f"{self.upstream.host} has no route {LOAD} (vLLM has it with VLLM_ALLOW_RUNTIME_LORA_UPDATING=1): "
                "name what it serves with --models",
            )
        if not fields:
            return await self._found_by_asking(next(iter(self._given.values())))
        return EngineCaps(
            dynamic_lora=self._folder is not None,
            token_ids="return_token_ids" in fields,
            logprobs="logprobs" in fields,
            echo={"echo", "logprobs"} <= fields,
            prompt_ids="return_token_ids" in fields,
            seed="seed" in fields,
            cache_salt="cache_salt" in fields,
            fixed_length={"min_tokens", "ignore_eos"} <= fields,
            repetition_penalty="repetition_penalty" in fields,
        )

    async def _description(self) -> tuple[frozenset[str], frozenset[str]] | None:
        """(fields of a completion request, routes), when the server describes itself."""
        try:
            said = await self._json("GET", "/openapi.json")
            routes = said["paths"]
            shape = routes["/v1/completions"]["post"]["requestBody"]["content"]["application/json"]["schema"]
            for part in str(shape.get("$ref", "#")).split("/")[1:]:
                said = said[part]
            fields = (said if "$ref" in shape else shape)["properties"]
            return frozenset(fields), frozenset(routes)
        except (EngineFault, KeyError, TypeError, AttributeError):
            return None

    async def _found_by_asking(self, model: str) -> EngineCaps:
        """Of what every such server could do, what shows in its answers. What does not show counts as not there."""
        await self._ask(model)
        await self._require_usage(model)
        told, echoed = await self._numbers(model), await self._numbers(model, echo=True)
        return EngineCaps(logprobs=told > 0, echo=echoed > told > 0, seed=await self._keeps_seeds(model))

    async def _numbers(self, model: str, **fields: Any) -> int:
        """How many log-probabilities come with a short answer."""
        try:
            choice = await self._ask(model, logprobs=1, **fields)
            return len(choice["logprobs"]["token_logprobs"])
        except (EngineFault, KeyError, TypeError):
            return 0

    async def _keeps_seeds(self, model: str) -> bool:
        """The same seed twice says the same, and several seeds do not."""
        open_end = {"prompt": "Once upon a time", "temperature": 1, "max_tokens": 24}
        try:
            said = [(await self._ask(model, **open_end, seed=seed))["text"] for seed in (1, 1, 2, 3, 4)]
        except EngineFault:
            return False
        return bool(said[0] == said[1]) and len(set(said)) > 1

    async def _require_usage(self, model: str) -> None:
        """The end of every answer is known by it."""
        body = {"model": model, "prompt": "One, two,", "max_tokens": 1, "stream": True}
        answer = await self._send(
            "POST", "/v1/completions", body | {"stream_options": {"include_usage": True}}
        )
        await self._require_success(answer)
        if b'"completion_tokens"' not in await self._whole(answer):
            raise EngineFault(
                "engine.no_usage",
                f"{self.upstream.host} does not count the tokens of a stream (stream_options.include_usage)",
            )


def _copy(directory: Path, place: Path) -> None:
    """Whole or not there; never rewritten."""
    if place.is_dir():
        return
    draft = Path(tempfile.mkdtemp(prefix=f".{place.name}.", dir=place.parent))
    try:
        for part in (WEIGHTS, CONFIG):
            shutil.copyfile(directory / part, draft / part)
            (draft / part).chmod(0o644)
        # The server is another user, whatever this process's umask is.
        draft.chmod(0o755)
        draft.rename(place)
    except OSError:
        if not place.is_dir():  # else another node has put it there: a name is a hash, so it is the same
            raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)
