"use strict";
const strip = document.getElementById("strip");
const controls = document.getElementById("controls");
const detail = document.getElementById("detail");
const cards = [...strip.children];

// A pick's picture is in the page once, large; its square of the strip shows the same one.
for (const image of document.querySelectorAll("img[data-same-as]")) {
  image.src = document.querySelector(`#${image.dataset.sameAs} img`).src;
}

document.getElementById("show-faces")?.addEventListener("change", (event) => {
  document.body.classList.toggle("with-faces", event.target.checked);
});

controls.hidden = false;
controls.addEventListener("change", () => {
  const { group, order } = Object.fromEntries(new FormData(controls));
  const sign = order === "score" ? -1 : 1;
  strip.classList.toggle("sorted", order === "score" || group !== "");
  cards.sort((one, other) => sign * (one.dataset[order] - other.dataset[order]));
  for (const card of cards) card.hidden = group !== "" && card.dataset.group !== group;
  strip.append(...cards);
});

strip.addEventListener("click", (event) => {
  const card = event.target.closest("button")?.closest("li");
  if (!card) return;
  const copy = card.cloneNode(true);
  copy.removeAttribute("id");
  copy.querySelector(".more").hidden = false;
  document.getElementById("detail-body").replaceChildren(...copy.children);
  detail.showModal();
});

detail.addEventListener("click", (event) => {
  if (event.target === detail) detail.close();
});
