// Tells the styles when a photo's picture has loaded. Shows a tab when it has come to rest: no piece came, and none moved, for 250 ms. The leaderboard waits for its scores too.
(() => {
  document.addEventListener("load", (event) => {
    if (event.target.closest?.("#photo-annotated")) event.target.dataset.drawn = "";
  }, true);
  const REST_MS = 250;
  let last = "", since = performance.now();
  const state = (part) => {
    const blocks = part.querySelectorAll(".block");
    const end = blocks.length ? blocks[blocks.length - 1].getBoundingClientRect() : {};
    return [part.id, blocks.length, end.top, end.height, part.querySelectorAll("*").length].join();
  };
  setInterval(() => {
    const part = [...document.querySelectorAll(".tabitem:not([data-ready])")].find((tab) => tab.getBoundingClientRect().width);
    if (!part) return;
    const now = performance.now(), seen = state(part), board = part.querySelector("#board-overview");
    const whole = part.querySelector(".block") && (!board || board.querySelector("button"));
    if (seen !== last || !whole) { last = seen; since = now; return; }
    if (now - since >= REST_MS) part.dataset.ready = "";
  }, 50);
})();
