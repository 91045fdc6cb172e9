// Where the names of hosts stand on the map: beside their circles, over no other name, and over no other circle but
// much smaller ones.

const GAP = 3;
const AIR = 1;
const SMALLER = 0.65; // A hub in the middle of its leaves has a name before they have theirs.
const BUTTONS = { width: 52, height: 140 };

// Gives the boxes that a name may have, as [left, top, right, bottom]: right, left, above and below its circle.
function places({ x, y, size }, width, height) {
  const [beside, over] = [y - height / 2, size + GAP];
  const starts = [
    [x + over, beside],
    [x - over - width, beside],
    [x - width / 2, y - over - height],
    [x - width / 2, y + over],
  ];
  return starts.map(([left, top]) => [left, top, left + width, top + height]);
}

function overlap(a, b) {
  return a[0] < b[2] + AIR && b[0] < a[2] + AIR && a[1] < b[3] + AIR && b[1] < a[3] + AIR;
}

function covers(box, { x, y, size }) {
  const dx = Math.max(box[0] - x, x - box[2], 0);
  const dy = Math.max(box[1] - y, y - box[3], 0);
  return dx * dx + dy * dy < size * size;
}

// Chooses a box for each name, the larger hosts first; a name for which there is no room is left out.
//
// `names`: {key, x, y, size, width, forced}, `circles`: {key, x, y, size}, in pixels; `taken`: boxes that stay free.
// Gives [name, box] of those that have room.
function placeNames(names, circles, { height, within, taken }) {
  const boxes = [...taken];
  const placed = [];
  const order = [...names].sort((a, b) => b.forced - a.forced || b.size - a.size || Number(a.key) - Number(b.key));
  for (const name of order) {
    const free = places(name, name.width, height).filter(
      (at) =>
        at[0] >= 0 && at[1] >= 0 && at[2] <= within.width && at[3] <= within.height &&
        !boxes.some((other) => overlap(at, other)),
    );
    const [best] = free
      .map((at) => ({ at, hidden: circles.filter((circle) => circle.key !== name.key && covers(at, circle)) }))
      .filter(({ hidden }) => hidden.every(({ size }) => size <= SMALLER * name.size))
      .sort((a, b) => a.hidden.length - b.hidden.length);
    if (!best) continue;
    boxes.push(best.at);
    placed.push([name, best.at]);
  }
  return placed;
}

export class Labels {
  constructor(network) {
    this.network = network;
    this.clear();
  }

  clear() {
    this.names = [];
  }

  // Sigma asks for one label after the other: they are gathered, as where one can stand depends on the others.
  gather(context, data, settings) {
    if (!data.label) return;
    context.font = `${settings.labelSize}px ${settings.labelFont}`;
    const { key, x, y, size, label, forceLabel } = data;
    this.names.push({ key, x, y, size, label, forced: Boolean(forceLabel), width: context.measureText(label).width });
  }

  // Draws the labels that have room, each with a rim of the map's own colour, so that it can be read above lines.
  draw() {
    const { sigma, container, card, ink } = this.network;
    const context = sigma.getCanvases().labels.getContext("2d");
    const { labelSize, labelFont } = sigma.getSettings();
    const { clientWidth: width, clientHeight: height } = container;
    const buttons = [width - BUTTONS.width, 0, width, BUTTONS.height];
    const area = { height: labelSize * 1.2, within: { width, height }, taken: [buttons] };
    context.font = `${labelSize}px ${labelFont}`;
    context.lineWidth = 3;
    context.lineJoin = "round";
    context.strokeStyle = card;
    context.fillStyle = ink;
    for (const [{ label }, [left, top]] of placeNames(this.names, this.network.circles(), area)) {
      context.strokeText(label, left, top + labelSize * 0.95);
      context.fillText(label, left, top + labelSize * 0.95);
    }
  }

  // Draws the label of the host under the pointer on a card of the page's own colours, above all others.
  drawHover(context, data, settings) {
    if (!data.label) return;
    const { card, strong, ink } = this.network;
    context.font = `600 ${settings.labelSize}px ${settings.labelFont}`;
    const width = context.measureText(data.label).width + 12;
    const [x, y] = [this.hoverStart(data, width, 2), data.y - settings.labelSize + 1];
    context.beginPath();
    context.arc(data.x, data.y, data.size + 3, 0, 2 * Math.PI);
    context.rect(x, y, width, settings.labelSize + 9);
    context.fillStyle = card;
    context.fill();
    context.lineWidth = 1;
    context.strokeStyle = strong;
    context.stroke();
    context.fillStyle = ink;
    context.fillText(data.label, x + 6, data.y + settings.labelSize / 3);
  }

  // That label stands to the right of its host, or to the left where it would leave the map or lie under the buttons.
  hoverStart(data, width, gap) {
    const edge = this.network.container.clientWidth - (data.y < BUTTONS.height ? BUTTONS.width : 0);
    const start = data.x + data.size + gap;
    const before = data.x - data.size - gap - width;
    return start + width > edge && before > 0 ? before : start;
  }
}
