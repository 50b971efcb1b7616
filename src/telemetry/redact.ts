/** Names under which secrets travel, whatever their case or separators. */
const secretName =
  /secret|passw|authorization|cookie|credential|routing_?key|integration_?key|api_?key|access_?key|private_?key|webhook_?url|^(pass|token|auth)$/i;
const deepest = 6;
const redacted = '[redacted]';

/** A copy of log fields without secrets: by the names of keys, at any depth up to 6. Errors become their messages, without stacks. */
export function redactFields(fields: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, redactValue(key, value, 1)]));
}

function redactValue(key: string, value: unknown, depth: number): unknown {
  if (secretName.test(key.replaceAll('-', '_')) && value !== undefined) return isToken(value) ? value : redacted;
  if (value instanceof Error) return redactError(value, depth);
  if (typeof value === 'bigint') return String(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= deepest) return '[deeper]';
  if (Array.isArray(value)) return value.slice(0, 100).map((item) => redactValue('', item, depth + 1));
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if ('toJSON' in value && typeof value.toJSON === 'function') return redactValue('', value.toJSON(), depth + 1);
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, redactValue(name, item, depth + 1)]));
}

function redactError(error: Error, depth: number): Record<string, unknown> {
  const code = 'code' in error ? { code: error.code } : {};
  const reason = 'reason' in error ? { reason: error.reason } : {};
  const cause = error.cause === undefined || depth >= deepest ? {} : { cause: redactValue('', error.cause, depth + 1) };
  return { type: error.name, message: error.message, ...code, ...reason, ...cause };
}

/** A canary's token is cut in the text, not hidden: its first 11 characters say which key and writer. */
function isToken(value: unknown): boolean {
  return typeof value === 'string' && /^lcn1[a-z2-7]+0?$/.test(value);
}

/** Text without whole canary tokens (an echo in our own log must never look like a delivery) and without secrets in URLs and headers. */
export function redactText(text: string): string {
  return text
    .replace(/(lcn1[a-z2-7]{7})[a-z2-7]+0?/g, '$1…')
    .replace(/([?&](?:[a-z_-]*(?:secret|token|key|signature|password))=)[^&\s"'\\]+/gi, `$1${redacted}`)
    .replace(/\b(bearer|basic|apikey|splunk)\s+[A-Za-z0-9+/=._~-]{6,}/gi, `$1 ${redacted}`)
    .replace(/(\/hooks\/(?:hop|ping)\/[^/\s"\\]+\/)[^\s"\\?]+/g, `$1${redacted}`)
    .replace(/:\/\/[^/@\s"\\]+@/g, `://${redacted}@`);
}
