import { boolean, message, string, type Message } from '../schema.ts'

/**
 * Who sent a request, as a broker passes it on to the controller within an Envelope, after an int16 version (Java:
 * DefaultKafkaPrincipalBuilder).
 */
export interface DefaultPrincipalData {
  /** `User`, unless a broker has a principal builder of its own. */
  type: string
  name: string
  /** Whether a delegation token stood in for the principal's own credentials. */
  tokenAuthenticated: boolean
}

export const defaultPrincipalData: Message<DefaultPrincipalData> = message<DefaultPrincipalData>({
  name: 'DefaultPrincipalData',
  apiKey: null,
  versions: { min: 0, max: 0 },
  flexibleFrom: 0,
  fields: { type: string, name: string, tokenAuthenticated: boolean },
})
