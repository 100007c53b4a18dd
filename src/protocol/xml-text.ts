/**
 * Text as XML 1.0 can hold it. Most control characters have no form in it, not even as a reference, and a worker's log is full of
 * them (colours): each becomes the picture Unicode has of it (␛), where supervisord sends what no client can parse.
 */
export function escapeXml(text: string): string {
  return text.toWellFormed().replace(special, (one) => escapes[one] ?? picture(one));
}

/** A carriage return would be read as a line feed, unless it is a reference (XML 1.0, 2.11). */
const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '\r': '&#13;' };

// oxlint-disable-next-line no-control-regex -- they are what it is about
const special = /[&<>\u0000-\u0008\u000b-\u001f\ufffe\uffff]/g;

function picture(one: string): string {
  const code = one.charCodeAt(0);
  return code < 0x20 ? String.fromCharCode(0x2400 + code) : '\ufffd';
}
