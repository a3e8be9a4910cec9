// The script of timeline.html, which `aioli --timeline FILE` writes with the events of a run at its end. They are those of --trace: see
// src/loop/trace.c.
"use strict";

// ---- What the events say

// The sorts of slices, in the order of the legend. Waits are drawn pale, and `look` names the colour.
const SORTS = [
  {word: "run", look: "--run", text: "runs"},
  {word: "turn", look: "--turn", text: "could run, waits for its turn"},
  {word: "sleep", look: "--sleep", text: "sleeps"},
  {word: "lock", look: "--lock", text: "waits for a lock, condition or semaphore"},
  {word: "event", look: "--event", text: "for an event"},
  {word: "queue", look: "--queue", text: "for a queue"},
  {word: "task", look: "--task", text: "for tasks"},
  {word: "outside", look: "--outside", text: "for a future, the host, a stream or a file descriptor"},
];
const RUN = 0, TURN = 1;
const SORT_OF = {run: 0, turn: 1, sleep: 2, lock: 3, condition: 3, semaphore: 3,
  event: 4, queue: 5, task: 6, future: 7, host: 7, descriptor: 7, stream: 7};

const tracks = [];    // in the order in which the tasks were made
let program = {}, end = 0, begin = Infinity;

// A run that was ended from outside leaves the list without its end.
function readEvents() {
  const text = document.getElementById("events").textContent;
  try {
    return JSON.parse(text);
  } catch {
    const lines = text.trimStart().slice(1).split("\n").map(line => line.replace(/,\s*$/, ""));
    return lines.flatMap(line => { try { return line ? [JSON.parse(line)] : []; } catch { return []; } });
  }
}

// Slices of a track lie in arrays: start and end in microseconds, their sort, the step (of a wait: the one before), and the arrow that ended
// it.
function addSlice(track, from, to, sort, step, arrow) {
  track.starts.push(from);
  track.ends.push(to);
  track.sorts.push(sort);
  track.steps.push(step);
  track.arrows.push(arrow);
}

function build(events) {
  const byNumber = new Map(), arrows = new Map(), steps = new Map();
  for (const e of events) {
    const track = byNumber.get(e.tid);
    if (e.ph === "M" && e.name === "process_name") program = e.args;
    if (e.ph === "M" && e.name === "thread_name") {
      if (track) {
        track.name = e.args.name;
      } else {
        const fresh = {name: e.args.name, made: e.args.made ?? "", created: e.ts, row: tracks.length,
          starts: [], ends: [], sorts: [], steps: [], arrows: [], coming: [], going: []};
        byNumber.set(e.tid, fresh);
        steps.set(fresh, []);
        tracks.push(fresh);
      }
      begin = Math.min(begin, e.ts);
      end = Math.max(end, e.ts);
    } else if (track && e.cat === "run") {
      steps.get(track).push(e);
      end = Math.max(end, e.ts + e.dur);
    } else if (track && e.ph === "s") {
      const arrow = {from: track, to: null, left: e.ts, arrived: NaN, at: e.args?.at ?? ""};
      arrows.set(e.id, arrow);
      track.going.push(arrow);
      end = Math.max(end, e.ts);
    } else if (track && e.ph === "f") {
      const arrow = arrows.get(e.id);
      if (!arrow) continue;
      arrow.to = track;
      arrow.arrived = e.ts;
      track.coming.push(arrow);
    }
  }
  for (const track of tracks) {
    track.going = track.going.filter(arrow => arrow.to);
    let since = track.created, before = null, next = 0;
    for (const step of steps.get(track)) {
      while (next < track.coming.length && track.coming[next].arrived < step.ts) next++;
      const arrow = track.coming[next]?.arrived === step.ts ? track.coming[next] : null;
      const sort = before ? SORT_OF[before.args.sort] ?? 7 : TURN;
      if (before && arrow && sort !== TURN && arrow.left > since) {
        addSlice(track, since, arrow.left, sort, before, arrow);
        since = arrow.left;
        if (step.ts > since) addSlice(track, since, step.ts, TURN, before, arrow);
      } else if (step.ts > since) {
        addSlice(track, since, step.ts, sort, before, arrow);
      }
      addSlice(track, step.ts, step.ts + step.dur, RUN, step, arrow);
      since = step.ts + step.dur;
      before = step;
    }
    if (!before?.args.ends && end > since) addSlice(track, since, end, before ? SORT_OF[before.args.sort] ?? 7 : TURN, before, null);
    track.last = before;
  }
  if (!tracks.length) begin = 0;
  if (end <= begin) end = begin + 1;
}

