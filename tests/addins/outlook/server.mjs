// SPDX-License-Identifier: Apache-2.0
/* What the server answers, by the contract in docs/api/mail-clients.md, with a ledger. It stands in for the network of the add-in's own
   `Server`; the real server is in the browser's journey. */

import { createHash } from "node:crypto";

const LINK = "https://files.example.com/v/";

export function newServer(about = {}) {
  return {
    credits: 100, documents: new Map(), uploads: new Map(), sends: new Map(), replays: new Map(), requests: [],
    refusals: [], lost: new Set(), ...about,
  };
}

/**
 * The table of errors in docs/api/mail-clients.md: where, how, and what the sender must read of it in any language. `insufficient_credits`,
 * `not_ready`, `stale_draft` and `idempotency_conflict` have tests of their own.
 */
export const ROWS = [
  ["/commit", 400, "invalid"], ["/commit", 402, "payment_due"], ["PUT /drafts", 403, "sender_not_allowed", { senders: ["me@example.com"] }],
  ["/commit", 403, "external_blocked", { addresses: ["a@example.net"] }], ["/commit", 404, "not_found"], ["/commit", 409, "already_sent"],
  ["/commit", 409, "not_live"], ["/commit", 413, "too_many_recipients", { limit: 1500, actual: 1600 }],
  ["/commit", 413, "too_many_files", { limit: 20, actual: 30 }], ["/body", 413, "too_large"], ["POST /uploads", 413, "too_large"],
  ["POST /uploads", 415, "type_refused"], ["/commit", 422, "password_required"], ["/commit", 422, "corrupt"], ["/commit", 422, "unviewable"],
  ["/commit", 422, "limit_pages"], ["/commit", 422, "infected", { signature: "Win.Test" }], ["/commit", 403, "team_suspended", { reason: "disputed" }],
  ["/quote", 422, "invalid_recipient", { recipients: ["nobody"] }],
  ["/commit", 422, "invalid_recipient", { recipients: ["nobody"] }], ["/commit", 422, "no_recipients"], ["/commit", 422, "nothing_to_protect"],
  ["/commit", 429, "rate_limited"], ["PUT /drafts", 503, "busy"], ["PUT /drafts", 403, "forbidden"],
];

/** Refuse the next call whose "METHOD path" begins so. */
export function refuse(server, call, status, code, facts = {}) {
  server.refusals.push({ call, status, code, facts });
}

const json = (body, status = 200) => new Response(JSON.stringify(body), { status });
const problem = ({ status, code, facts }) => json({ code, status, title: `Refused: ${code}`, request_id: "req_1", ...facts }, status);

const unique = (people) => [...new Set(people.map((one) => one.email.toLowerCase()))];

function priceOf(server, send, people) {
  const pairs = unique(people).flatMap((who) => (send.documents.length ? send.documents : ["words"]).map((one) => `${one} ${who}`));
  return pairs.filter((one) => !send.paid.has(one));
}

function commit(server, send, revision, people) {
  const key = `${send.id}:${revision}`;
  const replay = server.replays.get(key);
  if (replay) {
    return replay.asked === JSON.stringify(people) ? json(replay.answer, 201) : problem({ status: 409, code: "idempotency_conflict", facts: {} });
  }
  const isStale = send.state === "draft" ? revision !== send.revision : revision <= send.committed;
  if (isStale) return problem({ status: 409, code: "stale_draft", facts: { revision: send.state === "draft" ? send.revision : send.committed } });
  const pairs = priceOf(server, send, people);
  if (pairs.length > server.credits) {
    return problem({ status: 402, code: "insufficient_credits", facts: { needed: pairs.length, available: server.credits } });
  }
  pairs.forEach((one) => send.paid.add(one));
  server.credits -= pairs.length;
  Object.assign(send, { state: "active", committed: revision, recipients: unique(people).map((email) => ({ email })) });
  const url = `${LINK}${send.id}/`;
  const answer = {
    id: send.id, state: "active", revision, charged: pairs.length, returned: 0, available: server.credits,
    link: { url, label: "Open" }, documents: send.documents.map((id) => ({ id, name: server.documents.get(id).name, url })),
    recipients: [], insert: { html: `<p><a href="${url}">Open</a></p>`, text: `Open: ${url}` },
    header: { name: "X-Sealroom-Send", value: send.id },
  };
  server.replays.set(key, { asked: JSON.stringify(people), answer });
  return json(answer, 201);
}

