"""The look of the demo: one theme for light and dark, a little CSS (``theme.css``), and the header.

Conventions: colours that mean something come from ``femo.output.draw``; the rest is warm paper and ink with one teal accent,
which no face wears. CSS classes start with ``femo-``. Charts have neutral ink of their own, and here take the theme's.
"""

from typing import Final

import gradio as gr
from gradio.themes.utils.fonts import LocalFont

from femo.demo.markup import file, render
from femo.output.draw import PALETTE, ink_on

INK: Final = gr.themes.Color(
    "#FBFAF7", "#F5F3EE", "#E9E6DE", "#D5D1C7", "#A8A59D", "#76757A",
    "#565863", "#3B3F4B", "#252A35", "#1A1E27", "#12151C", name="ink",
)  # fmt: skip
TEAL: Final = gr.themes.Color(
    "#EEF8F6", "#D6EFEA", "#AEDFD7", "#7FCABF", "#4BAFA2", "#2B9387",
    "#18786E", "#136059", "#114D48", "#0F3F3C", "#082725", name="teal",
)  # fmt: skip


LOOK: Final = {
    "body_background_fill": "*neutral_100",
    "body_background_fill_dark": "*neutral_950",
    "body_text_color": "*neutral_800",
    "body_text_color_dark": "*neutral_100",
    "body_text_color_subdued": "*neutral_600",
    "body_text_color_subdued_dark": "*neutral_400",
    "background_fill_primary": "#FFFFFF",
    "background_fill_primary_dark": "*neutral_900",
    "background_fill_secondary": "*neutral_50",
    "background_fill_secondary_dark": "*neutral_900",
    "border_color_primary": "*neutral_200",
    "border_color_primary_dark": "*neutral_800",
    "block_background_fill": "#FFFFFF",
    "block_background_fill_dark": "*neutral_900",
    "block_border_width": "1px",
    "block_shadow": "0 1px 2px rgb(18 21 28 / 5%)",
    "block_shadow_dark": "none",
    "block_label_background_fill": "#FFFFFF",
    "block_label_background_fill_dark": "*neutral_900",
    "block_label_border_width": "0px",
    "block_label_text_color": "*neutral_600",
    "block_label_text_color_dark": "*neutral_400",
    "block_label_text_weight": "600",
    "block_title_text_weight": "600",
    "block_title_text_color": "*neutral_700",
    "block_title_text_color_dark": "*neutral_200",
    "input_background_fill": "*neutral_50",
    "input_background_fill_dark": "*neutral_950",
    "button_primary_background_fill": "*primary_600",
    "button_primary_background_fill_hover": "*primary_700",
    "button_primary_background_fill_dark": "*primary_500",
    "button_primary_background_fill_hover_dark": "*primary_400",
    "button_primary_text_color": "#FFFFFF",
    "button_primary_text_color_dark": "*neutral_950",
    "button_secondary_background_fill": "*neutral_200",
    "button_secondary_background_fill_dark": "*neutral_800",
    "button_secondary_border_color": "*neutral_300",
    "button_secondary_border_color_dark": "*neutral_700",
    "link_text_color": "*primary_700",
    "link_text_color_dark": "*primary_300",
}
"""Theme variables; a star names a step of the theme's own scales."""


def theme() -> gr.themes.Base:
    """Return the theme. Its font lies in Gradio's own package, so nothing is fetched from elsewhere.

    Bold stands for semi-bold: Gradio's file of the latter lacks most letters.
    """
    sans = LocalFont("IBM Plex Sans", weights=(400, 700))
    mono = LocalFont("IBM Plex Mono", weights=(400, 700))
    base = gr.themes.Base(
        primary_hue=TEAL,
        secondary_hue=TEAL,
        neutral_hue=INK,
        font=(sans, "ui-sans-serif", "system-ui", "sans-serif"),
        font_mono=(mono, "ui-monospace", "monospace"),
        radius_size=gr.themes.sizes.radius_lg,
        spacing_size=gr.themes.sizes.spacing_md,
    )
    return base.set(**LOOK)


def header(model: str) -> str:
    """Return the page's head: mark, name, what it is, and which model reads."""
    return render("header", model=model)


_CHIPS: Final = "\n".join(
    f".femo-chips label:nth-child({len(PALETTE)}n+{i}) {{ --chip: {hex_colour}; --chip-ink: {ink_on(hex_colour)}; }}"
    for i, hex_colour in enumerate(PALETTE, 1)
)

CSS: Final = file("theme.css") + _CHIPS
