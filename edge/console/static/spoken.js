// Shows the guide's words as they sound. It keeps what it has without a connection, and comes back by itself.
"use strict";

const LOST_AFTER_MS = 6000; // the console says something at least every 2 s
const AGAIN_MS = 1000;
const CLOCK_SAMPLES = 40;
const HOLD_MS = 4000; // behind its end a sentence stays so long, and longer where there is more to read
const HOLD_PER_CHARACTER_MS = 40;
const MOST_HOLD_MS = 12000;

const line = document.getElementById("line");
const whole = document.getElementById("whole");
const kind = document.getElementById("kind");
const sign = document.getElementById("sign");
const calm = matchMedia("(prefers-reduced-motion: reduce)");
let source = null;
let watchdog = 0;
let clock = []; // this page's clock less the console's, ms: the least is the one that came with the least delay
let anew = true; // the console may be another one: what is known of its clock counts no more
let shown = null; // the words that stand here
let spans = [];
let next = 0;
let clearing = 0;
let marked = -1;

function here(seconds) { return seconds * 1000 + Math.min(...clock); }

function heard(told) {
  if (anew) { clock = []; anew = false; }
  clock.push(performance.now() - told.now * 1000);
  if (clock.length > CLOCK_SAMPLES) clock.shift();
  clearTimeout(watchdog);
  watchdog = setTimeout(lost, LOST_AFTER_MS);
}

function lost() {
  sign.textContent = sign.dataset.lost;
  listen();
}

function take(told) {
  sign.textContent = "";
  if (told.turn === null) { finish(); return; }
  clearTimeout(clearing);
  clearing = 0;
  const before = shown;
  shown = told;
  if (before?.turn !== told.turn || before.text !== told.text) {
    whole.lang = line.lang = told.language ?? "";
    whole.textContent = told.text;
  }
  if (before?.turn !== told.turn || before.text !== told.text || told.outcome !== null || before.words.length !== told.words.length) build();
  const label = kind.dataset[told.kind] ?? "";
  kind.textContent = label;
  kind.className = told.kind ?? "";
  kind.hidden = label === "";
  mark();
  if (told.outcome !== null) hold();
}

// Nothing sounds any more: what had not begun was cut.
function finish() {
  if (shown === null || shown.outcome !== null) return;
  const now = performance.now();
  const begun = shown.words.filter(([, , begins]) => begins !== null && here(begins) <= now);
  shown = { ...shown, words: begun, outcome: begun.length < shown.words.length ? "interrupted" : "spoken" };
  build();
  mark();
  hold();
}

// The text as pieces: each word with sound in a span of its own, what lies between as it is.
function build() {
  let characters = Array.from(shown.text); // offsets count characters, not UTF-16 units
  const cut = shown.outcome !== null && shown.outcome !== "spoken";
  if (cut) characters = characters.slice(0, shown.words.at(-1)?.[1] ?? 0);
  const parts = [];
  let at = 0;
  spans = shown.words.map(([start, end]) => {
    parts.push(characters.slice(at, start).join(""));
    const span = document.createElement("span");
    span.textContent = characters.slice(start, end).join("");
    parts.push(span);
    at = end;
    return span;
  });
  parts.push(characters.slice(at).join(""));
  line.replaceChildren(...parts);
  marked = -1;
}

function mark() {
  clearTimeout(next);
  if (shown === null) return;
  const now = performance.now();
  let current = -1;
  let soonest = Infinity;
  shown.words.forEach(([, , begins], index) => {
    if (begins === null) return;
    if (here(begins) <= now) current = index;
    else soonest = Math.min(soonest, here(begins));
  });
  const over = shown.outcome !== null;
  spans.forEach((span, index) => {
    span.className = index < current || (over && index <= current) ? "said" : index === current ? "now" : "";
  });
  line.classList.toggle("over", shown.outcome === "spoken");
  if (current >= 0 && current !== marked) {
    marked = current;
    const { top, bottom } = spans[current].getBoundingClientRect();
    if (top < 0 || bottom > innerHeight) spans[current].scrollIntoView({ block: "center", behavior: calm.matches ? "auto" : "smooth" });
  }
  if (soonest < Infinity) next = setTimeout(mark, Math.max(1, soonest - now));
}

function hold() {
  clearTimeout(clearing);
  clearing = setTimeout(clear, Math.min(MOST_HOLD_MS, HOLD_MS + HOLD_PER_CHARACTER_MS * shown.text.length));
}

function clear() {
  clearTimeout(next);
  clearing = 0;
  shown = null;
  line.replaceChildren();
  whole.textContent = "";
  kind.hidden = true;
}

function listen() {
  source?.close();
  clearTimeout(watchdog);
  watchdog = setTimeout(lost, LOST_AFTER_MS);
  source = new EventSource("/spoken/events");
  source.addEventListener("open", () => { anew = true; });
  source.addEventListener("words", (event) => { const told = JSON.parse(event.data); heard(told); take(told); });
  source.addEventListener("still", (event) => { heard(JSON.parse(event.data)); sign.textContent = ""; });
  source.addEventListener("away", (event) => { heard(JSON.parse(event.data)); finish(); sign.textContent = sign.dataset.away; });
  source.addEventListener("error", () => {
    sign.textContent = sign.dataset.lost;
    // A refusal ends the stream for good: the console is just starting, or wants its token.
    if (source.readyState === EventSource.CLOSED) { clearTimeout(watchdog); watchdog = setTimeout(again, AGAIN_MS); }
  });
}

async function again() {
  const answer = await fetch("/spoken", { headers: { accept: "text/html" } }).catch(() => null);
  if (answer?.redirected) location.assign("/login"); else listen();
}

async function stayAwake() {
  if (document.visibilityState === "visible") await navigator.wakeLock?.request("screen").catch(() => null);
}

document.addEventListener("visibilitychange", () => { stayAwake(); mark(); });
stayAwake();
listen();
