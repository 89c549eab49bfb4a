"""A model's card in parts: every word stays, headings become the page's, JSON is set apart."""

from pathlib import Path

from femo.demo.about import Section, sections
from femo.models.config import ModelSpec

CARD = """---
tags: [a]
---
# some-model

What it is.

## Scores

| a | b |
|---|---|
| 1 | 2 |

### By group

More.

## Recipe

Before.

```json
{"a": 1}
```

After.
"""


def spec(folder: Path) -> ModelSpec:
    return ModelSpec("m", folder, "none", {}, 8, (0, 0, 0), (1, 1, 1), 3, (), ())


def test_a_card_becomes_headings_and_json_is_set_apart(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text(CARD)
    assert sections(spec(tmp_path)) == [
        Section("about-m-0", "Model m", "What it is."),
        Section("about-m-1", "Scores", "| a | b |\n|---|---|\n| 1 | 2 |\n\n### By group\n\nMore."),
        Section("about-m-2", "Recipe", "Before.\n\n\n\nAfter.", '{"a": 1}'),
    ]


def test_a_model_without_a_card_is_its_name(tmp_path: Path) -> None:
    assert sections(spec(tmp_path)) == [Section("about-m-0", "Model m", "")]


def test_what_follows_the_first_paragraph_is_a_part_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text(CARD.replace("What it is.", "What it is.\n\nWhere it began.\n\n- there"))
    assert sections(spec(tmp_path))[:2] == [
        Section("about-m-0", "Model m", "What it is."),
        Section("about-m-1", "How it came about", "Where it began.\n\n- there"),
    ]
