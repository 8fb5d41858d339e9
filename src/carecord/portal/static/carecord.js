// What the pages do beyond what they can without a script: NHS components, and a search that answers at once.
import { initAll } from "./nhsuk-frontend-10.6.1.min.js";

initAll();

const form = document.querySelector('[data-module="app-search"]');
if (form) answerAtOnce(form);

function answerAtOnce(form) {
  const input = form.querySelector("input");
  const status = document.getElementById("found");
  const sections = [...document.querySelectorAll(".app-bundle")];
  const operations = [...document.querySelectorAll(".app-operation")];
  const total = Number(status.dataset.total);
  // A page that came with an answer holds only what was found: a new search must ask the server.
  if (operations.length < total) return;

  const jump = document.querySelector(".app-jump");

  const show = () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    let found = 0;
    for (const operation of operations) {
      const fits = words.every((word) => operation.dataset.searched.includes(word));
      operation.hidden = !fits;
      if (fits) found += 1;
    }
    for (const section of sections) {
      section.hidden = !section.querySelector(".app-operation:not([hidden])");
    }
    jump.hidden = words.length > 0;
    status.textContent = words.length ? `${found} of ${total} operations and resource types.` : "";
  };

  input.addEventListener("input", show);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    show();
  });
  if (input.value) show();
}