// The first index at which a sorted array is above a value.
function above(array, value, of = x => x) {
  let low = 0, high = array.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (of(array[middle]) > value) high = middle; else low = middle + 1;
  }
  return low;
}

// ---- What is seen of it

const LABELS = 260, ROW = 24, AXIS = 26, BAR = 16, LEAST = 0.01;
const chart = document.getElementById("chart"), scroll = document.getElementById("scroll"), overview = document.getElementById("overview");
const tip = document.getElementById("tip"), details = document.getElementById("details"), find = document.getElementById("find");
const view = {from: 0, to: 1};          // microseconds
let selected = null, hovered = null;    // {track, index}: a slice
let found = [], foundAt = -1, marked = new Set();
let width = 0, height = 0, colours = {}, waiting = false, labels = LABELS;

const ratio = () => window.devicePixelRatio || 1;
const toX = t => labels + (t - view.from) / (view.to - view.from) * (width - labels);
const toTime = x => view.from + (x - labels) / (width - labels) * (view.to - view.from);
const timeOf = t => t - begin;          // what is shown begins at 0

function redraw() {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => { waiting = false; draw(); });
}

function clampView() {
  const least = LEAST, most = (end - begin) * 1.04, middle = (view.from + view.to) / 2;
  let length = Math.min(Math.max(view.to - view.from, least), most);
  view.from = middle - length / 2;
  view.to = middle + length / 2;
  const margin = length * 0.5;
  if (view.from < begin - margin) view.from = begin - margin;
  if (view.from + length > end + margin) view.from = end + margin - length;
  view.to = view.from + length;
}

function show(from, to) {
  view.from = from;
  view.to = to;
  clampView();
  redraw();
  remember();
}

function showAll() {
  const margin = (end - begin) * 0.01;
  show(begin - margin, end + margin);
}

function zoom(factor, at) {
  const centre = at ?? (selected ? middleOf(selected) : (view.from + view.to) / 2);
  const inside = centre < view.from || centre > view.to ? (view.from + view.to) / 2 : centre;
  const from = inside - (inside - view.from) * factor, length = Math.max((view.to - view.from) * factor, LEAST);
  show(from, from + length);
}

function middleOf({track, index}) {
  return (track.starts[index] + track.ends[index]) / 2;
}

// Brings a slice into sight: its row, and its time if no part of it is there.
function bring(slice) {
  const {track, index} = slice, top = track.row * ROW, seen = scroll.clientHeight - AXIS;
  if (top < scroll.scrollTop || top + ROW > scroll.scrollTop + seen) scroll.scrollTop = Math.max(0, top - seen / 2);
  const length = view.to - view.from, from = track.starts[index], to = track.ends[index];
  if (to < view.from + length * 0.02 || from > view.to - length * 0.02) show(middleOf(slice) - length / 2, middleOf(slice) + length / 2);
  redraw();
}

function select(slice, quietly) {
  selected = slice;
  tell(slice);
  if (slice && !quietly) bring(slice);
  redraw();
  remember();
}

// ---- Words

function duration(us) {
  if (us >= 60e6) return `${Math.floor(us / 60e6)} min ${(us % 60e6 / 1e6).toFixed(1)} s`;
  if (us >= 1e6) return `${(us / 1e6).toPrecision(4)} s`;
  if (us >= 1e3) return `${(us / 1e3).toPrecision(4)} ms`;
  return `${us.toPrecision(3)} µs`;
}

function instant(t) {
  const us = timeOf(t);
  return us >= 10e6 ? `${(us / 1e6).toFixed(6)} s` : `${(us / 1e3).toFixed(3)} ms`;
}

function tickText(us, step) {
  const [unit, name] = step >= 1e6 ? [1e6, "s"] : step >= 1e3 ? [1e3, "ms"] : [1, "µs"];
  const digits = Math.max(0, -Math.floor(Math.log10(step / unit) + 1e-9));
  return `${(us / unit).toFixed(digits)} ${name}`;
}

