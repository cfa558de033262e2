// SPDX-License-Identifier: Apache-2.0
/* Tokens: renewed once whoever asks, and never thrown away because of a bad line. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Refusal, Server } from "../../../addins/outlook/server.js";

const json = (body, status = 200) => new Response(JSON.stringify(body), { status });

/** A server that takes the access token "a2" only, and renews by `renew`. */
function line(renew) {
  const kept = { tokens: { access: "a1", refresh: "r1", home: "https://files.example.com" } };
  const asked = [];
  const fetch = async (url, init) => {
    const path = new URL(url).pathname;
    asked.push(`${init.method} ${path} ${init.headers.Authorization ?? init.body ?? ""}`);
    assert.equal(init.credentials, "omit");
    if (path === "/api/v1/auth/token") return renew();
    if (path === "/api/v1/auth/revoke") return new Response(null, { status: 204 });
    return init.headers.Authorization === "Bearer a2" ? json({ ok: true }) : json({ code: "unauthorized", title: "No" }, 401);
  };
  const keeper = { load: () => kept.tokens, save: (tokens) => { kept.tokens = tokens; } };
  return { server: new Server("https://files.example.com", keeper, "fr", { fetch, wait: async () => undefined }), kept, asked };
}

test("an access token that is over is renewed once, also for calls that meet", async () => {
  const { server, kept, asked } = line(() => json({ access_token: "a2", refresh_token: "r2" }));
  const answers = await Promise.all([server.call("GET", "/me"), server.call("GET", "/credits")]);
  assert.deepEqual(answers, [{ ok: true }, { ok: true }]);
  assert.equal(asked.filter((one) => one.includes("/auth/token")).length, 1);
  assert.deepEqual(kept.tokens, { access: "a2", refresh: "r2", home: "https://files.example.com" });
});

test("a token another pane renewed is taken over", async () => {
  const { server, kept, asked } = line(() => assert.fail("not asked"));
  const waiting = server.call("GET", "/me");
  kept.tokens = { access: "a2", refresh: "r2" };
  assert.deepEqual(await waiting, { ok: true });
  assert.equal(asked.length, 2);
});

test("a device that was revoked is signed out", async () => {
  const { server, kept } = line(() => json({ code: "invalid_grant", title: "Non" }, 400));
  await assert.rejects(server.call("GET", "/me"), (fault) => fault instanceof Refusal && fault.code === "signed_out");
  assert.equal(kept.tokens, null);
  await assert.rejects(server.call("GET", "/me"), (fault) => fault.code === "signed_out");
});

test("a bad line signs nobody out", async () => {
  for (const renew of [() => { throw new TypeError("down"); }, () => json({ code: "busy" }, 503)]) {
    const { server, kept } = line(renew);
    await assert.rejects(server.call("GET", "/me"), (fault) => ["offline", "busy"].includes(fault.code));
    assert.equal(kept.tokens.refresh, "r1");
  }
});

test("signing out ends the device at the server", async () => {
  const { server, kept, asked } = line(() => assert.fail("not asked"));
  await server.signOut();
  assert.deepEqual([kept.tokens, asked], [null, ['POST /api/v1/auth/revoke {"token":"r1"}']]);
});

test("nothing is sent to another origin", async () => {
  const { server, asked } = line(() => assert.fail("not asked"));
  await assert.rejects(server.ask("GET", "https://elsewhere.example/api/v1/me"), Refusal);
  assert.deepEqual(asked, []);
});

test("a server that takes bytes and makes no document ends the upload", async () => {
  const fetch = async (_url, init) => new Response(null, {
    status: init.method === "POST" ? 201 : 204, headers: { Location: "/api/v1/uploads/u", "Upload-Offset": init.method === "POST" ? "0" : "1" },
  });
  const keeper = { load: () => ({ access: "a", refresh: "r" }), save: () => undefined };
  const server = new Server("https://files.example.com", keeper, "en", { fetch, wait: async () => undefined });
  await assert.rejects(server.upload(new Blob(["x"]), "x.txt"), Refusal);
});
