"""docker-compose.yml: valid by the Compose Specification, and its walls stand where the page says.

No container is built or started here.
"""

import re
from pathlib import Path
from typing import Any

import compose_spec
import pytest
import yaml

from arena.embedded import valkey
from arena.embedded.stack import FOR_THE_LAB, MIGRATE

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docker-compose.yml").read_text()
DOCKERFILE = (ROOT / "infra" / "docker" / "Dockerfile").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
SECRETS = ("GAVEL_DATABASE_PASSWORD", "GAVEL_SECRET_KEY", "GAVEL_OPERATOR_TOKEN", "GAVEL_FILES_SECRET")


def example() -> dict[str, str]:
    lines = (ROOT / ".env.example").read_text().splitlines()
    return dict(line.lstrip("#").split("=", 1) for line in lines if re.match(r"#?[A-Z_]+=", line))


def filled_in() -> str:
    """The file as Compose sees it: variables replaced, `$$` unescaped."""
    values = {name: value or "0f" * 32 for name, value in example().items()}

    def replace(found: re.Match[str]) -> str:
        name, default = found["name"], found["default"]
        return values.get(name, default or "") if not default else values.get(name) or default

    return re.sub(r"\$\{(?P<name>\w+)(?::-(?P<default>[^}]*)|:\?[^}]*)?\}", replace, TEXT).replace("$$", "$")


def networks(name: str) -> set[str]:
    return set(SERVICES[name].get("networks", ()))


def test_follows_the_specification() -> None:
    plain = yaml.safe_load(filled_in())  # anchors and merges resolved
    assert set(compose_spec.PyCompose.from_yaml(yaml.safe_dump(plain)).service_names()) == set(SERVICES)
    plain["services"]["portal"]["heathcheck"] = {}
    with pytest.raises(ValueError, match="heathcheck"):
        compose_spec.PyCompose.from_yaml(yaml.safe_dump(plain))


def test_every_variable_is_explained_in_the_example() -> None:
    assert set(re.findall(r"\$\{(\w+)", TEXT)) <= set(example())


def test_no_secret_has_a_default() -> None:
    for name in example():
        if re.search("PASSWORD|SECRET|TOKEN|KEY", name):
            assert not re.search(r"\$\{" + name + ":?-", TEXT), f"{name} must be given"


def test_lab_reaches_neither_database_nor_files_nor_the_internet() -> None:
    assert networks("lab") == {"broker", "engines"}
    assert networks("postgres") == networks("files") == {"stores"}
    assert all(COMPOSE["networks"][name]["internal"] for name in ("stores", "broker", "engines"))
    told = str(SERVICES["lab"]["environment"])
    assert not [name for name in SECRETS if name in told]
    assert "GAVEL_ENGINE" not in told, "a contract names the engine of its job"
    assert set(FOR_THE_LAB) <= set(SERVICES["lab"]["environment"])


@pytest.mark.parametrize("engine", ["engine-cpu", "engine-gpu"])
def test_engine_is_met_by_those_who_use_it_and_by_the_portal_alone(engine: str) -> None:
    assert networks(engine) == {"engines"}
    assert {name for name in SERVICES if "engines" in networks(name)} == {
        *("portal", "control", "lab"),  # the engine fetches adapter files from the portal
        *("engine-cpu", "engine-gpu"),
    }
    assert set(SERVICES[engine]["environment"]) == {"GAVEL_ENGINE_TOKEN", "GAVEL_MODEL_DIR"}


def test_only_the_portal_has_a_door_outside() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["portal"]
    assert SERVICES["portal"]["ports"][0].startswith("${GAVEL_BIND:-127.0.0.1}:")


def test_what_runs_on_is_watched() -> None:
    for name, service in SERVICES.items():
        if service.get("restart") != "no":
            assert "healthcheck" in service, f"{name} has no health check"


def test_our_images_run_without_privileges() -> None:
    for name, service in SERVICES.items():
        if "build" in service:
            assert service["cap_drop"] == ["ALL"], name
            assert service["read_only"] is True, name
    stages = re.split(r"^FROM ", DOCKERFILE, flags=re.MULTILINE)[1:]
    for stage in stages:
        if "CMD [" in stage and "USER" in stage:
            assert re.findall(r"^USER (\w+)", stage, re.MULTILINE)[-1] == "gavel"


def test_portal_in_a_container_bounds_what_a_socket_says() -> None:
    assert '"--ws-max-size", "4096"' in DOCKERFILE
    assert '"--ws-per-message-deflate", "false"' in DOCKERFILE


def test_targets_exist_and_their_sources_are_sent_along() -> None:
    targets = set(re.findall(r"^FROM \S+ AS (\S+)", DOCKERFILE, re.MULTILINE))
    assert {service["build"]["target"] for service in SERVICES.values() if "build" in service} <= targets
    for line in re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE):
        for source in line.split():
            assert list(ROOT.glob(source)), f"COPY {source}: there is no such thing"
            assert f"!{source}" in (ROOT / ".dockerignore").read_text().splitlines()


def test_broker_has_the_same_users_as_the_embedded_one() -> None:
    def users(text: str) -> list[str]:
        return [
            re.sub(r">\S+", ">", line).strip()
            for line in text.splitlines()
            if line.strip().startswith("user ")
        ]

    embedded = valkey.CONFIGURATION.format(
        port=1, folder="x", portal=valkey.PORTAL, portal_password="p", lab=valkey.LAB, lab_password="p"
    )
    assert users(COMPOSE["configs"]["valkey"]["content"]) == users(embedded)


def test_migration_is_the_same_step() -> None:
    assert SERVICES["migrate"]["command"][-1] == MIGRATE
