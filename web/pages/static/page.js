// Times in the viewer's own, and pages that follow what happens. Without this script everything can be read all the same.
"use strict";

const inYears = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const inMonths = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const onDay = new Intl.DateTimeFormat("sv-SE", { dateStyle: "short" }); // as the two beside it: 2026-03-02
const onClock = new Intl.DateTimeFormat("sv-SE", { timeStyle: "short" });
const onThisDay = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;

function inWords(at) {
  const now = new Date();
  if (at.toDateString() === now.toDateString()) return onThisDay.format(at);
  return at.getFullYear() === now.getFullYear() ? `${inMonths.format(at)}, ${onThisDay.format(at)}` : inYears.format(at);
}

function localise(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const at = new Date(time.dateTime);
    time.title = `${time.textContent}, ${time.dateTime.slice(0, 16).replace("T", " ")} UTC`;
    time.textContent = inWords(at);
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
  let lost_at = null;
  const say = (words) => {
    if (pulse.textContent !== words) pulse.textContent = words;
    pulse.className = lost_at ? "off" : "on";
  };
  const found = () => {
    lost_at = null;
    say("Live");
  };
  const lost = (why) => {
    lost_at ??= new Date();
    say(`Not live since ${inWords(lost_at)}${why ? ` (${why})` : ""}, trying again`);
  };
  // Who has signed out, in another tab perhaps, is led to the login, and coming again changes nothing.
  const isSignedOut = async () => {
    try {
      const answer = await fetch(address, { redirect: "manual" });
      answer.body?.cancel();
      return answer.type === "opaqueredirect" || answer.status === 401;
    } catch {
      return false;
    }
  };
  const begin = () => {
    source = new EventSource(address);
    source.onopen = () => { again_ms = 2000; };
    source.onerror = () => {
      lost();
      if (source.readyState !== EventSource.CLOSED) return;
      // It was refused, as by a proxy while the process behind it is started anew: a browser does not try that again.
      const again = setTimeout(() => document.hidden || source.readyState !== EventSource.CLOSED || begin(), again_ms);
      again_ms = Math.min(again_ms * 2, 60000);
      isSignedOut().then((is) => {
        if (!is) return;
        clearTimeout(again);
        say("You are signed out: load this page again to sign in");
      });
    };
    source.onmessage = (event) => {
      const { away, ...parts } = JSON.parse(event.data);
      if (away !== undefined) away ? lost(away) : found();
      for (const [name, html] of Object.entries(parts)) {
        const place = document.getElementById(name);
        if (place) replace(place, html);
      }
    };
  };
  // A page that nobody sees leaves its place to others.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      source?.close();
      lost_at ??= new Date();
    } else if (source?.readyState === EventSource.CLOSED) begin();
  });
  window.addEventListener("pagehide", () => source?.close());
  begin();
}

localise(document);
const pointed = matchMedia("(hover: hover)").matches ? "; under the pointer they are Eastern and UTC, too" : "";
for (const place of document.querySelectorAll("[data-zone]")) place.textContent = `Times are yours, ${zone}${pointed}.`;
if (document.body.dataset.live) follow(document.body.dataset.live);
