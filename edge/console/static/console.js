// Keeps the page's parts as the console tells them, and sends forms without leaving the page.
"use strict";

const LOST_AFTER_MS = 25000; // the console says something at least every 10 s
const page = document.body.dataset.page;
let tried = document.body.dataset.tried || "";
let source = null;
let lost = null;

function show(news) {
  for (const [name, content] of Object.entries(news)) {
    const part = document.getElementById(name);
    if (part === null) continue;
    const focused = part.contains(document.activeElement) ? document.activeElement.id : "";
    const opened = [...part.querySelectorAll("details[open]")].map((each) => each.id);
    part.innerHTML = content; // made by the console's own templates, which escape what comes from outside
    for (const id of opened) document.getElementById(id)?.setAttribute("open", "");
    if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  }
}

function heard() {
  document.getElementById("lost").hidden = true;
  clearTimeout(lost);
  lost = setTimeout(listen, LOST_AFTER_MS);
}

function listen() {
  source?.close();
  source = new EventSource(`/events/${page}?tried=${encodeURIComponent(tried)}`);
  source.addEventListener("open", heard);
  source.addEventListener("parts", (event) => { heard(); show(JSON.parse(event.data)); });
  source.addEventListener("still", heard);
  source.addEventListener("error", () => {
    document.getElementById("lost").hidden = false;
    // A refusal ends the stream for good: the console is just starting, or the page has to log in anew.
    if (source.readyState === EventSource.CLOSED) { clearTimeout(lost); lost = setTimeout(again, 1000); }
  });
}

async function again() {
  const answer = await fetch(`/${page}`, { headers: { accept: "text/html" } }).catch(() => null);
  if (answer?.redirected) location.assign("/login"); else listen();
}

async function send(form, button) {
  const fields = new URLSearchParams(new FormData(form, button));
  const answer = await fetch(form.action, { method: "POST", body: fields, headers: { accept: "application/json" } })
    .catch(() => null);
  const told = await answer?.json().catch(() => null);
  document.getElementById("said").textContent =
    told?.said ?? told?.error?.message ?? document.getElementById("lost").textContent;
  if (told?.id && page === "try") { tried = told.id; listen(); }
}

async function replay(form) {
  const place = document.getElementById("replayed");
  place.setAttribute("aria-busy", "true");
  const answer = await fetch(form.action, { method: "POST", body: form.elements.drive.files[0] }).catch(() => null);
  place.removeAttribute("aria-busy");
  if (answer?.headers.get("content-type")?.startsWith("text/html")) place.innerHTML = await answer.text();
  else {
    const told = await answer?.json().catch(() => null);
    place.textContent = told?.error?.message ?? document.getElementById("lost").textContent;
  }
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.id === "drive") { event.preventDefault(); replay(form); }
  else if (form.getAttribute("action").startsWith("/do/")) { event.preventDefault(); send(form, event.submitter); }
});

const drop = document.querySelector(".drop");
drop?.addEventListener("dragover", (event) => event.preventDefault());
drop?.addEventListener("drop", (event) => {
  event.preventDefault();
  if (event.dataTransfer.files.length) { drop.elements.drive.files = event.dataTransfer.files; replay(drop); }
});

if (page !== "login") listen();
