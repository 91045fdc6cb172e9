// Search, filters and the switch between the interactive map and its picture.

import { counted, element, octets } from "./format.js";

const MOST_HITS = 24;
const byId = (id) => document.getElementById(id);

export function startControls(traffic, network) {
  byId("controls").hidden = false;
  byId("faces").hidden = !network;
  fillCaptures(traffic);
  fillTypes(traffic);
  startSearch(traffic, network);
  byId("reset").addEventListener("click", () => {
    byId("find").value = "";
    byId("hits").hidden = true;
    traffic.choose({}, true);
    network?.zoom("all");
  });
  startSwap(network);
  traffic.onChange(() => tell(traffic, network));
  tell(traffic, network);
  for (const button of document.querySelectorAll("button[data-host]")) {
    const index = traffic.byAddress.get(button.dataset.host);
    if (index === undefined) continue;
    button.disabled = false;
    button.addEventListener("click", () => {
      pick(traffic, network, index);
      byId("map").scrollIntoView();
    });
  }
}

function fillCaptures(traffic) {
  const select = byId("pick");
  select.append(...traffic.captures.map((name, index) => element("option", { value: index }, name)));
  select.addEventListener("change", () => traffic.choose({ capture: Number(select.value) }));
  traffic.onChange(() => {
    select.value = traffic.chosen.capture;
  });
}

function fillTypes(traffic) {
  const present = [...new Set(traffic.rows.map((row) => row[3]))].sort((a, b) => a - b);
  for (const type of present) {
    const box = element("input", { type: "checkbox", checked: "" });
    const name = traffic.types[type];
    byId("kinds").append(element("label", {}, box, " ", element("i", { class: `key t-${name}` }), name));
    box.addEventListener("change", () => {
      const hidden = new Set(traffic.chosen.hidden);
      if (box.checked) hidden.delete(type);
      else hidden.add(type);
      traffic.choose({ hidden });
    });
    traffic.onChange(() => {
      box.checked = !traffic.chosen.hidden.has(type);
    });
  }
}

function pick(traffic, network, index) {
  traffic.choose({ host: index });
  network?.show(index);
  byId("panel").focus({ preventScroll: true });
}

function startSearch(traffic, network) {
  const input = byId("find");
  const list = byId("hits");
  const hits = () => {
    const wanted = input.value.trim().toLowerCase();
    if (!wanted) return [];
    return traffic.hosts.flatMap((host, index) => (traffic.label(index).toLowerCase().includes(wanted) ? [index] : []));
  };
  input.addEventListener("input", () => {
    const found = hits();
    list.hidden = !input.value.trim();
    list.replaceChildren(...found.slice(0, MOST_HITS).map((index) => hit(traffic, network, index)));
    const more = found.length > MOST_HITS ? `; the first ${MOST_HITS} are listed` : "";
    const none = "no host on the map; hosts.csv has all there are";
    byId("told").textContent = input.value.trim() ? (found.length ? counted(found.length, "host") + more : none) : "";
    if (!input.value.trim()) tell(traffic, network);
  });
  input.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !hits().length) return;
    event.preventDefault();
    pick(traffic, network, hits()[0]);
  });
}

function hit(traffic, network, index) {
  const button = element("button", { type: "button" }, traffic.label(index));
  button.addEventListener("click", () => pick(traffic, network, index));
  return element("li", {}, button);
}

function startSwap(network) {
  const button = byId("swap");
  const show = (picture) => {
    byId("picture").hidden = !picture;
    byId("network").hidden = byId("faces").hidden = picture;
    button.setAttribute("aria-pressed", String(picture));
  };
  if (!network) {
    button.hidden = true;
    return;
  }
  show(false);
  button.addEventListener("click", () => show(byId("picture").hidden));
}

function tell(traffic, network) {
  if (!network) {
    byId("told").textContent = "This browser offers no WebGL: the map stays a picture, the rest works.";
    return;
  }
  const { hosts, edges, packets, octets: sum } = network.counts;
  const active = traffic.isWholeTime ? "" : ", all of those that have packets in the time chosen";
  byId("told").textContent =
    `${counted(hosts, "host")}, ${counted(edges, "edge")}: ${counted(packets, "packet")}, ${octets(sum)}${active}. ` +
    "Click a host to see what it sends and receives.";
}
