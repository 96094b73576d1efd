"""vLLM in a child process, on a private unix socket, with adapters loaded at run time.

Nobody but this process reaches it: vLLM's API key does not cover every route that changes it, so the socket lies in a
directory that only this user can open, and there is no TCP port.
"""

import asyncio
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import httpx

from arena.nodes.capabilities import TEXT_ONLY, Driver
from workers.pool.hardware import has_bfloat16
from workers.pool.process import ChildProcess, describe_exit
from workers.pool.protocol import CompletionRequest, EngineFault, EngineReply, Progress

BASE_NAME = "base-internal"
"""The base model's name inside the engine. Never requested: in a mixed batch CPU builds give base rows an adapter."""

START_SECONDS = 600.0
WATCH_SECONDS = 5.0
WATCH_MISSES = 6
"""Health checks in a row that may fail before a living process is called stuck (each may itself take 10 s)."""

# What vLLM logs on its way up -> what to tell the person waiting.
_STAGES = (
    ("non-default args", "reading the model's configuration"),
    ("Initializing a V1 LLM engine", "starting the engine core"),
    ("Starting to load model", "loading the weights"),
    ("Loading weights took", "warming up"),
    ("Supported tasks", "opening its door"),
)

_PASSED_ON = (
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "TMPDIR",
    "LD_LIBRARY_PATH",
    "LD_PRELOAD",
    "CUDA_VISIBLE_DEVICES",
    "CUDA_HOME",
)


@dataclass(frozen=True)
class Profile:
    """How to start vLLM on one kind of machine."""

    max_loras: int
    max_cpu_loras: int
    max_num_seqs: int
    max_num_batched_tokens: int
    env: Mapping[str, str]
    flags: tuple[str, ...] = ()


CPU = Profile(
    max_loras=8,
    max_cpu_loras=16,
    max_num_seqs=8,
    # The CPU kernels gather one LoRA matrix per token: this keeps a prefill step below 0.1 GB for each of them.
    max_num_batched_tokens=512,
    env={"VLLM_CPU_KVCACHE_SPACE": "1"},
)

# Not yet run on a GPU by us.
GPU = Profile(
    max_loras=8,
    max_cpu_loras=32,
    max_num_seqs=32,
    max_num_batched_tokens=4096,
    env={"VLLM_BATCH_INVARIANT": "1"},
    flags=("--dtype", "bfloat16", "--no-enable-prefix-caching"),
)


def cpu_profile(cores: str | None = None) -> Profile:
    """The CPU profile on `cores` ("0-3", "0,2"); all cores this process may use when not given. vLLM's own choice
    leaves one idle, half the machine on two cores. Where the processor has no bfloat16 of its own, float32 is quicker,
    for 2 GB more memory: on two busy AVX2 cores 1.2 to 1.4 times for one stream, 1.4 to 1.7 for a long prompt."""
    chosen = cores or ",".join(str(core) for core in sorted(os.sched_getaffinity(0)))
    dtype = "bfloat16" if has_bfloat16() else "float32"
    return replace(CPU, env={**CPU.env, "VLLM_CPU_OMP_THREADS_BIND": chosen}, flags=("--dtype", dtype))


@dataclass(frozen=True)
class EngineConfig:
    python: Path
    """The interpreter of the engine environment."""
    build: str
    model_dir: Path
    data_dir: Path
    context: int
    max_rank: int
    profile: Profile

    def command(self, socket: Path) -> list[str]:
        places = ["--model", str(self.model_dir.resolve()), "--uds", str(socket)]
        return [str(self.python), "-m", "vllm.entrypoints.openai.api_server", *places, *self.arguments]

    @property
    def arguments(self) -> list[str]:
        """What decides how it computes; where its files are does not."""
        profile = self.profile
        options = {
            "--served-model-name": BASE_NAME,
            "--max-model-len": self.context,
            "--max-num-seqs": profile.max_num_seqs,
            "--max-num-batched-tokens": profile.max_num_batched_tokens,
            "--max-loras": profile.max_loras,
            "--max-cpu-loras": profile.max_cpu_loras,
            "--max-lora-rank": self.max_rank,
            "--seed": 0,
        }
        flags = [
            "--enable-lora",
            "--disable-uvicorn-access-log",
            "--enable-per-request-metrics",
            *profile.flags,
        ]
        return [*(str(part) for pair in options.items() for part in pair), *flags]

    def environment(self, api_key: str) -> dict[str, str]:
        """Nothing is inherited but the few names that a program needs to run: no tokens, no database address."""
        passed = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        return {
            **passed,
            "VLLM_API_KEY": api_key,
            "VLLM_ALLOW_RUNTIME_LORA_UPDATING": "1",
            "VLLM_MAX_N_SEQUENCES": "1",
            "VLLM_PLUGINS": "",
            "VLLM_NO_USAGE_STATS": "1",
            "VLLM_CACHE_ROOT": str((self.data_dir / "cache" / "vllm").resolve()),
            "HF_HUB_OFFLINE": "1",
            "TRANSFORMERS_OFFLINE": "1",
            "PYTHONUNBUFFERED": "1",
            **self.profile.env,
        }


