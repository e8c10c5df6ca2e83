"""The flags of ``launch.py``, and which of them go together."""

from rnn_research.commands import flags
from rnn_research.execution.executors import EXECUTORS
from rnn_research.experiment.looks import FEWEST

PACKS = ("auto", "map", "vmap")

FLAGS = (
    flags.text("experiment", "name of an experiment (see --list) or path of a file that defines one"),
    flags.several(
        "workdir",
        "run directory; runs/NAME if left out; given several times: of --report those that stand side by side, of "
        "--claims further ones",
    ),
    flags.DATA_DIR,
    flags.count("seeds", "runs per arm instead of the experiment's own number"),
    flags.switch(
        "until_decided", "run with 8, 16, 32 seeds until every primary claim is answered, the error spent over all"
    ),
    flags.count("max_seeds", "seeds that --until_decided does not exceed; it plans no more than 32", 32),
    flags.switch("runner_up", "train every arm with its second-best candidate: do the answers hang on the tuning?"),
    flags.count("random", "points to draw from the --grid axes, always the same ones, instead of crossing the axes"),
    flags.switch("full", "the second, larger settings of an experiment that has such: those of what it reproduces"),
    flags.switch("smoke", "shrink the experiment to seconds, every stage kept"),
    flags.switch("list", "list the experiments"),
    flags.switch("print_config", "print the resolved settings and run nothing"),
    flags.switch("dry_run", "print the trials, their programs and the expected time; run nothing"),
    flags.switch("report", "make the report of --workdir again; with several, put them side by side"),
    flags.switch("watch", "with --report: serve its page to this machine, writing nothing, and follow the run"),
    flags.whole("port", "of this machine that --watch serves at; 0: one that is free", 0),
    flags.switch(
        "tensorboard", "write event files for TensorBoard as well, WORKDIR/tensorboard, when the report is made"
    ),
    flags.switch("claims", "collect the verdicts of runs/ and of every --workdir: where does each claim stand?"),
    flags.switch(
        "record", "with --claims: put what the finished runs came to on record, docs/claims.json and claims.md"
    ),
    flags.switch("verify", "train trials of --workdir again, elsewhere, and compare numbers and parameters"),
    flags.whole("trials", "trials that --verify draws at random; 0: all", 3),
    flags.text("fork", "RUN@STEP: go on from that step of a trial with other --config settings, beside it as it was"),
    flags.text("trial", "id of the trial that --fork takes; the best on validation if left out"),
    flags.switch("retrain", "train anew the trials whose code, data or settings of jax have changed, and only those"),
    flags.switch("join", "take part in the work of the launch that runs in --workdir"),
    flags.whole(
        "checkpoint_every", "updates between a trial's checkpoints, in whole chunks of train.eval_every; 0: none", 1000
    ),
    flags.count("keep_checkpoints", "checkpoints kept of each trial", 2),
    flags.count("devices", "CPU devices to use, two or more; as many as cores if left out"),
    flags.count("batch_devices", "devices that share each batch of a trial", 1),
    flags.switch("no_compile_cache", "neither read nor keep compiled programs in the user's folder for caches"),
    flags.choice("pack", "how a device runs its trials: one after another, side by side, or as is best there", PACKS),
    flags.count("beside", "trials that an accelerator runs side by side at most; all of a program if left out"),
    flags.text("distributed", "one program on all hosts: auto on a TPU pod or Slurm, else HOST:PORT,COUNT,INDEX"),
    flags.choice(
        "executor",
        "where trials run: in this process, or in workers of this machine, of a Ray cluster, of Slurm",
        tuple(EXECUTORS),
    ),
    flags.count("workers", "workers of processes, ray and slurm; as many as there is room for if left out"),
    flags.whole("retries", "further attempts at a trial whose worker died or lacked memory", 2),
    flags.text("ray_address", "Ray cluster to use, auto for one that runs here; a local one if left out"),
    flags.pairs("slurm", "options for Slurm, as in partition=gpu,timeout_min=60"),
    flags.number("cpus", "CPUs of each Ray or Slurm worker", 1, least=0),
    flags.number("gpus", "GPUs of each Ray or Slurm worker", 0, least=0),
    flags.number("tpus", "TPU chips of each Ray worker", 0, least=0),
    flags.text("launch", None),
    flags.whole("number", None, 0),
)
# What only some executors read.
OF_EXECUTORS = {
    "devices": ("inline",),
    "workers": ("processes", "ray", "slurm"),
    "cpus": ("ray", "slurm"),
    "gpus": ("ray", "slurm"),
    "tpus": ("ray",),
    "ray_address": ("ray",),
    "slurm": ("slurm",),
}
OF_THE_LAUNCHER = ("executor", "tensorboard", "until_decided", "max_seeds", *OF_EXECUTORS)
# What is done instead of training, and the flags and settings that it reads; None: all.
INSTEAD = {
    "list": (),
    "report": ("workdir", "watch", "port", "tensorboard"),
    "claims": ("workdir", "record"),
    "fork": (
        *("trial", "config", "workdir", "experiment", "data_dir", "devices"),
        *("checkpoint_every", "keep_checkpoints", "no_compile_cache"),
    ),
    "print_config": None,
    "dry_run": None,
    "join": None,
}


def check_together(given: flags.Given) -> None:
    """Refuse flags that would be passed over, beside the others that are given.

    Raises:
      ValueError: the first one.
    """
    values = given.values
    present = [flag.name for flag in FLAGS if values[flag.name].present]
    settings = [f"{prefix}.{path}" for prefix, paths in given.settings.items() for path in paths]
    instead = [name for name in INSTEAD if values[name].value]
    if len(instead) > 1:
        raise ValueError(f"--{instead[0]} and --{instead[1]} do not go together")
    for name in instead:
        reads = INSTEAD[name]
        known = (name, *(reads or ()))
        asked = (*present, *settings) if reads is not None else ()
        others = [other for other in asked if other.partition(".")[0] not in known]
        if others:
            takes = f"reads --{' and --'.join(reads)} alone" if reads else "stands alone"
            raise ValueError(f"--{name} {takes}: not with --{others[0]}")
    if values.max_seeds and "max_seeds" in present and not values.until_decided:
        raise ValueError("--max_seeds is for --until_decided")
    if values.until_decided and ("seeds" in present or values.distributed or values.smoke):
        other = "seeds" if "seeds" in present else "distributed" if values.distributed else "smoke"
        raise ValueError(f"--until_decided chooses the seeds in this process: not with --{other}")
    if values.until_decided and values.max_seeds < FEWEST:
        raise ValueError(f"--max_seeds must be {FEWEST} or more: with fewer there is no verdict")
    if (values.watch and not values.report) or ("port" in present and not values.watch):
        raise ValueError("--watch is for --report, and --port for --watch")
    if values.record and not values.claims:
        raise ValueError("--record is for --claims")
    if values.watch and values.tensorboard:
        raise ValueError("--watch writes nothing: not with --tensorboard")
    if values.tensorboard and (values.join or values.verify or values.fork):
        other = "join" if values.join else "verify" if values.verify else "fork"
        raise ValueError(f"--tensorboard goes with a launch and with --report: not with --{other}")
    if values.trial and not values.fork:
        raise ValueError("--trial is for --fork")
    if values.launch:  # a worker
        return
    for name in OF_EXECUTORS.keys() & set(present):
        if values.executor not in OF_EXECUTORS[name]:
            wanted = " or ".join(f"--executor={one}" for one in OF_EXECUTORS[name])
            raise ValueError(f"--{name} is for {wanted}, not {values.executor}")
