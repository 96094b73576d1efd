"""Which modules a base model has, from its Hugging Face `config.json`. Pure: nothing is loaded, nothing is guessed.

An allow-list: an architecture is here when the engine serves LoRA on it, its layers are all alike, and a test has
compared the shapes below with the model that `transformers` builds. A LoRA on a module that is fused (`qkv_proj`,
`gate_up_proj`) goes by the fused name, as PEFT sees it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

MAX_LAYERS = 256
MAX_WIDTH = 1 << 20


class UnknownArchitecture(ValueError):
    """The config is not of an architecture on the list, or lacks what the shapes follow from."""


PRE_NORMS = {"input_layernorm.weight": "hidden", "post_attention_layernorm.weight": "hidden"}
SANDWICH_NORMS = PRE_NORMS | {
    "pre_feedforward_layernorm.weight": "hidden",
    "post_feedforward_layernorm.weight": "hidden",
}
HEAD_NORMS = {"self_attn.q_norm.weight": "head", "self_attn.k_norm.weight": "head"}
BIASES = {
    "self_attn.q_proj.bias": "queries",
    "self_attn.k_proj.bias": "keys",
    "self_attn.v_proj.bias": "keys",
}


@dataclass(frozen=True)
class Architecture:
    """How an architecture names and fuses its projections."""

    name: str
    """As in the config's `architectures`."""
    fused_qkv: bool = False
    fused_gate_up: bool = False
    states_head_dim: bool = False
    """`head_dim` has a default of its own instead of hidden_size / heads, so that the config must state it."""
    all_heads_by_default: bool = False
    """Without `num_key_value_heads`, every head has its own keys."""
    vectors: Mapping[str, str] = field(default_factory=lambda: PRE_NORMS)
    """What a layer has beside its matrices: name -> what it is as wide as (`hidden`, `head`, `queries`, `keys`)."""


ARCHITECTURES: Mapping[str, Architecture] = {
    "llama": Architecture("LlamaForCausalLM", all_heads_by_default=True),
    "mistral": Architecture("MistralForCausalLM"),
    "qwen2": Architecture("Qwen2ForCausalLM", vectors=PRE_NORMS | BIASES),
    "qwen3": Architecture("Qwen3ForCausalLM", states_head_dim=True, vectors=PRE_NORMS | HEAD_NORMS),
    "gemma": Architecture("GemmaForCausalLM", states_head_dim=True),
    "gemma2": Architecture("Gemma2ForCausalLM", states_head_dim=True, vectors=SANDWICH_NORMS),
    "gemma3_text": Architecture(
        "Gemma3ForCausalLM", states_head_dim=True, vectors=SANDWICH_NORMS | HEAD_NORMS
    ),
    "phi3": Architecture("Phi3ForCausalLM", fused_qkv=True, fused_gate_up=True, all_heads_by_default=True),
    "glm4": Architecture(
        "Glm4ForCausalLM",
        fused_gate_up=True,
        states_head_dim=True,
        vectors=PRE_NORMS
        | BIASES
        | {"post_self_attn_layernorm.weight": "hidden", "post_mlp_layernorm.weight": "hidden"},
    ),
    "granite": Architecture("GraniteForCausalLM", all_heads_by_default=True),
    "olmo2": Architecture(
        "Olmo2ForCausalLM",
        all_heads_by_default=True,
        vectors={
            "self_attn.q_norm.weight": "queries",
            "self_attn.k_norm.weight": "keys",
            "post_attention_layernorm.weight": "hidden",
            "post_feedforward_layernorm.weight": "hidden",
        },
    ),
    "smollm3": Architecture("SmolLM3ForCausalLM"),
}
"""By `model_type`."""

Shape = tuple[int, int]


@dataclass(frozen=True)
class Layers:
    """What `BaseModel` needs of it: how many layers, and module path below a layer -> (in_features, out_features)."""

    architecture: str
    layers: int
    modules: Mapping[str, Shape]
    vectors: Mapping[str, int]
    """What a layer has beside them: name below the layer -> length."""
    hidden: int


