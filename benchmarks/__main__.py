"""Run the parts and write RESULTS.md; a part that is not run keeps its section."""

import importlib
import pkgutil
import re
import sys
from pathlib import Path

import benchmarks
from benchmarks.measure import machine

RESULTS = Path(__file__).with_name("RESULTS.md")
FIRST = ("photo", "video", "mesh", "adaptive", "clips", "abaw", "leaderboard")
"""The order of reading; other parts follow by name."""


def parts() -> list[str]:
    """Return the names of the modules that have ``run``."""
    names = [module.name for module in pkgutil.iter_modules(benchmarks.__path__) if module.name != "__main__"]
    runnable = [name for name in names if hasattr(importlib.import_module(f"benchmarks.{name}"), "run")]
    return sorted(runnable, key=lambda name: (FIRST.index(name) if name in FIRST else len(FIRST), name))


def sections(text: str) -> dict[str, str]:
    """Return part -> section of an earlier RESULTS.md."""
    found = re.findall(r"<!-- part: (\w+) -->\n(.*?)(?=<!-- part: |\Z)", text, flags=re.DOTALL)
    return {name: body.strip() for name, body in found}


def main(wanted: list[str]) -> int:
    known = parts()
    unknown = [name for name in wanted if name not in known]
    if unknown:
        print(f"No such part: {', '.join(unknown)}; there are {', '.join(known)}", file=sys.stderr)
        return 2
    done = sections(RESULTS.read_text("utf-8")) if RESULTS.exists() else {}
    for name in wanted or known:
        print(f"{name} ...", flush=True)
        command = f"Made by `python -m benchmarks {name}` on {machine()}."
        done[name] = f"{importlib.import_module(f'benchmarks.{name}').run().strip()}\n\n{command}"
        body = "\n\n".join(f"<!-- part: {part} -->\n{done[part]}" for part in known if part in done)
        RESULTS.write_text(f"# Benchmarks\n\n`make bench` makes this page anew.\n\n{body}\n", "utf-8")
        print(done[name], flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
