// The replay's page: fetch the film, play it, and fetch it again when asked.

import { mount } from "./replay/replay.js";

const screen = document.getElementById("player");
const told = document.getElementById("told");
const more = document.getElementById("more");
const MIB = 1024 * 1024;
let player = null;
let shownSeq = 0;

/** The film, `tell` hears how many bytes have come. */
async function film(tell) {
  const answer = await fetch(screen.dataset.film, {
    headers: { Accept: "application/json" },
  });
  if (answer.status === 401) {
    // The sign-in has run out: the page itself leads to it.
    location.reload();
  }
  if (!answer.ok) {
    const problem = await answer.json().catch(() => null);
    throw new Error(problem?.detail ?? "The service did not answer.");
  }
  const pieces = [];
  let bytes = 0;
  for (const reader = answer.body.getReader(); ; ) {
    const { done, value } = await reader.read();
    if (done) {
      return new Response(new Blob(pieces)).json();
    }
    pieces.push(value);
    bytes += value.length;
    tell(bytes);
  }
}

function show(found, at_ms) {
  player?.dispose();
  const isFirst = player === null;
  screen.replaceChildren();
  player = mount(screen, found, {
    address: true,
    provenance: true,
    actions: [{ label: "Copy a link to this moment", run: copyLink }],
  });
  if (!isFirst) {
    // Where the reader was; the address may name where they began.
    player.seek(at_ms);
  }
  player.onSeek(fillForms);
  fillForms(player.at_ms);
}

async function copyLink(at_ms) {
  const address = new URL(location.href);
  address.hash = `t=${clock(at_ms)}`;
  try {
    await navigator.clipboard.writeText(address.href);
    told.textContent = `The link to ${clock(at_ms)} is copied.`;
  } catch {
    // No right to the clipboard: the address bar has it, from where it can be copied.
    location.replace(address.hash);
    told.textContent = "The address of this page is the link now.";
  }
}

/** Forms of this page that are about a moment get the one that is shown. */
function fillForms(at_ms) {
  for (const field of document.querySelectorAll("input[data-at-ms]")) {
    field.value = String(Math.round(at_ms));
  }
}

document.addEventListener(
  "submit",
  () => {
    if (player !== null) {
      fillForms(player.at_ms);
    }
  },
  { capture: true },
);

function clock(at_ms) {
  const seconds = Math.floor(at_ms / 1000);
  const two = (number) => String(number).padStart(2, "0");
  const rest = `${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  return seconds < 3600 ? rest : `${Math.floor(seconds / 3600)}:${rest}`;
}

async function first() {
  const progress = document.getElementById("progress");
  try {
    const found = await film((bytes) => {
      progress.textContent = `Reading the film: ${(bytes / MIB).toFixed(1)} MB`;
    });
    shownSeq = found.last_seq;
    show(found, 0);
    if (more !== null) {
      more.disabled = false;
    }
  } catch (error) {
    const waiting = document.getElementById("waiting");
    waiting.querySelector("svg").remove();
    progress.textContent = `The film cannot be shown. ${error.message}`;
  }
}

async function again() {
  more.disabled = true;
  told.textContent = "Reading what came since…";
  try {
    const found = await film(() => {});
    if (found.last_seq > shownSeq) {
      show(found, player.at_ms);
      told.textContent = `Up to ${clock(found.duration_ms)} now.`;
    } else {
      told.textContent = "Nothing came since.";
    }
    shownSeq = found.last_seq;
  } catch (error) {
    told.textContent = error.message;
  } finally {
    more.disabled = false;
  }
}

more?.addEventListener("click", again);
first();
