// Refreshes the status page: fetches it anew and swaps what is different, piece by piece, so that focus, scrolling,
// opened details and half-typed text stay. Without this file the page is refreshed by hand.
"use strict";

const EVERY_MS = 4000;
const LIMIT_MS = 15000;
const shown = new Map(); // the HTML of each piece as the server sent it, by id

const clock = new Intl.DateTimeFormat([], { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const calendar = new Intl.DateTimeFormat([], { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

function localise(root) {
  const today = new Date().toDateString();
  for (const time of root.querySelectorAll("time[datetime]")) {
    const when = new Date(time.dateTime);
    time.textContent = (when.toDateString() === today ? clock : calendar).format(when);
  }
}

function pieces(root) {
  return [...root.querySelectorAll("[data-live]")];
}

function remember(piece) {
  const parts = "items" in piece.dataset ? [...piece.children] : [piece];
  for (const part of parts) shown.set(part.id, part.outerHTML);
}

function inUse(piece) {
  return piece.matches(":active") || piece.querySelector(":active") !== null; // a button that is being pressed
}

function swap(piece, fresh) {
  if (shown.get(piece.id) === fresh.outerHTML || inUse(piece)) return;
  shown.set(piece.id, fresh.outerHTML);
  const focus = piece.contains(document.activeElement) ? document.activeElement.id : "";
  const opened = [...piece.querySelectorAll("details[open]")].map((each) => each.id);
  const scrolled = [...piece.querySelectorAll(".wide")].map((each) => [each.id, each.scrollLeft]);
  localise(fresh);
  if (piece.getAttribute("role") === "status") {
    piece.className = fresh.className; // a live region has to stay the same element to be read out
    piece.textContent = fresh.textContent;
    return;
  }
  piece.replaceWith(fresh);
  for (const id of opened) document.getElementById(id)?.setAttribute("open", "");
  for (const [id, left] of scrolled) {
    const wide = document.getElementById(id);
    if (wide) wide.scrollLeft = left;
  }
  if (focus) (document.getElementById(focus) ?? document.getElementById(fresh.id)?.querySelector("a, button"))?.focus({ preventScroll: true });
}

function swapItems(list, fresh) {
  const wanted = [...fresh.children];
  const ids = new Set(wanted.map((item) => item.id));
  for (const item of [...list.children]) {
    if (ids.has(item.id) || inUse(item)) continue;
    if (item.contains(document.activeElement)) document.getElementById("tickets").focus({ preventScroll: true });
    shown.delete(item.id);
    item.remove();
  }
  let next = list.firstElementChild;
  for (const item of wanted) {
    const present = document.getElementById(item.id);
    if (present === null) {
      shown.set(item.id, item.outerHTML);
      localise(item);
      list.insertBefore(item, next);
      continue;
    }
    if (present === next) next = next.nextElementSibling;
    else list.insertBefore(present, next);
    swap(present, item);
  }
}

function show(fresh) {
  document.title = fresh.title;
  for (const piece of pieces(document)) {
    const other = fresh.getElementById(piece.id);
    if (other === null) continue;
    if ("items" in piece.dataset) swapItems(piece, document.importNode(other, true));
    else swap(piece, document.importNode(other, true));
  }
}

function complain(text) {
  const place = document.getElementById("trouble");
  if (place.textContent !== text) place.textContent = text;
  place.hidden = text === "";
}

function address() {
  const url = new URL(location.href);
  url.hash = "";
  url.searchParams.set("refresh", "1");
  return url;
}

async function refresh() {
  try {
    const answer = await fetch(address(), { cache: "no-store", signal: AbortSignal.timeout(LIMIT_MS) });
    if (answer.status === 503) return complain("Not up to date: Redis does not answer. This page goes on trying.");
    if (!answer.ok) return complain(`Not up to date: the server answers ${answer.status}. Reload this page.`);
    show(new DOMParser().parseFromString(await answer.text(), "text/html"));
    complain("");
  } catch {
    complain("Not up to date: the server does not answer. This page goes on trying.");
  }
}

const pause = document.getElementById("pause");
let paused = false;
let busy = false;

async function tick() {
  if (busy) return;
  busy = true;
  try {
    await refresh();
  } finally {
    busy = false;
  }
}

pause.hidden = false;
document.getElementById("by-hand").hidden = true;
pause.addEventListener("click", () => {
  paused = !paused;
  pause.textContent = paused ? "Go on" : "Pause";
  if (!paused) tick();
});
document.getElementById("refresh").addEventListener("click", (event) => {
  event.preventDefault();
  tick();
});
document.addEventListener("visibilitychange", () => {
  if (!document.hidden && !paused) tick();
});
pieces(document).forEach(remember);
localise(document);
document.getElementById("zone").textContent = "those of your own clock";
setInterval(() => {
  if (!document.hidden && !paused) tick();
}, EVERY_MS);
