import { SchemaRegistryError } from '../errors.ts'

/** The text of an answer. Rejects with SchemaRegistryError, and ends the connection, when it is longer than `maxBytes`. */
export async function readText(response: Response, maxBytes: number, what: string): Promise<string> {
  if (response.body === null) return ''
  const decoder = new TextDecoder()
  let text = ''
  let size = 0
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    size += chunk.length
    if (size > maxBytes) {
      const { status } = response
      const message = `${what} was answered with more than ${maxBytes} bytes: maxResponseBytes sets the limit`
      throw new SchemaRegistryError(message, { status, errorCode: status })
    }
    text += decoder.decode(chunk, { stream: true })
  }
  return text + decoder.decode()
}