function headline({track, index}) {
  const step = track.steps[index], sort = track.sorts[index];
  if (sort === RUN) {
    const ends = step.args.ends;
    const how = {failed: `, and fails with ${step.args.exception}`, cancelled: ", and ends cancelled", returned: ", and ends"};
    return `runs ${step.name}${how[ends] ?? ""}`;
  }
  if (sort === TURN) return step ? "could run, and waits for its turn" : "has been made, and waits for its first turn";
  return `waits for ${step.args["waits for"]}`;
}

// Short, for a slice itself.
function caption(track, index) {
  const sort = track.sorts[index], step = track.steps[index];
  if (sort === RUN) return step.name;
  if (sort === TURN) return "";
  return sort === 2 ? "sleep" : step.args["waits for"].replace(/ \([^()]*:\d+\)/, "").replace(/ since \S*:\d+$/, "");
}

function wakerOf({track, index}) {
  const sort = track.sorts[index], arrow = track.arrows[index], step = track.steps[index];
  if (arrow) return arrow;
  if (sort === RUN && index === 0) return null;
  const before = sort === RUN ? track.sorts[index - 1] : sort;
  if (before === undefined || (sort !== RUN && track.ends[index] >= end && !track.last?.args.ends)) return null;
  return before === 2 ? "its timer" : step && before !== TURN ? "no task: the event loop itself" : null;
}

// The arrows that leave a step.
function wokenBy({track, index}) {
  const from = track.starts[index] - 1e-3, to = track.ends[index] + 1e-3;
  return track.going.slice(above(track.going, from, arrow => arrow.left), above(track.going, to, arrow => arrow.left));
}

function runAt(track, time) {
  let index = above(track.starts, time) - 1;
  while (index > 0 && track.sorts[index] !== RUN) index--;
  return {track, index: Math.max(index, 0)};
}

function entry(list, term, ...what) {
  const dt = document.createElement("dt"), dd = document.createElement("dd");
  dt.textContent = term;
  dd.append(...what);
  list.append(dt, dd);
}

function link(text, slice) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "link";
  button.textContent = text;
  button.addEventListener("click", () => select(slice));
  return button;
}

function tell(slice) {
  details.replaceChildren();
  if (!slice) {
    const p = document.createElement("p");
    const parts = [["wheel", " or "], ["+", " "], ["−", " zoom, "], ["drag", " or "], ["Shift", " with "], ["←", " "], ["→", " pan, "],
      ["Shift", " with the wheel goes up and down; "], ["←", " "], ["→", " "], ["↑", " "], ["↓", " from slice to slice, "],
      ["Enter", " to who woke it, "], ["F", " fills the view with it, "], ["0", " all, "], ["/", " finds a task."]];
    p.append("Click a slice for what it is. ");
    for (const [key, text] of parts) {
      const k = document.createElement("kbd");
      k.textContent = key;
      p.append(k, text);
    }
    details.append(p);
    return;
  }
  const {track, index} = slice, step = track.steps[index], sort = track.sorts[index];
  const [heading, columns, left, right] = ["h2", "div", "dl", "dl"].map(name => document.createElement(name));
  heading.textContent = `${track.name} ${headline(slice)}`;
  columns.className = "columns";
  entry(left, "from", instant(track.starts[index]));
  entry(left, "for", duration(track.ends[index] - track.starts[index]));
  if (step?.args["stops at"]) entry(left, sort === RUN ? "stops at" : "at", step.args["stops at"]);
  if (track.made) entry(left, "task made at", track.made);
  const waker = wakerOf(slice);
  if (waker?.from) entry(right, "woken by", link(waker.from.name, runAt(waker.from, waker.left)), waker.at);
  else if (waker) entry(right, "woken by", waker);
  if (sort === RUN) {
    const woken = wokenBy(slice), most = 12, links = woken.slice(0, most).map(arrow => link(arrow.to.name, runAt(arrow.to, arrow.arrived)));
    if (woken.length) entry(right, "wakes", ...links, woken.length > most ? `and ${woken.length - most} more` : "");
    if (!step.args.ends) entry(right, "then waits for", step.args["waits for"]);
  }
  if (sort !== RUN && track.ends[index] >= end && !track.last?.args.ends) entry(right, "woken by", "nobody, to the end of the run");
  columns.append(left, right);
  details.append(heading, columns);
}

// ---- Drawing

function readColours() {
  const style = getComputedStyle(document.documentElement);
  colours = {};
  const names = ["--paper", "--ink", "--soft", "--rule", "--stripe", "--mark", "--focus", "--failed", "--on-run"];
  for (const name of [...names, ...SORTS.map(sort => sort.look)]) colours[name] = style.getPropertyValue(name).trim();
}