def read_layers(config: Mapping[str, object]) -> Layers:
    """The layers of the model that `config` (a parsed config.json) describes. Raises UnknownArchitecture."""
    kind = config.get("model_type")
    architecture = ARCHITECTURES.get(kind) if isinstance(kind, str) else None
    if architecture is None:
        raise UnknownArchitecture(f"The architecture is not one of {', '.join(ARCHITECTURES)}.")
    names = config.get("architectures")
    if names not in (None, [architecture.name]):
        raise UnknownArchitecture(f"A {kind} model is served as {architecture.name} only.")
    hidden = _number(config, "hidden_size", MAX_WIDTH)
    inner = _number(config, "intermediate_size", MAX_WIDTH)
    heads = _number(config, "num_attention_heads", MAX_WIDTH)
    key_heads = heads
    if config.get("num_key_value_heads") is not None or not architecture.all_heads_by_default:
        key_heads = _number(config, "num_key_value_heads", heads)
    if config.get("head_dim") is not None or architecture.states_head_dim:
        head = _number(config, "head_dim", MAX_WIDTH)
    else:
        head = hidden // heads
    queries, keys = heads * head, key_heads * head
    widths = {"hidden": hidden, "head": head, "queries": queries, "keys": keys}
    return Layers(
        architecture=architecture.name,
        layers=_number(config, "num_hidden_layers", MAX_LAYERS),
        modules=_attention(architecture, hidden, queries, keys) | _mlp(architecture, hidden, inner),
        vectors={name: widths[width] for name, width in architecture.vectors.items()},
        hidden=hidden,
    )


def read_tensors(config: Mapping[str, object]) -> dict[str, tuple[int, ...]]:
    """Every tensor of the whole model, by its name in a checkpoint, with its shape. Raises UnknownArchitecture.

    A tied head is the embedding and has no tensor of its own.
    """
    read = read_layers(config)
    has_biases = "self_attn.q_proj.bias" in read.vectors
    if bool(config.get("attention_bias", has_biases)) != has_biases or config.get("mlp_bias"):
        raise UnknownArchitecture("Biases where this architecture usually has none are not served.")
    tied = config.get("tie_word_embeddings")
    if not isinstance(tied, bool):
        raise UnknownArchitecture("tie_word_embeddings must be stated.")
    vocabulary = (_number(config, "vocab_size", MAX_WIDTH), read.hidden)
    tensors: dict[str, tuple[int, ...]] = {"model.embed_tokens.weight": vocabulary}
    tensors["model.norm.weight"] = (read.hidden,)
    if not tied:
        tensors["lm_head.weight"] = vocabulary
    for layer in range(read.layers):
        for module, (width_in, width_out) in read.modules.items():
            tensors[f"model.layers.{layer}.{module}.weight"] = (width_out, width_in)
        for name, width in read.vectors.items():
            tensors[f"model.layers.{layer}.{name}"] = (width,)
    return tensors


def _attention(architecture: Architecture, hidden: int, queries: int, keys: int) -> dict[str, Shape]:
    into = {"q_proj": queries, "k_proj": keys, "v_proj": keys}
    if architecture.fused_qkv:
        into = {"qkv_proj": queries + 2 * keys}
    modules = {f"self_attn.{name}": (hidden, width) for name, width in into.items()}
    return modules | {"self_attn.o_proj": (queries, hidden)}


def _mlp(architecture: Architecture, hidden: int, inner: int) -> dict[str, Shape]:
    into = (
        {"gate_up_proj": 2 * inner} if architecture.fused_gate_up else {"gate_proj": inner, "up_proj": inner}
    )
    modules = {f"mlp.{name}": (hidden, width) for name, width in into.items()}
    return modules | {"mlp.down_proj": (inner, hidden)}


def _number(config: Mapping[str, object], name: str, most: int) -> int:
    value = config.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
        raise UnknownArchitecture(f"{name} must be a whole number from 1 to {most}.")
    return value
