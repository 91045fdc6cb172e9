// Tables that are sorted by a click on a header and searched by a word.

import { count, element } from "./format.js";

const words = new Intl.Collator("en", { numeric: true });

export function startTable(table) {
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const heads = [...table.tHead.rows[0].cells];
  const numeric = heads.map((_, column) => rows.some((row) => row.cells[column].dataset.v !== undefined));
  heads.forEach((head, column) => {
    const button = element("button", { type: "button" }, head.textContent);
    head.replaceChildren(button);
    if (numeric[column]) head.classList.add("n");
    button.addEventListener("click", () => {
      // Numbers begin with the largest, words with the first.
      const first = numeric[column] ? "descending" : "ascending";
      const second = numeric[column] ? "ascending" : "descending";
      const way = head.getAttribute("aria-sort") === first ? second : first;
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", way);
      const sign = way === "ascending" ? 1 : -1;
      body.append(...ordered(rows, column, numeric[column], sign));
    });
  });
  if (rows.length > 5) addSearch(table, rows);
}

function ordered(rows, column, isNumeric, sign) {
  const keyed = rows.map((row) => {
    const cell = row.cells[column];
    return [isNumeric ? Number(cell.dataset.v ?? NaN) : cell.textContent, row];
  });
  const compare = isNumeric ? (a, b) => a - b : words.compare;
  // What is not there comes last, whichever way.
  const isMissing = (key) => key === "" || Number.isNaN(key);
  keyed.sort(([a], [b]) => isMissing(a) - isMissing(b) || (isMissing(a) ? 0 : sign * compare(a, b)));
  return keyed.map(([, row]) => row);
}

function addSearch(table, rows) {
  const texts = rows.map((row) => row.textContent.toLowerCase());
  const input = element("input", { type: "search", "aria-label": `Search the table of ${table.dataset.caption}` });
  input.placeholder = "search this table";
  const found = element("span", { class: "note", role: "status" });
  input.addEventListener("input", () => {
    const wanted = input.value.trim().toLowerCase().split(/\s+/);
    let shown = 0;
    rows.forEach((row, index) => {
      row.hidden = !wanted.every((word) => texts[index].includes(word));
      shown += !row.hidden;
    });
    found.textContent = input.value.trim() ? `${count(shown)} of ${count(rows.length)}` : "";
  });
  table.closest(".scroll").before(element("div", { class: "filter" }, input, found));
}
