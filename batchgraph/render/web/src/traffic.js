// The data of the page, what of it is chosen, and who wants to know when that changes.

const [CAPTURE, SRC, DST, TYPE, PACKETS, OCTETS, RUNS] = [0, 1, 2, 3, 4, 5, 6];

export class Traffic {
  constructor(data) {
    this.hosts = data.hosts.map(([address, scope, x, y, name, origin]) => ({ address, scope, x, y, name, origin }));
    if (data.folded) this.hosts.at(-1).folded = data.folded;
    this.types = data.types;
    this.captures = data.captures;
    this.rows = data.rows;
    this.axis = data.axis;
    this.cells = data.cells;
    this.bins = data.axis.reduce((sum, [, , n]) => sum + n, 0);
    this.byAddress = new Map(this.hosts.map((host, index) => [host.address, index]));
    this.listeners = [];
    this.choose({}, true);
  }

  // Changes what is chosen: `capture` (-1: all), `hidden` (types by index), `from` and `to` (bins), `host` (or -1).
  choose(changes, afresh = false) {
    const all = { capture: -1, hidden: new Set(), from: 0, to: this.bins - 1, host: -1 };
    this.chosen = { ...(afresh ? all : this.chosen), ...changes };
    for (const listener of this.listeners) listener(changes);
  }

  onChange(listener) {
    this.listeners.push(listener);
  }

  get isWholeTime() {
    return this.chosen.from <= 0 && this.chosen.to >= this.bins - 1;
  }

  // Gives what is chosen, added up over captures: one edge for each sender, receiver and protocol.
  edges() {
    const { capture, hidden } = this.chosen;
    const sums = new Map();
    for (const row of this.rows) {
      if ((capture >= 0 && row[CAPTURE] !== capture) || hidden.has(row[TYPE]) || !this.isInTime(row[RUNS])) continue;
      const key = `${row[SRC]} ${row[DST]} ${row[TYPE]}`;
      const edge = sums.get(key);
      if (edge) {
        edge.packets += row[PACKETS];
        edge.octets += row[OCTETS];
      } else {
        sums.set(key, { key, src: row[SRC], dst: row[DST], type: row[TYPE], packets: row[PACKETS], octets: row[OCTETS] });
      }
    }
    return [...sums.values()];
  }

  isInTime(runs) {
    if (this.isWholeTime) return true;
    const { from, to } = this.chosen;
    for (let i = 0; i < runs.length; i += 2) if (runs[i] <= to && runs[i + 1] >= from) return true;
    return false;
  }

  // Gives the time at which a bin begins, in microseconds since 1970.
  timeOf(bin) {
    const piece = this.axis.findLast(([, , , first]) => first <= bin) ?? this.axis[0];
    return piece[0] + piece[1] * (bin - piece[3]);
  }

  label(index) {
    const host = this.hosts[index];
    if (host.folded) return `others (${host.folded.toLocaleString("en-US")} hosts)`;
    return host.name ? `${host.address} ${host.name}` : host.address;
  }
}
