// While protected mode is on: a second of work for this computer shows that no program begins gifts by the thousand.
// Finds a number whose SHA-256 with the form's key begins with the asked-for zero bits. Nobody else is asked.
const K = [];
const H = [];
for (let n = 2; K.length < 64; n += 1) {
  let prime = true;
  for (let d = 2; d * d <= n; d += 1) if (n % d === 0) prime = false;
  if (!prime) continue;
  if (H.length < 8) H.push((Math.sqrt(n) % 1 * 2 ** 32) | 0);
  K.push((Math.cbrt(n) % 1 * 2 ** 32) | 0);
}

const W = new Int32Array(64);

function rotated(x, n) {
  return (x >>> n) | (x << (32 - n));
}

// One block of 64 bytes into the state.
function compress(state, bytes, from) {
  for (let i = 0; i < 16; i += 1) {
    const at = from + i * 4;
    W[i] = (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3];
  }
  for (let i = 16; i < 64; i += 1) {
    const s0 = rotated(W[i - 15], 7) ^ rotated(W[i - 15], 18) ^ (W[i - 15] >>> 3);
    const s1 = rotated(W[i - 2], 17) ^ rotated(W[i - 2], 19) ^ (W[i - 2] >>> 10);
    W[i] = (W[i - 16] + s0 + W[i - 7] + s1) | 0;
  }
  let [a, b, c, d, e, f, g, h] = state;
  for (let i = 0; i < 64; i += 1) {
    const s1 = rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25);
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + K[i] + W[i]) | 0;
    const s0 = rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22);
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g; g = f; f = e; e = (d + t1) | 0; d = c; c = b; b = a; a = (t1 + t2) | 0;
  }
  return [a, b, c, d, e, f, g, h].map((value, i) => (value + state[i]) | 0);
}

// The first 32 bits of the hash of an ASCII text.
function firstWord(text) {
  const length = text.length;
  const bytes = new Uint8Array(((length + 8) >> 6 << 6) + 64);
  for (let i = 0; i < length; i += 1) bytes[i] = text.charCodeAt(i);
  bytes[length] = 0x80;
  new DataView(bytes.buffer).setUint32(bytes.length - 4, length * 8);
  let state = H;
  for (let from = 0; from < bytes.length; from += 64) state = compress(state, bytes, from);
  return state[0];
}

for (const form of document.querySelectorAll("[data-work]")) {
  const bits = Number(form.dataset.work);
  const field = (name) => form.elements.namedItem(name);
  const prefix = `${field("challenge").value}:${field("form_key").value}:`;
  let number = 0;
  let waits = false;

  const work = () => {
    for (const until = number + 2000; number < until; number += 1) {
      if (firstWord(prefix + number) >>> (32 - bits) === 0) {
        field("proof").value = number;
        if (waits) form.requestSubmit();
        return;
      }
    }
    setTimeout(work);
  };

  form.addEventListener("submit", (event) => {
    if (field("proof").value !== "" || field("code")?.value) return;
    waits = true; // sent as soon as the work is done
    event.preventDefault();
  });
  work();
}
