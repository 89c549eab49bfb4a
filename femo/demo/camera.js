// Starts and stops the camera of the Live tab through Gradio's own component, whose buttons stay hidden. The camera stops when
// the tab is left, when the page is hidden, and when nobody has touched the page for data-idle-s seconds.
const part = (selector) => document.querySelector(`#live-input ${selector}`);
const button = element.querySelector("button"), said = element.querySelector("[role=status]");
const REMEDY = {
  NotAllowedError: "The browser does not let this page use the camera: allow it by the camera sign in the address bar, then press Start.",
  NotFoundError: "No camera was found: connect one, then press Start.",
  NotReadableError: "Another program uses the camera: close it there, then press Start.",
};
let touched = Date.now(), wanted = false, pressedAt = 0;
const say = (text) => { said.textContent = text; };
const streamOf = () => { const video = part("video"); return video && video.srcObject; };
const isOn = () => { const stream = streamOf(); return Boolean(stream && stream.getTracks().some((t) => t.readyState === "live")); };
const reading = () => Boolean(part('[title="stop recording"], [title="spinner"]'));

function stop(why) {
  wanted = false;
  const stream = streamOf();
  if (reading()) part('button[aria-label="capture photo"]').click();
  if (stream) stream.getTracks().forEach((track) => track.stop());
  say(why);
}
async function start() {
  if (!navigator.mediaDevices) return say("Browsers give the camera only to pages over https and to this computer itself: open the page so.");
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: true });
  } catch (error) {
    return say(REMEDY[error.name] || `The camera did not start (${error.name}): try another browser.`);
  }
  wanted = true; pressedAt = 0; touched = Date.now();
  say("");
  const grant = part('[title="grant webcam access"] button'), video = part("video");
  if (grant) { // the first time Gradio opens the camera itself
    stream.getTracks().forEach((track) => track.stop());
    grant.click();
  } else if (video) { // afterwards it reads whatever its video shows
    video.srcObject = stream;
    video.play();
  }
}
function watch() {
  if (!element.isConnected) return;
  const idleMs = 1000 * Number(element.querySelector("[data-idle-s]").dataset.idleS);
  if (wanted && isOn() && !reading() && !pressedAt) { pressedAt = Date.now(); part('button[aria-label="capture photo"]').click(); }
  if (wanted || isOn()) {
    if (element.offsetParent === null) stop("");
    else if (Date.now() - touched > idleMs) stop("The camera stopped, because nobody has touched the page for a while: press Start.");
    else if (pressedAt && !reading() && Date.now() - pressedAt > 3000) stop("The camera stopped after its two minutes, so that others get a turn: press Start.");
  }
  button.textContent = wanted ? "Stop" : "Start";
}
for (const kind of ["pointerdown", "pointermove", "keydown"]) {
  document.addEventListener(kind, () => { touched = Date.now(); }, { passive: true });
}
document.addEventListener("visibilitychange", () => { if (document.hidden && (wanted || isOn())) stop("The camera stopped with the page out of sight: press Start."); });
button.addEventListener("click", () => { if (wanted) stop(""); else start(); watch(); });
setInterval(watch, 200);
