"""The look of the demo: one theme for light and dark, a little CSS, and the header.

Conventions: colours that mean something come from ``femo.draw``; the rest is warm paper and ink with one teal accent,
which no face wears. CSS classes start with ``femo-``. Charts have neutral ink of their own, and here take the theme's.
"""

from typing import Final

import gradio as gr

from femo.draw import PALETTE, ink_on

TITLE: Final = "femo: emotion from faces"

INK: Final = gr.themes.Color(
    "#FBFAF7", "#F5F3EE", "#E9E6DE", "#D5D1C7", "#A8A59D", "#76757A",
    "#565863", "#3B3F4B", "#252A35", "#1A1E27", "#12151C", name="ink",
)  # fmt: skip
TEAL: Final = gr.themes.Color(
    "#EEF8F6", "#D6EFEA", "#AEDFD7", "#7FCABF", "#4BAFA2", "#2B9387",
    "#18786E", "#136059", "#114D48", "#0F3F3C", "#082725", name="teal",
)  # fmt: skip


def theme() -> gr.themes.Base:
    """Return the theme. Its font lies in Gradio's own package, so nothing is fetched from elsewhere."""
    base = gr.themes.Base(
        primary_hue=TEAL,
        secondary_hue=TEAL,
        neutral_hue=INK,
        radius_size=gr.themes.sizes.radius_lg,
        spacing_size=gr.themes.sizes.spacing_md,
    )
    return base.set(
        body_background_fill="*neutral_100",
        body_background_fill_dark="*neutral_950",
        body_text_color="*neutral_800",
        body_text_color_dark="*neutral_100",
        body_text_color_subdued="*neutral_600",
        body_text_color_subdued_dark="*neutral_400",
        background_fill_primary="#FFFFFF",
        background_fill_primary_dark="*neutral_900",
        background_fill_secondary="*neutral_50",
        background_fill_secondary_dark="*neutral_900",
        border_color_primary="*neutral_200",
        border_color_primary_dark="*neutral_800",
        block_background_fill="#FFFFFF",
        block_background_fill_dark="*neutral_900",
        block_border_width="1px",
        block_shadow="0 1px 2px rgb(18 21 28 / 5%)",
        block_shadow_dark="none",
        block_label_background_fill="transparent",
        block_label_background_fill_dark="transparent",
        block_label_border_width="0px",
        block_label_text_color="*neutral_600",
        block_label_text_color_dark="*neutral_400",
        block_label_text_weight="600",
        block_title_text_weight="600",
        block_title_text_color="*neutral_700",
        block_title_text_color_dark="*neutral_200",
        input_background_fill="*neutral_50",
        input_background_fill_dark="*neutral_950",
        button_primary_background_fill="*primary_600",
        button_primary_background_fill_hover="*primary_700",
        button_primary_background_fill_dark="*primary_500",
        button_primary_background_fill_hover_dark="*primary_400",
        button_primary_text_color="#FFFFFF",
        button_primary_text_color_dark="*neutral_950",
        button_secondary_background_fill="#FFFFFF",
        button_secondary_background_fill_dark="*neutral_800",
        button_secondary_border_color="*neutral_300",
        button_secondary_border_color_dark="*neutral_700",
        link_text_color="*primary_700",
        link_text_color_dark="*primary_300",
    )


HEADER: Final = """
<header class="femo-header">
  <svg viewBox="0 0 48 48" aria-hidden="true">
    <circle cx="24" cy="24" r="20" /><path d="M4 24h40M24 4v40" /><circle class="dot" cx="33" cy="14.5" r="5" />
  </svg>
  <div><h1>femo</h1><p>Emotion from faces, measured where it was trained and marked where it was not</p></div>
</header>
"""

_CHIPS: Final = "\n".join(
    f".femo-chips label:nth-child({len(PALETTE)}n+{i}) {{ --chip: {hex_colour}; --chip-ink: {ink_on(hex_colour)}; }}"
    for i, hex_colour in enumerate(PALETTE, 1)
)

