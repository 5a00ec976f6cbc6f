// The few things that every view needs of the document.

/** The element of that id, which the page has. */
export function element(id: string): HTMLElement;
export function element<Kind extends HTMLElement>(id: string, kind: new () => Kind): Kind;
export function element(id: string, kind: new () => HTMLElement = HTMLElement): HTMLElement {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`the page has no ${kind.name} #${id}`);
  return found;
}

/** A new element with a class and a text or children. */
export function make<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  className: string,
  ...children: (string | Node)[]
): HTMLElementTagNameMap[Name] {
  const made = document.createElement(name);
  if (className !== "") made.className = className;
  made.append(...children);
  return made;
}

/** Lets the keyboard scroll an element while it holds more than it shows. Call what it returns when that may differ. */
export function reachable(place: HTMLElement): () => boolean {
  const look = () => {
    const { scrollWidth, clientWidth, scrollHeight, clientHeight } = place;
    const isScrolled = scrollWidth > clientWidth || scrollHeight > clientHeight;
    if (isScrolled) place.tabIndex = 0;
    else place.removeAttribute("tabindex");
    return isScrolled;
  };
  new ResizeObserver(look).observe(place);
  return look;
}
