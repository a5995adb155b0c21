// Sends files to the app in pieces (see pages/_ui/upload_routes.py). The queue belongs to the browser's page, not to the
// element: a visit to another page of Limelight, which takes the element away, does not stop it.

const SMALLEST = 256 * 1024, TARGET_SECONDS = 0.5, LONGEST_WAIT = 30, PATIENCE = 60;
const HEADER = { "X-Limelight-Upload": "1" };
const pause = (seconds, signal) => new Promise((over) => {
  const timer = setTimeout(over, seconds * 1000);
  signal?.addEventListener("abort", () => { clearTimeout(timer); over(); }, { once: true });
});

class Refused extends Error {
  constructor(status, told) { super([told.message, told.hint].filter(Boolean).join(" ")); Object.assign(this, { status, told }); }
}

class Queue {
  constructor() { Object.assign(this, { items: [], address: "", piece: 0, turn: 0, trouble: "", handing: false, draw: () => {}, arrived: () => {}, say: () => {} }); }

  // ---- what a person does

  async add(files, skipped = 0) {
    if (!files.length) { this.fail(skipped ? "No file in there looks like a table." : "There is no file in there."); return; }
    this.trouble = "";
    const items = files.map((file) => ({ file, name: file.webkitRelativePath || file.path || file.name, size: file.size, at: 0, state: "waiting", said: "", seen: [] }));
    this.items.push(...items);
    if (skipped) this.say(`${skipped.toLocaleString("en")} other files were left out.`);
    this.draw();
    await this.begin(items);
  }
  hold(item) { item.state = "paused"; item.stop?.abort(); this.draw(); this.say(`${item.name} is paused.`); }
  resume(item) { item.state = "waiting"; item.wake?.abort(); this.draw(); this.pump(); }
  again(item) { item.said = ""; item.state = "waiting"; if (item.id) this.pump(); else this.begin([item]); this.draw(); }
  async cancel(item) {
    item.state = "gone";
    item.stop?.abort(); item.wake?.abort();
    this.items = this.items.filter((other) => other !== item);
    this.draw(); this.say(`${item.name} is left out.`);
    if (item.id) await this.ask(`/${item.id}`, { method: "DELETE" }).catch(() => {});
    this.pump();
  }
  fail(text) { this.trouble = text; this.draw(); }

  // ---- sending

