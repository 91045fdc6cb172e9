// The interactive map: sigma draws it, this says what.

import { EdgeCurvedArrowProgram } from "@sigma/edge-curve";
import { MultiDirectedGraph } from "graphology";
import Sigma from "sigma";
import { EdgeArrowProgram } from "sigma/rendering";

import { Labels } from "./labels.js";

const GROUPS = new Set(["multicast", "broadcast"]);
const MOST_NAMED = 16; // edges whose protocol is written beside them
const [MANY_EDGES, SLOW] = [1000, 150]; // so many milliseconds are long for a frame
const still = matchMedia("(prefers-reduced-motion: reduce)");

export class Network {
  constructor(container, traffic) {
    this.container = container;
    this.traffic = traffic;
    this.graph = new MultiDirectedGraph();
    this.hovered = this.namedHost = null;
    this.slowFrames = 0;
    this.labels = new Labels(this);
    this.readColours();
    traffic.hosts.forEach((host, index) => {
      this.graph.addNode(String(index), { x: host.x, y: host.y, label: traffic.label(index), size: 4, zIndex: 1 });
    });
    this.sigma = new Sigma(this.graph, container, this.settings());
    this.sigma.on("beforeRender", () => this.labels.clear());
    this.sigma.on("afterRender", () => {
      this.labels.draw();
      this.watchFrames();
    });
    this.listen();
    this.update();
  }

  settings() {
    return {
      edgeProgramClasses: { straight: EdgeArrowProgram, curved: EdgeCurvedArrowProgram },
      defaultEdgeType: "straight",
      labelFont: getComputedStyle(document.body).fontFamily,
      labelSize: 12.5,
      labelDensity: 3,
      labelGridCellSize: 110,
      labelRenderedSizeThreshold: 3,
      minEdgeThickness: 1.2,
      renderEdgeLabels: true,
      edgeLabelFont: getComputedStyle(document.body).fontFamily,
      edgeLabelSize: 11,
      edgeLabelColor: { color: this.ink },
      defaultDrawNodeLabel: (context, data, settings) => this.labels.gather(context, data, settings),
      stagePadding: 46,
      zIndex: true,
      minCameraRatio: 0.02,
      maxCameraRatio: 3,
      allowInvalidContainer: true,
      defaultDrawNodeHover: (context, data, settings) => this.labels.drawHover(context, data, settings),
      nodeReducer: (node, data) => this.shownNode(node, data),
      edgeReducer: (edge, data) => this.shownEdge(edge, data),
    };
  }

  readColours() {
    const style = getComputedStyle(document.documentElement);
    const read = (name) => style.getPropertyValue(name).trim();
    this.colours = this.traffic.types.map((type) => read(`--${type.toLowerCase()}`));
    for (const name of ["ink", "card", "line", "strong", "private", "global", "group", "scope", "folded"]) {
      this[name] = read(`--${name}`);
    }
  }

  colourOf(host) {
    if (host.folded) return this.folded;
    if (GROUPS.has(host.scope)) return this.group;
    return host.scope === "private" ? this.private : host.scope === "global" ? this.global : this.scope;
  }

  // Puts the chosen edges in the place of those that were there.
  update() {
    const edges = this.traffic.edges();
    const sums = this.traffic.hosts.map(() => 0);
    for (const edge of edges) {
      sums[edge.src] += edge.octets;
      if (edge.dst !== edge.src) sums[edge.dst] += edge.octets;
    }
    this.namedHost = null;
    this.graph.clearEdges();
    this.addEdges(edges);
    const most = Math.log(2 + Math.max(0, ...sums));
    const scale = Math.max(0.5, Math.min(1, this.container.clientWidth / 900));
    this.graph.updateEachNodeAttributes((node, attributes) => {
      const host = this.traffic.hosts[node];
      attributes.hidden = sums[node] === 0;
      attributes.size = scale * (4 + 11 * (Math.log(1 + sums[node]) / most) ** 3);
      attributes.color = this.colourOf(host);
      return attributes;
    });
    this.counts = { hosts: sums.filter((sum) => sum > 0).length, edges: edges.length };
    this.counts.packets = edges.reduce((sum, edge) => sum + edge.packets, 0);
    this.counts.octets = edges.reduce((sum, edge) => sum + edge.octets, 0);
    this.container.dataset.hosts = this.counts.hosts;
    this.container.dataset.edges = this.counts.edges;
  }

  addEdges(edges) {
    // The largest are drawn last, above the others; parallel ones bend apart, the two directions to either side.
    const most = Math.log(2 + edges.reduce((largest, edge) => Math.max(largest, edge.octets), 0));
    const beside = new Map();
    for (const { src, dst } of edges) {
      const pair = src < dst ? `${src} ${dst}` : `${dst} ${src}`;
      beside.set(pair, (beside.get(pair) ?? 0) + 1);
    }
    const before = new Map();
    for (const edge of edges.sort((a, b) => b.octets - a.octets)) {
      const { src, dst } = edge;
      if (src === dst) continue; // listed beside the map: a line from a place to itself cannot be seen
      const one = beside.get(src < dst ? `${src} ${dst}` : `${dst} ${src}`) === 1;
      const place = before.get(`${src} ${dst}`) ?? 0;
      before.set(`${src} ${dst}`, place + 1);
      this.graph.addDirectedEdgeWithKey(edge.key, String(src), String(dst), {
        size: 1 + 4 * (Math.log(1 + edge.octets) / most) ** 3,
        color: this.colours[edge.type],
        protocol: this.traffic.types[edge.type],
        type: one ? "straight" : "curved",
        curvature: 0.1 + 0.11 * place,
        zIndex: edge.octets,
      });
    }
  }

