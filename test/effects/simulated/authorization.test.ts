// Who may connect to a model server, and what they may do there.

import { describe, expect, it } from "vitest";
import {
  checkUsers,
  findUser,
  permits,
  readConnectRequest,
  type User,
} from "../../../src/effects/simulated/authorization.js";

describe("what CONNECT says", () => {
  it("is read as far as a model server looks at it; null says nothing", () => {
    const all = {
      verbose: true,
      pedantic: false,
      echo: true,
      headers: false,
      no_responders: true,
      protocol: 1,
      name: "me",
      user: "ann",
      pass: "s3cret",
      auth_token: "t0ken",
    };
    expect(readConnectRequest(JSON.stringify(all))).toEqual(all);
    expect(readConnectRequest('{"lang": "x", "toString": 1, "user": null}')).toEqual({});
    expect(readConnectRequest("null")).toEqual({});
  });

  it.each([
    ["{", "no JSON"],
    ["[]", "a list"],
    ["1", "a number"],
    ['"text"', "a text"],
    ['{"verbose": 1}', "another kind of field"],
    ['{"pedantic": 1}', "another kind of field"],
    ['{"echo": "true"}', "another kind of field"],
    ['{"headers": {}}', "another kind of field"],
    ['{"no_responders": 0}', "another kind of field"],
    ['{"protocol": 1.5}', "a part of a number"],
    ['{"name": 1}', "another kind of field"],
    ['{"user": true}', "another kind of field"],
    ['{"pass": []}', "another kind of field"],
    ['{"user": "ann", "auth_token": 1}', "one wrong field of two"],
  ])("is nothing that a server takes where it is %s: %s", (json) => {
    expect(readConnectRequest(json)).toBeUndefined();
  });
});

describe("a user", () => {
  const ann: User = { user: "ann", pass: "s3cret" };
  const token: User = { token: "t0ken", expiresAt: 1_000 };

  it("is found by user name and password, or by the token, until the credentials expire", () => {
    const found = (request: object, now = 0) => findUser([ann, token], request, now);
    expect(found({ user: "ann", pass: "s3cret" }, 5_000)).toBe(ann);
    expect(found({ auth_token: "t0ken" }, 999)).toBe(token);
    expect(found({ auth_token: "t0ken" }, 1_000)).toBeUndefined();
    const refused = [
      { user: "ann" },
      { user: "bob", pass: "s3cret" },
      { user: "ann", pass: "t0ken" },
      { auth_token: "s3cret" },
      {},
    ];
    expect(refused.map((request) => found(request))).toEqual(refused.map(() => undefined));
  });

  it("may do what is allowed and not denied: everything where nothing is said", () => {
    expect(permits(undefined, "a")).toBe(true);
    expect(permits({}, "a")).toBe(true);
    expect(permits({ allow: [] }, "a")).toBe(false);
    const subjects = { allow: ["b", "a.>"], deny: ["a.x", "a.y.*"] };
    expect(["b", "a.b", "a.y"].filter((subject) => permits(subjects, subject))).toEqual(["b", "a.b", "a.y"]);
    expect(["c", "a", "a.x", "a.y.z"].filter((subject) => permits(subjects, subject))).toEqual([]);
    expect([permits({ deny: ["a"] }, "a"), permits({ deny: ["a"] }, "b")]).toEqual([false, true]);
  });

  it("is checked where a test names it: what no server could mean is refused with the name of the field", () => {
    const full: User = {
      ...ann,
      expiresAt: 1,
      publish: { allow: ["a"], deny: ["b"] },
      subscribe: { allow: ["a"], deny: [] },
    };
    expect(() => checkUsers([full, token, {}])).not.toThrow();
    const wrong = (user: unknown) => () => checkUsers([user as User]);
    expect(wrong(null)).toThrow("it must be a list, each item an object");
    expect(wrong("ann")).toThrow("it must be a list, each item an object");
    expect(wrong({ password: "x" })).toThrow('a user knows no "password"');
    for (const field of ["user", "pass", "token"])
      expect(wrong({ [field]: 1 })).toThrow(`${field} is 1: it must be a string`);
    expect(wrong({ expiresAt: -1 })).toThrow("expiresAt is -1: it must be a number of milliseconds");
    for (const may of ["publish", "subscribe"]) {
      expect(wrong({ [may]: "a" })).toThrow(`${may} is "a": it must be an object`);
      expect(wrong({ [may]: null })).toThrow(`${may} is null: it must be an object`);
      expect(wrong({ [may]: { allowed: [] } })).toThrow(`${may} of a user knows no "allowed"`);
      expect(wrong({ [may]: { allow: "a" } })).toThrow('allow is "a": it must be a list, each item a string');
      expect(wrong({ [may]: { deny: [1] } })).toThrow("deny is [1]: it must be a list, each item a string");
    }
  });
});
