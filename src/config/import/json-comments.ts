/** PM2 takes JSON for JavaScript, so that it may hold comments. They become spaces: every line and column stays. */
export function withoutJsonComments(text: string): string {
  return text.replaceAll(/"(?:[^"\\\n]|\\.)*"|\/\/[^\n]*|\/\*[^]*?\*\//g, (found) =>
    found.startsWith('"') ? found : found.replaceAll(/[^\n]/g, ' '),
  );
}
