/** A text over as many lines as it takes, none for an empty one; a word that is longer than `width` stands alone. */
export function breakWords(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  for (const word of text.split(/ +/).filter(Boolean)) {
    const line = lines.at(-1);
    if (line === undefined || line.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = `${line} ${word}`;
  }
  return lines;
}
