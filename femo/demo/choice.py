"""Which models can read on this host, and their pipelines, kept in memory up to a bound.

Conventions: a name comes from a visitor, so it is looked up in the list and never taken for a path. Thread-safe.
"""

import sys
import threading
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from typing import Any, Final

import gradio as gr

from femo import Pipeline
from femo.demo.markup import render
from femo.demo.server.arguments import spelt
from femo.demo.zero_gpu import load
from femo.errors import ModelError
from femo.models.find import DEFAULT_MODEL, list_models
from femo.models.weights import missing_files
from femo.networks.decision import Decision

MOST_KEPT: Final = 2
"""Pipelines in memory besides the app's own; one with networks like the two of femo-base takes 85 MB."""
NO_OTHER: Final = "no other"
"""Stands in the list for none; a model's name has no blank."""


def present_models() -> list[str]:
    """Return the models that name an expression and whose files all lie on this host, femo-base first.

    A damaged folder among them is told to the host and left out: the others can read.
    """
    names = [
        spec.name
        for spec in list_models(left_out=partial(print, "Not offered:", file=sys.stderr))
        if spec.files and not missing_files(spec) and any(head.name == "expression" for head in spec.heads)
    ]
    return sorted(names, key=lambda name: (name != DEFAULT_MODEL, name))


class Choice:
    """Gives the pipeline of a model that is offered.

    Args:
        own: The app's own pipeline, which is never dropped; the others use its detector and mesh.
        offered: Names of models.
        make: Loads one; by default its networks, and nothing twice.
    """

    def __init__(self, own: Pipeline, offered: list[str], make: Callable[[str], Pipeline] | None = None) -> None:
        self.own = own
        self.offered = list(dict.fromkeys([own.model, *offered]))
        self._make = make or partial(load, like=own)
        self._kept: OrderedDict[str, Pipeline] = OrderedDict()
        self._lock = threading.Lock()

    def pipeline(self, name: object) -> Pipeline:
        """Return the pipeline of a model, loaded if need be; who comes meanwhile waits for it.

        Raises:
            ModelError: The name is not offered.
            WeightsError: Its weights are damaged.
        """
        if not isinstance(name, str) or name not in self.offered:
            raise ModelError(f"The model is {spelt(name)}, expected one of: {', '.join(self.offered)}.")
        if name == self.own.model:
            return self.own
        with self._lock:
            if name not in self._kept:
                self._kept[name] = self._make(name)
            self._kept.move_to_end(name)
            while len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
            return self._kept[name]

    def named(self, name: str | None) -> Pipeline:
        """Return the pipeline that a caller of the API names, the app's own where none is named; errors as ``pipeline`` has."""
        return self.own if name is None else self.pipeline(name)

    def picker(self, elem_id: str) -> gr.Dropdown:
        """Place the choice of one model; nothing where there is only one."""
        return self._list("Model", self.offered, self.own.model, elem_id)

    def alone(self, elem_id: str) -> None:
        """Place a quiet line, where there is only one model, that says so, and how the host adds another."""
        if len(self.offered) == 1:
            gr.HTML(render("only_model", model=self.own.model), elem_id=f"{elem_id}-only")

    def second(self, elem_id: str) -> gr.Dropdown:
        """Place the choice of a model beside the first; nothing where there is only one."""
        return self._list("Beside it", [NO_OTHER, *self.offered], NO_OTHER, elem_id)

    def _list(self, label: str, names: list[str], value: str, elem_id: str) -> gr.Dropdown:
        several = len(self.offered) > 1
        return gr.Dropdown(names, value=value, label=label, visible=several, filterable=False, elem_id=elem_id)

    def priors(self, name: object, prior: str | None) -> Any:
        """Return the choice of the prior as a model of this name offers it, at the one chosen before where it has that.

        Raises:
            ModelError: The name is not offered.
        """
        decision = self.pipeline(name).decision
        return offered(decision, fitting_prior(decision, prior))


def offered(decision: Decision, prior: str) -> gr.Radio:
    """Return the choice of the prior as a model offers it, hidden where it has only one: a model offers all or one."""
    return gr.Radio(value=prior, visible=len(decision.offered) > 1)


def fitting_prior(decision: Decision, prior: str | None) -> str:
    """Return the prior, or the model's own where it does not decide under this one: another model was chosen a moment ago."""
    return prior if prior is not None and prior in decision.offered else decision.default
