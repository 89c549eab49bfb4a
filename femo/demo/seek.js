element.addEventListener("click", (event) => {
  const button = event.target.closest("[data-time]");
  const video = document.querySelector("#group-stage video");
  if (button && video) { video.currentTime = Number(button.dataset.time); video.scrollIntoView({block: "nearest"}); }
});
