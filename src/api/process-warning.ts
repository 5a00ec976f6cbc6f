// What a program is told that listens to nothing: a warning of the process; the console where no process takes warnings.

/** A warning. */
export interface Warning {
  /** What kind of warning it is, as Node prints it in front of the message. */
  readonly type: string;
  readonly message: string;
  /** For programs. */
  readonly code: string;
  /** What to do, on a line of its own. */
  readonly detail: string;
}

/** What there may be of a process: a browser has none. */
interface Runtime {
  readonly process?: {
    readonly emitWarning?: (
      message: string,
      options: { readonly type: string; readonly code: string; readonly detail: string },
    ) => void;
  };
}

/** Warns. */
export function warn({ type, message, code, detail }: Warning): void {
  const { process } = globalThis as Runtime;
  if (typeof process?.emitWarning === "function") process.emitWarning(message, { type, code, detail });
  else console.warn(`${type}: ${message}\n${detail}`);
}
