// Shows each viewer their picture of a test, and tells the beacon what was seen and played.
//
// Whether a view counts never depends on which variant was drawn, nor on how fast its picture came: else
// those of one variant would be missing more often, and the test would be wrong. docs/learning.md explains it.
(() => {
  "use strict";

  const LATE_MS = 300; // so long the page's own picture may have been looked at; then it stays
  const SEEN_MS = 1000; // half visible for so long is an impression
  const GATHER_MS = 10; // cards of one page come in pieces, and are asked for together
  const MOST_IDS = 50;
  const MOST_CHARACTERS = 1800; // of an address
  const MOST_EVENTS = 100;
  const LONGEST_S = 1800;
  const MARKED = "[data-thumbs-asset],[data-thumbs-for]";

  const script = document.currentScript;
  const isLed = document.referrer.startsWith(`${location.origin}/`);
  const assets = new Map(); // by name
  const names = new WeakMap(); // of elements
  const visible = new Map(); // elements of which half is in the window, with their timers
  const positions = new WeakMap(); // of players, in seconds
  const events = [];
  let beacon;
  let queue = [];
  let own;
  // What was there before this script may have been looked at since the page was first drawn.
  let isLater = 0;

  // Where it runs already, a second one would count everything twice.
  if ((window.thumbs || 0).watched) return;
  window.thumbs = { play, watched };
  if (!script || navigator.webdriver) return;

  // The customer's word for the viewer, else a random one: kept in this browser, unless there is no consent.
  function viewer() {
    const { thumbsViewer, thumbsConsent } = script.dataset;
    const isKept = thumbsConsent !== "none";
    if (thumbsViewer) return thumbsViewer;
    try {
      own = own || (isKept && localStorage.getItem("thumbs.viewer")) || crypto.randomUUID();
      if (isKept) localStorage.setItem("thumbs.viewer", own);
    } catch (_) {
      // A browser that keeps nothing: for this page only.
      own = own || crypto.randomUUID();
    }
    return own;
  }

  async function draw(asset, test) {
    // Neither is there on plain http. Who cannot be drawn sees what is shown without the test.
    if (!crypto.subtle || !crypto.randomUUID) return;
    const who = viewer();
    if ([...who].length > 64) {
      console.warn("data-thumbs-viewer: over 64 characters");
      return;
    }
    const bytes = new TextEncoder().encode(`${test.salt}:${who}`);
    const digest = new DataView(await crypto.subtle.digest("SHA-256", bytes));
    const bucket = digest.getUint32(0) % test.buckets;
    asset.url = test.variants.find((one) => one.from <= bucket && bucket < one.to).url;
    asset.test = test.id;
    asset.bucket = bucket;
    beacon = test.beacon;
  }

  function load() {
    while (queue.length) {
      const batch = [];
      let ids = "";
      while (queue.length && batch.length < MOST_IDS) {
        const id = encodeURIComponent(queue[0].name.replace(/[%,]/g, encodeURIComponent)).replace(/%2F/g, "/");
        if (batch.length && ids.length + id.length > MOST_CHARACTERS) break;
        ids += (ids && ",") + id;
        batch.push(queue.shift());
      }
      ask(ids, batch);
    }
  }

  async function ask(ids, batch) {
    const found = {};
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), LATE_MS);
    try {
      const { signal } = late;
      const answer = await fetch(new URL(`variants?ids=${ids}`, script.src), { signal });
      for (const one of (await answer.json()).assets) found[one.asset] = one;
    } catch (_) {
      // What the page shows stays, and nothing is counted.
    }
    clearTimeout(timer);
    for (const asset of batch) decide(asset, found[asset.name]);
  }

  // What an asset shows on this page is decided once, for all its elements, and holds until the page is left.
  async function decide(asset, manifest) {
    if (!manifest) return;
    asset.size = manifest.default;
    asset.url = asset.size.url;
    if (manifest.test) await draw(asset, manifest.test);
    const looked = lookedAt(asset);
    // All variants, so that viewers of each wait equally long.
    const all = asset.test ? manifest.test.variants : [asset.size];
    asset.isReady = !looked || (looked < LATE_MS && (await arrive(all, LATE_MS - looked)));
    if (asset.isReady) asset.cards.splice(0).forEach(put);
    else asset.test = 0;
  }

  // Whether pictures come in time.
  function arrive(all, inMs) {
    const load = ({ url }) =>
      new Promise((onload, onerror) => Object.assign(new Image(), { onload, onerror, src: url }));
    const late = new Promise((done) => setTimeout(done, inMs));
    return Promise.race([Promise.all(all.map(load)).then(() => 1, () => 0), late]);
  }

  // For how many milliseconds a viewer may have looked at what the page shows in place of this picture.
  function lookedAt(asset) {
    const [painted] = performance.getEntriesByName("first-contentful-paint");
    const isLookedAt = (card) => {
      const { top, left, bottom, right } = card.getBoundingClientRect();
      const isOnScreen = bottom > 0 && right > 0 && top < innerHeight && left < innerWidth;
      return isOnScreen && (!ownAttribute(card) || card.getAttribute(attribute(card)));
    };
    if (!painted || !asset.cards.some(isLookedAt)) return 0;
    return performance.now() - Math.max(painted.startTime, asset.since);
  }

  const ownAttribute = (card) => ({ IMG: "src", VIDEO: "poster" })[card.tagName];
  const attribute = (card) => card.dataset.thumbsPoster || ownAttribute(card);

  function put(card) {
    const asset = assets.get(names.get(card));
    const name = attribute(card);
    if (!asset.isReady) return;
    if (!name) {
      card.style.setProperty("--thumbs-poster", `url("${asset.url}")`);
    } else if (card.getAttribute(name) !== asset.url) {
      const kept = [];
      const set = (element, key, value) => {
        kept.push([element, key, element.getAttribute(key)]);
        if (value) element.setAttribute(key, value);
        else element.removeAttribute(key);
      };
      const frame = card.parentElement;
      if (card.srcset) set(card, "srcset");
      if (frame && frame.tagName === "PICTURE") {
        frame.querySelectorAll("source").forEach((source) => set(source, "srcset"));
      }
      set(card, name, asset.url);
      const undo = () => {
        if (card.getAttribute(name) !== asset.url) return;
        asset.test = 0;
        kept.forEach(([element, key, value]) => value && element.setAttribute(key, value));
      };
      card.addEventListener("error", undo, { once: true });
    }
    // Only where the page reserves nothing itself.
    if (ownAttribute(card) && getComputedStyle(card).aspectRatio === "auto") {
      card.style.aspectRatio = `auto ${asset.size.width}/${asset.size.height}`;
    }
    wait(card);
  }

  // Begin the second after which a card is seen, if it can be seen.
  function wait(card) {
    const asset = assets.get(names.get(card));
    clearTimeout(visible.get(card));
    if (!visible.has(card) || !asset.isReady || document.hidden) return;
    asset.isVisible = true;
    visible.set(card, setTimeout(() => document.hidden || count(asset, "i"), SEEN_MS));
  }

  // Each kind counts once for an asset and page.
  function count(asset, kind, ...seconds) {
    if (!asset.test || asset[kind]) return;
    asset[kind] = true;
    events.push([asset.test, asset.bucket, kind, ...seconds]);
  }

  function play(name) {
    const asset = assets.get(name);
    if (!asset) return;
    // Who plays within the second has seen it. A card that nobody could see led nobody to play, and nor did
    // one on another page where the viewer came from elsewhere.
    if (asset.isVisible) count(asset, "i");
    if (asset.i || (!asset.hasCard && isLed)) count(asset, "p");
  }

  function watched(name, seconds, duration) {
    const asset = assets.get(name);
    if (!asset || !asset.p) return;
    const whole = duration > 0 ? duration : Infinity;
    asset.watched = Math.min(seconds, whole, LONGEST_S);
    if (asset.watched >= Math.min(10, whole / 4)) count(asset, "q");
  }

  function flush() {
    assets.forEach((asset) => asset.watched && count(asset, "w", +asset.watched.toFixed(1)));
    while (events.length) {
      const body = { v: 1, id: crypto.randomUUID(), events: events.splice(0, MOST_EVENTS) };
      navigator.sendBeacon(beacon, JSON.stringify(body));
    }
  }

  function mark(element) {
    const { thumbsAsset, thumbsFor } = element.dataset;
    const name = thumbsAsset || thumbsFor;
    if (!name || names.get(element) === name) return;
    names.set(element, name);
    if (!assets.has(name)) {
      assets.set(name, { name, cards: [], since: isLater && performance.now() });
      if (queue.push(assets.get(name)) === 1) setTimeout(load, GATHER_MS);
    }
    if (!thumbsAsset) return;
    const asset = assets.get(name);
    asset.hasCard = true;
    half.observe(element);
    if (asset.isReady) put(element);
    else asset.cards.push(element);
    wait(element);
  }

  function scan(node) {
    if (!node.querySelectorAll) return;
    if (node.matches && node.matches(MARKED)) mark(node);
    node.querySelectorAll(MARKED).forEach(mark);
  }

  const half = new IntersectionObserver(
    (entries) => {
      for (const { target, intersectionRatio } of entries) {
        clearTimeout(visible.get(target));
        visible.delete(target);
        if (intersectionRatio < 0.5) continue;
        visible.set(target, 0);
        wait(target);
      }
    },
    { threshold: 0.5 },
  );

  const changes = new MutationObserver((records) => {
    for (const { target, addedNodes, attributeName } of records) {
      if (attributeName) mark(target);
      addedNodes.forEach(scan);
    }
  });
  const attributeFilter = ["data-thumbs-asset", "data-thumbs-for"];
  changes.observe(document, { childList: true, subtree: true, attributes: true, attributeFilter });
  scan(document);
  isLater = 1;

  function notice({ target: player }) {
    const asset = assets.get(names.get(player));
    if (!asset) return;
    // One that plays by itself tells nothing, unless it is on the page that a card led to; it may be faster
    // than the manifest.
    if ((player.dataset.thumbsFor || !player.autoplay) && !player.paused) play(asset.name);
    const step = player.currentTime - (positions.get(player) || 0);
    positions.set(player, player.currentTime);
    // A longer step is a jump.
    if (step > 0 && step < 2) watched(asset.name, (asset.watched || 0) + step, player.duration);
  }
  // Events of players do not rise, but are seen on their way down.
  for (const kind of ["play", "timeupdate"]) document.addEventListener(kind, notice, true);
  addEventListener("pagehide", flush);
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) flush();
    else visible.forEach((_, card) => wait(card));
  });
})();
