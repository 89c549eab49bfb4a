// Ties the player to the timeline. Axis positions come from Plotly's own layout object (_fullLayout.xaxis).
(() => {
  if (window.femoPlayer) return;
  window.femoPlayer = true;
  let shown = { text: null, boxes: null };
  const plotOf = () => document.querySelector("#femo-timeline .js-plotly-plot");
  const videoOf = () => document.querySelector("#femo-player video");
  const axisOf = (plot) => plot && plot._fullLayout && plot._fullLayout.xaxis;

  function boxesNow() {
    const holder = document.getElementById("femo-boxes");
    const text = holder ? holder.dataset.boxes : null;
    if (text !== shown.text) shown = { text, boxes: text ? JSON.parse(text) : null };
    return shown.boxes;
  }
  function rowAt(times, time) {
    let low = 0, high = times.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (times[middle] <= time + 0.001) low = middle; else high = middle - 1;
    }
    return low;
  }
  function drawBoxes(video) {
    const canvas = video.parentElement.querySelector("canvas");
    const toggle = document.querySelector("#femo-player .femo-toggle input");
    const wide = canvas.clientWidth, high = canvas.clientHeight, ratio = window.devicePixelRatio || 1;
    if (canvas.width !== Math.round(wide * ratio) || canvas.height !== Math.round(high * ratio)) {
      canvas.width = Math.round(wide * ratio); canvas.height = Math.round(high * ratio);
    }
    const pen = canvas.getContext("2d"), data = boxesNow();
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, wide, high);
    if (!data || !data.times.length || (toggle && !toggle.checked)) return;
    const scale = Math.min(wide / data.width, high / data.height);
    const left = (wide - data.width * scale) / 2, top = (high - data.height * scale) / 2;
    const row = rowAt(data.times, video.currentTime);
    pen.font = "600 13px IBM Plex Sans, sans-serif"; pen.textBaseline = "middle";
    for (const person of data.persons) {
      const box = person.rows[row];
      if (!box) continue;
      const x = left + box[0] * scale, y = top + box[1] * scale;
      const w = (box[2] - box[0]) * scale, h = (box[3] - box[1]) * scale;
      pen.lineWidth = 4; pen.strokeStyle = "rgba(18,21,28,.75)"; pen.strokeRect(x, y, w, h);
      pen.setLineDash(box[4].endsWith("?") ? [6, 5] : []);
      pen.lineWidth = 2; pen.strokeStyle = person.colour; pen.strokeRect(x, y, w, h);
      pen.setLineDash([]);
      let text = `${person.id} ${box[4]}`.trim();
      if (pen.measureText(text).width + 10 > w * 1.6) text = String(person.id);
      const tag = pen.measureText(text).width + 10, at = y >= 20 ? y - 20 : y;
      pen.fillStyle = person.colour; pen.fillRect(x - 1, at, tag, 20);
      pen.fillStyle = person.ink; pen.fillText(text, x + 4, at + 10.5);
    }
  }
  let fittedAt = 0;
  function fit(plot) { // drawn while its column was still hidden, a chart keeps the narrow width of then
    const room = plot.parentElement.clientWidth;
    if (Math.abs(room - plot._fullLayout.width) < 5 || Date.now() - fittedAt < 500) return;
    fittedAt = Date.now();
    window.dispatchEvent(new Event("resize"));
  }
  function moveCursor(video) {
    const plot = plotOf(), axis = axisOf(plot);
    if (!axis) return;
    fit(plot);
    let cursor = plot.querySelector(":scope > .femo-cursor");
    if (!cursor) { cursor = document.createElement("div"); cursor.className = "femo-cursor"; plot.append(cursor); }
    const at = Math.min(Math.max(axis.d2p(video.currentTime), 0), axis._length);
    cursor.style.left = `${axis._offset + at}px`;
    cursor.dataset.time = `${video.currentTime.toFixed(2)} s`;
    cursor.classList.toggle("femo-left", at > axis._length - 60);
  }
  function tick() {
    const video = videoOf();
    if (video && video.offsetParent !== null) { moveCursor(video); drawBoxes(video); }
    requestAnimationFrame(tick);
  }
  function seek(event) {
    const plot = plotOf(), axis = axisOf(plot), video = videoOf();
    if (!axis || !video) return;
    const time = axis.p2d(event.clientX - plot.getBoundingClientRect().left - axis._offset);
    video.currentTime = Math.min(Math.max(time, 0), video.duration || time);
  }
  let held = null;
  document.addEventListener("pointerdown", (event) => {
    const plot = plotOf();
    if (!plot || !plot.contains(event.target) || event.target.closest(".legend") || event.button) return;
    held = { x: event.clientX, y: event.clientY, mouse: event.pointerType === "mouse" };
    if (held.mouse) seek(event);
  }, true);
  document.addEventListener("pointermove", (event) => { if (held && held.mouse) seek(event); }, true);
  document.addEventListener("pointerup", (event) => {
    if (held && !held.mouse && Math.hypot(event.clientX - held.x, event.clientY - held.y) < 8) seek(event);
    held = null;
  }, true);
  document.addEventListener("pointercancel", () => { held = null; }, true);
  requestAnimationFrame(tick);
})();
