// Times in the viewer's own, and pages that follow what happens. Without this script everything can be read all the same.
"use strict";

const inDays = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const onDay = new Intl.DateTimeFormat("sv-SE", { dateStyle: "short" }); // as the two beside it: 2026-03-02
const onClock = new Intl.DateTimeFormat("sv-SE", { timeStyle: "short" });
const onThisDay = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;

function localise(root) {
  const today = new Date().toDateString();
  for (const time of root.querySelectorAll("time[datetime]")) {
    const at = new Date(time.dateTime);
    time.title = `${time.textContent}, ${time.dateTime.slice(0, 16).replace("T", " ")} UTC`;
    time.textContent = (at.toDateString() === today ? onThisDay : inDays).format(at);
  }
  for (const cell of root.querySelectorAll(".yours")) {
    const at = new Date(cell.dataset.at);
    for (const place of cell.querySelectorAll("b")) place.textContent = onClock.format(at);
    for (const place of cell.querySelectorAll("span")) place.textContent = onDay.format(at);
    cell.hidden = false;
  }
}

// A part is drawn by the server. What was open stays open, and the focus stays where it was.
function replace(place, html) {
  const links = () => [...place.querySelectorAll("a, summary")];
  const focused = links().indexOf(document.activeElement);
  const open = [...place.querySelectorAll("details")].map((each) => each.open);
  place.innerHTML = html;
  place.querySelectorAll("details").forEach((each, number) => { each.open = open[number] ?? each.open; });
  localise(place);
  if (focused >= 0) links()[focused]?.focus({ preventScroll: true });
}

function follow(address) {
  const pulse = document.getElementById("pulse");
  let source = null;
  let again_ms = 2000;
  const say = (words, on) => {
    if (pulse.textContent !== words) pulse.textContent = words;
    pulse.classList.toggle("on", on);
  };
  const begin = () => {
    source = new EventSource(address);
    source.onopen = () => {
      again_ms = 2000;
      say("Live", true);
    };
    source.onerror = () => {
      say("Not live; trying again", false);
      if (source.readyState !== EventSource.CLOSED) return;
      // It was refused, as by a proxy while the process behind it is started anew: a browser does not try that again.
      setTimeout(() => document.hidden || source.readyState !== EventSource.CLOSED || begin(), again_ms);
      again_ms = Math.min(again_ms * 2, 60000);
    };
    source.onmessage = (event) => {
      for (const [name, html] of Object.entries(JSON.parse(event.data))) {
        const place = document.getElementById(name);
        if (place) replace(place, html);
      }
    };
  };
  // A page that nobody sees leaves its place to others.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) source?.close();
    else if (source?.readyState === EventSource.CLOSED) begin();
  });
  window.addEventListener("pagehide", () => source?.close());
  begin();
}

localise(document);
for (const place of document.querySelectorAll("[data-zone]")) place.textContent = `Times are yours, ${zone}; under the pointer they are Eastern and UTC, too.`;
if (document.body.dataset.live) follow(document.body.dataset.live);
