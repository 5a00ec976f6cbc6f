// What a server can do, by its version: the Features of nats-core, which its packages ask before they use what only newer
// servers have.

import { Features, parseSemVer, type SemVer } from "@nats-io/nats-core/internal";

/** The version that a server tells, in its parts; undefined where it tells none. */
export function semVerOf(version: string | undefined): SemVer | undefined {
  try {
    return parseSemVer(String(version));
  } catch {
    return undefined;
  }
}

/** The features of the server of a connection. One object, which changes where the server does: packages may keep it. */
export class ServerFeatures {
  readonly #features = new Features({ major: 0, minor: 0, micro: 0 });
  #version: string | undefined;

  /** The features of a server of that version; none where it is not known. */
  of(version: string | undefined): Features {
    if (version !== this.#version) {
      this.#version = version;
      this.#features.update(semVerOf(version) ?? { major: 0, minor: 0, micro: 0 });
    }
    return this.#features;
  }
}
