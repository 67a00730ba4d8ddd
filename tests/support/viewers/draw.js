// Runs thumbs.js in Node.js, in front of a page that has one picture, once for each vector.
//
//   node draw.js THUMBS_JS < VECTORS     prints the buckets that were drawn, as JSON
"use strict";
const fs = require("fs");
const vm = require("vm");

const script = fs.readFileSync(process.argv[2], "utf8");
const BUCKETS = 128;

// Each bucket is a variant of its own, so that the picture tells the bucket.
const variants = Array.from({ length: BUCKETS }, (_, number) => {
  return { number, from: number, to: number + 1, url: `bucket:${number}` };
});

function drawn([salt, viewer]) {
  return new Promise((done) => {
    const test = { id: 1, salt, buckets: BUCKETS, variants, beacon: "http://beacon/v1/seen" };
    const size = { url: "default", width: 16, height: 9 };
    const image = {
      tagName: "IMG",
      dataset: { thumbsAsset: "mux/main/a1" },
      style: {},
      getAttribute: () => "page.jpg",
      setAttribute: (name, url) => name === "src" && done(Number(url.split(":")[1])),
      addEventListener: () => {},
    };
    class Observer {
      observe() {}
    }
    const page = {
      document: {
        currentScript: { src: "http://beacon/v1/thumbs.js", dataset: { thumbsViewer: viewer } },
        querySelectorAll: () => [image],
        addEventListener: () => {},
        referrer: "",
      },
      location: { origin: "http://site" },
      navigator: {},
      performance: { now: () => 0, getEntriesByName: () => [] },
      crypto: globalThis.crypto,
      fetch: async () => ({ json: async () => ({ assets: [{ asset: "mux/main/a1", default: size, test }] }) }),
      getComputedStyle: () => ({ aspectRatio: "auto" }),
      addEventListener: () => {},
      IntersectionObserver: Observer,
      MutationObserver: Observer,
      ...{ AbortController, DataView, TextEncoder, URL, clearTimeout, console, setTimeout },
    };
    vm.runInNewContext(script, { ...page, window: page });
  });
}

const vectors = JSON.parse(fs.readFileSync(0, "utf8"));
Promise.all(vectors.map(drawn)).then((buckets) => console.log(JSON.stringify(buckets)));
