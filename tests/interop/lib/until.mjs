/// Waits for a state that nobody announces: asks until `holds()` is true.
export async function until(what, holds) {
  const end = Date.now() + 20_000;
  while (!await holds()) {
    if (Date.now() > end) throw new Error(`it never came that ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
