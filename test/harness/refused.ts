// A connection that must not come to stand.

import { type ConnectionOptions, connect, type NatsError } from "../../src/index.js";

/** The error of `connect`. Rejects where it connects after all. */
export const refused = (options: ConnectionOptions): Promise<NatsError> =>
  connect(options).then(
    async (nc) => {
      await nc.close();
      throw new Error("it connected");
    },
    (error: NatsError) => error,
  );
