// The test runner that Stryker uses for the sets: Vitest loads the tests of a set once, and every mutant runs in what was
// loaded. Stryker's own runner for Vitest loads all of them anew for each, which takes a hundred times as long.
//
// Here is the part that talks to Stryker. The tests run in a worker thread of Vitest (serve.test.ts); the two parts talk over
// a BroadcastChannel. What a mutant may spoil for the next ones is found there: a test that fails with a mutant must pass
// again without it, else everything is loaded anew and the mutant runs once more.

import { BroadcastChannel } from "node:worker_threads";
import { INSTRUMENTER_CONSTANTS } from "@stryker-mutator/api/core";
import { commonTokens, declareFactoryPlugin, PluginKind, tokens } from "@stryker-mutator/api/plugin";
import { DryRunStatus, MutantRunStatus, TestStatus } from "@stryker-mutator/api/test-runner";
import { createVitest } from "vitest/node";

class ServedRunner {
  #log;
  #vitest;
  #channel;
  /** Who waits for the worker's next word. */
  #answered = () => {};

  constructor(log) {
    this.#log = log;
  }

  /** Mutants of what is evaluated while modules are loaded are not tried: nothing is ever to be loaded anew for one. */
  capabilities() {
    return { reloadEnvironment: false };
  }

  async init() {}

  async dryRun() {
    const { results, coverage } = await this.#asked({ ask: "dryRun" });
    const tests = results.map(({ id, name, file, took, failure }) => ({
      id,
      name,
      fileName: file,
      timeSpentMs: took,
      ...(failure === undefined
        ? { status: TestStatus.Success }
        : { status: TestStatus.Failed, failureMessage: failure }),
    }));
    return { status: DryRunStatus.Complete, tests, mutantCoverage: coverage };
  }

  async mutantRun({ activeMutant, testFilter, hitLimit }) {
    const asked = { ask: "mutant", id: activeMutant.id, tests: testFilter, hitLimit };
    const answer = await this.#asked(asked);
    if (!answer.spoiled) return resultOf(answer);
    this.#log.debug(`mutant ${activeMutant.id} has spoiled ${answer.killedBy}: everything is loaded anew`);
    await this.#load();
    return resultOf(await this.#asked(asked));
  }

  async dispose() {
    this.#channel?.close();
    // The worker waits for mutants as long as it lives: the process that Stryker made for this runner ends it.
  }

  async #asked(question) {
    if (this.#vitest === undefined) await this.#load();
    const answer = new Promise((resolve) => {
      this.#answered = resolve;
    });
    this.#channel.postMessage(question);
    return answer;
  }

  /** Loads the tests; what was loaded before is thrown away. */
  async #load() {
    if (this.#vitest !== undefined) {
      this.#channel.postMessage({ ask: "end" });
      this.#channel.close();
      await this.#vitest.close();
    }
    const name = `mutants of ${process.pid}, ${Math.random()}`;
    this.#channel = new BroadcastChannel(name);
    this.#channel.onmessage = ({ data }) => this.#answered(data);
    const loaded = new Promise((resolve, reject) => {
      this.#answered = ({ problem }) => (problem === undefined ? resolve() : reject(new Error(problem)));
    });
    this.#vitest = await createVitest("test", {
      config: "vitest.mutation.config.ts",
      pool: "threads",
      maxWorkers: 1,
      watch: false,
      silent: true,
      reporters: [{}],
    });
    this.#vitest.provide("mutation", { channel: name, namespace: INSTRUMENTER_CONSTANTS.NAMESPACE });
    this.#vitest.start().then(
      () => this.#answered({ problem: `the tests were not served: ${problems(this.#vitest)}` }),
      (error) => this.#answered({ problem: String(error) }),
    );
    await loaded;
  }
}

/** What Vitest says of files that it could not load. */
function problems(vitest) {
  const errors = [
    ...vitest.state.getUnhandledErrors(),
    ...vitest.state.getFiles().flatMap(({ result }) => result?.errors ?? []),
  ];
  return errors.map(({ message }) => message).join("; ") || "nothing is known of the reason";
}

function resultOf({ status, killedBy, failure, ran }) {
  switch (status) {
    case "killed":
      return {
        status: MutantRunStatus.Killed,
        killedBy: [killedBy],
        failureMessage: failure,
        nrOfTests: ran,
      };
    default:
      return { status: MutantRunStatus.Survived, nrOfTests: ran };
  }
}

const create = Object.assign((log) => new ServedRunner(log), { inject: tokens(commonTokens.logger) });
export const strykerPlugins = [declareFactoryPlugin(PluginKind.TestRunner, "served", create)];
