"use strict";
// The page works without this: the title, a filter for the list, and printing what is folded.
(() => {
  // The head was sent before the record was read.
  const heading = document.querySelector("h1");
  if (heading) document.title = `${heading.textContent} · nbinterview`;
  const input = document.getElementById("filter");
  if (input) {
    const rows = [...document.querySelectorAll("[data-row]")];
    const found = document.getElementById("found");
    input.closest(".filter").hidden = false;
    input.addEventListener("input", () => {
      const wanted = input.value.trim().toLocaleLowerCase();
      let shown = 0;
      for (const row of rows) {
        row.hidden = !row.textContent.toLocaleLowerCase().includes(wanted);
        shown += row.hidden ? 0 : 1;
      }
      found.textContent = wanted ? `${shown} of ${rows.length}` : "";
    });
  }
  // The player hears of every new moment in the address, but not of the same one again.
  const player = document.getElementById("nbinterview-replay");
  for (const link of player ? document.querySelectorAll('a[href^="#t="]') : []) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      const moment = link.getAttribute("href");
      history.pushState(null, "", moment);
      dispatchEvent(new HashChangeEvent("hashchange"));
      player.scrollIntoView({ block: "center" });
    });
  }
  const folded = document.querySelectorAll("details");
  addEventListener("beforeprint", () => folded.forEach((part) => (part.open = true)));
})();
