const open = new Set();
const rowsOf = () => [...element.querySelectorAll('tbody tr')];
const search = () => {
  const words = (element.querySelector('input')?.value || '').toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const row of rowsOf()) {
    const folded = 'variant' in row.dataset && !words.length && !open.has(row.dataset.team);
    row.hidden = folded || !words.every(word => row.dataset.text.includes(word));
    shown += !row.hidden;
  }
  const count = element.querySelector('.board-count');
  if (count) count.textContent = shown + (shown === 1 ? ' row' : ' rows');
};
const sort = (head) => {
  const column = [...head.parentElement.children].indexOf(head);
  const number = head.dataset.kind === 'number';
  const was = head.getAttribute('aria-sort');
  const order = !was ? head.dataset.first : was === 'ascending' ? 'descending' : 'ascending';
  for (const other of head.parentElement.children) other.removeAttribute('aria-sort');
  head.setAttribute('aria-sort', order);
  const sign = order === 'ascending' ? 1 : -1;
  const key = row => row.children[column].dataset.sort;
  const rows = rowsOf().sort((a, b) => {
    const x = key(a), y = key(b);
    if (x === '' || y === '') return (x === '') - (y === '');
    return sign * (number ? x - y : x.localeCompare(y));
  });
  rows.forEach(row => row.parentElement.append(row));
};
const fold = (button) => {
  const team = button.closest('tr').dataset.team;
  if (!open.delete(team)) open.add(team);
  button.setAttribute('aria-expanded', open.has(team));
  search();
};
const choose = (row) => {
  rowsOf().forEach(other => other.classList.toggle('chosen', other === row));
  const address = new URL(location);
  address.searchParams.set('tab', 'leaderboard');
  address.searchParams.set('row', row.dataset.id);
  history.replaceState(history.state, '', address);
  trigger('click', {id: row.dataset.id});
};
element.addEventListener('input', search);
element.addEventListener('click', event => {
  const head = event.target.closest('th'), row = event.target.closest('tbody tr');
  const more = event.target.closest('.board-more');
  if (head) sort(head);
  else if (more) fold(more);
  else if (row && !event.target.closest('a')) choose(row);
});
element.addEventListener('keydown', event => {
  if (event.key === 'Enter' && event.target.matches('tbody tr')) choose(event.target);
});
watch('value', () => open.clear());
