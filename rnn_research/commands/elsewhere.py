"""What flags of other tools are called here: for whoever types them. docs/coming_from.md is the long form."""

STEPS = (
    "training is counted in updates: --config.train.steps=N; --config.train.eval_every=N is how often it is looked at"
)
SEEDS = "seeds are counted: --seeds=8 runs every arm with the seeds 0 to 7"
AGAIN = "the same command goes on from the last checkpoints; --fork=RUN@STEP with other settings"
RECORDS = "all is in WORKDIR/metrics.parquet and report/index.html; --tensorboard writes event files as well"
SMALL = "--smoke shrinks an experiment to seconds, --dry_run says what would be run"
SWEEP = "--grid.PATH=a,b,c crosses values, with --random=N it draws them"

INSTEAD_OF = {
    **dict.fromkeys(("epochs", "max_epochs", "max_steps", "steps", "num_epochs"), STEPS),
    **dict.fromkeys(("seed", "seed_everything"), SEEDS),
    **dict.fromkeys(("resume", "ckpt_path", "checkpoint", "resume_from_checkpoint"), AGAIN),
    **dict.fromkeys(("wandb", "logger", "project", "mlflow", "aim"), RECORDS),
    **dict.fromkeys(("fast_dev_run", "debug", "limit_train_batches", "overfit_batches"), SMALL),
    **dict.fromkeys(("multirun", "sweep"), SWEEP),
    **dict.fromkeys(("lr", "learning_rate"), "write --config.optimizer.learning_rate=1e-3"),
    **dict.fromkeys(("batch_size", "batch"), "write --config.train.batch=32"),
    **dict.fromkeys(("config", "config_name", "cfg"), "write --config.PATH=VALUE; --print_config shows the paths"),
    **dict.fromkeys(
        ("accelerator", "device", "strategy"), "jax takes the accelerator that is there; --executor, --devices"
    ),
    **dict.fromkeys(("output_dir", "logdir", "log_dir", "out"), "--workdir=DIR is where a run is kept"),
    **dict.fromkeys(("model", "dataset"), "write --config.model.cell=gru, --config.task=adding"),
}
