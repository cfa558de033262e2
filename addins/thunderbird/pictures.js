// SPDX-License-Identifier: Apache-2.0
// Pictures of a mail: those among protected words go to the server with them; small ones that an earlier mail left behind are asked about.

import { Refusal } from "./server.js";
import { upload } from "./upload.js";
import { parse } from "./body.js";

const ENDINGS = { "image/png": "png", "image/jpeg": "jpg", "image/gif": "gif", "image/webp": "webp", "image/bmp": "bmp" };
const MOST = 50; // pictures of one mail, as the server has it
const SMALL = 20 * 1024; // bytes

/**
 * Whether an attachment looks like a signature's picture: so it is named when such a mail is forwarded.
 * @param {{name: string, size: number}} attachment
 */
export function isLeftover({ name, size }) {
  return size < SMALL && /^image00\d\.(png|jpe?g|gif|bmp|webp)$/i.test(name);
}

/**
 * Upload the pictures that lie in the words, as Thunderbird puts pasted, dropped and quoted ones. `left`: how many lie elsewhere, such as
 * at a web server; nobody fetches them, and they are not shown.
 * @param {string} html
 * @param {Map<string, string>} known documents by the address of their picture
 * @param {(name: string, index: number, count: number, share: number) => void} told
 * @returns {Promise<{said: {html: string, inline: {cid: string, document_id: string}[]}, left: number}>}
 */
export async function withPictures(html, known, told) {
  const page = parse(html);
  const found = [...page.querySelectorAll("img")].map((image) => ({ image, address: image.getAttribute("src") ?? "" }));
  const files = new Map(found.map(({ address }, index) => [address, fileIn(address, index + 1)]));
  const taken = [...files].filter(([, file]) => file);
  if (taken.length > MOST) throw new Refusal("too_many_pictures", { limit: MOST });
  const inline = [];
  for (const [index, [address, file]] of taken.entries()) {
    if (!known.has(address)) known.set(address, await upload(file, file.name, (share) => told(file.name, index + 1, taken.length, share)));
    const cid = `picture${index + 1}@sealroom`;
    inline.push({ cid, document_id: known.get(address) });
    for (const one of found) if (one.address === address) one.image.setAttribute("src", `cid:${cid}`);
  }
  const left = found.filter(({ address }) => !files.get(address)).length;
  for (const { image, address } of found) if (!files.get(address)) image.remove();
  return { said: { html: page.documentElement.outerHTML, inline }, left };
}

/** The file of a picture that is its own address (`data:`), or null. */
function fileIn(address, number) {
  const comma = address.indexOf(",");
  const [kind, ...rest] = address.slice(0, comma).replace(/^data:/i, "").split(";");
  const ending = ENDINGS[kind.toLowerCase()];
  if (!/^data:/i.test(address) || !ending || rest.at(-1) !== "base64") return null;
  try {
    const bytes = Uint8Array.from(atob(address.slice(comma + 1)), (one) => one.charCodeAt(0));
    return new File([bytes], `picture-${number}.${ending}`, { type: kind });
  } catch {
    return null; // it is no picture that anybody sees
  }
}