  attach(data) {
    const other = this.address && this.address !== data.address;
    Object.assign(this, { address: data.address, piece: data.piece });
    if (this.turn !== data.turn || other) this.handing = false;
    this.turn = data.turn;
    if (other) { // the app was started again, or forgot us: what it had of these files is gone, but we still hold them
      for (const item of this.items) { item.stop?.abort(); item.wake?.abort(); Object.assign(item, { id: undefined, at: 0, state: "waiting", said: "", seen: [] }); }
      if (this.items.length) this.begin(this.items);
    }
  }
  async ask(path, options = {}) {
    const answer = await fetch(this.address + path, { credentials: "same-origin", cache: "no-store", ...options, headers: { ...HEADER, ...options.headers } });
    if (answer.ok) return answer.status === 204 ? {} : answer.json();
    const told = await answer.json().catch(() => ({}));
    if (answer.status >= 500 && answer.status !== 507) throw new TypeError("the app does not answer");
    throw new Refused(answer.status, told.message ? told : { ...told, message: "Limelight could not take this file." });
  }
  async begin(items) {
    for (let tries = 0; ; tries++) {
      try {
        const files = items.map(({ name, size }) => ({ name, size }));
        const told = await this.ask("", { method: "POST", body: JSON.stringify({ files }), headers: { "Content-Type": "application/json" } });
        items.forEach((item, k) => { item.id = told.uploads[k].id; });
        for (const item of items.filter((one) => one.state === "gone")) this.ask(`/${item.id}`, { method: "DELETE" }).catch(() => {});
        break;
      } catch (error) {
        if (error instanceof Refused) {
          this.items = this.items.filter((item) => !items.includes(item));
          this.fail(error.message);
          return;
        }
        for (const item of items) if (item.state !== "gone") item.state = "lost";
        await this.wait(items[0], tries);
        for (const item of items) if (item.state === "lost") item.state = "waiting";
        if (items.every((item) => item.state === "gone")) return;
      }
    }
    this.draw();
    this.pump();
  }
  async pump() {
    if (this.pumping) return;
    this.pumping = true;
    try {
      for (let item; (item = this.items.find((one) => one.state === "waiting" && one.id)); ) await this.send(item);
    } finally { this.pumping = false; }
    if (this.items.length && this.items.every((item) => item.state === "done")) await this.handOver();
    this.draw();
  }
  async send(item) {
    Object.assign(item, { state: "sending", stop: new AbortController(), seen: [] });
    this.say(`Uploading ${item.name}.`);
    this.draw();
    const { id, stop: { signal } } = item;
    let length = Math.min(1 << 20, this.piece), tries = 0, sure = item.at === 0;
    const mine = () => item.state === "sending" && item.id === id;
    while (mine()) {
      try {
        if (!sure) { item.at = (await this.ask(`/${id}`, { signal })).offset; sure = true; item.seen = []; }
        if (item.at >= item.size) { item.state = "done"; this.say(`${item.name} is here.`); break; }
        const bytes = await item.file.slice(item.at, item.at + length).arrayBuffer();
        if (!bytes.byteLength) throw new DOMException("", "NotReadableError");
        const began = performance.now();
        if (!item.seen.length) item.seen.push([began, item.at]);
        const told = await this.ask(`/${id}`, { method: "PUT", body: bytes, signal, headers: { "X-Limelight-Offset": String(item.at), "Content-Type": "application/octet-stream" } });
        item.at = told.offset;
        const now = performance.now();
        item.seen.push([now, item.at]);
        while (item.seen.length > 2 && item.seen[0][0] < now - 5000) item.seen.shift();
        const factor = TARGET_SECONDS / Math.max((now - began) / 1000, 0.01);
        length = Math.round(Math.min(this.piece, Math.max(SMALLEST, length * Math.min(2, Math.max(0.5, factor)))));
        tries = 0;
        this.draw(true);
      } catch (error) {
        if (!mine()) break;
        sure = false;
        if (error instanceof DOMException && ["NotReadableError", "NotFoundError"].includes(error.name)) {
          this.stopAt(item, "The file was changed, moved or locked while it was read. Choose it again.");
        } else if (error instanceof Refused && error.status !== 409) {
          if (error.status === 404) item.id = undefined, item.at = 0;
          this.stopAt(item, error.message);
        } else if (!(error instanceof Refused)) { // no answer: ask again, and again, then go on from where it has got to
          item.state = "lost";
          await this.wait(item, tries++);
          if (item.state === "lost") item.state = "sending";
        }
      }
    }
  }
  stopAt(item, text) { Object.assign(item, { state: "failed", said: text }); this.say(`${item.name}: ${text}`); this.draw(); }
  async wait(item, tries) {
    if (!tries) this.say(`The connection is lost. ${item.name} goes on when it is back.`);
    const seconds = Math.min(LONGEST_WAIT, 2 ** Math.min(tries, 10)) * (0.8 + 0.4 * Math.random());
    item.wake = new AbortController();
    const back = () => item.wake.abort();
    globalThis.addEventListener("online", back);
    item.until = performance.now() + seconds * 1000;
    const ticks = setInterval(() => this.draw(true), 1000);
    this.draw();
    await pause(seconds, item.wake.signal);
    clearInterval(ticks);
    globalThis.removeEventListener("online", back);
  }
  async handOver() {
    this.handing = true;
    this.draw();
    for (let tries = 0; ; tries++) {
      try {
        await this.ask("/ready", { method: "POST", body: JSON.stringify({ ids: this.items.map((item) => item.id) }), headers: { "Content-Type": "application/json" } });
        break;
      } catch (error) {
        if (error instanceof Refused || tries > PATIENCE) { this.handing = false; this.items = []; this.fail(error.message); return; }
        await pause(Math.min(LONGEST_WAIT, 2 ** tries));
      }
    }
    this.items = [];
    this.say("All files are here.");
    this.arrived();
  }
  get busy() { return this.items.some((item) => !["failed", "done"].includes(item.state)); }
}

