"""Workers as an array of Slurm jobs, by submitit; a preempted one is put back in the queue."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from rnn_research.execution import xla_settings
from rnn_research.execution.executors.supervise import Executor, WorkersError, log, worker_command
from rnn_research.execution.options import Options

DEFAULT_WORKERS = 4
HOURS = 24


# What Slurm sets in a job, which ``sbatch`` would hand on to a job that is not this one; and what stays of it.
OF_A_JOB = ("SLURM_", "SLURMD_", "SRUN_", "SBATCH_CPU_BIND", "SBATCH_MEM_BIND")
OF_THE_CLUSTER = ("SLURM_CONF",)


@contextmanager
def outside_any_job() -> Iterator[None]:
    """The environment as it would be outside the job that this process may run in: by what is left of one, a new job's
    CPUs are bound to that one's cores, or its ``srun`` refuses to start. A user's own ``SBATCH_...`` stay."""
    inside = "SLURM_JOB_ID" in os.environ
    hidden = [name for name in os.environ if inside and name.startswith(OF_A_JOB) and name not in OF_THE_CLUSTER]
    values = {name: os.environ.pop(name) for name in hidden}
    try:
        yield
    finally:
        os.environ.update(values)


class SlurmWorker:
    """What a job runs. Submitit calls ``checkpoint`` when Slurm takes the node away."""

    def __init__(self, command: list[str], directory: str, output: str, changes: Mapping[str, str | None]):
        self.command, self.directory, self.output, self.changes = command, directory, output, changes
        self.child: subprocess.Popen | None = None

    def __call__(self) -> int:
        environment = {name: value for name, value in os.environ.items() if name not in self.changes}
        environment |= {name: value for name, value in self.changes.items() if value is not None}
        with open(self.output, "a") as file:
            # A session of its own: the signals are submitit's to deal with.
            self.child = subprocess.Popen(
                self.command,
                cwd=self.directory,
                env=environment,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                return self.child.wait()
            except BaseException:  # cancelled: the worker saves what it has
                self.child.send_signal(signal.SIGTERM)
                raise

    def checkpoint(self) -> Any:
        """Have the worker save what it has, and the same job queued again."""
        from submitit.helpers import DelayedSubmission

        if self.child is not None:
            self.child.send_signal(signal.SIGTERM)
            # Not child.wait(): this is called in a signal handler, above the frame that waits already.
            os.waitid(os.P_PID, self.child.pid, os.WEXITED | os.WNOWAIT)
        return DelayedSubmission(SlurmWorker(self.command, self.directory, self.output, self.changes))


def slurm_jobs(options: Options, trials: int) -> Executor:
    """An array of jobs, 4 if left out.

    ``options.slurm`` is for submitit: ``partition``, ``account``, ``timeout_min`` and the like; ``cluster=local`` runs
    the same jobs as processes of this machine.

    Raises:
      ValueError: submitit is not installed, no Slurm here, or an option that submitit does not know.
    """
    del trials
    try:
        import cloudpickle
        import submitit
        from submitit.core.utils import FailedJobError
    except ImportError:
        raise ValueError("--executor=slurm needs submitit: pip install -r requirements-slurm.txt") from None
    # A job starts in submitit's own process, which does not have this package on its path.
    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    workdir, resources, asked = options.workdir, options.resources, dict(options.slurm)
    cluster = asked.pop("cluster", "slurm")
    if cluster == "slurm" and not shutil.which("sbatch"):
        raise ValueError("no sbatch on this machine; --slurm=cluster=local runs the same jobs here")
    (workdir / "logs").mkdir(exist_ok=True)
    executor = submitit.AutoExecutor(folder=workdir / "logs" / "slurm", cluster=cluster)
    settings = {"timeout_min": 60 * HOURS, "cpus_per_task": max(1, int(resources["CPU"])), "name": workdir.name}
    if resources["GPU"]:
        settings["gpus_per_node"] = int(resources["GPU"])
    shared = ("timeout_min", "cpus_per_task", "gpus_per_node", "mem_gb", "name")
    given = {key if key in shared else f"slurm_{key}": int(v) if v.isdigit() else v for key, v in asked.items()}
    try:
        executor.update_parameters(**settings, **given)
    except (NameError, TypeError, ValueError) as error:
        raise ValueError(f"--slurm: {error}".splitlines()[0]) from error
    count = options.workers or DEFAULT_WORKERS

    changes, command = xla_settings.changes(options.environment), worker_command(options)

    def work_of(number: int) -> SlurmWorker:
        full = [*command, f"--number={number}", f"--workers={count}", f"--devices={settings['cpus_per_task']}"]
        return SlurmWorker(full, os.getcwd(), str(log(workdir, number)), changes)

    first: list[Any] = []

    def start(number: int) -> Any:
        try:
            if not first:  # all of the workers as one array
                with outside_any_job(), executor.batch():
                    first.extend(executor.submit(work_of(each)) for each in range(count))
                waiting.update(enumerate(first))
            job = waiting.pop(number, None)
            if job is not None:
                return job
            with outside_any_job():
                return executor.submit(work_of(number))
        except (OSError, FailedJobError) as error:
            raise WorkersError(f"Slurm does not take the job: {error}".splitlines()[0]) from error

    waiting: dict[int, Any] = {}

    def status(job: Any) -> int | None:
        if not job.done():
            return None
        return job.result() if job.exception() is None else 1

    return Executor(
        start=start,
        status=status,
        stop=lambda job: job.cancel(),
        kill=lambda job: job.cancel(),
        where=f"{count} Slurm jobs" if cluster == "slurm" else f"{count} jobs of submitit's local executor",
        workers=count,
    )
