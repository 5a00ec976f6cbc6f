// What is not told to the chart, since it is old news: told all the same, it would change nothing.

import * as fc from "fast-check";
import { expect, test } from "vitest";
import { transition } from "xstate";
import { connectionMachine } from "../../../src/machine/connection-machine.js";
import type { ConnectionContext } from "../../../src/machine/context.js";
import type { ServerInfoReceived } from "../../../src/machine/events.js";
import { isOldNews } from "../../../src/machine/old-news.js";
import { replay } from "../../../src/machine/replay.js";
import { recordings } from "../../../src/testing/chart/recordings.js";
import { PATIENCE, run } from "./runs.js";

test(
  "an INFO that is old news changes nothing, whenever it comes",
  () => {
    let [old, news] = [0, 0];
    const said = new Set<unknown>();
    fc.assert(
      fc.property(recordings(fc, { most: 80 }), (recording) => {
        let heard: { readonly event: ServerInfoReceived; readonly noted: ConnectionContext } | undefined;
        for (const { event, state: value, context } of replay(recording)) {
          if (event?.type === "server.info") heard = { event, noted: context };
          if (heard === undefined) continue;
          const { event: last, noted } = heard;
          if (!isOldNews(noted, context, last)) {
            news++;
            continue;
          }
          old++;
          said.add(last.info.connectUrls.length > 0);
          const before = connectionMachine.resolveState({ value, context });
          const [after, effects] = transition(connectionMachine, before, { ...last, at: context.now + 1 });
          expect(effects).toEqual([]);
          expect(after.value).toEqual(before.value);
          expect(after.context).toEqual(before.context);
        }
      }),
      run(0.03),
    );
    expect(old).toBeGreaterThan(100);
    expect(news).toBeGreaterThan(100);
    expect(said).toEqual(new Set([true, false]));
  },
  PATIENCE,
);
