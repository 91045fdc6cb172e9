// What one host sends and receives, as text beside the map.

import { count, counted, element, octets } from "./format.js";

const MOST = 100;

export function watchHost(panel, traffic) {
  let opener = null;
  traffic.onChange((changes) => {
    if ("host" in changes && panel.hidden) opener = document.activeElement;
    const { host } = traffic.chosen;
    panel.hidden = host < 0;
    if (host < 0) {
      if (panel.contains(document.activeElement)) opener?.focus();
      panel.replaceChildren();
    } else {
      panel.replaceChildren(...contents(host, traffic));
      if ("host" in changes) panel.scrollTop = 0;
    }
  });
  panel.addEventListener("keydown", (event) => {
    if (event.key === "Escape") traffic.choose({ host: -1 });
  });
}

function contents(index, traffic) {
  const host = traffic.hosts[index];
  const edges = traffic.edges().filter(({ src, dst }) => src === index || dst === index);
  const sum = (end) => edges.filter((edge) => edge[end] === index).reduce((total, edge) => total + edge.octets, 0);
  const peers = new Set(edges.map(({ src, dst }) => (src === index ? dst : src)));
  peers.delete(index);
  const close = element("button", { type: "button", class: "close", "aria-label": "Close" }, "×");
  close.addEventListener("click", () => traffic.choose({ host: -1 }));
  const kind = host.folded ? "hosts without a circle of their own" : [host.name, host.scope].filter(Boolean).join(", ");
  return [
    close,
    element("h3", {}, host.folded ? traffic.label(index) : host.address),
    element("p", { class: "how" }, kind),
    host.origin ? element("p", { class: "how" }, `Named ${host.origin}.`) : null,
    element("p", {}, `Sent ${octets(sum("src"))}, received ${octets(sum("dst"))}, ${counted(peers.size, "peer")}.`),
    edges.length ? table(index, edges, traffic) : element("p", {}, "Nothing of what is chosen."),
    edges.length > MOST ? element("p", { class: "note" }, `The largest ${MOST} of ${count(edges.length)} edges.`) : null,
  ].filter(Boolean);
}

function table(index, edges, traffic) {
  const heads = ["", "Peer", "Protocol", "Packets", "Octets"].map((text) => element("th", { scope: "col" }, text));
  const rows = edges
    .sort((a, b) => b.octets - a.octets)
    .slice(0, MOST)
    .map((edge) => {
      const sends = edge.src === index;
      const peer = element("button", { type: "button", class: "host" }, traffic.label(sends ? edge.dst : edge.src));
      peer.addEventListener("click", () => traffic.choose({ host: sends ? edge.dst : edge.src }));
      const type = traffic.types[edge.type];
      return element(
        "tr",
        {},
        element("td", { title: sends ? "sends to" : "receives from" }, sends ? "→" : "←"),
        element("td", {}, peer),
        element("td", {}, element("i", { class: `key t-${type}` }), type),
        element("td", { "data-v": edge.packets }, count(edge.packets)),
        element("td", { "data-v": edge.octets }, octets(edge.octets)),
      );
    });
  return element("table", { "aria-label": "What it sends and receives" }, element("thead", {}, element("tr", {}, ...heads)), element("tbody", {}, ...rows));
}
