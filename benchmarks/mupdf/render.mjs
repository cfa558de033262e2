// SPDX-License-Identifier: Apache-2.0
// Renders pages with MuPDF: both a PNG and a JPEG of quality 80, the smaller is kept.
// Reads lines "<file>\t<page from 0>\t<scale>"; answers each with a line of JSON: CPU microseconds of this process, bytes, form.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import * as mupdf from "mupdf";

const documents = new Map();

function open(file) {
  if (!documents.has(file)) {
    documents.set(file, mupdf.Document.openDocument(readFileSync(file), "application/pdf"));
  }
  return documents.get(file);
}

function render(file, number, scale) {
  const page = open(file).loadPage(number);
  const pixmap = page.toPixmap([scale, 0, 0, scale, 0, 0], mupdf.ColorSpace.DeviceRGB, false, true);
  const png = pixmap.asPNG();
  const jpeg = pixmap.asJPEG(80, false);
  const kept = png.length < jpeg.length ? png : jpeg;
  const answer = { bytes: kept.length, form: kept === png ? "png" : "jpeg", width: pixmap.getWidth() };
  pixmap.destroy();
  page.destroy();
  return answer;
}

for await (const line of createInterface({ input: process.stdin })) {
  const [file, number, scale] = line.split("\t");
  const before = process.cpuUsage();
  const answer = render(file, Number(number), Number(scale));
  const used = process.cpuUsage(before);
  console.log(JSON.stringify({ cpu: used.user + used.system, ...answer }));
}
