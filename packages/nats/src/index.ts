// The values of the package, by their names: those of the reference, of which the core is ours. The build makes index.js, and
// the modules below lib, from it (scripts/in-place.mjs).

import * as own from "nats-statechart";
import { brandErrors } from "./errors.js";
import { givenToConnect } from "./given.js";
import { withMembers } from "./members.js";

brandErrors();

const values: Readonly<Record<string, unknown>> = {
  ...own,
  /** As `connect` of the reference. The connection is one of nats-statechart, with what the reference has beside. */
  async connect(options?: own.ConnectionOptions): Promise<own.NatsConnection> {
    const given = givenToConnect(options);
    return withMembers(await own.connect(given), given);
  },
};

/**
 * A module of the reference as this package gives it.
 * @param theirs what the module of the reference exports
 * @returns the same names, each with our value where there is one
 */
export function inPlaceOf(theirs: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const names = Object.keys(theirs);
  return Object.fromEntries(
    names.map((name) => [
      name,
      name !== "default" && Object.hasOwn(values, name) ? values[name] : theirs[name],
    ]),
  );
}
