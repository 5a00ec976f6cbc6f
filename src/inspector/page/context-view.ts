// The context as a tree that one can read and fold, with what the step changed marked. What is folded stays folded.

import { type Node as Branch, treeOf } from "../story/changes.js";
import { make, reachable } from "./dom.js";

/** Shows a context. */
export class ContextView {
  readonly #place: HTMLElement;
  readonly #isScrolled: () => boolean;
  /** Paths that the reader unfolded or folded, against what the page would do. */
  readonly #open = new Map<string, boolean>();
  #shown = "";

  constructor(place: HTMLElement) {
    this.#place = place;
    this.#isScrolled = reachable(place);
  }

  show(now: unknown, before: unknown): void {
    const shown = JSON.stringify([now, before]);
    if (shown === this.#shown) return;
    this.#shown = shown;
    const tree = treeOf("", now, before);
    const rows = tree.children.map((child) => this.#branch(child, child.key));
    const nothing = make("p", "none", now === null || now === undefined ? "There is none." : tree.text);
    const list = make("ul", "", ...rows);
    this.#place.replaceChildren(rows.length > 0 ? list : nothing);
    this.#isScrolled();
  }

  #branch(branch: Branch, path: string): HTMLElement {
    const { key, change, children, removed } = branch;
    const title = [make("span", "key", key), ...this.#value(branch)];
    if (children.length === 0) return make("li", change, ...title);
    const details = make("details", "");
    details.append(
      make("summary", "", ...title),
      make(
        "ul",
        "",
        ...children.map((child) => this.#branch(child, `${path}.${child.key}`)),
        ...removed.map((name) =>
          make("li", "removed", make("span", "key", name), make("span", "was", "removed")),
        ),
      ),
    );
    // What changed is worth seeing; a long list that did not, is not.
    details.open = this.#open.get(path) ?? change !== "none";
    details.addEventListener("toggle", () => this.#open.set(path, details.open));
    return make("li", change, details);
  }

  #value({ text, kind, change, was }: Branch): readonly HTMLElement[] {
    const mark = { none: "", inside: "", added: "new", changed: "changed" }[change];
    return [
      make("span", `value ${kind}`, text),
      ...(was === null ? [] : [make("span", "was", `was ${was}`)]),
      ...(mark === "" || was !== null ? [] : [make("span", "was", mark)]),
    ];
  }
}