// Text that fits, shortened where it does not; measured by an even width, which is near enough.
function fitted(text, room, character) {
  const most = Math.floor(room / character);
  return text.length <= most ? text : most < 2 ? "" : text.slice(0, most - 1) + "…";
}

function drawAxis(c) {
  const span = view.to - view.from, wanted = span / Math.max((width - labels) / 130, 1), power = 10 ** Math.floor(Math.log10(wanted));
  const step = [1, 2, 5, 10].map(n => n * power).find(n => n >= wanted);
  c.fillStyle = colours["--paper"];
  c.fillRect(0, 0, width, AXIS);
  c.font = "12px system-ui, sans-serif";
  c.textBaseline = "middle";
  for (let t = Math.ceil(timeOf(view.from) / step) * step; t <= timeOf(view.to); t += step) {
    const x = toX(t + begin);
    if (x < labels) continue;
    c.fillStyle = colours["--rule"];
    c.fillRect(Math.round(x), 0, 1, height);
    c.fillStyle = colours["--soft"];
    c.fillText(tickText(Math.abs(t) < step / 1e6 ? 0 : t, step), Math.round(x) + 5, AXIS / 2);
  }
  c.fillStyle = colours["--rule"];
  c.fillRect(0, AXIS - 1, width, 1);
}

// The slices of a row that are in sight. Those narrower than a pixel are drawn together: the next one looked at lies behind it.
function drawSlices(c, track, y) {
  const {starts, ends, sorts} = track, scale = (width - labels) / (view.to - view.from);
  let index = Math.max(0, above(starts, view.from) - 1), past = labels;
  for (; index < starts.length && starts[index] < view.to; index++) {
    let x = labels + (starts[index] - view.from) * scale, right = labels + (ends[index] - view.from) * scale;
    if (right < labels) continue;
    const sort = sorts[index], isRun = sort === RUN;
    if (isRun) right = Math.max(right, x + 1.5);
    if (right <= past && !isRun) continue;
    x = Math.max(x, labels);
    right = Math.min(right, width);
    const w = Math.max(right - x, 1), failed = isRun && track.steps[index].args.ends === "failed";
    if (isRun) {
      c.fillStyle = colours[failed ? "--failed" : "--run"];
      c.fillRect(x, y, failed ? Math.max(w, 3) : w, BAR);
    } else {
      const colour = colours[SORTS[sort].look];
      c.fillStyle = colour;
      c.globalAlpha = 0.22;
      c.fillRect(x, y + 2, w, BAR - 4);
      c.globalAlpha = 1;
      c.fillRect(x, y + BAR - 4, w, 2);
    }
    if (w > 40) {
      const text = fitted(caption(track, index), w - 8, 6.4);
      if (text) {
        c.fillStyle = isRun ? colours["--on-run"] : colours["--ink"];
        c.fillText(text, x + 4, y + BAR / 2 - (isRun ? 0 : 1));
      }
    }
    past = Math.max(past, right);
    // Many slices within this pixel: go to the last that begins in it.
    if (right - x < 2) {
      const next = above(starts, view.from + (Math.floor(x - labels) + 1) / scale) - 1;
      if (next > index + 3) index = next - 1;
    }
  }
}

function drawArrow(c, arrow, top) {
  const middle = track => AXIS + track.row * ROW - top + ROW / 2;
  const x = toX(arrow.left), right = toX(arrow.arrived), y = middle(arrow.from), below = middle(arrow.to);
  const bend = Math.max(10, Math.min(60, (right - x) / 2));
  c.beginPath();
  c.moveTo(x, y);
  c.bezierCurveTo(x + bend, y, right - bend, below, right, below);
  c.stroke();
  c.beginPath();
  c.moveTo(right, below);
  c.lineTo(right - 6, below - 3);
  c.lineTo(right - 6, below + 3);
  c.fill();
}

