"""The shipped model, loaded once in a process of the tests: each time costs half a second of processor time."""

from functools import cache

from femo.pipeline import Pipeline, load


@cache
def pipeline(prior: str | None = None, measure: bool = True) -> Pipeline:
    """What ``femo.load()`` returns."""
    return load("femo-base", prior=prior, measure=measure)
