// Counts, sizes and times as the rest of the page writes them.

export function count(number) {
  return number.toLocaleString("en-US");
}

export function counted(number, noun) {
  return `${count(number)} ${noun}${number === 1 ? "" : "s"}`;
}

export function octets(number) {
  if (number < 1000) return `${number} B`;
  const units = ["kB", "MB", "GB", "TB", "PB", "EB"];
  let value = number / 1000;
  let unit = 0;
  while (value >= 999.5) {
    value /= 1000;
    unit += 1;
  }
  return `${value.toFixed(value < 9.995 ? 2 : value < 99.95 ? 1 : 0)} ${units[unit]}`;
}

export function instant(microseconds) {
  return new Date(microseconds / 1000).toISOString().slice(0, 19).replace("T", " ");
}

// Makes an element; text from the data reaches the page here alone, and as text.
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children.filter((child) => child !== null));
  return made;
}
