// Ties the player to the timeline and to the circle of valence and arousal. Axis positions come from Plotly's own layout object (_fullLayout.xaxis).
(() => {
  if (window.femoPlayer) return;
  window.femoPlayer = true;
  let shown = { text: null, boxes: null };
  const plotOf = () => document.querySelector("#femo-timeline .js-plotly-plot");
  const circleOf = () => document.querySelector("#femo-circle .js-plotly-plot");
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
      const who = `${person.id} ${person.name}`.trim();
      let text = `${who} ${box[4]}`.trim();
      if (pen.measureText(text).width + 10 > w * 1.6) text = who;
      const tag = pen.measureText(text).width + 10, at = y >= 20 ? y - 20 : y;
      const from = Math.max(Math.min(x - 1, left + data.width * scale - tag), 0); // no name is cut off at the edge
      pen.fillStyle = person.colour; pen.fillRect(from, at, tag, 20);
      pen.fillStyle = person.ink; pen.fillText(text, from + 5, at + 10.5);
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
  function moveDot(video) {
    const plot = circleOf(), data = boxesNow(), axes = plot && plot._fullLayout;
    if (!axes || !axes.xaxis || !data || !data.way.length) return;
    let dot = plot.querySelector(":scope > .femo-dot");
    if (!dot) { dot = document.createElement("div"); dot.className = "femo-dot"; plot.append(dot); }
    const row = rowAt(data.times, video.currentTime), at = data.way[row];
    dot.hidden = !at;
    if (!at) return;
    dot.style.left = `${axes.xaxis._offset + axes.xaxis.d2p(at[0])}px`;
    dot.style.top = `${axes.yaxis._offset + axes.yaxis.d2p(at[1])}px`;
    dot.style.setProperty("--face", data.persons.find((person) => person.id === data.chosen).colour);
    dot.dataset.valence = at[0]; dot.dataset.arousal = at[1];
  }
  function name(plot) { // a chart is drawn anew with each choice, so it is made to take the focus again
    if (plot.tabIndex === 0) return;
    plot.tabIndex = 0;
    plot.setAttribute("role", "group");
    plot.setAttribute("aria-label", "Timeline: the arrow keys step frames, space plays");
  }
  function tick() {
    const video = videoOf(), plot = plotOf();
    if (plot) name(plot);
    if (video && video.offsetParent !== null) { moveCursor(video); drawBoxes(video); moveDot(video); }
    requestAnimationFrame(tick);
  }
  function step(video, by) { // a moment after the frame begins, for its rounded time may lie before it
    const data = boxesNow();
    if (!data || !data.times.length) return;
    video.pause();
    const row = Math.min(Math.max(rowAt(data.times, video.currentTime) + by, 0), data.times.length - 1);
    video.currentTime = Math.min(data.times[row] + 0.001, video.duration || Infinity);
  }
  document.addEventListener("keydown", (event) => {
    const video = videoOf(), plot = plotOf(), frame = video && video.closest(".femo-player");
    if (!video || event.ctrlKey || event.altKey || event.metaKey) return;
    if (!frame.contains(event.target) && !(plot && plot.contains(event.target))) return;
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (by) step(video, by);
    else if (event.key === " " && !event.target.closest("button")) { if (video.paused) video.play(); else video.pause(); } // a button is pressed by it
    else return;
    event.preventDefault();
    event.stopPropagation(); // else the browser's own player would do its part as well
  }, true);
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
    plot.focus({ preventScroll: true }); // so that the arrow keys go on from where the timeline was pressed
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
