// Runs in the audio thread: brings the microphone's sound to 16 kHz, mono, and hands it on in frames of 32 ms.
"use strict";

const RATE = 16000;
const FRAME_SAMPLES = 512;
const ZEROS = 16; // of the kernel, on each side
const PHASES = 256; // places between two samples at which the kernel is tabulated
const PASSED = 0.92; // of the lower rate's band; above it there is nothing that a recognizer hears

// Rows of a windowed sinc, one for each place between two samples.
function kernelRows(step) {
  const width = Math.max(1, step);
  const half = Math.ceil(ZEROS * width);
  const rows = [];
  for (let phase = 0; phase < PHASES; phase += 1) {
    const row = new Float32Array(2 * half);
    let sum = 0;
    for (let tap = 0; tap < row.length; tap += 1) {
      const at = tap - half + 1 - phase / PHASES;
      const angle = (Math.PI * at * PASSED) / width;
      const window = 0.42 + 0.5 * Math.cos((Math.PI * at) / half) + 0.08 * Math.cos((2 * Math.PI * at) / half);
      row[tap] = Math.abs(at) >= half ? 0 : window * (angle === 0 ? 1 : Math.sin(angle) / angle);
      sum += row[tap];
    }
    rows.push(row.map((value) => value / sum));
  }
  return { half, rows };
}

class DeskMicrophone extends AudioWorkletProcessor {
  constructor() {
    super();
    this.step = sampleRate / RATE;
    Object.assign(this, kernelRows(this.step));
    this.known = new Float32Array(8192); // of the input; begins where the next kernel does
    this.count = 0;
    this.at = this.half - 1; // the next output's place in it
    this.frame = new Int16Array(FRAME_SAMPLES);
    this.filled = 0;
  }

  process([channels]) {
    if (channels.length === 0) return true; // the microphone is being exchanged
    const length = channels[0].length;
    for (let index = 0; index < length; index += 1) {
      let sum = 0;
      for (const channel of channels) sum += channel[index];
      this.known[this.count + index] = sum / channels.length;
    }
    this.count += length;
    while (Math.floor(this.at) + this.half < this.count) {
      this.take(this.sampleAt(this.at));
      this.at += this.step;
    }
    const done = Math.floor(this.at) - this.half + 1;
    this.known.copyWithin(0, done, this.count);
    this.count -= done;
    this.at -= done;
    return true;
  }

  sampleAt(at) {
    const whole = Math.floor(at);
    const row = this.rows[Math.min(PHASES - 1, Math.round((at - whole) * PHASES))];
    const first = whole - this.half + 1;
    let sum = 0;
    for (let tap = 0; tap < row.length; tap += 1) sum += row[tap] * this.known[first + tap];
    return sum;
  }

  take(sample) {
    this.frame[this.filled] = Math.round(32767 * Math.max(-1, Math.min(1, sample)));
    this.filled += 1;
    if (this.filled < FRAME_SAMPLES) return;
    this.port.postMessage(this.frame.buffer, [this.frame.buffer]);
    this.frame = new Int16Array(FRAME_SAMPLES);
    this.filled = 0;
  }
}

registerProcessor("desk-microphone", DeskMicrophone);
