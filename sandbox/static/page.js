// Looks again every second and puts in what has changed, unless somebody is in the middle of it.
"use strict";

async function lookAgain() {
  const answer = await fetch(location.pathname, { cache: "no-store" });
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const old of document.querySelectorAll("[data-live]")) {
    const now = fresh.querySelector(`[data-live="${old.dataset.live}"]`);
    const busy = old.contains(document.activeElement) || !document.getSelection().isCollapsed;
    if (now && !busy && now.innerHTML !== old.innerHTML) old.innerHTML = now.innerHTML;
  }
}

setInterval(() => {
  if (!document.hidden) lookAgain().catch(() => {});
}, 1000);
