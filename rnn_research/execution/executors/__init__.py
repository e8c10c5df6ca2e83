"""Where workers run: in this process, as processes of this machine, as tasks of Ray, as jobs of Slurm.

``EXECUTORS`` maps what ``--executor`` says to ``(options, trials) -> Executor``; None stands for no worker but this
process itself. What each needs is imported when it is chosen.
"""

from rnn_research.execution.options import Options


def in_this_process(options: Options, trials: int) -> None:
    del options, trials


def on_this_machine(options: Options, trials: int):
    from rnn_research.execution.executors.processes import processes

    return processes(options, trials)


def on_ray(options: Options, trials: int):
    from rnn_research.execution.executors.ray import ray_tasks

    return ray_tasks(options, trials)


def on_slurm(options: Options, trials: int):
    from rnn_research.execution.executors.slurm import slurm_jobs

    return slurm_jobs(options, trials)


EXECUTORS = {"inline": in_this_process, "processes": on_this_machine, "ray": on_ray, "slurm": on_slurm}