function drawArrows(c, first, last, top) {
  const seen = [], most = 400;
  for (let row = first; row < last && seen.length <= most; row++) {
    const coming = tracks[row].coming;
    let i = above(coming, view.from, arrow => arrow.arrived);
    for (; i < coming.length && coming[i].left < view.to && seen.length <= most; i++) seen.push(coming[i]);
  }
  c.lineWidth = 1;
  c.strokeStyle = c.fillStyle = colours["--soft"];
  c.globalAlpha = 0.55;
  if (seen.length <= most) for (const arrow of seen) drawArrow(c, arrow, top);
  c.globalAlpha = 1;
  if (!selected) return;
  const {track, index} = selected, own = track.arrows[index] ? [track.arrows[index]] : [];
  if (track.sorts[index] === RUN) own.push(...wokenBy(selected).slice(0, most));
  c.lineWidth = 2;
  c.strokeStyle = c.fillStyle = colours["--focus"];
  for (const arrow of own) drawArrow(c, arrow, top);
}

function drawLabel(c, track, y) {
  if (marked.has(track)) {
    c.fillStyle = colours["--mark"];
    c.fillRect(0, y, labels - 1, ROW);
  }
  c.fillStyle = colours["--ink"];
  c.font = (selected?.track === track || found[foundAt] === track ? "600 " : "") + "13px system-ui, sans-serif";
  const name = fitted(track.name, labels - 24, 7.2);
  c.fillText(name, 16, y + ROW / 2);
  const made = track.made.replace(/ in .*$/s, "").replace(/^.*[/\\]/, "");
  const room = labels - 24 - name.length * 7.2 - 16;
  if (!made || room < 60) return;
  c.font = "11px system-ui, sans-serif";
  c.fillStyle = colours["--soft"];
  c.textAlign = "right";
  c.fillText(fitted(made, room, 5.8), labels - 12, y + ROW / 2);
  c.textAlign = "left";
}

function outline(c, slice, top, colour) {
  const {track, index} = slice, x = Math.max(toX(track.starts[index]), labels);
  const right = Math.min(Math.max(toX(track.ends[index]), x + 2), width);
  if (right < labels) return;
  c.strokeStyle = colour;
  c.lineWidth = 2;
  c.strokeRect(x - 1, AXIS + track.row * ROW - top + (ROW - BAR) / 2 - 1, right - x + 2, BAR + 2);
}

function draw() {
  const c = chart.getContext("2d"), top = scroll.scrollTop;
  c.setTransform(ratio(), 0, 0, ratio(), 0, 0);
  c.fillStyle = colours["--paper"];
  c.fillRect(0, 0, width, height);
  const first = Math.max(0, Math.floor(top / ROW)), last = Math.min(tracks.length, Math.ceil((top + height - AXIS) / ROW));
  c.fillStyle = colours["--stripe"];
  for (let row = first; row < last; row++) if (row % 2) c.fillRect(0, AXIS + row * ROW - top, width, ROW);
  drawAxis(c);
  c.save();
  c.beginPath();
  c.rect(0, AXIS, width, height - AXIS);
  c.clip();
  for (let row = first; row < last; row++) drawLabel(c, tracks[row], AXIS + row * ROW - top);
  c.beginPath();
  c.rect(labels, AXIS, width - labels, height - AXIS);
  c.clip();
  c.font = "12px system-ui, sans-serif";
  for (let row = first; row < last; row++) drawSlices(c, tracks[row], AXIS + row * ROW - top + (ROW - BAR) / 2);
  drawArrows(c, first, last, top);
  if (hovered) outline(c, hovered, top, colours["--soft"]);
  if (selected) outline(c, selected, top, colours["--focus"]);
  if (!tracks.length) {
    c.fillStyle = colours["--soft"];
    c.fillText("No task has run.", labels + 12, AXIS + 20);
  }
  c.restore();
  c.fillStyle = colours["--rule"];
  c.fillRect(labels - 1, 0, 1, height);
  drawOverview();
}

// How much ran when, as columns; and what is in sight of it. The counts are made when the width changes.
let columns = null;
function countColumns() {
  const room = Math.max(1, Math.floor(width - labels));
  columns = new Float64Array(room);
  const scale = room / (end - begin);
  for (const track of tracks)
    for (let i = 0; i < track.starts.length; i++)
      if (track.sorts[i] === RUN) columns[Math.min(room - 1, Math.floor((track.starts[i] - begin) * scale))]++;
  let most = 1;
  for (const n of columns) most = Math.max(most, n);
  for (let i = 0; i < room; i++) columns[i] = Math.log1p(columns[i]) / Math.log1p(most);
}

