// SPDX-License-Identifier: Apache-2.0
// Where every page lies. Pure geometry: no element is touched, so a document of 5,000 pages costs three arrays.

export const PIXELS_PER_POINT = 96 / 72;
export const ZOOM_STEPS = [0.25, 0.33, 0.5, 0.67, 0.75, 0.9, 1, 1.1, 1.25, 1.5, 1.75, 2, 2.5, 3, 4];
const READING_WIDTH = 794; // an A4 page at its natural size; small pages are enlarged to it, large ones are not
const SMALLEST = 36;
const LARGEST = 14400; // points; what PDF 1.7 allows for a page's side
const WIDEST_BOX = 8000; // CSS pixels

export class Book {
  /** `runs`: [[how many pages, width, height], ...] in points. */
  constructor(runs) {
    this.count = runs.reduce((sum, [pages]) => sum + pages, 0);
    this.naturalWidths = new Float64Array(this.count);
    this.naturalHeights = new Float64Array(this.count);
    let index = 0;
    for (const [pages, width, height] of runs) {
      const end = index + pages;
      this.naturalWidths.fill(bounded(width) * PIXELS_PER_POINT, index, end);
      this.naturalHeights.fill(bounded(height) * PIXELS_PER_POINT, index, end);
      index = end;
    }
    this.tops = new Float64Array(this.count + 1);
    this.scales = new Float64Array(this.count);
    this.rotation = 0;
    this.fit = "auto"; // auto | width | page | a number (1 = natural size)
    this.single = 0; // the only page on the desk; 0: all of them, one under the other
  }

  /** Lay all pages out for a desk of this size; `slim` on a phone, `foot` free pixels under the last page. */
  layout(deskWidth, deskHeight, { slim = false, foot = 0 } = {}) {
    const gutter = slim ? 10 : 24;
    const gap = slim ? 12 : 16;
    const room = { width: Math.max(80, deskWidth - 2 * gutter), height: Math.max(80, deskHeight - 2 * gutter) };
    let top = gutter;
    let widest = 0;
    for (let index = 0; index < this.count; index += 1) {
      const scale = this.scaleFor(index, room);
      this.scales[index] = scale;
      this.tops[index] = top;
      const sideways = this.rotation % 180 !== 0;
      const width = (sideways ? this.naturalHeights[index] : this.naturalWidths[index]) * scale;
      const height = (sideways ? this.naturalWidths[index] : this.naturalHeights[index]) * scale;
      widest = Math.max(widest, width);
      top += height + gap;
    }
    this.tops[this.count] = top;
    this.gap = gap;
    this.height = top - gap + gutter + foot;
    this.width = Math.max(deskWidth, widest + 2 * gutter);
    if (this.single) this.layoutSingle(deskWidth, deskHeight - foot, gutter, foot);
  }

  layoutSingle(deskWidth, deskHeight, gutter, foot) {
    const { width, height } = this.box(this.single);
    this.tops.fill(Math.max(gutter, (deskHeight - height) / 2));
    this.height = Math.max(deskHeight, height + 2 * gutter) + foot;
    this.width = Math.max(deskWidth, width + 2 * gutter);
  }

  scaleFor(index, room) {
    const sideways = this.rotation % 180 !== 0;
    const width = sideways ? this.naturalHeights[index] : this.naturalWidths[index];
    const height = sideways ? this.naturalWidths[index] : this.naturalHeights[index];
    let scale = this.fit;
    if (this.fit === "auto") scale = Math.min(room.width / width, Math.max(1, READING_WIDTH / width));
    else if (this.fit === "width") scale = room.width / width;
    else if (this.fit === "page") scale = Math.min(room.width / width, room.height / height);
    return Math.min(scale, WIDEST_BOX / width);
  }

  /** The box of page `number` (from 1): x, y, width, height on the desk, and the unrotated size of its picture. */
  box(number) {
    const index = number - 1;
    const pictureWidth = this.naturalWidths[index] * this.scales[index];
    const pictureHeight = this.naturalHeights[index] * this.scales[index];
    const sideways = this.rotation % 180 !== 0;
    const width = sideways ? pictureHeight : pictureWidth;
    const height = sideways ? pictureWidth : pictureHeight;
    return { x: (this.width - width) / 2, y: this.tops[index], width, height, pictureWidth, pictureHeight };
  }

  /** The page at this height of the desk; the gap under a page belongs to it. */
  pageAt(y) {
    if (this.single) return this.single;
    let low = 0;
    let high = this.count - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.tops[middle] <= y) low = middle;
      else high = middle - 1;
    }
    return low + 1;
  }

  /** First and last page that show between two heights. */
  range(from, to) {
    return [this.pageAt(from), this.pageAt(to)];
  }

  /** The next step of zoom up (+1) or down (-1) from what page `number` has now. */
  step(number, direction) {
    const now = this.scales[number - 1];
    if (direction > 0) return ZOOM_STEPS.find((step) => step > now + 0.005) ?? ZOOM_STEPS.at(-1);
    return ZOOM_STEPS.findLast((step) => step < now - 0.005) ?? ZOOM_STEPS[0];
  }
}

function bounded(points) {
  return Math.min(LARGEST, Math.max(SMALLEST, Number(points) || SMALLEST));
}
