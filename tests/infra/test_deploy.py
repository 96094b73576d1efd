"""infra/deploy: what can be checked of the manifests without the products they are for."""

import configparser
import json
import re
import shlex
from pathlib import Path
from typing import Any

import compose_spec
import pytest
import typer
import yaml

from arena.cli.engine import engine
from arena.cli.engine_driver import DriverName, Elsewhere, remote
from arena.shows.base_models import HOUSE_MODEL, VARIABLE
from workers.pool.drivers.openai_compatible import read_models
from workers.pool.drivers.vllm import GPU

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "infra" / "deploy"
_APP = typer.Typer()
_APP.command()(engine)
COMMAND: Any = typer.main.get_command(_APP)
OPTIONS = {name for option in COMMAND.params for name in option.opts}
VARIABLES = {option.envvar for option in COMMAND.params if option.envvar} | {VARIABLE}

# Ray 2.60.0: ray/llm/_internal/serve/core/configs/llm_config.py, core/ingress/builder.py; ray/serve/schema.py.
RAY_FIELDS = {
    "top": {"proxy_location", "http_options", "grpc_options", "logging_options", "applications"},
    "http_options": {"host", "port", "root_path", "request_timeout_s", "keep_alive_timeout_s"},
    "application": {"name", "route_prefix", "import_path", "runtime_env", "args", "deployments"},
    "args": {"llm_configs", "ingress_cls_config", "ingress_deployment_config"},
    "llm_config": {
        "runtime_env", "model_loading_config", "llm_engine", "engine_kwargs", "accelerator_type", "accelerator_config",
        "placement_group_config", "lora_config", "deployment_config", "server_cls", "experimental_configs",
        "log_engine_metrics", "callback_config",
    },
    "model_loading_config": {"model_id", "model_source", "tokenizer_source"},
    "lora_config": {
        "dynamic_lora_loading_path", "max_num_adapters_per_replica", "download_timeout_s", "max_download_tries",
    },
    "deployment_config": {
        "name", "num_replicas", "ray_actor_options", "max_ongoing_requests", "autoscaling_config",
        "max_queued_requests", "user_config", "health_check_period_s", "health_check_timeout_s",
        "graceful_shutdown_wait_loop_s", "graceful_shutdown_timeout_s", "logging_config", "request_router_config",
    },
}  # fmt: skip


def flags_of(words: list[str]) -> set[str]:
    return {word.partition("=")[0] for word in words if word.startswith("--")}


def example_options() -> list[list[str]]:
    """Each line of options in engine.env.example, also those that are commented out."""
    text = (DEPLOY / "engine.env.example").read_text()
    return [shlex.split(line) for line in re.findall(r"^#?GAVEL_ENGINE_OPTIONS=(.*)$", text, re.M)]


def value(words: list[str], flag: str) -> str:
    return words[words.index(flag) + 1]


# --- Ray -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def ray() -> Any:
    return yaml.safe_load((DEPLOY / "ray-serve.yaml").read_text())


def test_the_serve_config_has_only_fields_that_ray_has(ray: Any) -> None:
    (application,) = ray["applications"]
    (config,) = application["args"]["llm_configs"]
    parts = {
        "top": ray,
        "http_options": ray["http_options"],
        "application": application,
        "args": application["args"],
        "llm_config": config,
        **{name: config[name] for name in ("model_loading_config", "lora_config", "deployment_config")},
    }
    for name, part in parts.items():
        assert part.keys() <= RAY_FIELDS[name], name
    assert application["import_path"] == "ray.serve.llm:build_openai_app"
    assert all(isinstance(said, str) for said in config["runtime_env"]["env_vars"].values())


def test_ray_s_engine_takes_what_the_base_model_asks_for(ray: Any) -> None:
    config = ray["applications"][0]["args"]["llm_configs"][0]
    engine, lora = config["engine_kwargs"], config["lora_config"]
    assert engine["enable_lora"] is True
    assert engine["max_loras"] == lora["max_num_adapters_per_replica"] == GPU.max_loras
    assert engine["max_cpu_loras"] == GPU.max_cpu_loras
    assert (engine["max_lora_rank"], engine["max_model_len"]) == (HOUSE_MODEL.max_rank, HOUSE_MODEL.context)
    assert lora["dynamic_lora_loading_path"].startswith(("s3://", "gs://", "azure://", "abfss://"))
    assert ":" not in config["model_loading_config"]["model_id"]
    assert GPU.env.items() <= config["runtime_env"]["env_vars"].items()


def test_ray_is_reached_by_its_node_alone(ray: Any) -> None:
    assert ray["http_options"]["host"] == "127.0.0.1"
    assert ray["proxy_location"] == "HeadOnly"


