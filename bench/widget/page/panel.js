// Put into an interviewer's page: when each flag was in the page, and painted.
(() => {
  const flags = [];
  const known = new WeakSet();
  new MutationObserver(() => {
    for (const item of document.querySelectorAll(
      '#nbinterview-panel [data-kind=flag]'
    )) {
      if (!known.has(item)) {
        known.add(item);
        const { rule } = item.dataset;
        requestAnimationFrame(() => {
          const { port1, port2 } = new MessageChannel();
          port1.onmessage = () =>
            flags.push([performance.timeOrigin + performance.now(), rule]);
          port2.postMessage(null);
        });
      }
    }
  }).observe(document, { subtree: true, childList: true, attributes: true });
  window.flags = flags;
})();
