"""The composer: the only file of femo that knows the order of the steps."""


class Pipeline:
    """Detector, network and heads, put together."""


def load(name: str | None = None) -> Pipeline:
    """Return the pipeline of a model folder; the embedded one by default."""
    raise NotImplementedError(name)
