// Counts what a subscriber gets, and says when all of it is there. A message too many, too few or too short is an error.

import type { Message } from "../library.js";
import { ORDER_SUBJECT, order, READ_HEADER, READ_HEADER_LENGTH, subjects } from "../messages.js";
import type { Task } from "../task.js";

/** The tally of one worker. */
export class Tally {
  readonly #task: Task;
  #received = 0;
  #bytes = 0;
  #expected = 0;
  #arrived: () => void = () => {};

  constructor(task: Task) {
    this.#task = task;
  }

  /** Counts a message, and looks at what an application would look at: data, a header, the subject where there are many. */
  readonly count = (message: Message): void => {
    this.#bytes += message.data.length;
    if (this.#task.headers) this.#bytes += message.headers?.get(READ_HEADER).length ?? 0;
    if (this.#task.case === "subscribe-subjects") this.#bytes += message.subject.length;
    this.#received += 1;
    if (this.#received === this.#expected) this.#arrived();
  };

  /** Orders messages in bursts, by `publish`, and waits for each burst to arrive as a whole. */
  async receive(publish: (subject: string, order: string) => void, deliveries: number): Promise<void> {
    const { case: name, count, burst } = this.#task;
    const copies = name === "fan-out" ? count : 1;
    for (let left = deliveries; left > 0; left -= burst) {
      const wanted = Math.min(left, burst);
      this.#expected = this.#received + wanted;
      const arrived = new Promise<void>((resolve) => {
        this.#arrived = resolve;
      });
      publish(ORDER_SUBJECT, order(this.#task, wanted / copies));
      await arrived;
    }
  }

  /** @throws Error where what came is not what was expected */
  check(): void {
    const { size, headers, case: name, count } = this.#task;
    const subject = name === "subscribe-subjects" ? (subjects(count)[0] as string).length : 0;
    const bytes = this.#expected * (size + (headers ? READ_HEADER_LENGTH : 0) + subject);
    if (this.#received === this.#expected && this.#bytes === bytes) return;
    throw new Error(
      `received ${this.#received} messages and ${this.#bytes} bytes instead of ${this.#expected} and ${bytes}`,
    );
  }
}
