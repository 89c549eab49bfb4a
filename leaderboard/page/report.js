const close = () => {
  if (!props.value) return;
  props.value = '';
  const address = new URL(location);
  address.searchParams.delete('row');
  history.replaceState(history.state, '', address);
  const row = document.querySelector('#board-table tr.chosen');
  row?.classList.remove('chosen');
  row?.focus();
};
element.addEventListener('click', event => {
  if (event.target.closest('.board-close')) close();
  const copy = event.target.closest('.board-copy');
  if (!copy) return;
  navigator.clipboard?.writeText(copy.previousElementSibling.textContent);
  copy.textContent = 'Copied';
});
document.addEventListener('keydown', event => { if (event.key === 'Escape') close(); });
watch('value', () => element.querySelector('.board-close')?.focus());
