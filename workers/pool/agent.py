"""The life of one node: prepare the model, start the engine, load adapters, and start again when the engine dies."""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx

from arena.kit.errors import Conflict, NotFound
from arena.nodes.attestation import (
    AdapterStated,
    Attestation,
    EngineStated,
    Statement,
    Wanted,
    public_key_of,
    sign,
)
from arena.shows.base_models import BaseModel
from arena.submissions.safetensors import engine_name, identity_adapter
from workers.pool.adapter_store import AdapterStore
from workers.pool.attestation import machine, node_key
from workers.pool.fingerprint import PROBES, Answer, greedy_answer
from workers.pool.gate import DuelFirst, Gate
from workers.pool.protocol import (
    AdapterAnswer,
    AdapterRequest,
    CheckAnswer,
    CompletionRequest,
    Engine,
    EngineFault,
    Hardware,
    Health,
    Identity,
    LoadedAdapter,
    NodeState,
    NotReady,
    Progress,
    Unsupported,
)

log = logging.getLogger(__name__)

IDLE_SECONDS = 120.0
"""How long a load or a check waits for running generations to end."""
BACKOFF = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
FAILED_AFTER = 3
"""Failed starts in a row after which the node calls itself failed; it goes on trying."""

RELOADED = 16
"""Adapters, the youngest, that a restarted engine gets back by itself; older ones are loaded again when asked for."""

PrepareModel = Callable[[Callable[[Progress], None]], Awaitable[str]]
"""Leave the base model on disk and return its digest. Raises EngineFault."""


@dataclass(frozen=True)
class Loaded:
    shown: LoadedAdapter
    directory: Path
    shown_by: str
    """The probe whose answer is its fingerprint."""


