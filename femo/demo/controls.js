// The bar under a clip: play, time, sound, full screen. It lies below the picture, because the browser's own lies over it, and over the
// faces, for as long as the clip is paused. It is found by its class, so that it works for whatever clip the page shows.
(() => {
  if (window.femoControls) return;
  window.femoControls = true;
  const frameOf = (part) => part?.closest?.(".femo-player");
  const clipOf = (part) => frameOf(part)?.querySelector("video");
  const clock = (seconds, whole) => (whole < 60 ? seconds.toFixed(1)
    : `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`);
  function lengthOf(video) { // what a browser has recorded may not say how long it is
    if (Number.isFinite(video.duration)) return video.duration;
    return video.seekable.length ? video.seekable.end(video.seekable.length - 1) : 0;
  }
  function mark(bar, what, on, name) {
    const button = bar.querySelector(`[data-do=${what}]`);
    if (!button) return; // a clip without sound has no button for it
    button.toggleAttribute("data-on", on);
    button.setAttribute("aria-label", name);
  }
  function show(video) {
    const bar = frameOf(video)?.querySelector(".femo-controls");
    if (!bar) return;
    const whole = lengthOf(video), at = Math.min(video.currentTime, whole), slider = bar.querySelector("input");
    slider.max = whole || 1;
    slider.value = at;
    slider.setAttribute("aria-valuetext", `${at.toFixed(1)} of ${whole.toFixed(1)} seconds`);
    bar.querySelector(".femo-time").textContent = `${clock(at, whole)} / ${clock(whole, whole)}${whole < 60 ? " s" : ""}`;
    mark(bar, "play", !video.paused, video.paused ? "Play" : "Pause");
    mark(bar, "sound", video.muted, video.muted ? "Turn the sound on" : "Turn the sound off");
  }
  function toggle(video) { if (video.paused) video.play(); else video.pause(); }
  function fill(video) {
    const frame = frameOf(video);
    if (document.fullscreenElement) document.exitFullscreen();
    else if (frame.requestFullscreen) frame.requestFullscreen();
    else video.webkitEnterFullscreen?.(); // an iPhone fills its screen with nothing but a video
  }
  for (const kind of ["loadedmetadata", "durationchange", "timeupdate", "seeking", "play", "pause", "ended", "volumechange"])
    document.addEventListener(kind, (event) => { if (event.target.matches?.(".femo-player video")) show(event.target); }, true);
  document.addEventListener("click", (event) => {
    const video = clipOf(event.target);
    if (!video) return;
    const what = event.target.closest("[data-do]")?.dataset.do;
    if (what === "play" || event.target === video) toggle(video);
    else if (what === "sound") video.muted = !video.muted;
    else if (what === "full") fill(video);
  });
  document.addEventListener("input", (event) => {
    const video = event.target.matches?.(".femo-controls input") && clipOf(event.target);
    if (video) video.currentTime = Number(event.target.value);
  });
})();
