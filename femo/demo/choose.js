element.addEventListener("click", (event) => {
  const button = event.target.closest("[data-track]");
  if (button) trigger("select", { index: Number(button.dataset.track), value: Number(button.dataset.track) });
});
