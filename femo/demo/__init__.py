"""The Gradio demo: one module per tab, one theme.

Conventions: a tab is a function ``build(pipeline) -> None`` that is called inside its ``gr.Tab``. Handlers are thin:
read -> pipeline -> draw. Every event that analyses something joins one of two queues, so that a photo never waits
behind a film; every public event has an explicit ``api_name``.
"""
