"""Speed and scale, measured side by side with peers in one run.

Every module here that has ``run() -> str`` is a part; it returns one Markdown section that begins with ``## ``.
``python -m benchmarks`` runs all parts, ``python -m benchmarks photo`` one, and writes ``benchmarks/RESULTS.md``.
"""