function drawOverview() {
  const c = overview.getContext("2d"), tall = 34, room = width - labels;
  c.setTransform(ratio(), 0, 0, ratio(), 0, 0);
  c.fillStyle = colours["--paper"];
  c.fillRect(0, 0, overview.width, tall);
  c.fillStyle = colours["--soft"];
  c.font = "12px system-ui, sans-serif";
  c.textBaseline = "middle";
  c.fillText("all of it", 16, tall / 2);
  c.fillStyle = colours["--run"];
  c.globalAlpha = 0.6;
  for (let i = 0; i < columns.length; i++) c.fillRect(labels + i, tall - 4 - columns[i] * (tall - 10), 1, columns[i] * (tall - 10));
  c.globalAlpha = 1;
  const x = labels + (view.from - begin) / (end - begin) * room, right = labels + (view.to - begin) / (end - begin) * room;
  c.strokeStyle = colours["--focus"];
  c.lineWidth = 1.5;
  const left = Math.max(x, labels + 1);
  c.strokeRect(left, 2, Math.max(Math.min(right, width - 1) - left, 3), tall - 5);
  c.fillStyle = colours["--rule"];
  c.fillRect(0, tall - 1, width, 1);
}

// ---- Sizes and looks

function resize() {
  width = scroll.clientWidth;
  height = scroll.clientHeight;
  labels = Math.min(LABELS, Math.floor(width * 0.35));
  for (const [canvas, tall, wide] of [[chart, height, width], [overview, 34, scroll.offsetWidth]]) {
    canvas.width = Math.round(wide * ratio());
    canvas.height = Math.round(tall * ratio());
    canvas.style.width = `${wide}px`;
    canvas.style.height = `${tall}px`;
  }
  document.getElementById("spacer").style.height = `${Math.max(0, tracks.length * ROW + AXIS - height)}px`;
  countColumns();
  redraw();
}

const isDark = matchMedia("(prefers-color-scheme: dark)");
let theme = null; // what the reader has chosen, or null: as the system does
function applyTheme() {
  document.documentElement.dataset.theme = theme ?? (isDark.matches ? "dark" : "light");
  readColours();
  for (const swatch of document.querySelectorAll("#legend i")) swatch.style.background = `var(${swatch.dataset.look})`;
  redraw();
}

// ---- The address: #from=…&to=…&task=…&slice=…&find=…&theme=…, times in microseconds from the beginning

let remembering = 0;
function remember() {
  clearTimeout(remembering);
  remembering = setTimeout(() => {
    const state = new URLSearchParams({from: timeOf(view.from).toFixed(3), to: timeOf(view.to).toFixed(3)});
    if (selected) {
      state.set("task", selected.track.row);
      state.set("slice", selected.index);
    }
    if (find.value) state.set("find", find.value);
    if (theme) state.set("theme", theme);
    try { history.replaceState(null, "", `#${state}`); } catch { /* a page that has no address of its own */ }
  }, 300);
}

function recall() {
  const state = new URLSearchParams(location.hash.slice(1)), number = name => state.has(name) ? Number(state.get(name)) : NaN;
  if (["light", "dark"].includes(state.get("theme"))) theme = state.get("theme");
  applyTheme();
  if (number("from") < number("to")) show(number("from") + begin, number("to") + begin); else showAll();
  if (state.get("find")) {
    find.value = state.get("find");
    search(0);
  }
  const track = tracks[number("task")], index = number("slice") || 0;
  if (track?.starts.length) select({track, index: Math.min(Math.max(0, Math.trunc(index)), track.starts.length - 1)});
}

// ---- Finding tasks

function search(direction) {
  const text = find.value.toLowerCase(), status = document.getElementById("found"), before = found[foundAt];
  found = text ? tracks.filter(track => track.name.toLowerCase().includes(text)) : [];
  marked = new Set(found);
  const known = found.indexOf(before);
  foundAt = !found.length ? -1 : known < 0 ? 0 : (known + direction + found.length) % found.length;
  status.textContent = !text ? "" : found.length ? `${foundAt + 1} of ${found.length}` : "none";
  const track = found[foundAt];
  if (track?.starts.length) {
    const seen = above(track.starts, view.from);
    select({track, index: Math.min(seen, track.starts.length - 1)});
  }
  redraw();
  remember();
}

// ---- The mouse, touch, and the keyboard

