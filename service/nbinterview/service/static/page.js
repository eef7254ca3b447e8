// Times in the reader's own zone, buttons that copy a link, parts that keep fresh.

const format = new Intl.DateTimeFormat(undefined, {
  dateStyle: "medium",
  timeStyle: "short",
});

function localTimes(root) {
  for (const element of root.querySelectorAll("time[datetime]")) {
    const moment = new Date(element.dateTime);
    if (!Number.isNaN(moment.getTime())) {
      element.title = element.textContent;
      element.textContent = format.format(moment);
    }
  }
}

localTimes(document);

for (const button of document.querySelectorAll("button[data-copy]")) {
  const label = button.textContent;
  button.addEventListener("click", async () => {
    const field = document.getElementById(button.dataset.copy);
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
      button.textContent = "Copied";
    } catch {
      // No right to the clipboard: the link is selected, a key copies it.
      button.textContent = "Press Ctrl+C";
    }
    setTimeout(() => {
      button.textContent = label;
    }, 2000);
  });
}

const FRESH_MS = 1500;

// A part with `data-refresh` is taken anew from that page until it has no more to say.
function keepFresh(part) {
  setTimeout(async () => {
    let next = part;
    try {
      const answer = await fetch(part.dataset.refresh);
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const found = answer.ok && page.getElementById(part.id);
      if (found && found.outerHTML !== part.dataset.seen) {
        next = document.importNode(found, true);
        next.dataset.seen = found.outerHTML;
        localTimes(next);
        part.replaceWith(next);
      }
    } catch {
      // The service is away; the next time it may be there.
    }
    if (next.dataset.refresh) {
      keepFresh(next);
    }
  }, FRESH_MS);
}

for (const part of document.querySelectorAll("[data-refresh]")) {
  keepFresh(part);
}
