// What the staff of an interview hears while it goes on (`routes/live_events.py`).

const SHOWN = 30;
const AGAIN_MS = 5000;
// Not open to this browser any more: trying again changes nothing.
const SHUT = new Set([401, 403, 404, 410]);

const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });
const moment = new Intl.DateTimeFormat(undefined, {
  dateStyle: "medium",
  timeStyle: "short",
});
const number = new Intl.NumberFormat();

const part = document.getElementById("live");
const list = part.querySelector("[data-live=list]");
const connection = part.querySelector("[data-live=connection]");
const none = part.querySelector("[data-live=none]");
const more = part.querySelector("[data-live=more]");

let source = null;
let last = 0;
let told = 0;
let over = false;
let timer = 0;

function say(text, state) {
  connection.textContent = text;
  part.dataset.state = state;
}

function timeOf(text, format) {
  const element = document.createElement("time");
  const at = new Date(text);
  element.dateTime = text;
  element.textContent = format.format(at);
  element.title = moment.format(at);
  return element;
}

// Whatever a record says is text here, never HTML.
function add(line) {
  const item = document.createElement("li");
  item.dataset.tone = line.tone;
  const title = document.createElement("strong");
  title.textContent = line.title;
  const at = timeOf(line.at, clock);
  at.className = "faint small";
  item.append(title, " ", at);
  if (line.detail) {
    const detail = document.createElement("p");
    detail.className = "small";
    detail.textContent = line.detail;
    item.append(detail);
  }
  list.prepend(item);
  told += 1;
  while (list.children.length > SHOWN) {
    list.lastElementChild.remove();
  }
  none.hidden = true;
  more.hidden = told <= SHOWN;
}

function put(name, ...content) {
  for (const element of document.querySelectorAll(`[data-live=${name}]`)) {
    element.replaceChildren(...content);
  }
}

function showHead(head) {
  put("last_seq", number.format(head.last_seq));
  if (head.last_time) {
    put("last_time", timeOf(head.last_time, moment));
  }
  if (head.signed) {
    put("signed", number.format(head.signed.size));
  }
  // The past is on the page: from here on a screen reader hears what is new.
  list.setAttribute("aria-live", "polite");
}

function close() {
  clearTimeout(timer);
  source?.close();
  source = null;
}

function open() {
  close();
  if (over || document.hidden) {
    return;
  }
  const own = new EventSource(`${part.dataset.events}?after=${last}`);
  source = own;
  own.addEventListener("open", () => {
    say("Live", "live");
  });
  own.addEventListener("record", (event) => {
    const line = JSON.parse(event.data);
    if (line.seq > last) {
      last = line.seq;
      add(line);
    }
  });
  own.addEventListener("head", (event) => {
    showHead(JSON.parse(event.data));
  });
  own.addEventListener("over", (event) => {
    over = true;
    close();
    say(JSON.parse(event.data).why, "over");
  });
  own.addEventListener("error", () => {
    say("Not connected. It goes on by itself.", "away");
    // A browser tries a lost connection again, and never one that was refused, as by
    // a service that is just starting.
    if (own.readyState === EventSource.CLOSED) {
      close();
      timer = setTimeout(ask, AGAIN_MS);
    }
  });
}

async function ask() {
  try {
    const answer = await fetch(`${part.dataset.events}?once=true&after=${last}`);
    await answer.body?.cancel();
    if (SHUT.has(answer.status)) {
      over = true;
      say("This is not open to you any more.", "over");
      return;
    }
  } catch {
    // Still away.
  }
  open();
}

// A page that nobody looks at holds no connection; it catches up when it is back.
document.addEventListener("visibilitychange", () => {
  if (document.hidden) {
    close();
  } else {
    open();
  }
});

open();