  // Where a machine takes long to draw all edges, as without a graphics card, they are left out while the map moves.
  watchFrames() {
    if (this.slowFrames > 1 || this.graph.size < MANY_EDGES) return;
    const began = performance.now();
    const look = () => {
      this.slowFrames += performance.now() - began > SLOW;
      if (this.slowFrames === 2) this.sigma.setSetting("hideEdgesOnMove", (this.container.dataset.slow = true));
    };
    requestAnimationFrame(() => requestAnimationFrame(look));
  }

  get focus() {
    return this.hovered ?? (this.traffic.chosen.host >= 0 ? String(this.traffic.chosen.host) : null);
  }

  shownNode(node, data) {
    const focus = this.focus;
    if (focus === null || focus === node) return focus === node ? { ...data, highlighted: true, forceLabel: true } : data;
    if (this.graph.areNeighbors(focus, node)) return { ...data, forceLabel: true };
    return { ...data, color: this.line, label: null, zIndex: 0 };
  }

  shownEdge(edge, data) {
    const focus = this.focus;
    if (focus === null) return data;
    if (!this.graph.hasExtremity(edge, focus)) return { ...data, hidden: true };
    // In words too, as in grey not all colours are told apart.
    return this.named(focus).has(edge) ? { ...data, label: data.protocol, forceLabel: true } : data;
  }

  // Gives the largest edges of a host.
  named(host) {
    if (this.namedHost !== host) {
      const octets = (edge) => this.graph.getEdgeAttribute(edge, "zIndex");
      this.namedHost = host;
      this.namedEdges = new Set(this.graph.edges(host).sort((a, b) => octets(b) - octets(a)).slice(0, MOST_NAMED));
    }
    return this.namedEdges;
  }

  // Gives the circles that can be seen, in pixels.
  circles() {
    return this.graph.nodes().flatMap((key) => {
      const data = this.sigma.getNodeDisplayData(key);
      if (!data || data.hidden) return [];
      return [{ key, ...this.sigma.framedGraphToViewport(data), size: this.sigma.scaleSize(data.size) }];
    });
  }

  listen() {
    this.traffic.onChange((changes) => {
      const onlyHost = Object.keys(changes).join() === "host";
      if (!onlyHost) this.update();
      this.sigma.refresh({ skipIndexation: onlyHost });
    });
    this.sigma.on("enterNode", ({ node }) => this.hover(node));
    this.sigma.on("leaveNode", () => this.hover(null));
    this.sigma.on("clickNode", ({ node }) => this.traffic.choose({ host: Number(node) }));
    this.sigma.on("clickStage", () => this.traffic.choose({ host: -1 }));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      this.readColours();
      this.sigma.setSetting("edgeLabelColor", { color: this.ink });
      this.update();
      this.sigma.refresh();
    });
    new ResizeObserver(() => this.sigma.scheduleRefresh()).observe(this.container);
    // The wheel belongs to the page until the map is made use of.
    this.container.addEventListener(
      "wheel",
      (event) => {
        if (!event.ctrlKey && !this.container.contains(document.activeElement)) event.stopPropagation();
      },
      { capture: true },
    );
    this.container.addEventListener("mousedown", () => this.container.focus({ preventScroll: true }));
    this.container.addEventListener("keydown", (event) => this.press(event));
    for (const button of this.container.querySelectorAll("[data-zoom]")) {
      button.addEventListener("click", () => this.zoom(button.dataset.zoom));
    }
  }

  hover(node) {
    this.hovered = node;
    this.sigma.refresh({ skipIndexation: true });
  }

  press(event) {
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
    const zooms = { "+": "in", "=": "in", "-": "out", 0: "all" };
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (steps[event.key]) {
      const { x, y, ratio } = this.sigma.getCamera().getState();
      const [dx, dy] = steps[event.key];
      this.move({ x: x + 0.12 * ratio * dx, y: y + 0.12 * ratio * dy });
    } else if (zooms[event.key]) {
      this.zoom(zooms[event.key]);
    } else if (event.key === "Escape") {
      this.traffic.choose({ host: -1 });
    } else {
      return;
    }
    event.preventDefault();
  }

  zoom(how) {
    const { ratio } = this.sigma.getCamera().getState();
    if (how === "all") this.move({ x: 0.5, y: 0.5, ratio: 1, angle: 0 });
    else this.move({ ratio: how === "in" ? ratio / 1.5 : ratio * 1.5 });
  }

  // Brings a host into the middle.
  show(index) {
    const place = this.sigma.getNodeDisplayData(String(index));
    if (place && !place.hidden) this.move({ x: place.x, y: place.y, ratio: Math.min(0.6, this.sigma.getCamera().ratio) });
  }

  move(state) {
    this.sigma.getCamera().animate(state, { duration: still.matches ? 0 : 180 });
  }
}
