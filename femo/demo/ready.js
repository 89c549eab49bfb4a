// Tells the styles when a photo's picture has loaded. Shows a tab when it has come to rest: no piece came, and none moved, in five looks
// of 50 ms one after the other; time in which a slow machine could not look is no rest. The leaderboard waits for its scores too.
(() => {
  document.addEventListener("load", (event) => {
    if (event.target.closest?.("#photo-annotated")) event.target.dataset.drawn = "";
  }, true);
  const LOOKS = 5, MOST_LOOKS = 100; // a tab that finds no rest is shown all the same
  let last = "", quiet = 0, looks = 0, watched = null;
  document.documentElement.dataset.watched = ""; // so the styles need not show it by the clock
  const state = (part) => {
    const blocks = part.querySelectorAll(".block");
    const end = blocks.length ? blocks[blocks.length - 1].getBoundingClientRect() : {};
    return [part.id, blocks.length, end.top, end.height, part.querySelectorAll("*").length].join();
  };
  setInterval(() => {
    const part = [...document.querySelectorAll(".tabitem:not([data-ready])")].find((tab) => tab.getBoundingClientRect().width);
    if (!part) return;
    if (part !== watched) { watched = part; looks = 0; }
    const seen = state(part), board = part.querySelector("#board-overview");
    const whole = part.querySelector(".block") && (!board || board.querySelector("button"));
    quiet = seen === last && whole ? quiet + 1 : 0;
    last = seen;
    if (quiet >= LOOKS || ++looks >= MOST_LOOKS) { part.dataset.ready = ""; startCharts(); }
  }, 50);
  // What draws charts is 4.6 MB of script that takes half a second to start. Who looks around first has it by the first chart; who
  // presses something at once gets their picture first, as the start would hold it up.
  const LOOKS_MS = 1000;
  let acted = false, started = false;
  for (const kind of ["pointerdown", "keydown", "dragenter"])
    document.addEventListener(kind, () => { acted = true; }, { once: true, capture: true, passive: true });
  function startCharts() {
    const known = document.querySelector('meta[name="femo-charts"]');
    if (started || !known || navigator.connection?.saveData) return;
    started = true;
    const href = new URL(known.content, document.baseURI).href;
    setTimeout(() => { if (!acted) import(href).catch(() => {}); }, LOOKS_MS); // a chart asks again, and says it if that fails too
  }
})();
