// Uses a report as a reader would, in frames of two widths, and reports its findings.
"use strict";
const lines = [];
const report = (fine, what, detail = "") => lines.push(`${fine ? "ok" : "WRONG"} ${what} ${fine ? "" : detail}`.trim());
const all = (root, selector) => [...root.querySelectorAll(selector)];
const seen = (element) => element.offsetParent !== null;
const number = (text) => {
  const found = text.trim().replaceAll(",", "").match(/^[+-]?\d+(\.\d+)?/);
  return found ? Number(found[0]) : NaN;
};
const sorted = (numbers, way) => {
  const real = numbers.filter((value) => !Number.isNaN(value));
  const rising = real.every((value, place) => place === 0 || (real[place - 1] - value) * way <= 0);
  return rising && numbers.slice(0, real.length).every((value) => !Number.isNaN(value));
};

const use = (frame, width) => {
  const page = frame.contentDocument;
  const view = frame.contentWindow;
  const at = (what) => `${what} at ${width}`;
  const fits = (what) => {
    const wide = page.documentElement.scrollWidth;
    const culprits = () => all(page, "main *").filter((element) => seen(element) && !element.closest(".table, pre")
      && element.getBoundingClientRect().right > view.innerWidth + 1).slice(0, 3)
      .map((element) => element.outerHTML.slice(0, 90)).join(" ; ");
    report(wide <= view.innerWidth, at(what), `${wide} ${culprits()}`);
  };
  fits("nothing overflows");
  const table = all(page, "table.decide").find(seen);
  const column = (place) => [...table.tBodies[0].rows].map((row) => number(row.cells[place].textContent));
  const header = table.tHead.rows[0].cells[1];
  header.querySelector("button").click();
  report(header.getAttribute("aria-sort") === "ascending" && sorted(column(1), 1), at("a click sorts"), column(1));
  header.querySelector("button").click();
  report(header.getAttribute("aria-sort") === "descending" && sorted(column(1), -1), at("a second click reverses"), column(1));
  const first = table.tHead.rows[0].cells[0];
  first.querySelector("button").click();
  const names = [...table.tBodies[0].rows].map((row) => row.cells[0].textContent.trim());
  const inOrder = names.every((name, place) => place === 0 || names[place - 1].localeCompare(name) <= 0);
  report(inOrder && !header.hasAttribute("aria-sort"), at("names sort too"), names.join());
  report(all(page, "thead button").every((button) => button.tabIndex === 0), at("headings can be focused"));

  const filter = page.getElementById("filter");
  const type = (words) => {
    filter.value = words;
    filter.dispatchEvent(new view.Event("input", { bubbles: true }));
  };
  const shown = () => [...table.tBodies[0].rows].filter(seen);
  const before = shown().length;
  type("BPF-lsm count");
  const left = shown();
  report(seen(filter) && left.length > 0 && left.length < before
    && left.every((row) => /bpf-lsm/.test(row.textContent) && /count/.test(row.textContent)),
    at("the box filters"), left.length);
  type("");
  report(shown().length === before, at("an empty box shows all"), shown().length);

  const choices = all(page, "input[name=kernel]");
  const chosen = choices.find((input) => input.checked);
  const other = choices.findLast((input) => input !== chosen);
  const titles = () => all(page, ".choose h2").filter(seen).map((title) => title.textContent);
  report(titles().length === 1 && titles()[0].endsWith(chosen.value), at("one kernel is shown"), titles());
  other.click();
  report(titles().length === 1 && titles()[0].endsWith(other.value), at("another kernel can be selected"), titles());
  report(view.location.hash === `#kernel=${encodeURIComponent(other.value)}`, at("the address names the kernel"), view.location.hash);
  fits("nothing overflows on another kernel");
  chosen.click();

  const row = all(page, "table.cells > tbody > tr").filter(seen)[1];
  row.click();
  const command = row.closest(".table").parentElement.querySelector(".again code").textContent;
  report(command.startsWith("hookbench run --cell '") && command.endsWith(`/${row.cells[0].textContent}'`),
    at("a click on a row names its monitor in the command"), command);
  all(page, "details").forEach((part) => { part.open = true; });
  fits("nothing overflows with all details open");
  const unnamed = all(page, "svg").filter((svg) => !svg.getAttribute("aria-label") || svg.getAttribute("role") !== "img");
  report(unnamed.length === 0, at("pictures have a label"), unnamed.length);
  report(view.errors.length === 0, at("no error"), view.errors.join(" | "));
};

const load = (width) => new Promise((done) => {
  const frame = document.createElement("iframe");
  frame.style.cssText = `width:${width}px;height:1000px;border:0`;
  frame.addEventListener("load", () => {
    try { use(frame, width); } catch (error) { report(false, `used at ${width}`, `${error.message} ${error.stack}`); }
    frame.remove();
    done();
  });
  frame.src = "report.html";
  document.body.append(frame);
});
load(375).then(() => load(1440)).then(() => {
  report(true, `all ${lines.length}`);
  document.getElementById("findings").textContent = lines.join("\n");
});