function sliceAt(x, y) {
  const row = Math.floor((y - AXIS + scroll.scrollTop) / ROW), track = tracks[row];
  if (y < AXIS || !track) return null;
  if (x < labels) return track.starts.length ? {track, index: 0} : null;
  const time = toTime(x), near = (view.to - view.from) / (width - labels) * 3;
  let index = above(track.starts, time) - 1;
  // A step may be narrower than the pointer.
  for (let i = Math.max(0, index - 1); i <= index + 1 && i < track.starts.length; i++)
    if (track.sorts[i] === RUN && track.starts[i] - near <= time && time <= track.ends[i] + near) return {track, index: i};
  return index >= 0 && time <= track.ends[index] ? {track, index} : null;
}

function hover(slice, x, y) {
  if (slice?.track === hovered?.track && slice?.index === hovered?.index && !tip.hidden) {
    if (!slice) return;
  } else {
    hovered = slice;
    redraw();
  }
  tip.hidden = !slice;
  if (!slice) return;
  const {track, index} = slice, waker = wakerOf(slice), step = track.steps[index];
  const words = [track.name, `${headline(slice)}, for ${duration(track.ends[index] - track.starts[index])}`];
  if (step?.args["stops at"]) words.push(`at ${step.args["stops at"]}`);
  if (waker) words.push(`woken by ${waker.from ? waker.from.name : waker}`);
  tip.textContent = words.join("\n").replace(/[^\s'"(]*\//g, ""); // without folders
  const box = tip.getBoundingClientRect();
  tip.style.left = `${Math.max(4, Math.min(x + 14, innerWidth - box.width - 8))}px`;
  tip.style.top = `${y + 18 + box.height > innerHeight ? y - box.height - 10 : y + 18}px`;
}

const pointers = new Map();
let moved = 0;
const place = event => { const box = chart.getBoundingClientRect(); return {x: event.clientX - box.left, y: event.clientY - box.top}; };

chart.addEventListener("pointerdown", event => {
  if (event.button) return;
  pointers.set(event.pointerId, place(event));
  moved = 0;
  chart.setPointerCapture(event.pointerId);
});
chart.addEventListener("pointermove", event => {
  const at = place(event), before = pointers.get(event.pointerId);
  if (!before) return hover(sliceAt(at.x, at.y), event.clientX, event.clientY);
  const scale = (view.to - view.from) / (width - labels);
  moved += Math.abs(at.x - before.x) + Math.abs(at.y - before.y);
  if (moved < 4) return;
  hover(null);
  if (pointers.size === 2) {
    const other = [...pointers].find(([id]) => id !== event.pointerId)[1];
    const apart = Math.abs(before.x - other.x), now = Math.abs(at.x - other.x);
    if (apart > 8 && now > 8) zoom(apart / now, toTime((at.x + other.x) / 2));
  } else {
    scroll.scrollTop -= at.y - before.y;
    show(view.from - (at.x - before.x) * scale, view.to - (at.x - before.x) * scale);
  }
  pointers.set(event.pointerId, at);
});
for (const name of ["pointerup", "pointercancel"])
  chart.addEventListener(name, event => {
    if (!pointers.delete(event.pointerId)) return;
    const at = place(event);
    if (name === "pointerup" && moved < 4) {
      select(sliceAt(at.x, at.y), true);
      scroll.focus({preventScroll: true});
    }
  });
chart.addEventListener("pointerleave", () => hover(null));
chart.addEventListener("dblclick", event => {
  const slice = sliceAt(place(event).x, place(event).y);
  if (slice) fill(slice);
});
scroll.addEventListener("wheel", event => {
  const {x} = place(event), unit = event.deltaMode ? 16 : 1;
  if (x < labels || event.shiftKey) {
    if (!event.shiftKey) return; // the list of names scrolls by itself
    event.preventDefault();
    scroll.scrollTop += (event.deltaY || event.deltaX) * unit;
    return;
  }
  event.preventDefault();
  if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
    const by = event.deltaX * unit * (view.to - view.from) / (width - labels);
    return show(view.from + by, view.to + by);
  }
  zoom(Math.exp(Math.max(-200, Math.min(200, event.deltaY * unit)) * 0.0022), toTime(x));
}, {passive: false});
scroll.addEventListener("scroll", redraw);

function lookAt(event) {
  const box = overview.getBoundingClientRect(), room = width - labels, length = view.to - view.from;
  const middle = begin + (event.clientX - box.left - labels) / room * (end - begin);
  show(middle - length / 2, middle + length / 2);
}
overview.addEventListener("pointerdown", event => { overview.setPointerCapture(event.pointerId); lookAt(event); });
overview.addEventListener("pointermove", event => { if (overview.hasPointerCapture(event.pointerId)) lookAt(event); });

function fill({track, index}) {
  const length = Math.max(track.ends[index] - track.starts[index], LEAST);
  show(track.starts[index] - length * 0.15, track.ends[index] + length * 0.15);
}

function step(rows, slices) {
  if (!tracks.length) return;
  if (!selected) {
    const track = tracks[Math.min(tracks.length - 1, Math.floor(scroll.scrollTop / ROW))];
    if (track.starts.length) select({track, index: 0});
    return;
  }
  let {track, index} = selected;
  if (rows) {
    const time = middleOf(selected), row = Math.min(tracks.length - 1, Math.max(0, track.row + rows));
    if (!tracks[row].starts.length) return;
    track = tracks[row];
    index = Math.max(0, above(track.starts, time) - 1);
  }
  index = Math.max(0, Math.min(track.starts.length - 1, index + slices));
  select({track, index});
}

scroll.addEventListener("keydown", event => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const by = (view.to - view.from) * 0.15, rows = Math.max(1, Math.floor((height - AXIS) / ROW) - 1);
  const keys = {
    ArrowLeft: () => event.shiftKey ? show(view.from - by, view.to - by) : step(0, -1),
    ArrowRight: () => event.shiftKey ? show(view.from + by, view.to + by) : step(0, 1),
    ArrowUp: () => step(-1, 0), ArrowDown: () => step(1, 0), PageUp: () => step(-rows, 0), PageDown: () => step(rows, 0),
    Home: () => step(0, -Infinity), End: () => step(0, Infinity),
    "+": () => zoom(0.5), "=": () => zoom(0.5), "-": () => zoom(2), "0": showAll,
    f: () => selected && fill(selected), Escape: () => select(null),
    Enter: () => { const waker = selected && wakerOf(selected); if (waker?.from) select(runAt(waker.from, waker.left)); },
  };
  const action = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!action) return;
  event.preventDefault();
  action();
});
document.addEventListener("keydown", event => {
  if (event.key === "/" && document.activeElement !== find) {
    event.preventDefault();
    find.select();
    find.focus();
  } else if (event.key === "Escape" && document.activeElement === find) {
    find.value = "";
    search(0);
    scroll.focus();
  }
});

