"""What a base model is: pure data, so that the portal (which never loads a model), the lab and the engine node all
read the same facts. A module's shape is `(in_features, out_features)`; a LoRA pair on it is A `(rank, in)` and B
`(out, rank)`.
"""

import hashlib
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, cast

SourceKind = Literal["package", "hub", "modelscope", "file"]
WEIGHTS = "model.safetensors"
SHARD = re.compile(r"model-(\d{5})-of-(\d{5})\.safetensors")


class PinnedFile(NamedTuple):
    size: int
    """In bytes."""
    sha256: str


def weights_digest(files: Mapping[str, str]) -> str:
    """What a provenance record calls the base model, from the sha256 (hex) of its files by name: that of the weights,
    or, where they lie in shards, of the list of them. Raises ValueError when there are none."""
    if WEIGHTS in files:
        return files[WEIGHTS]
    shards = sorted(name for name in files if SHARD.fullmatch(name))
    if not shards:
        raise ValueError(f"there is neither {WEIGHTS} nor a shard of it")
    return hashlib.sha256("".join(f"{files[name]}  {name}\n" for name in shards).encode()).hexdigest()


@dataclass(frozen=True)
class BaseModel:
    id: str
    source: str
    """Where the weights come from: `package:NAME`, `hub:REPO`, `modelscope:REPO` or `file:PATH`."""
    layers: int
    modules: Mapping[str, tuple[int, int]]
    """Module path below a layer -> (in_features, out_features); the only places an adapter may touch."""
    context: int
    """Prompt plus answer, in tokens, that the engine is started with."""
    max_rank: int
    template: str
    """The one frozen prompt template for training, evaluation and serving; `{prompt}` is the only placeholder."""
    system_template: str
    """The frozen template of an entry that is a system prompt: the same with a place for `{system}`."""
    stop: str
    frame: str
    """What only the template says. An answer that begins it anew has ended: a pre-trained model tends to go on with
    the next question."""
    config: Mapping[str, object]
    """What its config.json says about how it computes; a full model on this base must say the same."""
    licence: str
    licence_url: str
    turn_end: str = "\n\n"
    """What stands between an answer and the next prompt of a conversation."""
    takes_images: bool = False
    """Whether a prompt may have images beside its text."""
    bos: bool = True
    """Whether its tokenizer puts a token before every text."""
    revision: str = ""
    """Which state of the source: the version of a package, the commit of a hub, the digest of a folder's weights."""
    files: Mapping[str, PinnedFile] = field(default_factory=dict)
    """What is fetched, and nothing else. Empty where the model is made here (`package:`): its bytes follow from how."""

    @property
    def kind(self) -> SourceKind:
        """Of its source."""
        return cast(SourceKind, self.source.partition(":")[0])

    @property
    def place(self) -> str:
        """In its source: the name of a package, of a repository, or a folder."""
        return self.source.partition(":")[2]

    @property
    def digest(self) -> str | None:
        """Of the weights, as every node that serves them must state it; None where they are made here."""
        return (
            weights_digest({name: file.sha256 for name, file in self.files.items()}) if self.files else None
        )

    @property
    def bytes(self) -> int:
        """Of all that is fetched."""
        return sum(file.size for file in self.files.values())

    @property
    def template_digest(self) -> str:
        return hashlib.sha256(self.template.encode()).hexdigest()

    @property
    def system_template_digest(self) -> str:
        return hashlib.sha256(self.system_template.encode()).hexdigest()

    def render(self, prompt: str, system: str | None = None) -> str:
        """The text the engine sees. Not `str.format`: a prompt may hold braces. Nor one `replace` after the other: what
        looks like a place in the one text must not take in the other.
        """
        if system is None:
            return self.template.replace("{prompt}", prompt)
        texts = {"{prompt}": prompt, "{system}": system}
        return re.sub(r"\{(?:prompt|system)\}", lambda place: texts[place[0]], self.system_template)

    def render_turns(self, earlier: Sequence[tuple[str, str]], prompt: str, system: str | None = None) -> str:
        """A conversation: what was asked and answered before, and what is asked now. The system text stands first."""
        text = ""
        for asked, answered in earlier:
            text += self.render(asked, system) + answered + self.turn_end
            system = None
        return text + self.render(prompt, system)

    def tensor_names(self) -> dict[str, tuple[int, int]]:
        """Every adaptable module by its full PEFT path, with its shape."""
        return {
            f"base_model.model.model.layers.{layer}.{module}": shape
            for layer in range(self.layers)
            for module, shape in self.modules.items()
        }


def likely_tokens(text: str) -> int:
    """About how many tokens a text has, low rather than high: nobody but an engine has the tokenizer."""
    chinese = sum(1 for char in text if char >= "\u2e80")
    return math.ceil(chinese / 1.5 + (len(text) - chinese) / 4)
