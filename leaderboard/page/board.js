const rowsOf = () => [...element.querySelectorAll('tbody tr')];
const search = () => {
  const words = (element.querySelector('input')?.value || '').toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const row of rowsOf()) {
    const text = row.dataset.text;
    row.hidden = !words.every(word => text.includes(word));
    shown += !row.hidden;
  }
  const count = element.querySelector('.board-count');
  if (count) count.textContent = shown + (shown === 1 ? ' row' : ' rows');
};
const sort = (head) => {
  const column = [...head.parentElement.children].indexOf(head);
  const number = head.dataset.kind === 'number';
  const first = head.dataset.first;
  const was = head.getAttribute('aria-sort');
  const order = !was ? first : was === 'ascending' ? 'descending' : 'ascending';
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
const choose = (row) => {
  rowsOf().forEach(other => other.classList.toggle('chosen', other === row));
  trigger('click', {id: row.dataset.id});
};
element.addEventListener('input', search);
element.addEventListener('click', event => {
  const head = event.target.closest('th'), row = event.target.closest('tbody tr');
  if (head) sort(head);
  else if (row && !event.target.closest('a')) choose(row);
});
element.addEventListener('keydown', event => {
  if (event.key === 'Enter' && event.target.matches('tbody tr')) choose(event.target);
});
