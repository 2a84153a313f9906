"""What is shipped for deployment is valid, as far as that can be told without a Docker engine."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parent.parent
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))


def test_compose_file_follows_the_published_schema() -> None:
    command = [
        sys.executable,
        "-m",
        "check_jsonschema",
        "--builtin-schema",
        "vendor.compose-spec",
        "compose.yaml",
    ]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr


def test_compose_starts_the_gateway_alone_by_default() -> None:
    default = [name for name, service in COMPOSE["services"].items() if not service.get("profiles")]
    assert default == ["gateway"]


def test_compose_publishes_on_loopback_and_drops_privileges() -> None:
    gateway = COMPOSE["services"]["gateway"]
    assert gateway["ports"] == ["${WINNOW_PUBLISH-127.0.0.1:8000}:8000"]
    assert gateway["read_only"] is True and gateway["cap_drop"] == ["ALL"]


@pytest.mark.parametrize("name", ["gateway", "replica"])
def test_compose_environment_names_only_settings(name: str) -> None:
    from gateway.settings import load_settings

    environment = COMPOSE["services"][name]["environment"]
    load_settings({key: "" for key in environment})


def test_compose_profile_scale_is_replicas_on_one_valkey_behind_nginx() -> None:
    services = {name: s for name, s in COMPOSE["services"].items() if s.get("profiles") == ["scale"]}
    assert set(services) == {"replica", "valkey", "balancer"}
    assert services["replica"]["deploy"]["replicas"] == 3 and "ports" not in services["replica"]
    assert services["replica"]["environment"]["WINNOW_CACHE_URL"] == "valkey://valkey:6379/0"
    assert "ports" not in services["valkey"], "nothing but the replicas reaches it"
    for name, service in services.items():
        assert service["read_only"] and service["cap_drop"] == ["ALL"], name
    for volume in services["balancer"]["volumes"]:
        assert (ROOT / volume.split(":")[0]).is_file()


def test_nginx_configuration_passes_streams_and_asks_another_replica() -> None:
    text = (ROOT / "deploy" / "nginx.conf").read_text("utf-8")
    assert "proxy_buffering off;" in text
    assert "proxy_next_upstream error timeout http_503 non_idempotent;" in text


def test_dockerfile_installs_with_the_makefile_and_runs_as_nobody_special() -> None:
    text = (ROOT / "Dockerfile").read_text("utf-8")
    final_stage = text.split("\nFROM ")[-1]
    assert "make install-only" in text
    assert "USER 10001" in final_stage and "HEALTHCHECK" in final_stage
    assert "build-essential" not in final_stage and "ca-certificates" in final_stage
