"""Settings that would be accepted and passed over: those that only other settings make a trial read."""

from collections.abc import Iterator, Sequence

from rnn_research.experiment.config import ModelConfig, OptimizerConfig, TrialConfig

STEPPED = ("periods", "hold", "factor")


def check_read(configs: Sequence[TrialConfig]) -> None:
    """Refuse a setting that was changed and that no arm reads. What some arms read may stand in the base of all.

    Args:
      configs: of all arms, resolved.

    Raises:
      ValueError: the first one, and what would read it.
    """
    unread = [dict(_unread(config)) for config in configs]
    for path, reader in unread[0].items() if unread else ():
        if all(path in of_arm for of_arm in unread):
            raise ValueError(f"{path} would not be read: {reader}")


def _unread(config: TrialConfig) -> Iterator[tuple[str, str]]:
    """The settings, by path, that differ from the default and that a trial does not read; and what would read them."""
    optimizer, model = config.optimizer, config.model
    if optimizer.name == "adam" and optimizer.momentum != OptimizerConfig.momentum:
        yield "optimizer.momentum", "it is for optimizer.name=sgd or rmsprop"
    for name in STEPPED:
        if optimizer.schedule != "stepped" and getattr(optimizer, name) != getattr(OptimizerConfig, name):
            yield f"optimizer.{name}", "it is for optimizer.schedule=stepped"
    if not model.embedding and model.embedding_init != ModelConfig.embedding_init:
        yield "model.embedding_init", "it needs model.embedding, the vectors' width"
    if not model.embedding and model.embedding_frozen:
        yield "model.embedding_frozen", "it needs model.embedding, the vectors' width"
    if model.bidirectional and model.reverse:
        yield "model.reverse", "it is for a network that reads one way, not for model.bidirectional"
    if model.residual and model.layers == 1:
        yield "model.residual", "it needs model.layers=2 or more"