class NodeAgent:
    def __init__(
        self,
        engine: Engine,
        base: BaseModel,
        data_dir: Path,
        hardware: Hardware,
        prepare: PrepareModel,
        quarantine: bool = False,
        model_dir: Path | None = None,
    ) -> None:
        self.engine, self.base = engine, base
        self.model_dir = model_dir or engine.tokenizer_dir
        """Where the prepared base lies, for labs that train on it."""
        self._quarantine = quarantine
        self.gate = Gate()
        self._store = AdapterStore(data_dir / "adapters", base)
        self._hardware, self._prepare = hardware, prepare
        self._key = node_key(data_dir)
        self._state: NodeState = "preparing"
        self._detail = "starting up"
        self._progress: Progress | None = None
        self._base_digest: str | None = None
        self._system_fingerprint: str | None = None
        self._identity: Identity | None = None
        self._identity_answers: dict[str, Answer] = {}
        self._adapters: dict[str, Loaded] = {}
        self._loads = 0
        self._loading = asyncio.Lock()
        self._spoiled = asyncio.Event()
        # The links are ours and point to our portal: no proxy of the environment, and no redirects.
        self._links = httpx.AsyncClient(timeout=30.0, trust_env=False)
        self._life: asyncio.Task[None] | None = None

    # --- life -----------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        self._life = asyncio.create_task(self._live())

    async def end(self) -> None:
        self._say("draining", "stopping")
        if self._life:
            self._life.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._life
        await self.engine.stop()
        await self._links.aclose()

    async def _live(self) -> None:
        failures, why = 0, ""
        while True:
            try:
                if self._base_digest is None:
                    self._say("preparing", "preparing the base model")
                    self._base_digest = await self._prepare(self._on_progress)
                self._say("starting", f"starting the engine{why}")
                await self.engine.start(self._on_progress)
                self._say("starting", "loading the identity adapter")
                await self._reload()
            except EngineFault as fault:
                reason = f"it could not start: {fault.message}"
                failures += 1
            except Exception as error:  # the node must go on answering /health whatever happens here
                log.exception("the node could not start its engine")
                reason = f"it could not start: {error!r}"
                failures += 1
            else:
                failures = 0
                self._say("ready", "")
                reason = await self._until_over()
            why = f" again, after {reason}"
            pause = BACKOFF[min(failures, len(BACKOFF) - 1)]
            state: NodeState = "failed" if failures >= FAILED_AFTER else "starting"
            log.error("the engine: %s", reason)
            # Said before anything is waited for: a node whose engine is gone is not ready.
            self._say(state, f"the engine: {reason}; trying again in {pause:.0f} s")
            await self.engine.stop()
            await asyncio.sleep(pause)

    async def _until_over(self) -> str:
        """Why the engine has to be started anew."""
        dying, spoiled = asyncio.create_task(self.engine.died()), asyncio.create_task(self._spoiled.wait())
        try:
            await asyncio.wait({dying, spoiled}, return_when=asyncio.FIRST_COMPLETED)
            return f"it died: {dying.result()}" if dying.done() else "it was recycled"
        finally:
            self._spoiled.clear()
            dying.cancel()
            spoiled.cancel()

    async def _reload(self) -> None:
        """The identity adapter first, then what was there before the engine died, each under its old fingerprint."""
        config, weights = await asyncio.to_thread(identity_adapter, self.base)
        digest = await asyncio.to_thread(self._store.put, config, weights)
        name = engine_name(digest)
        await self.engine.load(name, self._store.path(digest))
        first = await self._ask(name, PROBES[0])
        self._identity_answers = {PROBES[0]: first}
        shown = LoadedAdapter(name=name, digest=digest, fingerprint=first.fingerprint, effect=False)
        before, self._adapters = self._adapters, {name: Loaded(shown, self._store.path(digest), PROBES[0])}
        self._identity = Identity(digest=digest, name=name)
        self._loads = 0
        for other, loaded in list(before.items())[-RELOADED:]:
            if other == name:
                continue
            self._say("starting", f"loading adapter {other} again")
            await self.engine.load(other, loaded.directory)
            if (await self._ask(other, loaded.shown_by)).fingerprint == loaded.shown.fingerprint:
                self._adapters[other] = loaded
            else:
                log.error(
                    "%s answers differently after the engine's restart; it is not served until loaded anew",
                    other,
                )
        await self._take_served()

    async def _take_served(self) -> None:
        """What a server was set up with is here from the beginning: nobody can load it later."""
        for digest in self.engine.served:
            name = engine_name(digest)
            if name in self._adapters:
                continue
            self._say("starting", f"looking at adapter {name}")
            try:
                await self._take(name, digest, self._store.path(digest))
            except EngineFault as fault:
                log.error("%s is not served: %s", name, fault.message)

    def _on_progress(self, progress: Progress) -> None:
        self._progress = progress
        log.info("%s: step %d of %d, %s", self._state, progress.done + 1, progress.total, progress.note)

    def _say(self, state: NodeState, detail: str) -> None:
        self._state, self._detail, self._progress = state, detail, None
        log.info("%s%s", state, f": {detail}" if detail else "")

    # --- what the routes ask ----------------------------------------------------------------------------------------

    def health(self) -> Health:
        return Health(
            state=self._state,
            detail=self._detail,
            progress=self._progress,
            base_model=self.base.id,
            base_digest=self._base_digest,
            template_digest=self.base.template_digest,
            engine_build=self.engine.build,
            system_fingerprint=self._system_fingerprint,
            fake=self.engine.fake,
            driver=self.engine.driver,
            caps=self.engine.caps,
            public_key=public_key_of(self._key),
            quarantine=self._quarantine,
            max_loras=self.engine.max_loras,
            max_rank=self.engine.max_rank,
            loads=self._loads,
            running=self.gate.running,
            begun=self.gate.begun,
            identity=self._identity,
            adapters=[loaded.shown for loaded in self._adapters.values()],
            hardware=self._hardware,
        )

    def require_ready(self) -> None:
        if self._state != "ready":
            raise NotReady(
                "engine.not_ready", f"the node is {self._state}: {self._detail}", state=self._state
            )

    def require_loaded(self, name: str) -> LoadedAdapter:
        """The base model's name is as unknown here as any other."""
        loaded = self._adapters.get(name)
        if loaded is None:
            raise NotFound("engine.unknown_adapter", f"no adapter named {name[:80]!r} is loaded on this node")
        return loaded.shown

    def require_able(self, request: CompletionRequest, duel: bool) -> None:
        """Raises Unsupported, naming what the engine lacks: nothing that was asked for is left out in silence."""
        caps = self.engine.caps
        missing = [field for field, capability in request.needs().items() if not caps.has(capability)]
        if missing:
            raise Unsupported(
                "engine.unsupported",
                f"the engine of this node ({self.engine.driver}) cannot do {', '.join(missing)}; "
                "send the request without, or to a node that can",
                fields=missing,
            )
        if duel and not caps.exclusive:
            raise Unsupported(
                "engine.not_exclusive",
                f"the engine of this node ({self.engine.driver}) cannot keep a duel's two sides alone on one replica",
            )

    def attest(self, wanted: Wanted) -> Attestation:
        """State and sign what this node is, and which adapters answer under these names. Raises NotReady, NotFound,
        Unsupported for adapters that are not recognised by anything."""
        self.require_ready()
        asked = [self._attested(self.require_loaded(name)) for name in wanted.adapters]
        assert self._base_digest
        statement = Statement(
            challenge=wanted.challenge,
            seed_commitment=wanted.seed_commitment,
            stated_at=datetime.now(UTC),
            public_key=public_key_of(self._key),
            machine=machine(self._hardware, here=self.engine.caps.restart),
            engine=EngineStated(
                build=self.engine.build,
                arguments=self.engine.arguments,
                system_fingerprint=self._system_fingerprint,
                rehearsal=self.engine.fake,
            ),
            base_model=self.base.id,
            base_digest=self._base_digest,
            template_digest=self.base.template_digest,
            system_template_digest=self.base.system_template_digest,
            adapters=tuple(asked),
        )
        return sign(statement, self._key)

    def _attested(self, adapter: LoadedAdapter) -> AdapterStated:
        if adapter.fingerprint is None:
            raise Unsupported(
                "engine.unrecognised",
                f"the engine of this node ({self.engine.driver}) does not say which tokens it chose, so nothing shows "
                f"that {adapter.name} is itself",
            )
        return AdapterStated(name=adapter.name, digest=adapter.digest, fingerprint=adapter.fingerprint)

    async def ensure(self, wanted: AdapterRequest) -> AdapterAnswer:
        """Load the adapter unless it is. Raises Conflict while a duel is live, Invalid, NotReady, EngineFault."""
        name = engine_name(wanted.digest)
        async with self._loading:
            self.require_ready()
            if name in self._adapters:
                return AdapterAnswer(**self._adapters[name].shown.model_dump(), load_ms=0.0)
            if self.gate.duels:
                raise _duel_live()
            if not self.engine.caps.dynamic_lora:
                raise Unsupported(
                    "engine.not_served",
                    f"the server behind this node serves no adapter {wanted.digest}, and cannot load any; "
                    "what it serves is in the file given with --models",
                )
            directory = await self._store.fetch(
                wanted.digest, wanted.weights_url, wanted.config_url, self._links
            )
            async with self._alone():
                shown, load_ms = await self._take(name, wanted.digest, directory)
            self._loads += 1
            log.info("loaded %s in %.1f ms, effect %s", name, load_ms, shown.effect)
            return AdapterAnswer(**shown.model_dump(), load_ms=load_ms)

    async def _take(self, name: str, digest: str, directory: Path) -> tuple[LoadedAdapter, float]:
        """Have it answer, and ask it who it is; also how many milliseconds the load took."""
        started = time.perf_counter()
        await self.engine.load(name, directory)
        load_ms = round((time.perf_counter() - started) * 1000, 1)
        probe, fingerprint, effect = await self._probe(name)
        shown = LoadedAdapter(name=name, digest=digest, fingerprint=fingerprint, effect=effect)
        self._adapters[name] = Loaded(shown, directory, probe)
        return shown, load_ms

    async def check(self, name: str) -> CheckAnswer:
        """Ask the fingerprint question again. Raises NotFound, Conflict while a duel is live, NotReady, EngineFault."""
        self.require_ready()
        recorded = self.require_loaded(name).fingerprint
        async with self._alone():
            fingerprint = (await self._ask(name, self._adapters[name].shown_by)).fingerprint
        return CheckAnswer(fingerprint=fingerprint, matches=fingerprint == recorded)

    async def recycle(self, name: str | None = None) -> Health:
        """Start the engine anew, without this adapter if one is named: unloading frees nothing, and NaN in the cache of
        keys and values is answered to whoever gets its blocks next. Raises NotFound, Conflict while a duel is live,
        NotReady."""
        self.require_ready()
        if name is not None:
            self.require_loaded(name)
        if not self.engine.caps.restart:
            raise Unsupported(
                "engine.not_ours", "this node has not started its engine: start it anew where it runs"
            )
        async with self._loading, self._alone():
            if name is not None:
                del self._adapters[name]
            why = "after an adapter that broke its answers" if name else "as it was told to"
            self._say("starting", f"recycling the engine {why}")
            self._spoiled.set()
        return self.health()

    @contextlib.asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        """On an engine that others use as well nobody can be alone, and nobody waits for it."""
        if not self.engine.caps.exclusive:
            yield
            return
        try:
            async with self.gate.alone(IDLE_SECONDS):
                yield
        except DuelFirst:
            raise _duel_live() from None
        except TimeoutError:
            raise Conflict(
                "engine.busy", f"generations were still running after {IDLE_SECONDS:.0f} s"
            ) from None

    async def _probe(self, name: str) -> tuple[str, str | None, bool]:
        """(probe, the fingerprint that its answer is, effect).

        The first probe that it answers otherwise than the identity adapter: by the answer to another nobody would
        notice that the identity adapter, or no adapter at all, has spoken in its place.
        """
        assert self._identity
        said = {}
        for probe in PROBES:
            if probe not in self._identity_answers:
                self._identity_answers[probe] = await self._ask(self._identity.name, probe)
            said[probe] = await self._ask(name, probe)
            if not said[probe].same_as(self._identity_answers[probe]):
                return probe, said[probe].fingerprint, True
        return PROBES[0], said[PROBES[0]].fingerprint, False

    async def _ask(self, name: str, probe: str) -> Answer:
        answer = await greedy_answer(self.engine, self.base, name, probe)
        self._system_fingerprint = answer.system_fingerprint
        return answer


def _duel_live() -> Conflict:
    return Conflict(
        "engine.duel_live", "a duel is live on this node; load and check adapters before or after it"
    )
