// SPDX-License-Identifier: Apache-2.0
// Shows the first page of ?file= as wide as Sealroom's viewer does, as quickly as pdf.js can, and says when it is drawn.
import * as pdfjs from "./node_modules/pdfjs-dist/build/pdf.min.mjs";

pdfjs.GlobalWorkerOptions.workerSrc = "node_modules/pdfjs-dist/build/pdf.worker.min.mjs";
const part = (name) => new URL(`node_modules/pdfjs-dist/${name}/`, location).href;
const file = await pdfjs.getDocument({
  url: new URL(location).searchParams.get("file"),
  wasmUrl: part("wasm"),
  cMapUrl: part("cmaps"),
  standardFontDataUrl: part("standard_fonts"),
}).promise;
const page = await file.getPage(1);
const natural = page.getViewport({ scale: 1 });
const width = Math.min(innerWidth - 48, Math.max(794, (natural.width * 96) / 72));
const viewport = page.getViewport({ scale: (width / natural.width) * devicePixelRatio });
const canvas = document.querySelector("canvas");
[canvas.width, canvas.height] = [viewport.width, viewport.height];
await page.render({ canvasContext: canvas.getContext("2d"), canvas, viewport }).promise;
requestAnimationFrame(() => (window.shownAt = performance.now()));
