// How long a client may take a silent server for alive.

import { expect, test } from "vitest";
import { VirtualTime } from "../../src/effects/simulated/virtual-time.js";
import { Silence } from "../../src/testing/silence.js";

function setUp() {
  const time = new VirtualTime();
  const complaints: string[] = [];
  const state = { limit: 1_000 };
  const silence = new Silence(
    time,
    () => state.limit,
    (what) => void complaints.push(what),
  );
  return { time, complaints, state, silence };
}

test("a server that is silent for too long is found once, and one that speaks is not", async () => {
  const { time, complaints, silence } = setUp();
  silence.begins(4);
  await time.advance(900);
  silence.broken(4);
  await time.advance(999);
  expect(complaints).toEqual([]);
  silence.broken(3);
  await time.advance(1);
  expect(complaints).toHaveLength(1);
  await time.advance(5_000);
  expect(complaints).toEqual([
    "takes the server at its socket 4 for alive, which has said nothing for 1000 ms",
  ]);
});

test("the limit is that of the moment", async () => {
  const { time, complaints, state, silence } = setUp();
  silence.begins(4);
  state.limit = 3_000;
  await time.advance(2_999);
  expect(complaints).toEqual([]);
  await time.advance(1);
  expect(complaints).toHaveLength(1);
});

test("a silence that has ended is none, and each connection has its own", async () => {
  const { time, complaints, silence } = setUp();
  silence.begins(4);
  await time.advance(500);
  silence.ends();
  await time.advance(5_000);
  expect(complaints).toEqual([]);
  silence.begins(5);
  await time.advance(900);
  silence.begins(6);
  await time.advance(999);
  expect(complaints).toEqual([]);
  await time.advance(1);
  expect(complaints).toEqual([
    "takes the server at its socket 6 for alive, which has said nothing for 1000 ms",
  ]);
});

test("a connection that follows at once is judged once", async () => {
  const { time, complaints, silence } = setUp();
  silence.begins(4);
  await time.advance(500);
  silence.ends();
  silence.begins(5);
  await time.advance(5_000);
  expect(complaints).toHaveLength(1);
});
