"""The names of files that people send. A name is only ever judged, never used: what is stored has a name of ours."""

from arena.submissions.refusals import AdapterRefused

CONFIG = "adapter_config.json"
WEIGHTS = "adapter_model.safetensors"

_NEVER = (
    ".bin", ".pt", ".pth", ".pt2", ".ckpt", ".pkl", ".pickle", ".joblib", ".npz", ".npy", ".gguf", ".ggml", ".h5",
    ".hdf5",
    ".keras", ".onnx", ".pb", ".tflite", ".msgpack", ".mar", ".py", ".pyc", ".so", ".dll", ".exe", ".sh", ".js",
    ".html",
    ".svg",
)  # fmt: skip
_ARCHIVES = (".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".zst", ".lz4", ".7z", ".rar")
_OTHERS = {
    "config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json",
    "added_tokens.json", "vocab.json", "chat_template.json", "preprocessor_config.json",
    "model.safetensors.index.json",
    "adapter_model.safetensors.index.json", "model.safetensors", "training_args.json", "trainer_state.json",
}  # fmt: skip


def refuse_file_name(name: str) -> None:
    """Raise AdapterRefused unless `name` may be that of an adapter's config (`*.json`) or weights (`*.safetensors`).

    People rename files,
    so that any other name with these endings is let through to be judged by its bytes. Templates,
    tokenizers, model code and READMEs come from the season's base model or not at all.
    """
    lowered = name.lower()
    looks_like = {"looks_like": next((kind for kind in (*_NEVER, *_ARCHIVES) if lowered.endswith(kind)), "")}
    only = f"Only {WEIGHTS} and {CONFIG} are accepted."
    if lowered.endswith(_NEVER):
        raise AdapterRefused(
            "artifact.type_not_allowed", f"A file of this kind is never accepted. {only}", looks_like
        )
    if lowered.endswith(_ARCHIVES):
        raise AdapterRefused("artifact.archive_not_allowed", f"Archives are not opened. {only}", looks_like)
    if lowered in _OTHERS or not lowered.endswith((".json", ".safetensors")):
        raise AdapterRefused("artifact.unexpected_file", f"This file is not part of an adapter. {only}")
