/** Longest text of a broker or token server that an error message repeats. */
const MAX_LENGTH = 300

/** What a peer said, fit for one line of an error message: control characters become spaces, and the rest is cut off. */
export function peerText(text: string): string {
  // eslint-disable-next-line no-control-regex -- these are what is looked for
  const line = text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ').trim()
  return line.length > MAX_LENGTH ? `${line.slice(0, MAX_LENGTH)}…` : line
}

/** Blanks out secrets, as they are and as a form or a URL has them, for peers that repeat what they were sent. */
export function withoutSecrets(text: string, secrets: readonly (string | undefined)[]): string {
  let safe = text
  for (const secret of secrets) {
    if (secret === undefined || secret === '') continue
    for (const form of [secret, encodeURIComponent(secret)]) safe = safe.replaceAll(form, '***')
  }
  return safe
}
