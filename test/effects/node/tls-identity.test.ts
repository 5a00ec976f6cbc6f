// Whether a certificate is for the server that was dialed: names and addresses. Run on each Node by `npm run runtimes`, as
// one of them gets IPv6 addresses wrong (src/effects/node/tls.ts). With real servers: test/integration/tls*.test.ts.

import { X509Certificate } from "node:crypto";
import * as tls from "node:tls";
import { describe, expect, it } from "vitest";
import { connectionOptions, identityCheck } from "../../../src/effects/node/tls.js";
import { Authority } from "../../harness/certificates.js";
import { reaching, serversOf } from "../../machine/servers.js";

const authority = new Authority();
const checkIdentity = identityCheck(tls);
const certificateFor = (...names: string[]) =>
  new X509Certificate(authority.issue({ names }).cert).toLegacyObject() as tls.PeerCertificate;

describe("a certificate", () => {
  it.each([
    ["localhost", "localhost"],
    ["127.0.0.1", "127.0.0.1"],
    ["::1", "::1"],
    ["2001:db8::5", "2001:db8:0:0:0:0:0:5"],
    ["2001:db8:0:0:0:0:0:5", "2001:db8::5"],
  ])("for %s is taken from %s", (name, dialed) => {
    expect(checkIdentity(dialed, certificateFor("other.example", name))).toBeUndefined();
  });

  it.each([
    ["localhost", "other.example"],
    ["127.0.0.1", "127.0.0.2"],
    ["::1", "::2"],
    ["2001:db8::5", "2001:db8::6"],
    ["localhost", "::1"],
    ["127.0.0.1", "::ffff:127.0.0.1"],
  ])("for %s is not taken from %s", (name, dialed) => {
    expect(checkIdentity(dialed, certificateFor(name))).toMatchObject({
      code: "ERR_TLS_CERT_ALTNAME_INVALID",
      host: dialed,
    });
  });
});

describe("a certificate of a server that may go by two names", () => {
  const server = { ...reaching(serversOf("tls://b.example"), "b.example:4222"), otherTlsName: "a.example" };
  const check = connectionOptions(tls, server, {}).checkServerIdentity as typeof checkIdentity;

  it.each([["b.example"], ["a.example"], ["a.example", "b.example"]])(
    "is taken where it carries %s",
    (...names) => {
      expect(check("b.example", certificateFor(...names))).toBeUndefined();
    },
  );

  it("is not taken where it carries neither: the error is that of the server's own", () => {
    expect(check("b.example", certificateFor("c.example"))).toMatchObject({ host: "b.example" });
  });

  it("is not taken for the other name where the server may not go by it", () => {
    const strict = connectionOptions(tls, { ...server, otherTlsName: null }, {})
      .checkServerIdentity as typeof check;
    expect(strict("b.example", certificateFor("a.example"))).toMatchObject({ host: "b.example" });
  });
});