document.getElementById("in").addEventListener("click", () => zoom(0.5));
document.getElementById("out").addEventListener("click", () => zoom(2));
document.getElementById("fit").addEventListener("click", showAll);
document.getElementById("theme").addEventListener("click", () => {
  theme = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
  applyTheme();
  remember();
});
find.addEventListener("input", () => search(0));
find.addEventListener("keydown", event => {
  if (event.key !== "Enter" || !event.shiftKey) return;
  event.preventDefault();
  search(-1);
});
document.getElementById("search").addEventListener("submit", event => { event.preventDefault(); search(1); });
document.getElementById("earlier").addEventListener("click", () => search(-1));
isDark.addEventListener("change", applyTheme);
addEventListener("resize", resize);
addEventListener("beforeprint", () => { document.documentElement.dataset.theme = "light"; readColours(); draw(); });
addEventListener("afterprint", applyTheme);
addEventListener("hashchange", recall);

// ---- The beginning: the events stand behind this

document.addEventListener("DOMContentLoaded", () => {
  build(readEvents());
  const title = program.program ? `${program.program}` : "Timeline";
  document.title = `${title} – timeline`;
  document.getElementById("title").textContent = title;
  const count = `${tracks.length.toLocaleString("en")} task${tracks.length === 1 ? "" : "s"}`;
  document.getElementById("about").textContent = `${count}, ${duration(end - begin)}${program.virtual ? " of virtual time" : ""}`;
  const used = new Set([RUN]);
  for (const track of tracks) for (const sort of track.sorts) used.add(sort);
  for (const [number, sort] of SORTS.entries()) {
    if (!used.has(number)) continue;
    const item = document.createElement("li"), swatch = document.createElement("i");
    swatch.dataset.look = sort.look;
    item.append(swatch, sort.text);
    document.getElementById("legend").append(item);
  }
  tell(null);
  readColours();
  resize();
  recall();
});
