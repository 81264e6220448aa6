// Sorting, filtering, and the command of a cell. Without this script the page shows the
// same, because the style alone switches kernels.
(() => {
  "use strict";
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  // The number at the start of a cell's text; cells without one sort last.
  const value = (cell) => {
    const words = (cell?.textContent ?? "").trim();
    const number = words.replaceAll(",", "").match(/^[+-]?\d+(\.\d+)?/);
    return { number: number ? Number(number[0]) : NaN, words };
  };
  const compare = (a, b, way) => {
    const [x, y] = [Number.isNaN(a.number), Number.isNaN(b.number)];
    if (x !== y) return x ? 1 : -1;
    return way * (x ? a.words.localeCompare(b.words) : a.number - b.number);
  };
  const sort = (table, header) => {
    const column = header.cellIndex;
    const way = header.getAttribute("aria-sort") === "ascending" ? -1 : 1;
    all("th[aria-sort]", table).forEach((other) => other.removeAttribute("aria-sort"));
    header.setAttribute("aria-sort", way === 1 ? "ascending" : "descending");
    const body = table.tBodies[0];
    const rows = [...body.rows].map((row) => ({ row, value: value(row.cells[column]) }));
    rows.sort((a, b) => compare(a.value, b.value, way));
    body.append(...rows.map(({ row }) => row));
  };
  for (const table of all("table.sorts")) {
    for (const header of table.tHead.rows[0].cells) {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...header.childNodes);
      button.addEventListener("click", () => sort(table, header));
      header.append(button);
    }
  }

  // A row is shown if it contains every word of the box, in upper or lower case.
  const filter = document.getElementById("filter");
  const status = document.getElementById("filtered");
  const rows = all("table.filters > tbody > tr").map((row) => ({ row, words: null }));
  filter.addEventListener("input", () => {
    const wanted = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const entry of rows) {
      entry.words ??= entry.row.textContent.toLowerCase();
      entry.row.hidden = !wanted.every((word) => entry.words.includes(word));
      if (!entry.row.hidden && entry.row.offsetParent) shown += 1;
    }
    status.textContent = wanted.length ? `${shown} rows` : "";
  });
  all(".needs-script").forEach((part) => { part.hidden = false; });

  // A click on a row inserts its monitor into the command below the table.
  document.addEventListener("click", (event) => {
    const row = event.target.closest?.("table.cells > tbody > tr");
    const command = row?.closest(".table").parentElement.querySelector(".again code");
    if (!command) return;
    command.dataset.pattern ??= command.textContent;
    command.textContent = command.dataset.pattern.replace(/MONITOR'$/, () => `${row.cells[0].textContent}'`);
  });

  // The address has the selected kernel, so that links can point to it: #kernel=6.12
  const choices = all("input[name=kernel]");
  const follow = () => {
    const wanted = decodeURIComponent(location.hash).match(/^#kernel=(.*)$/)?.[1];
    const choice = choices.find((input) => input.value === wanted);
    if (choice) choice.checked = true;
  };
  const fresh = () => filter.dispatchEvent(new Event("input"));
  for (const choice of choices) {
    choice.addEventListener("change", () => {
      history.replaceState(null, "", `#kernel=${encodeURIComponent(choice.value)}`);
      fresh();
    });
  }
  addEventListener("hashchange", () => { follow(); fresh(); });
  follow();
})();
