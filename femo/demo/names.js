// Names what Gradio and Plotly leave without one: charts get their reading as text, pictures and their buttons say what they show,
// and what scrolls sideways can be reached by keyboard.
(() => {
  const number = (value) => (Math.abs(value) >= 100 ? value.toFixed(0) : value.toFixed(2));
  const bars = (trace) => {
    const [labels, values] = trace.orientation === "h" ? [trace.y, trace.x] : [trace.x, trace.y];
    return [...labels].map((label, k) => `${label} ${[].concat(trace.text ?? [])[k] ?? number(Number(values[k]))}`).join(", ");
  };
  const curve = (trace) => {
    const values = [...(trace.y ?? [])].map(Number).filter(Number.isFinite);
    if (!trace.name || values.length < 2) return "";
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    return `${trace.name}${trace.meta ? ` by ${trace.meta}` : ""}: mean ${number(mean)}, from ${number(Math.min(...values))} to ${number(Math.max(...values))}`;
  };
  const plain = (text) => text.replace(/<[^>]*>/g, " ").replace(/\s+/g, " ").trim();
  function nameChart(plot) {
    const drawn = plot.querySelector(".svg-container");
    if (!drawn || !plot._fullData) return;
    const traces = plot._fullData.filter((trace) => trace.visible === true);
    const parts = traces.map((trace) => (trace.type === "bar" ? bars(trace) : curve(trace))).filter(Boolean);
    const said = plain(`Chart: ${parts.join("; ") || plot._fullLayout.title?.text || "see the text beside it"}`).slice(0, 900);
    if (drawn.getAttribute("aria-label") === said) return;
    const links = [...drawn.querySelectorAll("a[href]")].some((link) => !link.closest(".modebar")); // Plotly's own come late
    drawn.setAttribute("role", links ? "group" : "img");
    drawn.setAttribute("aria-label", said);
  }
  function namePhoto() {
    const shown = document.querySelector("#photo-annotated");
    const rows = [...document.querySelectorAll("#photo-table tbody tr")].map((row) => [...row.cells].slice(0, 2).map((c) => c.textContent.trim()).join(" "));
    const said = rows.length ? `Photo with numbered boxes. ${rows.map((row) => `Face ${row}`).join("; ")}`.replace(/\s+/g, " ") : "The photo";
    shown?.querySelectorAll("img").forEach((img) => { if (img.alt !== said) img.alt = said; });
    shown?.querySelectorAll("button:not([aria-label])").forEach((button) => button.setAttribute("aria-label", "Choose a face by a tap; by keyboard use the buttons under Face"));
  }
  function look() {
    document.querySelectorAll(".js-plotly-plot").forEach(nameChart);
    namePhoto();
    document.querySelectorAll(".gallery-item:not([aria-label])").forEach((item) => {
      if (item.textContent.trim()) return; // its own words name it
      const title = item.closest(".block")?.querySelector(".label")?.textContent.trim() ?? "Example";
      item.setAttribute("aria-label", `${title}, number ${[...item.parentElement.children].indexOf(item) + 1}`);
    });
    document.querySelectorAll(".femo-scroll, .femo-model-card, .board-frame, .board-scroll").forEach((part) => {
      if (part.scrollWidth > part.clientWidth + 1 || part.scrollHeight > part.clientHeight + 1) part.tabIndex = 0;
      else part.removeAttribute("tabindex");
    });
  }
  let waiting = 0;
  new MutationObserver(() => { waiting ||= setTimeout(() => { waiting = 0; look(); }, 200); })
    .observe(document.documentElement, { childList: true, subtree: true });
})();