async function drafts(server, method, [, name, what], body, headers) {
  const found = [...server.sends.values()].find((one) => one.id === name || one.uuid === name);
  if (method === "PUT" && !what) {
    const send = found ?? { id: `snd_${server.sends.size + 1}`, uuid: name, revision: 0, state: "draft", paid: new Set(), committed: 0, recipients: [] };
    if (send.state !== "draft") return problem({ status: 409, code: "already_sent", facts: {} });
    Object.assign(send, { documents: body.documents, about: body, revision: send.revision + 1 });
    server.sends.set(send.id, send);
    return json(send);
  }
  if (!found) return problem({ status: 404, code: "not_found", facts: {} });
  if (what === "body") return json({ id: found.id, revision: (Object.assign(found, { words: body, revision: found.revision + 1 })).revision });
  if (what === "quote") {
    const cost = priceOf(server, found, body.recipients).length;
    return json({ cost, available: server.credits, after: server.credits - cost, enough: cost <= server.credits, lines: [] });
  }
  return commit(server, found, Number(headers["Idempotency-Key"].split(":")[1]), body.recipients);
}

async function uploads(server, method, [, id], raw, headers) {
  if (method === "POST") {
    const made = `upl_${server.uploads.size + 1}`;
    const name = Buffer.from(headers["Upload-Metadata"].split(" ")[1], "base64").toString();
    server.uploads.set(made, { name, size: Number(headers["Upload-Length"]), bytes: Buffer.alloc(0) });
    return new Response(null, { status: 201, headers: { Location: `/api/v1/uploads/${made}`, "Upload-Offset": "0" } });
  }
  const upload = server.uploads.get(id);
  if (method === "PATCH") {
    if (Number(headers["Upload-Offset"]) !== upload.bytes.length) return problem({ status: 409, code: "offset_conflict", facts: {} });
    upload.bytes = Buffer.concat([upload.bytes, Buffer.from(await raw.arrayBuffer())]);
  }
  const answer = { "Upload-Offset": String(upload.bytes.length) };
  if (upload.bytes.length === upload.size) {
    upload.document ??= `doc_${server.documents.size + 1}`;
    const sha256 = createHash("sha256").update(upload.bytes).digest("hex");
    server.documents.set(upload.document, { id: upload.document, name: upload.name, size: upload.size, sha256, bytes: upload.bytes });
    answer["Sealroom-Document"] = upload.document;
  }
  return new Response(null, { status: method === "PATCH" ? 204 : 200, headers: answer });
}

async function answer(server, method, path, init) {
  const parts = path.split("?")[0].split("/").filter(Boolean);
  const body = typeof init.body === "string" ? JSON.parse(init.body) : init.body;
  if (parts[0] === "drafts") return drafts(server, method, parts, body, init.headers);
  if (parts[0] === "uploads") return uploads(server, method, parts, body, init.headers);
  if (parts[0] === "documents") return json(server.documents.get(parts[1]));
  if (parts[0] === "sends") return json(server.sends.get(parts[1]));
  return problem({ status: 404, code: "not_found", facts: {} });
}

/** A `fetch` that leads to the record. `lost`: calls whose answer is lost although they were done; "down" in it: nothing arrives. */
export const fetchOf = (server) => async (url, init) => {
  const path = new URL(url).pathname.replace("/api/v1", "") + new URL(url).search;
  const call = `${init.method} ${path}`;
  server.requests.push(call);
  if (server.lost.has("down")) throw new TypeError("Failed to fetch");
  const place = server.refusals.findIndex((one) => call.startsWith(one.call) || call.endsWith(one.call));
  if (place >= 0) return problem(server.refusals.splice(place, 1)[0]);
  const made = await answer(server, init.method, path, init);
  for (const one of server.lost) {
    if (call.endsWith(one)) {
      server.lost.delete(one);
      throw new TypeError("Failed to fetch");
    }
  }
  return made;
};