const queue = new Queue();
setInterval(() => { // the app gives up what nobody has asked for in two hours: say that we are here
  const held = queue.items.find((item) => item.id);
  if (held) queue.ask(`/${held.id}`).catch(() => {});
}, 60_000);
globalThis.addEventListener("beforeunload", (event) => { if (queue.busy) event.preventDefault(); });

// ---- words

const UNITS = [["GB", 1e9], ["MB", 1e6], ["kB", 1e3]];
function size(bytes, like = bytes) {
  const [unit, step] = UNITS.find(([, each]) => like >= each) ?? ["bytes", 1];
  return (step === 1 ? String(bytes) : (bytes / step).toFixed(1)) + ` ${unit}`;
}
function left(seconds) {
  if (seconds < 10) return "a few seconds left";
  if (seconds < 55) return `about ${Math.round(seconds / 10) * 10} s left`;
  if (seconds < 3600) return `about ${Math.max(1, Math.round(seconds / 60))} min left`;
  return `about ${(seconds / 3600).toFixed(1)} h left`;
}
function words(item) {
  const so = `${size(item.at, item.size).replace(/ .*/, "")} of ${size(item.size)}`;
  if (item.state === "done") return `${size(item.size)}, here`;
  if (item.state === "failed") return item.said;
  if (item.state === "paused") return `Paused at ${so}`;
  if (item.state === "lost") return `Connection lost at ${so}. Trying again in ${Math.max(1, Math.ceil((item.until - performance.now()) / 1000))} s`;
  if (item.state === "waiting") return `${size(item.size)}, waiting`;
  const [[t0, b0], [t1, b1]] = item.seen.length > 1 ? [item.seen[0], item.seen.at(-1)] : [[0, 0], [0, 0]];
  if (t1 - t0 < 300) return so;
  const speed = (b1 - b0) / ((t1 - t0) / 1000);
  return speed > 0 ? `${so} · ${size(Math.round(speed))}/s · ${left((item.size - item.at) / speed)}` : so;
}

// ---- dropping

async function dropped(transfer) {
  const entries = [...transfer.items].map((one) => one.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.some((one) => one.isDirectory)) return { files: [...transfer.files], whole: true };
  const files = [];
  async function walk(entry) {
    if (entry.isFile) {
      const file = await new Promise((got, not) => entry.file(got, not));
      file.path = entry.fullPath.slice(1);
      files.push(file);
    } else {
      const reader = entry.createReader();
      for (let some; (some = await new Promise((got, not) => reader.readEntries(got, not))).length; ) for (const one of some) await walk(one);
    }
  }
  for (const entry of entries) await walk(entry);
  return { files, whole: false };
}
function sorted(files, endings) { // of a folder, the files that could be tables
  const fit = files.filter((file) => !file.name.startsWith(".") && endings.includes(file.name.split(".").at(-1).toLowerCase()));
  return [fit, files.length - fit.length];
}

// ---- the element

