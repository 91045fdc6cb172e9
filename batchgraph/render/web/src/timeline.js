// The timeline: bars by protocol of what is chosen, and a brush that chooses a time.

import { instant, octets, count } from "./format.js";

const [CAPTURE, TYPE, BIN] = [0, 1, 2];
const WIDTH = 1000;
const HEIGHT = 130;
const SVG = "http://www.w3.org/2000/svg";
const byId = (id) => document.getElementById(id);

export function startTimeline(traffic) {
  const svg = byId("timeline");
  if (!svg) return;
  svg.classList.add("live");
  byId("measure").hidden = byId("range").hidden = traffic.bins < 2;
  const redraw = () => draw(traffic, Number(document.querySelector("[name=measure]:checked").value));
  for (const radio of document.querySelectorAll("[name=measure]")) radio.addEventListener("change", redraw);
  startBrush(svg, traffic);
  startSliders(traffic);
  traffic.onChange((changes) => {
    if (Object.keys(changes).join() !== "host") redraw();
    mark(traffic);
  });
}

function draw(traffic, measure) {
  const { capture, hidden } = traffic.chosen;
  const sums = traffic.types.map(() => new Float64Array(traffic.bins));
  for (const cell of traffic.cells) {
    // Capture -1: there were too many cells to keep captures apart.
    const other = capture >= 0 && cell[CAPTURE] >= 0 && cell[CAPTURE] !== capture;
    if (!other && !hidden.has(cell[TYPE])) sums[cell[TYPE]][cell[BIN]] += cell[measure];
  }
  const totals = sums[0].map((_, bin) => sums.reduce((sum, values) => sum + values[bin], 0));
  const most = Math.max(1, ...totals);
  const bases = new Float64Array(traffic.bins);
  const width = WIDTH / traffic.bins;
  const paths = sums.map((values, type) => {
    let d = "";
    values.forEach((value, bin) => {
      if (!value) return;
      const [low, high] = [bases[bin], bases[bin] + value].map((level) => (HEIGHT * (1 - level / most)).toFixed(1));
      d += `M${(bin * width).toFixed(1)} ${low}V${high}h${(width * 0.9).toFixed(1)}V${low}z`;
      bases[bin] += value;
    });
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("class", `t-${traffic.types[type]}`);
    path.setAttribute("d", d);
    return path;
  });
  byId("bars").replaceChildren(...paths);
  byId("peak").textContent = measure === 4 ? octets(most) : `${count(most)} packets`;
}

function mark(traffic) {
  const { from, to } = traffic.chosen;
  const width = WIDTH / traffic.bins;
  const brush = byId("brush");
  brush.setAttribute("x", from * width);
  brush.setAttribute("width", traffic.isWholeTime ? 0 : (to - from + 1) * width);
  [byId("from").value, byId("to").value] = [from, to];
  const words = `${instant(traffic.timeOf(from))} to ${instant(traffic.timeOf(to + 1 - 1e-9))} UTC`;
  byId("chosen").textContent = traffic.isWholeTime ? "" : words;
}

function startBrush(svg, traffic) {
  let start = -1;
  const binAt = (event) => {
    const box = svg.getBoundingClientRect();
    const bin = Math.floor(((event.clientX - box.left) / box.width) * traffic.bins);
    return Math.max(0, Math.min(traffic.bins - 1, bin));
  };
  const choose = (bin) => traffic.choose({ from: Math.min(start, bin), to: Math.max(start, bin) });
  svg.addEventListener("pointerdown", (event) => {
    start = binAt(event);
    svg.setPointerCapture(event.pointerId);
  });
  svg.addEventListener("pointermove", (event) => {
    if (start >= 0) choose(binAt(event));
  });
  svg.addEventListener("pointerup", (event) => {
    const bin = binAt(event);
    // A click without a drag takes the choice back.
    if (bin === start && !traffic.isWholeTime && traffic.chosen.from !== traffic.chosen.to) choose(bin);
    else if (bin === start) traffic.choose({ from: 0, to: traffic.bins - 1 });
    else choose(bin);
    start = -1;
  });
  svg.addEventListener("pointercancel", () => {
    start = -1;
  });
}

function startSliders(traffic) {
  for (const [id, value] of [["from", 0], ["to", traffic.bins - 1]]) {
    const slider = byId(id);
    slider.max = traffic.bins - 1;
    slider.value = value;
    slider.addEventListener("input", () => {
      const number = Number(slider.value);
      const { from, to } = traffic.chosen;
      traffic.choose(id === "from" ? { from: number, to: Math.max(number, to) } : { from: Math.min(number, from), to: number });
    });
  }
}
