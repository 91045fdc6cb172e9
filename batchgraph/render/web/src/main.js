// The script of the page: everything it adds is extra, the page says it all without.

import { startControls } from "./controls.js";
import { Network } from "./network.js";
import { watchHost } from "./panel.js";
import { startTable } from "./tables.js";
import { startTimeline } from "./timeline.js";
import { Traffic } from "./traffic.js";

const byId = (id) => document.getElementById(id);

function startNetwork(traffic) {
  if (!document.createElement("canvas").getContext("webgl2")) return null;
  byId("network").hidden = false;
  try {
    return new Network(byId("network"), traffic);
  } catch (error) {
    // A browser may offer WebGL and then fail to give what a map needs of it: the picture is there.
    console.warn(error);
    byId("network").hidden = true;
    return null;
  }
}

// A link to a capture opens its section.
function openTarget() {
  const target = byId(location.hash.slice(1));
  if (target instanceof HTMLDetailsElement) {
    target.open = true;
    target.scrollIntoView();
  }
}

const traffic = new Traffic(JSON.parse(byId("data").textContent));
if (traffic.rows.length) {
  const network = startNetwork(traffic);
  watchHost(byId("panel"), traffic);
  startControls(traffic, network);
}
startTimeline(traffic);
document.querySelectorAll("table.sortable").forEach(startTable);
addEventListener("hashchange", openTarget);
openTarget();
document.documentElement.dataset.ready = "";
