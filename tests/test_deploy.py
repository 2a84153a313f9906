"""What is shipped for deployment is valid, as far as that can be told without a Docker engine."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import kubernetes_validate
import pytest
import yaml

from gateway.server.exposure import check_exposure
from gateway.settings import PREFIX, Settings, SettingsError, load_settings
from tests.requirements import require

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


def test_workflow_follows_the_published_schema_and_runs_what_must_pass() -> None:
    path = ".github/workflows/ci.yml"
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows", path]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
    jobs = yaml.safe_load((ROOT / path).read_text("utf-8"))["jobs"]
    runs = [step.get("run", "") for job in jobs.values() for step in job["steps"]]
    assert ".ci/run" in runs
    for built in ("docker build", "python -m build\n", "packages/client", "./clients/js"):
        assert any(built in run for run in runs), built


def test_kubernetes_manifest_is_valid_and_locked_down() -> None:
    manifests = list(yaml.safe_load_all((ROOT / "deploy/kubernetes/winnow.yaml").read_text("utf-8")))
    for manifest in manifests:
        for version in ("1.28", "1.34"):
            kubernetes_validate.validate(manifest, version, strict=True)
    pod = next(each for each in manifests if each["kind"] == "Deployment")["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert pod["securityContext"]["runAsUser"] == 10001, "the image's user"
    assert container["securityContext"]["readOnlyRootFilesystem"]
    volumes = re.search(r"VOLUME (\[.*\])", (ROOT / "Dockerfile").read_text("utf-8"))
    assert volumes
    assert {*json.loads(volumes[1]), "/tmp"} == {mount["mountPath"] for mount in container["volumeMounts"]}
    for name, value in ((each["name"], each["value"]) for each in container["env"]):
        load_settings({name: value})
    assert pod["terminationGracePeriodSeconds"] > Settings().drain_s


def test_systemd_unit_is_valid_and_locked_down(tmp_path: Path) -> None:
    require(
        shutil.which("systemd-analyze") is not None, "systemd-analyze is missing: apt-get install systemd"
    )
    text = (ROOT / "deploy/systemd/winnow.service").read_text("utf-8")
    assert "ExecStart=/opt/winnow/bin/winnow serve" in text
    unit = tmp_path / "winnow.service"
    # the command has to be there
    unit.write_text(text.replace("/opt/winnow/bin/winnow", sys.executable))
    for command in (["verify", "--man=no"], ["security", "--offline=true", "--threshold=30"]):
        result = subprocess.run(["systemd-analyze", *command, unit], capture_output=True, text=True)
        assert result.returncode == 0, result.stdout + result.stderr


def test_compose_starts_the_gateway_alone_by_default() -> None:
    default = [name for name, service in COMPOSE["services"].items() if not service.get("profiles")]
    assert default == ["gateway"]


def test_compose_drops_privileges() -> None:
    gateway = COMPOSE["services"]["gateway"]
    assert gateway["read_only"] is True and gateway["cap_drop"] == ["ALL"]


def interpolated(environment: dict[str, str | None], given: dict[str, str]) -> dict[str, str]:
    """What compose makes of an `environment`: `${NAME:-default}`, and names without a value are passed on."""
    made = {}
    for name, value in environment.items():
        if value is not None:
            made[name] = re.sub(
                r"\$\{(\w+):-([^}]*)\}", lambda match: given.get(match[1]) or match[2], str(value)
            )
        elif name in given:
            made[name] = given[name]
    return made


@pytest.mark.parametrize(
    ("name", "door", "variable"),
    [("gateway", "gateway", "WINNOW_PUBLISH"), ("replica", "balancer", "WINNOW_BALANCER_PUBLISH")],
)
def test_compose_serves_the_network_only_with_a_key(name: str, door: str, variable: str) -> None:
    environment = COMPOSE["services"][name]["environment"]
    assert [environment["WINNOW_PUBLISH"]] == [
        port.rpartition(":")[0] for port in COMPOSE["services"][door]["ports"]
    ], "what is published is what the gateway is told"
    keys = {"WINNOW_KEYS_FILE": "/nowhere/keys.json"}

    def check(given: dict[str, str]) -> None:
        check_exposure(load_settings(keys | interpolated(environment, given)))

    for harmless in ({}, {variable: ""}, {variable: "127.0.0.1:9000"}, {variable: "[::1]:9000"}):
        check(harmless)
    for exposed in ("0.0.0.0:8000", "[::]:8000", "192.0.2.7:8000", "8000"):
        with pytest.raises(SettingsError, match="keys new"):
            check({variable: exposed})
        check({variable: exposed, "WINNOW_API_KEYS": "alice:wnw_secret"})
        check({variable: exposed, "WINNOW_ALLOW_UNAUTHENTICATED": "true"})


@pytest.mark.parametrize("name", ["gateway", "replica"])
def test_compose_passes_every_setting_on(name: str) -> None:
    known = {PREFIX + field.upper() for field in Settings.__struct_fields__} - {
        "WINNOW_KEYS",
        "WINNOW_BACKENDS",
    }
    inside = {"WINNOW_PORT", "WINNOW_CACHE_DIR", "WINNOW_JOBS_DIR", "WINNOW_KEYS_FILE"}  # the image's own
    environment = COMPOSE["services"][name]["environment"]
    assert {each for each in environment if each.startswith(PREFIX)} == known - inside


def test_compose_builds_in_what_its_settings_need() -> None:
    (extras,) = re.findall(r"^EXTRAS \?= (.*)$", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    for name in ("gateway", "render", "replica"):
        service = COMPOSE["services"][name]
        made = interpolated(service["build"]["args"], {})
        assert made["EXTRAS"] == extras, "a key of Anthropic's is passed on, and make run takes it"
        assert set(made) <= set(
            re.findall(r"^ARG (\w+)=", (ROOT / "Dockerfile").read_text("utf-8"), re.MULTILINE)
        )


def test_compose_keeps_keys_where_the_container_can_write() -> None:
    image = (ROOT / "Dockerfile").read_text("utf-8")
    for name in ("gateway", "replica"):
        volumes = dict(volume.split(":") for volume in COMPOSE["services"][name]["volumes"])
        assert f"WINNOW_KEYS_FILE={volumes['keys']}/keys.json" in image
        assert f"--home-dir {volumes['keys']}" in image, "a folder of its user: the volume begins as its copy"


def test_compose_keeps_jobs_beyond_the_container() -> None:
    image = (ROOT / "Dockerfile").read_text("utf-8")
    (folder,) = {
        dict(volume.split(":") for volume in COMPOSE["services"][name]["volumes"])["jobs"]
        for name in ("gateway", "render")
    }
    assert f"WINNOW_JOBS_DIR={folder}" in image and f"--mode=0700 /var/cache/winnow {folder}" in image
    server = COMPOSE["services"]["valkey-jobs"]
    assert "--maxmemory-policy noeviction" in server["command"] and "--appendonly yes" in server["command"]
    assert server["volumes"] == ["valkey-jobs:/data"]
    assert COMPOSE["services"]["replica"]["environment"]["WINNOW_JOBS_URL"] == "valkey://valkey-jobs:6379/0"


def test_compose_profile_scale_is_replicas_on_valkeys_behind_nginx() -> None:
    services = {name: s for name, s in COMPOSE["services"].items() if s.get("profiles") == ["scale"]}
    assert set(services) == {"replica", "valkey", "valkey-jobs", "balancer"}
    assert services["replica"]["deploy"]["replicas"] == 3 and "ports" not in services["replica"]
    assert services["replica"]["environment"]["WINNOW_CACHE_URL"] == "valkey://valkey:6379/0"
    for server in ("valkey", "valkey-jobs"):
        assert "ports" not in services[server], "nothing but the replicas reaches it"
    for name, service in services.items():
        assert service["read_only"] and service["cap_drop"] == ["ALL"], name
    for volume in services["balancer"]["volumes"]:
        assert (ROOT / volume.split(":")[0]).is_file()


def test_compose_profile_render_has_a_browser_in_its_sandbox() -> None:
    service = COMPOSE["services"]["render"]
    assert service["profiles"] == ["render"] and service["read_only"] and service["cap_drop"] == ["ALL"]
    assert service["environment"] == COMPOSE["services"]["gateway"]["environment"]
    (profile,) = [option.partition("=")[2] for option in service["security_opt"] if "seccomp" in option]
    rules = json.loads((ROOT / profile).read_text())["syscalls"]
    refused = {name for rule in rules for name in rule["names"]}
    assert {"mount", "ptrace", "bpf", "setns", "keyctl", "io_uring_setup"} <= refused
    assert not {"clone", "clone3", "unshare", "chroot"} & refused, "the sandbox is made of these"
    image = (ROOT / "Dockerfile").read_text("utf-8")
    assert "ARG BROWSER_PACKAGE=\n" in image, "the image has no browser unless it is asked for"


def test_nginx_configuration_passes_streams_and_asks_another_replica() -> None:
    text = (ROOT / "deploy" / "nginx.conf").read_text("utf-8")
    assert "proxy_buffering off;" in text
    assert "proxy_next_upstream error timeout http_503 non_idempotent;" in text


def test_dockerfile_installs_with_the_makefile_and_runs_as_nobody_special() -> None:
    text = (ROOT / "Dockerfile").read_text("utf-8")
    final_stage = text.split("\nFROM ")[-1]
    assert "make install-only" in text
    assert "USER 10001" in final_stage and "HEALTHCHECK" in final_stage
    assert "build-essential" not in text.replace('"build-essential cmake"', ""), "a compiler is asked for"
    assert "ca-certificates" in final_stage