export default function ({ parentElement, data, setTriggerValue }) {
  const find = (what) => parentElement.querySelector(what);
  const [box, zone, list, trouble, heard] = [".box", ".zone", ".list", ".trouble", ".heard"].map(find);
  const [files, folder] = parentElement.querySelectorAll("input");
  box.setAttribute("aria-label", data.label);
  find(".label").textContent = data.label;
  find(".hint").textContent = data.hint;
  find("button.files").onclick = () => files.click();
  find("button.folder").onclick = () => folder.click();
  files.onchange = () => { const chosen = [...files.files]; files.value = ""; if (chosen.length) queue.add(chosen); };
  folder.onchange = () => { const chosen = sorted([...folder.files], data.endings); folder.value = ""; queue.add(...chosen); };
  let inside = 0;
  const over = (on) => {
    inside = on;
    zone.classList.toggle("over", on > 0);
    find(".label").textContent = on > 0 ? "Let go: these files will be uploaded" : data.label;
  };
  const carries = (event) => event.dataTransfer?.types.includes("Files");
  zone.ondragenter = (event) => { if (carries(event)) { event.preventDefault(); over(inside + 1); } };
  zone.ondragover = (event) => { if (carries(event)) { event.preventDefault(); event.dataTransfer.dropEffect = "copy"; } };
  zone.ondragleave = () => over(Math.max(0, inside - 1));
  zone.ondrop = async (event) => {
    event.preventDefault();
    over(0);
    try {
      const { files: found, whole } = await dropped(event.dataTransfer);
      await (whole ? queue.add(found) : queue.add(...sorted(found, data.endings)));
    } catch { queue.fail("What was dropped could not be read. Choose the files instead."); }
  };

  const rows = new Map();
  function row(item) {
    const made = document.createElement("li");
    const part = (tag, name, into = made) => { const one = document.createElement(tag); one.className = name; into.append(one); return one; };
    const name = part("span", "name"), state = part("span", "state"), acts = part("span", "acts"), bar = part("div", "bar"), fill = part("div", "", bar);
    name.textContent = item.name;
    bar.setAttribute("role", "progressbar");
    bar.setAttribute("aria-label", item.name);
    const button = (text, act) => { const one = part("button", "", acts); one.type = "button"; one.textContent = text; one.setAttribute("aria-label", `${text}: ${item.name}`); one.onclick = act; return one; };
    const first = button("Pause", () => {}), drop = button("Cancel", () => queue.cancel(item));
    let last;
    return { made, draw() {
      state.textContent = words(item);
      const share = item.size ? item.at / item.size : 1;
      fill.style.width = `${share * 100}%`;
      bar.setAttribute("aria-valuenow", String(Math.round(share * 100)));
      if (last === item.state) return;
      last = item.state;
      made.className = `file ${item.state}`;
      const [text, act] = { sending: ["Pause", () => queue.hold(item)], waiting: ["Pause", () => queue.hold(item)], paused: ["Resume", () => queue.resume(item)], lost: ["Try now", () => item.wake?.abort()], failed: ["Try again", () => queue.again(item)] }[item.state] ?? [];
      first.hidden = !text;
      if (text) { first.textContent = text; first.setAttribute("aria-label", `${text}: ${item.name}`); first.onclick = act; }
      drop.textContent = item.state === "failed" ? "Leave out" : "Cancel";
      drop.setAttribute("aria-label", `${drop.textContent}: ${item.name}`);
    } };
  }
  let drawn = 0;
  const owner = (queue.owner = {}); // the element that is taken away may be told so after its successor has come
  queue.draw = (often = false) => {
    const now = performance.now();
    if (often && now - drawn < 200) return;
    drawn = now;
    trouble.hidden = !queue.trouble;
    trouble.textContent = queue.trouble;
    for (const [item, one] of rows) if (!queue.items.includes(item)) { one.made.remove(); rows.delete(item); }
    for (const item of queue.items) {
      if (!rows.has(item)) { rows.set(item, row(item)); list.append(rows.get(item).made); }
      rows.get(item).draw();
    }
    list.hidden = !queue.items.length;
    if (!inside) find(".label").textContent = queue.handing ? "All files are here. Looking at them ..." : data.label;
  };
  queue.say = (text) => { heard.textContent = text; };
  queue.arrived = () => setTriggerValue("arrived", Date.now());
  queue.attach(data);
  list.replaceChildren();
  queue.draw();
  for (const one of zone.querySelectorAll("button")) one.disabled = false; // before that a press would be lost
  return () => { if (queue.owner === owner) Object.assign(queue, { draw: () => {}, say: () => {}, arrived: () => {} }); };
}
