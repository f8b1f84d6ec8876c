"use strict";
for (const table of document.querySelectorAll("table.data")) {
  const body = table.tBodies[0];
  const key = (row, place) => row.cells[place].dataset.sort ?? row.cells[place].textContent.trim();
  const compare = (one, other) =>
    one === "" || other === "" ? (one === "") - (other === "")
      : one.localeCompare(other, "en", { numeric: true, sensitivity: "base" });
  [...table.tHead.rows[0].cells].forEach((head, place) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const ascending = head.getAttribute("aria-sort") !== "ascending";
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", ascending ? "ascending" : "descending");
      const rows = [...body.rows].map((row) => [key(row, place), row]);
      rows.sort(([one], [other]) => (ascending ? 1 : -1) * compare(one, other));
      body.append(...rows.map(([, row]) => row));
    });
  });
  if (body.rows.length < 15) continue;
  const filter = document.createElement("input");
  filter.type = "search";
  filter.placeholder = `Filter ${body.rows.length.toLocaleString("en")} rows`;
  filter.setAttribute("aria-label", filter.placeholder);
  filter.addEventListener("input", () => {
    const words = filter.value.toLowerCase().split(/\s+/);
    for (const row of body.rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
    }
  });
  table.parentElement.before(filter);
}
