// What the rules can complain of, read from their source: a complaint is a text with a space in it. So nobody has to keep a
// list of them.

/** The complaints in the source of a rule, each as a pattern of what it says: a value stands for anything. */
export function complaintsIn(source: string): readonly RegExp[] {
  const code = source
    .replace(/\/\*.*?\*\//gs, "")
    .replace(/^\s*\/\/.*$/gm, "")
    .replace(/\ssentence:\s+"[^"]*"/g, "");
  return textsIn(code)
    .filter((text) => /\w .|. \w/.test(text.replaceAll(VALUE, "")) && !text.includes("\n"))
    .map((text) => new RegExp(text.split(VALUE).map(escaped).join(".*"), "s"));
}

const VALUE = "\0";
const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** The texts in quotes or backticks, with `VALUE` in the place of each `${...}`, whose own texts are among them. */
function textsIn(code: string): readonly string[] {
  const texts: string[] = [];
  let at = 0;
  const read = (quote: string): void => {
    let text = "";
    for (at++; at < code.length && code[at] !== quote; at++) {
      if (code.startsWith("${", at) && quote === "`") {
        text += VALUE;
        at += 2;
        skip("}");
      } else text += code[at];
    }
    // The key of an object, or a case, is none.
    if (code[at + 1] !== ":") texts.push(text);
  };
  /** Goes to the end of an expression. */
  const skip = (end: string): void => {
    for (let open = 0; at < code.length; at++) {
      const character = code[at] ?? "";
      if (character === end && open === 0) return;
      if (character === "{") open++;
      else if (character === "}") open--;
      else if (character === '"' || character === "`") read(character);
    }
  };
  skip("");
  return texts;
}