CSS: Final = (
    """
.gradio-container { max-width: 1200px !important; margin: 0 auto !important; }
.femo-header { display: flex; align-items: center; gap: 14px; padding: 6px 2px 2px; }
.femo-header svg { width: 44px; height: 44px; flex: none; fill: none; stroke: var(--body-text-color-subdued); }
.femo-header svg circle { stroke: var(--body-text-color); stroke-width: 2; }
.femo-header svg .dot { fill: #D55E00; stroke: none; }
.femo-header h1 { font-size: 30px; line-height: 1; letter-spacing: -0.03em; font-weight: 600; margin: 0; }
.femo-header p { margin: 5px 0 0; color: var(--body-text-color-subdued); font-size: 14px; line-height: 1.35; }
.femo-quiet { color: var(--body-text-color-subdued); font-size: 13.5px; line-height: 1.55; }
.femo-empty { border: 1.5px dashed var(--border-color-primary); border-radius: 14px; padding: 56px 24px;
  text-align: center; color: var(--body-text-color-subdued); }
.femo-empty b { display: block; color: var(--body-text-color); font-size: 17px; margin-bottom: 6px; }
.femo-note { border-left: 3px solid #E69F00; padding: 2px 12px; font-size: 14px; }

.femo-badge { display: inline-block; padding: 1px 8px; border-radius: 99px; font-size: 11.5px; font-weight: 600;
  line-height: 1.6; white-space: nowrap; vertical-align: 1px; }
.femo-trained { background: color-mix(in srgb, #009E73 16%, transparent); color: var(--femo-trained); }
.femo-prior { background: color-mix(in srgb, #E69F00 20%, transparent); color: var(--femo-prior); }
:root { --femo-trained: #006B4F; --femo-prior: #7A4B00; }
.dark { --femo-trained: #4FD3AE; --femo-prior: #F3C063; }
.femo-head { display: flex; justify-content: space-between; align-items: baseline; gap: 8px; font-weight: 600;
  padding: 10px 4px 0; }
.femo-head small { display: block; font-weight: 400; color: var(--body-text-color-subdued); font-size: 12.5px; }

.femo-chips .wrap { gap: 8px !important; }
.femo-chips label { min-width: 44px; min-height: 40px; justify-content: center; border-radius: 12px;
  border: 2px solid var(--chip) !important; background: transparent !important; font-weight: 600; }
.femo-chips label.selected { background: var(--chip) !important; }
.femo-chips label.selected span { color: var(--chip-ink) !important; }
.femo-chips label input { position: absolute; opacity: 0; }
.femo-chips label:focus-within { outline: 2px solid var(--body-text-color); outline-offset: 2px; }

.femo-face { display: flex; gap: 16px; align-items: center; flex-wrap: wrap; }
.femo-face img { width: 112px; height: 112px; border-radius: 14px; object-fit: cover; flex: none; }
.femo-face h3 { margin: 0 0 2px; font-size: 20px; line-height: 1.2; }
.femo-face .femo-lines { flex: 1 1 220px; min-width: 0; }
.femo-meters { flex: 1 1 260px; display: grid; grid-template-columns: 1fr 1fr; gap: 4px 24px; min-width: 0; }
.femo-meters h4 { margin: 0 0 2px; font-size: 13px; display: flex; justify-content: space-between; gap: 6px; }
.femo-meter { display: grid; grid-template-columns: 4.2em 1fr 3em; gap: 8px; align-items: center; font-size: 13px;
  line-height: 1.7; }
.femo-meter i { height: 6px; border-radius: 3px; background: color-mix(in srgb, currentColor 12%, transparent);
  overflow: hidden; }
.femo-meter i::before { content: ""; display: block; height: 100%; width: var(--part); background: var(--face); }
.femo-meter b { font-weight: 400; text-align: right; font-variant-numeric: tabular-nums; }

.femo-scroll { overflow-x: auto; }
.femo-table { border-collapse: collapse; width: 100%; font-size: 14px; }
.femo-table th { text-align: left; font-weight: 600; font-size: 12.5px; color: var(--body-text-color-subdued);
  white-space: nowrap; }
.femo-table th, .femo-table td { padding: 8px 14px 8px 0; border-bottom: 1px solid var(--border-color-primary); }
.femo-table td { white-space: nowrap; font-variant-numeric: tabular-nums; }
.femo-table tr:last-child td { border-bottom: 0; }
.femo-number { display: inline-block; min-width: 26px; padding: 0 6px; border-radius: 8px; text-align: center;
  font-weight: 600; }

.femo-chart { border: 0 !important; box-shadow: none !important; padding: 0 !important; }
.js-plotly-plot .modebar { display: none !important; }
.js-plotly-plot .main-svg text { fill: var(--body-text-color) !important; }
.js-plotly-plot .hoverlayer text { fill: inherit !important; }
footer { opacity: 0.75; }
@media (max-width: 640px) {
  .gradio-container { padding: 10px !important; }
  .femo-meters { grid-template-columns: 1fr; }
  .femo-empty { padding: 32px 16px; }
}
"""
    + _CHIPS
)
