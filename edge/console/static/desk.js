// The desk: dictated sentences at the cursor, copied, and sent to shuttles. Nothing of it is kept anywhere.
"use strict";

const AGAIN_MS = 1000;
const TYPING_MS = 800; // a sentence waits while somebody types, so that no word is torn
const MICROPHONE_AGAIN_MS = 2000;
const MOST_SENTENCES = 50;
const MOST_TEXT = 20000;
const MOST_WAITING_BYTES = 64 * 1024; // two seconds of sound that the connection has not taken
const METER_EVERY = 3; // frames
const LAST_SOUND_MS = 250; // what was said when the key was pressed is still on its way through the browser
const ANNOUNCED = ["ru", "en", "id"]; // languages in which shuttles speak
const NO_SPACE_AFTER = /[\s([{«„“"'‘/\-–—\u00a0]/;
const NO_SPACE_BEFORE = /[\s.,;:!?…)\]}»”%]/;
const IN_WORD = /[\p{L}\p{N}\p{Cs}_'’-]/u;

const desk = document.getElementById("desk");
const words = desk.dataset;
const text = document.getElementById("text");
const interim = document.getElementById("interim");
const sentences = document.getElementById("sentences");
const dictateButton = document.getElementById("dictate");
const sendButton = document.getElementById("send");
const spoken = document.getElementById("spoken-language");
const each = document.getElementById("each");
const auto = document.getElementById("auto");
const meter = document.getElementById("level");
const server = document.getElementById("server");
const said = document.getElementById("said");

let socket = null;
let wanted = false; // dictation is switched on
let asked = false; // the fleet has been asked who is there
let sending = false;
let sound = null; // { context, stream } while the microphone is open
let ending = 0;
let frames = 0;
let typedAt = -Infinity;
let waiting = []; // sentences that came while somebody typed
let point = { seen: null, next: 0 }; // the next sentence goes behind the last one if that did not move the cursor

function say(told, trouble = false) {
  said.textContent = told;
  said.classList.toggle("bad", trouble);
}

// --- what is understood goes into the text ---

// A sentence at a place, or behind the word in which that lies, with the blanks that it needs.
function insertion(whole, at, sentence) {
  let offset = at;
  while (offset > 0 && offset < whole.length && IN_WORD.test(whole[offset - 1]) && IN_WORD.test(whole[offset])) offset += 1;
  const before = whole[offset - 1];
  const after = whole[offset];
  const opens = before === undefined || NO_SPACE_AFTER.test(before) || NO_SPACE_BEFORE.test(sentence[0]);
  const closes = after === undefined || NO_SPACE_BEFORE.test(after);
  return { offset, text: `${opens ? "" : " "}${sentence}${closes ? "" : " "}` };
}

// What is selected is never replaced: people select in order to copy.
function write(sentence) {
  const { selectionStart: begin, selectionEnd: end } = text;
  const isSeen = point.seen !== null && point.seen[0] === begin && point.seen[1] === end;
  const what = insertion(text.value, isSeen ? point.next : end, sentence);
  const next = what.offset + what.text.length;
  if (document.activeElement === text) {
    text.setSelectionRange(what.offset, what.offset);
    document.execCommand("insertText", false, what.text); // so that the browser's undo takes it back
  } else text.setRangeText(what.text, what.offset, what.offset, "preserve");
  if (begin === end) text.setSelectionRange(next, next);
  else text.setSelectionRange(begin, end);
  point = { seen: [text.selectionStart, text.selectionEnd], next };
  text.scrollTop = begin === end && next === text.value.length ? text.scrollHeight : text.scrollTop;
  list(sentence);
  if (each.checked) copy(sentence);
}

function writeWaiting() {
  const left = TYPING_MS - (performance.now() - typedAt);
  if (left > 0) { setTimeout(writeWaiting, left); return; }
  for (const sentence of waiting.splice(0)) write(sentence);
}

function list(sentence) {
  const row = document.getElementById("sentence").content.cloneNode(true);
  row.querySelector("span").textContent = sentence;
  row.querySelector("button").setAttribute("aria-label", `${words.copySentence}: ${sentence}`);
  row.querySelector("button").addEventListener("click", () => copy(sentence));
  sentences.prepend(row);
  while (sentences.children.length > MOST_SENTENCES) sentences.lastElementChild.remove();
  document.getElementById("no-sentences").hidden = true;
}

async function copy(what) {
  if (what === "") return;
  try {
    await navigator.clipboard.writeText(what);
    say(words.copied.replace("{count}", what.length));
  } catch {
    say(words.notCopied, true);
  }
}

// --- the microphone ---

async function open() {
  if (sound !== null) return;
  if (!navigator.mediaDevices) { say(words.insecure, true); switchTo(false); return; }
  const ours = { context: new AudioContext(), stream: null };
  sound = ours;
  try {
    ours.stream = await navigator.mediaDevices.getUserMedia({
      audio: { channelCount: 1, echoCancellation: false, noiseSuppression: false, autoGainControl: true },
    });
    await ours.context.audioWorklet.addModule("/static/desk_microphone.js");
  } catch (error) {
    close(ours);
    const why = { NotAllowedError: words.microphoneRefused, NotFoundError: words.microphoneNone }[error.name];
    say(why ?? `${words.microphoneFailed} (${error.name})`, true);
    // Who has refused is not asked again; whatever else is the matter may pass.
    if (error.name === "NotAllowedError") switchTo(false);
    else if (wanted) setTimeout(() => { if (wanted) open(); }, MICROPHONE_AGAIN_MS);
    return;
  }
  if (sound !== ours || !wanted) { close(ours); return; } // it was switched off meanwhile
  const node = new AudioWorkletNode(ours.context, "desk-microphone", { channelCount: 1, channelCountMode: "max" });
  node.port.onmessage = (event) => { if (sound === ours) hear(event.data); };
  ours.context.createMediaStreamSource(ours.stream).connect(node).connect(ours.context.destination); // which stays silent
  ours.stream.getAudioTracks()[0].addEventListener("ended", () => {
    close(ours);
    say(words.microphoneNone, true);
    setTimeout(() => { if (wanted) open(); }, MICROPHONE_AGAIN_MS);
  });
  if (ours.context.state !== "running") { say(words.touch); await ours.context.resume(); say(""); }
}

function close(ours) {
  for (const track of ours?.stream?.getTracks() ?? []) track.stop();
  ours?.context.close();
  if (sound === ours) sound = null;
  meter.value = meter.min;
}

function hear(buffer) {
  frames += 1;
  if (frames % METER_EVERY === 0) {
    const samples = new Int16Array(buffer);
    let sum = 0;
    for (const sample of samples) sum += sample * sample;
    meter.value = Math.max(meter.min, 10 * Math.log10(sum / samples.length / 32768 ** 2 + 1e-10));
  }
  if (socket?.readyState !== WebSocket.OPEN) return;
  if (socket.bufferedAmount > MOST_WAITING_BYTES) say(words.slow, true);
  else socket.send(buffer);
}

function switchTo(on) {
  wanted = on;
  dictateButton.setAttribute("aria-pressed", String(on));
  dictateButton.querySelector("span").textContent = on ? words.stop : words.start;
  clearTimeout(ending);
  if (on) {
    order({ do: "dictate", on, language: spoken.value });
    open();
  } else {
    ending = setTimeout(() => {
      order({ do: "dictate", on, language: spoken.value });
      close(sound);
    }, LAST_SOUND_MS);
  }
}

// --- the console ---

function order(what) {
  const isOpen = socket?.readyState === WebSocket.OPEN;
  if (isOpen) socket.send(JSON.stringify(what));
  return isOpen;
}

function told(news) {
  switch (news.type) {
    case "realtime": interim.textContent = news.text; break;
    case "fullSentence":
      interim.textContent = "";
      if (news.text !== "") { waiting.push(news.text); writeWaiting(); }
      break;
    case "server":
      if (news.name !== "connected") interim.textContent = "";
      showServer(news.name, news.told);
      break;
    case "parts": for (const [name, content] of Object.entries(news.parts)) show(name, content); break;
    case "said": sending = false; sendButton.disabled = false; say(news.text, news.trouble); break;
    case "sent": for (const box of document.querySelectorAll("#recipients input")) box.checked = false; break;
  }
}

function showServer(name, why) {
  const state = words[`server${name[0].toUpperCase()}${name.slice(1)}`];
  server.textContent = why ? `${state}: ${why}` : state;
  server.className = `state ${name === "connected" ? "good" : "bad"}`;
}

function show(name, content) {
  const part = document.getElementById(name);
  const checked = [...part.querySelectorAll("input:checked")].map((box) => box.id);
  const focused = part.contains(document.activeElement) ? document.activeElement.id : "";
  part.innerHTML = content; // made by the console's own templates, which escape what comes from outside
  for (const id of checked) { const box = document.getElementById(id); if (box) box.checked = true; }
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
}

function connect() {
  socket = new WebSocket(`${location.origin.replace(/^http/, "ws")}/desk/line`);
  socket.addEventListener("open", () => {
    order({ do: "dictate", on: wanted, language: spoken.value });
    if (asked) order({ do: "ask" });
  });
  socket.addEventListener("message", (event) => told(JSON.parse(event.data)));
  socket.addEventListener("close", (event) => {
    interim.textContent = "";
    showServer("lost", event.reason);
    if (sending) { sending = false; sendButton.disabled = false; say(words.unsure, true); }
    setTimeout(connect, AGAIN_MS);
  });
}

// --- sending ---

function ask() {
  asked = true;
  order({ do: "ask" });
}

function send() {
  writeOut();
  const to = [...document.querySelectorAll("#recipients input[name=to]:checked")].map((box) => box.value);
  if (to.length === 0) {
    if (!asked) ask();
    say(words.choose);
    document.querySelector("#recipients input")?.focus();
    return;
  }
  const safety = document.getElementById("safety")?.checked ?? false;
  if (sending) return;
  const language = ANNOUNCED.includes(spoken.value) ? spoken.value : "";
  sending = order({ do: "send", text: text.value.slice(0, MOST_TEXT), to, safety, language });
  sendButton.disabled = sending;
  say(sending ? words.sending : words.serverLost, !sending);
}

function writeOut() { for (const sentence of waiting.splice(0)) write(sentence); }

function copyAll() { writeOut(); copy(text.value); }

const KEYS = { F1: () => switchTo(!wanted), F3: copyAll, F5: send };

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey || !(event.key in KEYS)) return;
  event.preventDefault();
  if (!event.repeat) KEYS[event.key]();
});
text.addEventListener("beforeinput", (event) => { if (event.isTrusted && event.inputType !== "") typedAt = performance.now(); });
dictateButton.addEventListener("click", () => switchTo(!wanted));
document.getElementById("copy-all").addEventListener("click", copyAll);
sendButton.addEventListener("click", send);
document.addEventListener("click", (event) => { if (event.target.id === "ask") ask(); });
spoken.addEventListener("change", () => order({ do: "dictate", on: wanted, language: spoken.value }));
auto.addEventListener("change", () => history.replaceState(null, "", auto.checked ? "?auto" : location.pathname));
addEventListener("beforeunload", (event) => { if (text.value.trim() !== "") event.preventDefault(); });
for (const kind of ["pointerdown", "keydown"]) addEventListener(kind, () => { if (sound?.context.state === "suspended") sound.context.resume(); });

connect();
if (new URLSearchParams(location.search).has("auto")) { auto.checked = true; switchTo(true); }
text.focus();
