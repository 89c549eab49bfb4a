// Starts and stops the camera of the Live tab through Gradio's own component, whose buttons stay hidden and are known by their place:
// the only one there is at first asks for the camera, and the first of those that come instead begins and ends the sending of frames.
// The camera stops when the tab is left, when the page is hidden, when nobody has touched the page for data-idle-s seconds, after a
// turn of data-turn-s seconds, and when no answer comes any more.
const SILENT_MS = 20000, PATIENCE_MS = 3000;
const HIDDEN = "The camera stopped with the page out of sight: press Start.";
const pane = () => document.getElementById("live-pane");
const videoOf = () => document.querySelector("#live-input video");
const press = () => document.querySelector("#live-input video ~ * button"); // below the picture; others are of an upload
const settings = element.querySelector("[data-idle-s]"), button = element.querySelector("button"), said = element.querySelector("[role=status]");
const REMEDY = {
  NotAllowedError: "The browser does not let this page use the camera: allow it by the camera sign in the address bar, then press Start.",
  NotFoundError: "No camera was found: connect one, then press Start.",
  NotReadableError: "Another program uses the camera: close it there, then press Start.",
};
let touched = Date.now(), wanted = false, granting = false, asking = null, sending = null, sentAt = 0, answer, answeredAt = 0, turnAt = 0;
const say = (text) => { if (said.textContent !== text) said.textContent = text; };
const streamOf = () => { const video = videoOf(); return video && video.srcObject; };
const isOn = () => { const stream = streamOf(); return Boolean(stream && stream.getTracks().some((t) => t.readyState === "live")); };
const inLine = () => /queue: (\d+\/\d+)/.exec(document.querySelector("#live-output [data-testid=status-tracker]")?.textContent); // Gradio's, unseen
const answerNow = () => document.querySelector("#live-output img[data-reading]")?.dataset.reading;

function stop(why) {
  wanted = false;
  const stream = streamOf();
  if (sending) sending.click();
  sending = null;
  if (stream) stream.getTracks().forEach((track) => track.stop());
  say(why);
}
async function start() {
  if (!navigator.mediaDevices) return say("Browsers give the camera only to pages over https and to this computer itself: open the page so.");
  if (granting) return; // pressed twice before the browser has given the camera
  let stream;
  try {
    granting = true;
    stream = await navigator.mediaDevices.getUserMedia({ video: true });
  } catch (error) {
    return say(REMEDY[error.name] || `The camera did not start (${error.name}): try another browser.`);
  } finally {
    granting = false;
  }
  wanted = true; touched = Date.now();
  say("");
  const video = videoOf();
  if (video.srcObject) { // once granted, Gradio reads whatever its video shows
    video.srcObject = stream;
    video.play();
  } else { // the first time it opens the camera itself
    stream.getTracks().forEach((track) => track.stop());
    asking = press();
    asking.click();
  }
}
function send() {
  const first = press();
  if (!first || first === asking) return;
  sending = first; sentAt = Date.now(); answer = answerNow(); turnAt = 0;
  first.click();
}
function listen() {
  const now = answerNow();
  const place = !turnAt && Date.now() - sentAt > PATIENCE_MS && inLine();
  if (place) say(`The camera waits in line, place ${place[1].replace("/", " of ")}: others are using all places.`);
  if (now === answer) return;
  if (!turnAt) say("");
  answer = now; answeredAt = Date.now(); turnAt ||= answeredAt; // who waits in line has no turn yet
}
function whyStop() { // undefined: nothing is to be stopped
  const lasts = (since, seconds) => Date.now() - since > 1000 * Number(seconds);
  if (element.offsetParent === null) return "";
  if (document.hidden) return HIDDEN; // it may have been granted since
  if (lasts(touched, settings.dataset.idleS)) return "The camera stopped, because nobody has touched the page for a while: press Start.";
  if (!sending || !turnAt) return undefined;
  if (lasts(turnAt, settings.dataset.turnS)) return "The camera stopped after its two minutes, so that others get a turn: press Start.";
  return lasts(answeredAt, SILENT_MS / 1000) ? "The camera stopped, because no answer comes any more: press Start to try again." : undefined;
}
function watch() {
  if (!element.isConnected) return;
  if (wanted && isOn() && !sending) send();
  if (sending) listen();
  const why = wanted || isOn() ? whyStop() : undefined;
  if (why !== undefined) stop(why);
  else if (!wanted && isOn()) streamOf().getTracks().forEach((track) => track.stop()); // Gradio opened it after Stop was pressed
  button.textContent = wanted ? "Stop" : "Start";
  pane()?.toggleAttribute("data-on", wanted);
}
for (const kind of ["pointerdown", "pointermove", "keydown"]) {
  document.addEventListener(kind, () => { touched = Date.now(); }, { passive: true });
}
document.addEventListener("visibilitychange", () => { if (document.hidden && (wanted || isOn())) stop(HIDDEN); });
button.addEventListener("click", () => { if (wanted) stop(""); else start(); watch(); });
document.addEventListener("click", (event) => { if (event.target.closest("#live-waiting") && !wanted) start(); });
setInterval(watch, 200);
