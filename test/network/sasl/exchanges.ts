import type { SaslContext, SaslExchange, SaslStep } from '../../../src/network/sasl/mechanism.ts'

/** A broker that nobody connects to. */
export const context: SaslContext = { host: 'broker.test', port: 9093, isReauthentication: false }

export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

export function textOf(bytes: Uint8Array | undefined): string | undefined {
  return bytes === undefined ? undefined : new TextDecoder().decode(bytes)
}

/** Takes a step and returns it with its response as text. */
export async function step(
  exchange: SaslExchange,
  challenge?: string,
): Promise<{ response: string | undefined; isComplete: boolean }> {
  const { response, isComplete }: SaslStep = await exchange.next(challenge === undefined ? undefined : utf8(challenge))
  return { response: textOf(response), isComplete }
}
