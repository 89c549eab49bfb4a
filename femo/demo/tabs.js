() => {
  const tabs = () => [...document.querySelectorAll('button[role=tab][data-tab-id]')];
  const wanted = new URLSearchParams(location.search).get('tab');
  tabs().find(tab => tab.dataset.tabId === wanted && tab.offsetParent)?.click();
  document.addEventListener('click', event => {
    const tab = event.target.closest('button[role=tab][data-tab-id]');
    if (!tab) return;
    const address = new URL(location);
    if (address.searchParams.get('tab') !== tab.dataset.tabId)
      for (const key of ['task', 'group', 'by', 'row', 'first', 'second']) address.searchParams.delete(key);
    address.searchParams.set('tab', tab.dataset.tabId);
    history.replaceState(history.state, '', address);
  });
}
