// The version of this package, as CONNECT tells it to the server. A test compares it with package.json.

/** Version of nats-statechart. */
export const version = "0.1.0";
