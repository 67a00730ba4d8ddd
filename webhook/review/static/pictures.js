// Says why pictures do not come: a newer run replaced them, or they cannot be read for now. Uses review.js.
"use strict";

/* The server alone knows why there is no picture. It is asked about one: what is wrong is so with the others, too. */
const sayWhyNoPicture = async (image) => {
  const page = find("#main");
  if (page.dataset.asksWhy) return;
  page.dataset.asksWhy = "on";
  const status = await fetch(image.currentSrc || image.src).then((answer) => answer.status, () => null);
  const isReplaced = status === 404 && image.matches("[data-strip] img, #frame img");
  const notice = isReplaced ? find("#stale") : status !== 404 && status !== 200 && find("#away");
  if (notice) notice.hidden = false;
  else delete page.dataset.asksWhy;
};
document.addEventListener("error", (event) => { if (event.target.matches?.("main img")) sayWhyNoPicture(event.target); }, true);
/* Those that failed before this script was there. */
findAll("main img").filter((image) => image.complete && image.currentSrc && !image.naturalWidth).slice(0, 1).forEach(sayWhyNoPicture);
