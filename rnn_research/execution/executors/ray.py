"""Workers as tasks of a Ray cluster, for those who outgrow one machine.

Ray decides where a worker runs, starts it anew when its node dies, and asks the cluster for more nodes if it can. The
run directory must be on a file system that all nodes share, and the code where it is on this machine.
"""

import os
import socket
import subprocess
import warnings
from collections.abc import Mapping
from typing import Any

from rnn_research.execution import xla_settings
from rnn_research.execution.executors.supervise import Executor, log, worker_command
from rnn_research.execution.options import Options


def ray_tasks(options: Options, trials: int) -> Executor:
    """Tasks of a cluster; if left out, as many as it has room for, at most one for each trial.

    Raises:
      ValueError: Ray is not installed, no cluster at that address, or no room in it for a worker.
    """
    try:
        import ray
        import ray.exceptions
    except ImportError:
        raise ValueError("--executor=ray needs Ray: pip install -r requirements-ray.txt") from None
    # Ray starts its processes by fork and exec; that jax has threads of its own does no harm.
    warnings.filterwarnings("ignore", message="os.fork", category=RuntimeWarning)
    workdir, address, resources = options.workdir, options.ray_address, options.resources
    check_address(address)
    try:
        ray.init(address=address, log_to_driver=False, configure_logging=False, include_dashboard=False)
    except (ConnectionError, ValueError) as error:
        raise ValueError(f"no Ray cluster at {address}: {error}".splitlines()[0]) from error
    total = ray.cluster_resources()
    taken = {name: amount for name, amount in resources.items() if amount}
    room = int(min((total.get(name, 0) // amount for name, amount in taken.items()), default=trials))
    if not room and not options.workers:
        has = ", ".join(f"{name} {total[name]:g}" for name in ("CPU", "GPU", "TPU") if name in total)
        raise ValueError(f"the Ray cluster ({has}) has no room for a worker of {taken}")
    count = options.workers or min(room, trials)
    (workdir / "logs").mkdir(exist_ok=True)
    changes, command = xla_settings.changes(options.environment), worker_command(options)
    others = {name: amount for name, amount in taken.items() if name not in ("CPU", "GPU")}
    task = ray.remote(
        num_cpus=resources["CPU"], num_gpus=resources["GPU"], resources=others, max_retries=options.retries, max_calls=1
    )(run_here)

    def start(number: int) -> Any:
        full = [*command, f"--number={number}", f"--workers={count}", f"--devices={max(1, int(resources['CPU']))}"]
        return task.remote(full, os.getcwd(), str(log(workdir, number)), changes)

    def status(worker: Any) -> int | None:
        if not ray.wait([worker], timeout=0)[0]:
            return None
        try:
            return ray.get(worker)
        except ray.exceptions.RayError:
            return 1

    return Executor(
        start=start,
        status=status,
        stop=lambda worker: ray.cancel(worker),
        kill=lambda worker: ray.cancel(worker, force=True),
        where=f"{count} workers of a Ray cluster of {len(ray.nodes())} nodes",
        workers=count,
    )


def check_address(address: str | None) -> None:
    """Ray itself would look for minutes for a cluster that is not there.

    Raises:
      ValueError: nobody answers at ``HOST:PORT``; addresses of other forms are left to Ray.
    """
    host, _, port = (address or "").rpartition(":")
    if not host or not port.isdigit() or "/" in host:
        return
    try:
        socket.create_connection((host, int(port)), timeout=10).close()
    except OSError as error:
        raise ValueError(f"no Ray cluster at {address}: {error.strerror or error}") from error


def run_here(command: list[str], directory: str, output: str, changes: Mapping[str, str | None]) -> int:
    """Run a worker as a process of the node that Ray chose; its exit status."""
    environment = {name: value for name, value in os.environ.items() if name not in changes}
    environment |= {name: value for name, value in changes.items() if value is not None}
    with open(output, "a") as file:
        child = subprocess.Popen(command, cwd=directory, env=environment, stdout=file, stderr=subprocess.STDOUT)
        try:
            return child.wait()
        except BaseException:  # cancelled: the worker saves what it has
            child.terminate()
            child.wait()
            raise
