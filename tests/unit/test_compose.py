"""What can be known of docker-compose.yml and the Dockerfile without running them."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PROGRAMS = ("ingest", "ladder", "notifier")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return loaded


def test_whatever_waits_waits_for_something_that_can_come_true(compose: dict[str, Any]) -> None:
    """Every dependency is there, and has a health check where its health is waited for."""
    services = compose["services"]

    for service in services.values():
        for name, awaited in service.get("depends_on", {}).items():
            assert name in services
            if awaited["condition"] == "service_healthy":
                assert "healthcheck" in services[name]


def test_no_port_is_open_to_other_machines(compose: dict[str, Any]) -> None:
    """What is published is published on loopback only."""
    ports = [port for service in compose["services"].values() for port in service.get("ports", [])]

    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_no_password_stands_in_the_file() -> None:
    """The database's password comes from outside, and without one nothing starts."""
    text = (ROOT / "docker-compose.yml").read_text()

    passwords = re.findall(r"POSTGRES_PASSWORD: (.*)", text) + re.findall(r"loyalty:([^@]*)@", text)

    assert passwords
    assert all(password.startswith("${POSTGRES_PASSWORD:?") for password in passwords)


@pytest.mark.parametrize("program", PROGRAMS)
def test_every_program_is_given_database_broker_and_keys(compose: dict[str, Any], program: str) -> None:
    """Each program runs its own module, after the migrations, and answers strangers with a key only."""
    service = compose["services"][program]

    assert service["command"] == ["python", "-m", f"services.{program}"]
    assert service["environment"].keys() >= {"DATABASE_URL", "KAFKA_BOOTSTRAP_SERVERS", "API_KEYS_FILE"}
    assert service["depends_on"]["migrate"]["condition"] == "service_completed_successfully"
    assert set(service["secrets"]) <= compose["secrets"].keys()


def test_named_volumes_are_declared(compose: dict[str, Any]) -> None:
    """Data that must outlive a container lies in a volume that the file declares."""
    mounted = {
        volume.split(":")[0] for service in compose["services"].values() for volume in service.get("volumes", [])
    }

    assert mounted == compose["volumes"].keys()


def test_the_image_runs_as_an_ordinary_user_from_the_locked_dependencies() -> None:
    """The last stage gives up root, and nothing is installed whose hash is not in the lock file."""
    dockerfile = (ROOT / "Dockerfile").read_text()
    last_stage = dockerfile.split("\nFROM ")[-1]

    assert re.search(r"^USER loyalty$", last_stage, re.MULTILINE)
    assert all("--require-hashes" in line for line in dockerfile.splitlines() if "pip install" in line)


def test_what_the_dockerfile_copies_is_let_through() -> None:
    """Everything the image needs is there and excepted from .dockerignore."""
    copied = re.findall(r"^COPY ([\w.]+) ", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    let_through = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]

    assert sorted(copied) == sorted(let_through)
    assert all((ROOT / name).exists() for name in copied)
