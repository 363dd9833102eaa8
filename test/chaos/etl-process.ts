// A member of a chain in a process of its own: bundled and run with its plan as JSON, until SIGTERM. Lines of output tell what happens to it.
import process from 'node:process'
import { BrokerError } from '../../src/errors.ts'
import { Member, type MemberPlan } from './etl-member.ts'

/** What a process tells of its member, a line of JSON each. */
export type ProcessReport =
  | { readonly what: 'copied'; readonly count: number }
  | { readonly what: 'assigned' }
  | { readonly what: 'lost' }
  | { readonly what: 'failed'; readonly message: string; readonly errorName: string | undefined }

function report(it: ProcessReport): void {
  process.stdout.write(`${JSON.stringify(it)}\n`)
}

const member = new Member(JSON.parse(process.argv[2]!) as MemberPlan, {
  onCopied: (count) => report({ what: 'copied', count }),
  onAssigned: () => report({ what: 'assigned' }),
  onLost: () => report({ what: 'lost' }),
  onFailure: (error) => {
    const { message, stack = message } = error as Error
    report({ what: 'failed', message: stack, errorName: error instanceof BrokerError ? error.errorName : undefined })
  },
})

process.once('SIGTERM', () => {
  void member.leave().then(() => process.exit(0))
})
// Whoever started this one is gone.
process.stdin.resume().on('end', () => process.exit(1))