def test_the_node_s_options_name_the_same_as_ray_s_config(ray: Any) -> None:
    (words,) = (words for words in example_options() if "ray-serve" in words)
    config = ray["applications"][0]["args"]["llm_configs"][0]
    assert value(words, "--upstream-model") == config["model_loading_config"]["model_id"]
    assert value(words, "--lora-path") == config["lora_config"]["dynamic_lora_loading_path"]
    assert int(value(words, "--slots")) == config["lora_config"]["max_num_adapters_per_replica"]
    assert value(words, "--upstream").endswith(f":{ray['http_options']['port']}")


# --- our own nodes ---------------------------------------------------------------------------------------------------


def test_every_flag_and_variable_in_the_manifests_is_one_of_ours() -> None:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment, method-assign]
    unit.read(DEPLOY / "gavel-engine.service")
    words = shlex.split(unit["Service"]["ExecStart"])
    assert words[1:3] == ["engine", "--host"]
    assert words[-1] == "$GAVEL_ENGINE_OPTIONS"
    assert unit["Service"]["EnvironmentFile"] == "/etc/gavel/engine.env"
    assert unit["Install"]["WantedBy"] == "multi-user.target"
    for used in [words, *example_options()]:
        assert flags_of(used) <= OPTIONS, used
    text = (DEPLOY / "engine.env.example").read_text()
    named = set(re.findall(r"^#?(GAVEL_\w+)=", text, re.M)) - {"GAVEL_ENGINE_OPTIONS"}
    assert named <= VARIABLES


def test_each_line_of_options_is_accepted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the same code that reads them: only what lies on that machine is put in its place."""
    monkeypatch.setenv("UPSTREAM_KEY", "sk-1")
    for words in example_options():
        parsed = COMMAND.make_context("engine", list(words)).params
        models, folder = parsed["models"], parsed["lora_path"]
        said = Elsewhere(
            parsed["upstream"], parsed["upstream_key_env"], parsed["upstream_key_file"], parsed["upstream_model"],
            DEPLOY / "models.example.json" if models else None,
            str(tmp_path) if folder and folder.startswith("/") else folder,
            parsed["slots"],
        )  # fmt: skip
        driver = DriverName(parsed["driver"])
        assert (remote(driver, said, {}) is None) == (driver is DriverName.VLLM)


def test_the_example_of_a_map_is_a_map() -> None:
    assert read_models(DEPLOY / "models.example.json") == json.loads(
        (DEPLOY / "models.example.json").read_text()
    )


def test_the_compose_file_of_a_node_is_valid_and_publishes_the_agent_alone() -> None:
    text = (DEPLOY / "compose.node.yml").read_text()
    plain = re.sub(r"\$\{(\w+)[^}]*\}", r"\1", text)
    compose = yaml.safe_load(plain)
    assert set(compose_spec.PyCompose.from_yaml(plain).service_names()) == {"base-model", "node"}
    node = compose["services"]["node"]
    assert node["ports"] == ["8700:8700"]
    assert node["command"][:2] == ["gavel", "engine"]
    assert flags_of(node["command"]) <= OPTIONS
    assert node["environment"].keys() <= VARIABLES
    assert "ports" not in compose["services"]["base-model"]
    for service in compose["services"].values():
        build = service["build"]
        assert (DEPLOY / build["context"] / build["dockerfile"]).resolve().is_file()
        assert f"AS {build['target']}" in (ROOT / build["dockerfile"]).read_text()
        assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])


def test_with_another_base_model_every_service_reads_the_same_file() -> None:
    plain = re.sub(r"\$\{(\w+)[^}]*\}", r"\1", (DEPLOY / "compose.models.yml").read_text())
    over = yaml.safe_load(plain)["services"]
    whole = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    ours = {name for name, service in whole.items() if str(service.get("image", "")).startswith("gavel-")}
    assert over.keys() == ours - {"migrate"}
    for name, service in over.items():
        assert {VARIABLE, "GAVEL_BASE_MODEL"} <= service["environment"].keys(), name
        (file,) = service["configs"]
        assert service["environment"][VARIABLE] == file["target"]
    made = over["base-model"]["command"][3]
    assert made == over["engine-cpu"]["environment"]["GAVEL_MODEL_DIR"]
    assert over["base-model"]["command"][:3] == whole["base-model"]["command"][:3]
    assert {name for name, service in over.items() if "network_mode" in service} == {"base-model"}


@pytest.mark.parametrize("page", ["README.md", "README.zh.md"])
def test_the_pages_name_what_exists(page: str) -> None:
    text = (DEPLOY / page).read_text()
    for link in re.findall(r"\]\((?!http)([^)#]+)\)", text):
        assert (DEPLOY / link).exists(), link
    commands = re.findall(r"^(?:sudo -u gavel \S+/)?gavel engine (.*)$", text, re.M)
    assert commands
    for command in commands:
        assert flags_of(shlex.split(command)) <= OPTIONS, command