class VllmEngine:
    """The Engine protocol over one vLLM child at a time; `start` may be called again after `stop`."""

    driver: Driver = "vllm"
    caps = TEXT_ONLY
    served: tuple[str, ...] = ()
    fake = False

    def __init__(self, config: EngineConfig) -> None:
        self.build = config.build
        variables = (f"{name}={value}" for name, value in sorted(config.profile.env.items()))
        self.arguments = (*variables, *config.arguments)
        self.max_loras, self.max_rank = config.profile.max_loras, config.max_rank
        self.tokenizer_dir = config.model_dir
        self.log = config.data_dir / "logs" / "engine.log"
        self._config = config
        self._child: ChildProcess | None = None
        self._http: httpx.AsyncClient | None = None
        self._run_dir: Path | None = None

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child else None

    async def start(self, progress: Callable[[Progress], None]) -> None:
        await self.stop()
        # Not below the data directory: the path of a unix socket may have 107 bytes at most.
        self._run_dir = Path(tempfile.mkdtemp(prefix="gavel-engine-"))
        socket, key = self._run_dir / "engine.sock", secrets.token_urlsafe(32)
        self._child = ChildProcess(
            self._config.command(socket), self._config.environment(key), self.log, "vllm"
        )
        self._http = httpx.AsyncClient(
            transport=httpx.AsyncHTTPTransport(uds=str(socket), limits=httpx.Limits(max_connections=256)),
            base_url="http://engine",
            headers={"Authorization": f"Bearer {key}"},
            timeout=httpx.Timeout(None, connect=10.0),
        )
        stage = 0

        def on_line(line: str) -> None:
            nonlocal stage
            for number, (mark, note) in enumerate(_STAGES, start=1):
                if number > stage and mark in line:
                    stage = number
                    progress(Progress(done=stage, total=len(_STAGES) + 1, note=note))

        progress(Progress(done=0, total=len(_STAGES) + 1, note="importing vLLM"))
        await self._child.start(on_line)
        await self._until_healthy()

    async def _until_healthy(self) -> None:
        assert self._child
        dying = asyncio.create_task(self._child.wait())
        deadline = time.monotonic() + START_SECONDS
        try:
            while not await self._healthy():
                await asyncio.wait([dying], timeout=0.25)
                if dying.done():
                    raise EngineFault(
                        "engine.start_failed", f"{describe_exit(dying.result())}: {self._last_words()}"
                    )
                if time.monotonic() > deadline:
                    raise EngineFault(
                        "engine.start_timeout", f"not ready after {START_SECONDS:.0f} s; see {self.log}"
                    )
        finally:
            dying.cancel()

    async def _healthy(self) -> bool:
        assert self._http
        try:
            return (await self._http.get("/health", timeout=10.0)).status_code == 200
        except httpx.HTTPError:
            return False

    def _last_words(self) -> str:
        """The last line of the child's output that speaks of an error, if any, and where to read the rest."""
        assert self._child
        errors = [line.strip() for line in self._child.tail if "Error" in line or "error:" in line]
        return f"{errors[-1][:300] if errors else 'it named no error'} (log: {self.log})"

    async def died(self) -> str:
        assert self._child
        dying = asyncio.create_task(self._child.wait())
        misses = 0
        try:
            while misses < WATCH_MISSES:
                await asyncio.wait([dying], timeout=WATCH_SECONDS)
                if dying.done():
                    return f"{describe_exit(dying.result())}: {self._last_words()}"
                misses = 0 if await self._healthy() else misses + 1
            return f"it stopped answering health checks: {self._last_words()}"
        finally:
            dying.cancel()

    async def stop(self) -> None:
        child, http, run_dir = self._child, self._http, self._run_dir
        self._child = self._http = self._run_dir = None
        if http:
            await http.aclose()
        if child:
            await child.stop()
        if run_dir:
            shutil.rmtree(run_dir, ignore_errors=True)

    async def load(self, name: str, directory: Path) -> None:
        # An absolute path that exists: for any other vLLM asks a model hub.
        path = await asyncio.to_thread(directory.resolve, True)
        body = {"lora_name": name, "lora_path": str(path)}
        try:
            answer = await self._client().post("/v1/load_lora_adapter", json=body, timeout=120.0)
        except httpx.HTTPError as error:
            raise EngineFault("engine.unreachable", f"the engine did not answer: {error!r}") from error
        if answer.status_code != 200:
            raise EngineFault("engine.load_refused", f"the engine refused the adapter: {answer.text[:300]}")

    async def complete(self, request: CompletionRequest) -> EngineReply:
        http = self._client()
        sent = http.build_request("POST", "/v1/completions", json=request.body())
        try:
            answer = await http.send(sent, stream=True)
        except httpx.HTTPError as error:
            raise EngineFault("engine.unreachable", f"the engine did not answer: {error!r}") from error
        return EngineReply(
            answer.status_code,
            answer.headers.get("content-type", "application/json"),
            _chunks(answer),
            answer.aclose,
        )

    def _client(self) -> httpx.AsyncClient:
        if self._http is None:
            raise EngineFault("engine.not_running", "the engine is not running")
        return self._http


async def _chunks(answer: httpx.Response) -> AsyncIterator[bytes]:
    try:
        async for chunk in answer.aiter_raw():
            yield chunk
    except httpx.HTTPError as error:
        raise EngineFault(
            "engine.died", f"the engine stopped in the middle of an answer: {error!r}"
        ) from error
