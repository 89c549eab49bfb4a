"""The Gradio demo: one module per tab, one theme.

Conventions: a tab is a function ``build(pipeline) -> None`` that is called inside its ``gr.Tab``. Handlers are thin:
read -> pipeline -> draw. Every event joins one of the queues of ``events``, so that a photo never waits behind a film or
a camera, nor a download behind an analysis; every public event has an explicit ``api_name``.
"""
