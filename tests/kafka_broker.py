"""A real Apache Kafka for tests and measurements: one broker on 127.0.0.1 that can be killed and started again.

It runs from Apache Kafka's own jars where there is Java 17+ with Maven, else in Docker.
"""

import contextlib
import hashlib
import os
import random
import re
import shutil
import socket
import subprocess
import time
import uuid
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Final

from confluent_kafka.admin import AdminClient

HERE: Final = Path(__file__).parent / "kafka"
CACHE: Final = Path(__file__).parents[1] / "build" / "kafka"
IMAGE: Final = "apache/kafka:4.1.1"
START_SECONDS: Final = 90.0
STOP_SECONDS: Final = 20.0
FIXED_PORTS: Final = range(15_000, 32_000)
"""Below those that systems give to connections and to whoever asks for any port."""

SETTINGS: Final = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
    "auto.create.topics.enable": "false",
    "group.initial.rebalance.delay.ms": "0",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "4",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "share.coordinator.state.topic.num.partitions": "1",
}
"""What both ways of running it have in common: one node, and quick to start."""


class NoKafkaError(Exception):
    """This machine can run no Kafka; the message says why."""


class KafkaBroker(ABC):
    """One broker over one data directory; `restart` keeps the port and the data."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()

    @property
    def bootstrap_servers(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start and wait until it serves requests; AssertionError when it does not."""
        self._launch()
        end = time.monotonic() + START_SECONDS
        while not self._serves():
            assert self.alive(), f"Kafka ended while it started: {self.output()}"
            assert time.monotonic() < end, f"Kafka does not serve after {START_SECONDS} seconds: {self.output()}"
            time.sleep(0.05)

    def restart(self) -> None:
        """Start again what was stopped or killed."""
        self.start()

    def _serves(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            admin = AdminClient({"bootstrap.servers": self.bootstrap_servers, "log_level": 0})
            return len(admin.list_topics(timeout=5).brokers) == 1
        except Exception:  # whatever goes wrong while it starts: it does not serve yet
            return False

    @abstractmethod
    def _launch(self) -> None: ...

    @abstractmethod
    def alive(self) -> bool:
        """Whether the process is there."""

    @abstractmethod
    def output(self) -> str:
        """The end of what it has written."""

    @abstractmethod
    def stop(self) -> None:
        """Stop it in good order."""

    @abstractmethod
    def kill(self) -> None:
        """End it as a crash does, with SIGKILL."""

    @abstractmethod
    def remove(self) -> None:
        """End it for good and remove what it kept."""


class JavaKafka(KafkaBroker):
    """Kafka from its own jars, in a Java process."""

    users: tuple[str, ...] = ()
    """Options that make users when the storage is formatted."""

    def __init__(self, folder: Path, jars: Path) -> None:
        super().__init__(folder)
        self.jars = jars
        self._controller_port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def _launch(self) -> None:
        assert self._process is None, "it runs already"
        properties = self.folder / "server.properties"
        if not properties.exists():
            self._format(properties)
        with (self.folder / "kafka.out").open("ab") as output:
            self._process = subprocess.Popen(
                self._java("kafka.Kafka", str(properties)),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def _format(self, properties: Path) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        settings = self._settings()
        properties.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
        cluster = uuid.uuid4().hex[:22]
        command = self._java("kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(properties), *self.users)
        subprocess.run(command, check=True, capture_output=True)

    def _settings(self) -> dict[str, str]:
        return SETTINGS | {
            "listeners": f"PLAINTEXT://127.0.0.1:{self.port},CONTROLLER://127.0.0.1:{self._controller_port}",
            "advertised.listeners": f"PLAINTEXT://127.0.0.1:{self.port}",
            "controller.quorum.voters": f"1@127.0.0.1:{self._controller_port}",
            "log.dirs": str(self.folder / "data"),
        }

    def _java(self, main: str, *arguments: str) -> list[str]:
        quiet = f"-Dlog4j2.configurationFile={HERE / 'log4j2.properties'}"
        return ["java", "-Xms512m", "-Xmx512m", "-XX:+UseG1GC", quiet, "-cp", f"{self.jars}/*", main, *arguments]

    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def output(self) -> str:
        return (self.folder / "kafka.out").read_text(errors="replace")[-2_000:]

    def stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def kill(self) -> None:
        process, self._process = self._process, None
        assert process is not None, "it does not run"
        process.kill()
        process.wait()

    def remove(self) -> None:
        if self.alive():
            self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


class SecureKafka(JavaKafka):
    """A broker as a company runs it: besides the open door one with TLS, a certificate of its own, and logins."""

    USER, PASSWORD = "shop", "a-secret"
    users = ("--add-scram", f"SCRAM-SHA-512=[name={USER},password={PASSWORD}]")

    def __init__(self, folder: Path) -> None:
        java = _java_broker(folder)
        super().__init__(folder, java.jars)
        self.secure_port = free_port()
        self.certificate = folder / "certificate.pem"

    @property
    def secure_servers(self) -> str:
        return f"127.0.0.1:{self.secure_port}"

    def _settings(self) -> dict[str, str]:
        modules = "org.apache.kafka.common.security"
        settings = super()._settings()
        secure = "listener.name.secure."
        return settings | {
            "listeners": f"{settings['listeners']},SECURE://127.0.0.1:{self.secure_port}",
            "advertised.listeners": f"{settings['advertised.listeners']},SECURE://{self.secure_servers}",
            "listener.security.protocol.map": f"{settings['listener.security.protocol.map']},SECURE:SASL_SSL",
            f"{secure}sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-512",
            f"{secure}plain.sasl.jaas.config": (
                f'{modules}.plain.PlainLoginModule required user_{self.USER}="{self.PASSWORD}";'
            ),
            f"{secure}scram-sha-512.sasl.jaas.config": f"{modules}.scram.ScramLoginModule required;",
            f"{secure}ssl.keystore.type": "PEM",
            f"{secure}ssl.keystore.location": str(self._key_store()),
        }

    def _key_store(self) -> Path:
        key, store = self.folder / "key.pem", self.folder / "keystore.pem"
        command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=kafka"]
        files = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(self.certificate)]
        subprocess.run([*command, *files], check=True, capture_output=True)
        store.write_text(key.read_text() + self.certificate.read_text())
        return store


class DockerKafka(KafkaBroker):
    """Kafka in a container, which keeps its data while it is stopped."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._name = f"loyalty-ladder-kafka-{uuid.uuid4().hex[:8]}"
        self._made = False

    def _launch(self) -> None:
        if self._made:
            self._docker("start", self._name)
            return
        settings = SETTINGS | {
            "listeners": "PLAINTEXT://:9092,CONTROLLER://:9093",
            "advertised.listeners": f"PLAINTEXT://127.0.0.1:{self.port}",
            "controller.quorum.voters": "1@localhost:9093",
        }
        variables = [f"--env=KAFKA_{name.upper().replace('.', '_')}={value}" for name, value in settings.items()]
        heap = "--env=KAFKA_HEAP_OPTS=-Xms512m -Xmx512m"
        publish = f"--publish=127.0.0.1:{self.port}:9092"
        self._docker("run", "--detach", f"--name={self._name}", publish, heap, *variables, IMAGE)
        self._made = True

    def _docker(self, *arguments: str) -> str:
        return subprocess.run(["docker", *arguments], check=True, capture_output=True, text=True).stdout

    def alive(self) -> bool:
        return self._docker("inspect", "--format={{.State.Running}}", self._name).strip() == "true"

    def output(self) -> str:
        return self._docker("logs", "--tail=20", self._name)

    def stop(self) -> None:
        self._docker("stop", f"--timeout={STOP_SECONDS:.0f}", self._name)

    def kill(self) -> None:
        self._docker("kill", self._name)

    def remove(self) -> None:
        if self._made:
            self._docker("rm", "--force", "--volumes", self._name)


def new_broker(folder: Path) -> KafkaBroker:
    """A broker that is not started yet, in the first way this machine knows; raises NoKafkaError where it knows none.

    `folder` need not exist; it is the broker's own.
    """
    reasons = []
    for way in (_java_broker, _docker_broker):
        try:
            return way(folder)
        except NoKafkaError as error:
            reasons.append(str(error))
    raise NoKafkaError("; ".join(reasons))


def free_port() -> int:
    """A port of 127.0.0.1 on which nobody listens, and which no connection is given before the broker takes it."""
    while True:
        port = random.choice(FIXED_PORTS)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def _java_broker(folder: Path) -> JavaKafka:
    if shutil.which("java") is None or shutil.which("mvn") is None:
        raise NoKafkaError("no Java with Maven")
    version = subprocess.run(["java", "-version"], capture_output=True, text=True, check=False).stderr
    number = re.search(r'version "(\d+)', version)
    if number is None or int(number[1]) < 17:
        raise NoKafkaError("Java is older than 17")
    return JavaKafka(folder, _jars())


def _jars() -> Path:
    """Kafka's jars, fetched once by Maven; they get their folder's name when all of them are there."""
    pom = HERE / "pom.xml"
    jars = CACHE / hashlib.sha256(pom.read_bytes()).hexdigest()[:12]
    if jars.exists():
        return jars
    part = CACHE / f"{jars.name}.{os.getpid()}"
    command = ["mvn", "-q", "-B", "-ntp", "-f", str(pom), "dependency:copy-dependencies", f"-DoutputDirectory={part}"]
    done = subprocess.run([*command, "-DincludeScope=runtime"], capture_output=True, text=True, check=False)
    if done.returncode:
        shutil.rmtree(part, ignore_errors=True)
        raise NoKafkaError(f"Maven did not get Kafka: {(done.stdout.strip().splitlines() or ['no output'])[0]}")
    try:
        part.rename(jars)
    except OSError:  # another run was faster
        shutil.rmtree(part)
    return jars


def _docker_broker(folder: Path) -> KafkaBroker:
    if shutil.which("docker") is None:
        raise NoKafkaError("no Docker")
    if subprocess.run(["docker", "info"], capture_output=True, check=False, timeout=30).returncode:
        raise NoKafkaError("Docker does not answer")
    return DockerKafka(folder)
