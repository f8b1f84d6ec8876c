"""A standalone cluster of Spark on the loopback: a master and two workers, each a process with a folder of its own.

The workers' Python has the libraries of this environment, but not this package: that is shipped to them, as users ship
it. They share no path with the driver: the folder of the driver's modules is relative to its own working directory.
"""

import os
import shutil
import signal
import socket
import subprocess
import sysconfig
import time
import venv
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyspark
from pyspark.sql import SparkSession

from tests.spark.java import java

ROOT = Path(__file__).parents[2]
HOME = Path(pyspark.__file__).parent
#: A JVM that starts fast, and is fast enough for tests.
FAST = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto")
#: What ``docs/spark.md`` names the folder into which workers unpack the package.
PACKAGE = "package"


def free_port() -> int:
    """Return a port on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def node_python(folder: Path) -> Path:
    """Make the Python of a node: with the libraries of this environment, without this package."""
    venv.create(folder, with_pip=False)
    (site,) = folder.glob("lib/python*/site-packages")
    (site / "libraries.pth").write_text(sysconfig.get_path("purelib"))  # whose own .pth files do not count then
    return folder / "bin" / "python"


def pack(folder: Path) -> Path:
    """Make the archive of the package, as ``pip install --target`` and ``zip`` do."""
    packed = folder / "files"
    for name in ("source_pypi", "pyspark_pypi"):
        shutil.copytree(ROOT / "src" / name, packed / name, ignore=shutil.ignore_patterns("__pycache__"))
    return Path(shutil.make_archive(str(folder / PACKAGE), "zip", packed))


def scala_version() -> str:
    """Return the version of Scala of Spark's jars, which its scripts look up."""
    (core,) = HOME.glob("jars/spark-core_*.jar")
    return core.name.removeprefix("spark-core_").partition("-")[0]


class Cluster:
    """A master and two workers; a context manager.

    :ivar url: of the master.
    :ivar workers: the processes, by number.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = free_port()
        self.url = f"spark://127.0.0.1:{self._port}"
        self.workers: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        """Start the processes, and wait until the master listens."""
        at = ("--host", "127.0.0.1", "--webui-port", "0")
        self._master = self._start("master", "org.apache.spark.deploy.master.Master", *at, "--port", str(self._port))
        until = time.monotonic() + 60
        while time.monotonic() < until:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self._port), timeout=1):
                break
            time.sleep(0.1)
        size = ("--cores", "1", "--memory", "600m")
        for name in ("one", "two"):
            work = ("--work-dir", str(self._folder / name))
            self.workers.append(self._start(name, "org.apache.spark.deploy.worker.Worker", *at, *size, *work, self.url))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Kill the processes."""
        for process in (*self.workers, self._master):
            self.kill(process)

    def kill(self, process: "subprocess.Popen[bytes]") -> None:
        """Kill a worker and the executors that it has started, without a chance to clean up."""
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)

    def _start(self, name: str, *command: str) -> "subprocess.Popen[bytes]":
        (self._folder / name).mkdir()
        with (self._folder / f"{name}.log").open("wb") as log:
            return subprocess.Popen(
                [java(), *FAST, "-Xmx256m", "-cp", f"{HOME}/jars/*", *command],
                cwd=self._folder / name,
                env={
                    "PATH": os.environ["PATH"],
                    "SPARK_HOME": str(HOME),
                    "SPARK_LOCAL_IP": "127.0.0.1",
                    "SPARK_SCALA_VERSION": scala_version(),
                },
                stdout=log,
                stderr=log,
                start_new_session=True,
            )


def session(url: str, folder: Path) -> SparkSession:
    """Return a session that ships the package to the workers. The working directory must be the repository's.

    The environment must have no Spark of its own; it is changed, since a JVM inherits it.
    """
    os.environ.update(
        PYSPARK_PYTHON=str(node_python(folder / "python")), PYTHONPATH="src", SPARK_LOCAL_IP="127.0.0.1", TZ="UTC"
    )
    time.tzset()
    options: dict[str, Any] = {
        "spark.archives": f"{pack(folder)}#{PACKAGE}",
        "spark.executorEnv.PYTHONPATH": PACKAGE,
        "spark.sql.python.filterPushdown.enabled": "true",
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.adaptive.enabled": "false",
        "spark.sql.codegen.wholeStage": "false",  # few rows: compiling a query takes longer than running it
        "spark.sql.codegen.factoryMode": "NO_CODEGEN",
        "spark.sql.warehouse.dir": str(folder / "tables"),
        "spark.local.dir": str(folder),
        "spark.cores.max": "2",
        "spark.executor.memory": "512m",
        "spark.scheduler.minRegisteredResourcesRatio": "1.0",
        "spark.driver.extraJavaOptions": " ".join(FAST),
        "spark.executor.extraJavaOptions": " ".join(FAST),
        "spark.driver.host": "127.0.0.1",
        "spark.log.level": "ERROR",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }
    builder: Any = SparkSession.builder.master(url).appName("source-pypi")
    for name, value in options.items():
        builder = builder.config(name, value)
    made: SparkSession = builder.getOrCreate()
    return made
