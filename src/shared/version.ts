/** Of this package: a test compares it with package.json, which cannot be imported from both src/ and dist/. */
export const version = '0.1.0';
