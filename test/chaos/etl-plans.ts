import type { Incident, Sharing } from './etl-hop.ts'

/** Each way to share partitions that there is. */
export const sharings: readonly Sharing[] = [
  { name: 'range', options: { assignors: ['range'] } },
  { name: 'roundrobin', options: { assignors: ['roundrobin'] } },
  { name: 'sticky', options: { assignors: ['sticky'] } },
  { name: 'cooperative-sticky', options: { assignors: ['cooperative-sticky'] } },
]

export const withoutKills: readonly Incident[] = ['join', 'leave', 'join', 'join', 'leave', 'leave', 'join', 'leave']

export const withKills: readonly Incident[] = ['join', 'kill', 'leave', 'join', 'kill', 'join', 'leave', 'kill']
