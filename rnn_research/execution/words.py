"""Words about numbers."""


def counted(number: int, thing: str) -> str:
    """``1 run``, ``2 runs``."""
    return f"{number} {thing}" + "s" * (number != 1)
