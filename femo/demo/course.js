// The course of the Live tab: pace, a chart of the last 30 s, a snapshot, and a recording as CSV. All of it stays in the browser.
const SHOWN_MS = 30000, MOST_ROWS = 200000, LEAST = 0.15;
const COLOURS = ["#D55E00", "#0072B2", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8A6FDF", "#76757A"];
const part = element.querySelector(".femo-course"), canvas = part.querySelector("canvas"), said = part.querySelector("[role=status]");
const press = (name) => part.querySelector(`[data-do=${name}]`);
let frames = [], rows = [], columns = [], startedAt = 0, recording = false, named = 0, charted;
let before = 0; // added to ids in the recording: those of an earlier camera are other people's
let saved = true, warned = false;

const latest = () => document.querySelector("#live-output img[data-reading]");
const whom = (frame) => frame.persons.find((person) => person.id === charted);
const unsaved = () => rows.length && !saved;
function download(address, name) {
  const link = document.createElement("a");
  link.href = address; link.download = name; link.click();
}
const stamp = () => new Date().toISOString().slice(0, 19).replace(/[:T]/g, "-");
function record(frame) {
  if (!startedAt) startedAt = frame.at;
  if (rows.length + frame.persons.length > MOST_ROWS) return toggle();
  columns = ["time_s", "person", "unsure", ...frame.columns];
  for (const person of frame.persons) rows.push([((frame.at - startedAt) / 1000).toFixed(3), person.id + before, person.unsure ? 1 : 0, ...person.values]);
  saved = false;
  said.textContent = `${rows.length} rows${before ? `; the camera started anew: person 1 is now recorded as person ${before + 1}` : ""}`;
}
function toggle() {
  if (!recording && unsaved() && !warned) { // no question of the browser's: it asks none for a page inside another site's
    warned = true;
    said.textContent = `${rows.length} rows are not saved: press Save CSV, or Record again to drop them`;
    return;
  }
  recording = !recording; warned = false;
  if (recording) { rows = []; startedAt = 0; before = 0; said.textContent = ""; }
  press("record").textContent = recording ? "Stop recording" : "Record";
  press("record").setAttribute("aria-pressed", String(recording));
  press("save").disabled = recording || !rows.length;
}
function begin() { // another camera: its ids count from 1
  frames = []; charted = undefined;
  if (recording) before = rows.reduce((most, row) => Math.max(most, row[1]), before);
}
function follow(now) {
  if (!whom(now) && now.persons.length) charted = Math.min(...now.persons.map((person) => person.id));
  part.querySelector(".femo-whose").textContent = charted === undefined ? "Nobody yet" : `Person ${charted}, the last 30 s`;
}
function draw() {
  const now = frames[frames.length - 1], id = charted, ratio = window.devicePixelRatio || 1;
  const wide = canvas.clientWidth, high = canvas.clientHeight, room = wide - 92;
  canvas.width = wide * ratio; canvas.height = high * ratio;
  const pen = canvas.getContext("2d"), ink = getComputedStyle(canvas).color;
  pen.scale(ratio, ratio); pen.font = "12px IBM Plex Sans, sans-serif"; pen.textBaseline = "middle"; pen.lineWidth = 2;
  pen.globalAlpha = 0.25; pen.fillStyle = ink;
  for (const level of [0, 0.5, 1]) pen.fillRect(0, 8 + (high - 16) * (1 - level), room, 1);
  pen.globalAlpha = 1;
  const ends = [];
  now.labels.forEach((label, k) => {
    const points = frames.map((f) => [f.at, f.persons.find((p) => p.id === id)?.values[k]]);
    if (!points.some(([, value]) => value >= LEAST)) return;
    pen.strokeStyle = COLOURS[k % COLOURS.length]; pen.beginPath();
    let down = false;
    for (const [at, value] of points) { // where the person was not there is a gap
      if (value === undefined) { down = false; continue; }
      const x = room * (1 - (now.at - at) / SHOWN_MS), y = 8 + (high - 16) * (1 - value);
      if (down) pen.lineTo(x, y); else pen.moveTo(x, y);
      down = true;
    }
    pen.stroke();
    const value = whom(now)?.values[k];
    if (value !== undefined) ends.push({ label, k, y: 8 + (high - 16) * (1 - value) });
  });
  ends.sort((a, b) => a.y - b.y).forEach((end, row) => { // names do not lie on one another
    const y = Math.min(Math.max(end.y, row ? ends[row - 1].at + 13 : 8), high - 8);
    end.at = y; pen.fillStyle = COLOURS[end.k % COLOURS.length]; pen.fillRect(room + 4, y - 4, 8, 8);
    pen.fillStyle = ink; pen.fillText(end.label, room + 16, y);
  });
  if (now.at - named < 2000) return;
  named = now.at;
  const values = whom(now) ? now.labels.map((label, k) => [label, whom(now).values[k]]).sort((a, b) => b[1] - a[1]) : [];
  canvas.setAttribute("aria-label", `The last 30 seconds of ${id === undefined ? "nobody" : `person ${id}`}${values.length ? `: now ${values[0][0]} ${Math.round(100 * values[0][1])} %` : ""}`);
}
function take() {
  const img = latest();
  if (!img) return;
  const frame = { ...JSON.parse(img.dataset.reading), at: performance.now() };
  if (frame.came_s === frames[frames.length - 1]?.came_s) return; // Gradio puts each answer into the page twice
  if (frames.length && frame.camera !== frames[frames.length - 1].camera) begin();
  frames = [...frames, frame].filter((one) => frame.at - one.at <= SHOWN_MS);
  part.hidden = false;
  const recent = frames.filter((one, row) => frame.at - one.at <= 3000 || row >= frames.length - 2);
  const seconds = (frame.at - recent[0].at) / 1000;
  const pace = seconds > 0.5 ? `${((recent.length - 1) / seconds).toFixed(1)} frames per second` : "…";
  const shared = frame.cameras > 1 ? `; ${frame.cameras} cameras share this machine${frame.unmeshed ? ", so meshes are left out" : ""}` : "";
  part.querySelector(".femo-pace").textContent = `${pace}, each answered ${Math.round(frame.spent_ms)} ms after it came in${shared}`;
  if (recording) record(frame);
  follow(frame);
  draw();
}
element.addEventListener("click", (event) => {
  const what = event.target.closest("[data-do]")?.dataset.do;
  if (what === "record") toggle();
  if (what === "snapshot" && latest()) download(latest().src, `femo-${stamp()}.jpg`);
  if (what === "save") {
    const text = [columns, ...rows].map((row) => row.join(",")).join("\n") + "\n";
    const address = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
    download(address, `femo-live-${stamp()}.csv`);
    saved = true; warned = false;
    setTimeout(() => URL.revokeObjectURL(address), 10000);
  }
});
new MutationObserver(take).observe(document.querySelector("#live-output"), { childList: true, subtree: true, attributes: true, attributeFilter: ["data-reading"] });
