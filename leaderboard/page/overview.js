element.addEventListener('click', event => {
  const task = event.target.closest('button')?.dataset.task;
  if (task) trigger('click', {task});
});
