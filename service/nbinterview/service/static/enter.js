// Before the room: ask how far it is, and go in as soon as it is ready.

const card = document.querySelector("[data-enter]");
const detail = document.getElementById("enter-detail");
const POLL_MS = 2000;

async function ask() {
  let wait_ms = POLL_MS;
  try {
    const answer = await fetch(card.dataset.enter, {
      headers: { Accept: "application/json" },
    });
    if (answer.status === 401 || answer.status === 404) {
      location.reload();
      return;
    }
    const status = await answer.json();
    if (status.url) {
      location.replace(status.url);
      return;
    }
    if (answer.ok && status.state !== card.dataset.state) {
      location.reload();
      return;
    }
    if (detail.textContent !== status.detail) {
      detail.textContent = status.detail;
    }
  } catch {
    detail.textContent = "The connection is interrupted. Trying again…";
    wait_ms = 2 * POLL_MS;
  }
  setTimeout(ask, wait_ms);
}

setTimeout(ask, POLL_MS);
