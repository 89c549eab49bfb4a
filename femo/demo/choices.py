"""Controls that several tabs share."""

from typing import Any, Final

import gradio as gr

from femo import Pipeline

MIXES: Final = {"natural": "as in the training set", "balanced": "all alike"}


def prior_choice(pipeline: Pipeline, **more: Any) -> gr.Radio:
    """Place the choice of the prior; hidden where the model has only one."""
    decision = pipeline.decision
    return gr.Radio(
        [(MIXES[prior], prior) for prior in decision.offered],
        value=decision.default,
        visible=len(decision.offered) > 1,
        label="How common expressions are taken to be",
        info="All alike finds rare expressions such as fear more often, and errs more on frequent ones",
        **more,
    )
