() => {
  const KEPT = ['task', 'group', 'by', 'row', 'first', 'second'];
  const tabs = () => [...document.querySelectorAll('button[role=tab][data-tab-id]')];
  const open = (name) => tabs().find(tab => tab.dataset.tabId === name && tab.offsetParent)?.click();
  const unfold = (button, wanted) => {
    button?.setAttribute('aria-expanded', wanted);
    document.getElementById(button?.getAttribute('aria-controls'))?.classList.toggle('femo-folded', !wanted);
  };
  open(new URLSearchParams(location.search).get('tab'));
  document.addEventListener('click', event => {
    const inner = event.target.closest('a[href^="#"]'), other = event.target.closest('a[data-tab]');
    if (inner) { // the page's <base> would make another address of it
      event.preventDefault();
      const part = document.getElementById(inner.getAttribute('href').slice(1));
      unfold(part?.querySelector('.femo-fold'), true);
      part?.scrollIntoView();
      part?.focus({preventScroll: true});
    }
    if (other) {
      event.preventDefault();
      open(other.dataset.tab);
      scrollTo(0, 0);
    }
    const fold = event.target.closest('.femo-fold');
    unfold(fold, fold?.getAttribute('aria-expanded') === 'false');
    const tab = event.target.closest('button[role=tab][data-tab-id]');
    if (!tab) return;
    const address = new URL(location);
    if (address.searchParams.get('tab') !== tab.dataset.tabId)
      for (const key of KEPT) address.searchParams.delete(key);
    address.searchParams.set('tab', tab.dataset.tabId);
    history.replaceState(history.state, '', address);
  });
}
